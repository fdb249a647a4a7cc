//! The client: one target, any number of calls and services.

mod raw;
mod call;
mod stream;
mod layers;
mod terms;
mod exchange;
mod link;
mod http2;
mod multiplex;
mod pool;
mod connection;
mod callee;
mod options;

pub use crate::http2::compression::Compression;
pub use call::{Answer, ClientCall};
pub use options::{ClientOptions, Connections};
pub use raw::RawMethod;
pub use stream::{ClientStream, StreamCall};

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::client::link::Link;
use crate::error::Error;
use crate::in_process::InProcess;
use crate::method::Method;

/// Calls the services of one address.
///
/// A clone is cheap and shares the connections; the clients that generated code makes for several
/// services can share one as well. How calls share connections is an option, [`Connections`].
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), polyport::Error> {
/// use std::time::Duration;
/// use polyport::{Client, Transport};
///
/// let client = Client::options("127.0.0.1:8888")
///     .caller("shop")
///     .timeout(Duration::from_millis(200))
///     .transport(Transport::TtHeaderFramed)
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    options: ClientOptions,
    link: Link,
    sequence: AtomicI32,
}

impl Client {
    /// A client of the server at `address` (`host:port`) with the default options: TTHeader, with
    /// the service's name in every request. A first connection is made at once.
    ///
    /// # Errors
    ///
    /// When no connection can be made.
    pub async fn connect(address: impl Into<String>) -> Result<Self, Error> {
        Self::options(address).connect().await
    }

    /// A client with other options; it is made by
    /// [`ClientOptions::connect`].
    pub fn options(address: impl Into<String>) -> ClientOptions {
        ClientOptions::new(address.into())
    }

    async fn new(options: ClientOptions) -> Result<Self, Error> {
        let link = Link::connect(&options).await?;
        Ok(Self {
            shared: Arc::new(Shared {
                options,
                link,
                sequence: AtomicI32::new(0),
            }),
        })
    }

    /// A client of a server of this process, with the default options.
    pub(crate) fn in_process(server: &Arc<dyn InProcess>) -> Self {
        let options = ClientOptions::in_process(server);
        Self {
            shared: Arc::new(Shared {
                link: Link::in_process(&options, server),
                options,
                sequence: AtomicI32::new(0),
            }),
        }
    }

    /// The call of a method: nothing is sent before it is awaited.
    pub fn call<A, V, E>(
        &self,
        method: &'static Method<A, V, E>,
        arguments: A,
    ) -> ClientCall<A, V, E> {
        ClientCall::new(self.clone(), method, arguments)
    }

    /// The address that is called.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.shared.options.address
    }

    /// The limits for what servers send.
    pub(crate) fn limits(&self) -> polyport_wire::limits::Limits {
        self.shared.options.limits.wire()
    }

    /// A number for the next request: never 0, which multiplexing peers keep for themselves.
    fn next_sequence(&self) -> i32 {
        loop {
            let previous = self.shared.sequence.fetch_add(1, Ordering::Relaxed);
            match previous.wrapping_add(1) {
                0 => {}
                sequence => return sequence,
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}
