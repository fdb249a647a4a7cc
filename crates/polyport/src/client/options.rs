//! What a client can be told, and its defaults.

use std::sync::Arc;
use std::time::Duration;

use polyport_wire::transport::Transport;

use crate::client::Client;
use crate::error::Error;
use crate::http2::compression::Compression;
use crate::in_process::InProcess;
use crate::layer::{AnyLayer, Layer};
use crate::limits::Limits;
use crate::validator::{PayloadValidator, Validators};

/// The options of a [`Client`].
///
/// | option | default |
/// | --- | --- |
/// | [`transport`](Self::transport) | TTHeader |
/// | service name | sent, where the transport has a place for it; not with [`without_service_name`](Self::without_service_name) |
/// | [`multiplexed_names`](Self::multiplexed_names) | no |
/// | [`caller`](Self::caller) | empty |
/// | [`timeout`](Self::timeout) of a call | none |
/// | [`connect_timeout`](Self::connect_timeout) | 1 s |
/// | [`connections`](Self::connections) | pooled: 10 idle ones are kept, each for 30 s; any number may be open |
/// | [`keep_alive`](Self::keep_alive) over HTTP/2 | off |
/// | [`compress`](Self::compress) over gRPC | off; answers may be compressed |
/// | [`limits`](Self::limits) | as of [`Limits`] |
/// | [`validator`](Self::validator) | none |
/// | [`layer`](Self::layer) | none |
#[derive(Clone, Debug)]
pub struct ClientOptions {
    pub(super) address: Arc<str>,
    /// The server, when it needs no address.
    pub(super) server: Option<Arc<dyn InProcess>>,
    pub(super) transport: Transport,
    pub(super) service_name: bool,
    pub(super) multiplexed_names: bool,
    pub(super) caller: String,
    pub(super) timeout: Option<Duration>,
    pub(super) connect_timeout: Duration,
    pub(super) connections: Connections,
    pub(super) keep_alive: Option<KeepAlive>,
    pub(super) compression: Compression,
    pub(super) limits: Limits,
    pub(super) validators: Validators,
    pub(super) layers: Vec<AnyLayer>,
}

/// When an HTTP/2 connection is asked for a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeepAlive {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

/// How calls share connections.
///
/// | | pooled | short | multiplexed |
/// | --- | --- | --- | --- |
/// | transports | all, gRPC as if multiplexed | all | TTHeader, TTHeaderFramed, gRPC |
/// | calls on a connection | one after the other | one | [`Limits::calls`] (1024) at a time; more wait |
/// | connections | as many as calls under way, at most `open` | as many as calls under way | `connections` |
/// | idle ones | `idle` are kept for `idle_timeout`, then closed; those that the server has closed are not used | none | kept |
/// | a call that is given up, or fails | takes its connection with it | the same | leaves the connection to the others |
/// | the server announces its end (`crrst`) | the connection is not used again | | no more calls there, those under way are answered |
/// | nobody answers any more | each call has its own timeout | the same | see below |
///
/// A multiplexed connection on which nothing has come for as long as connecting may take, while
/// calls waited, takes no more calls when one of them is given up then: the next one opens another
/// connection. Those that are more patient stay. A request of which nothing was written when its
/// connection ended is sent on another one; any other fails, because the server may have served it.
///
/// Over gRPC calls always share connections, unless they are short: pooled means a single one. Its server says
/// how many calls there may be at a time, and which of them it has not looked at when it goes away:
/// these are sent again.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use polyport::client::Connections;
///
/// // At most 50 connections, also when a thousand calls come at once: the others wait.
/// let connections = Connections::Pooled {
///     idle: 50,
///     idle_timeout: Duration::from_secs(30),
///     open: Some(50),
/// };
/// assert_ne!(connections, Connections::default());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    /// One call at a time on each; connections are kept for later calls.
    Pooled {
        /// How many are kept while no call needs them.
        idle: usize,
        /// For how long they are kept: less than servers keep theirs.
        idle_timeout: Duration,
        /// How many may be open at the same time; calls wait for one when it is reached.
        open: Option<usize>,
    },
    /// A new one for each call.
    Short,
    /// All calls share these many; only with TTHeader and gRPC. Kitex's server answers the calls of
    /// such a connection with TTHeader one after the other, Polyport's as they finish.
    Multiplexed {
        /// How many connections are used in turn.
        connections: usize,
    },
}

impl Default for Connections {
    fn default() -> Self {
        Self::Pooled {
            idle: 10,
            idle_timeout: Duration::from_secs(30),
            open: None,
        }
    }
}

impl ClientOptions {
    pub(super) fn new(address: String) -> Self {
        Self {
            address: address.into(),
            server: None,
            transport: Transport::TtHeader,
            service_name: true,
            multiplexed_names: false,
            caller: String::new(),
            timeout: None,
            connect_timeout: Duration::from_secs(1),
            connections: Connections::default(),
            keep_alive: None,
            compression: Compression::Identity,
            limits: Limits::default(),
            validators: Validators::default(),
            layers: Vec::new(),
        }
    }

    /// Those of a client of a server of this process.
    pub(crate) fn in_process(server: &Arc<dyn InProcess>) -> Self {
        Self {
            server: Some(Arc::clone(server)),
            ..Self::new("in-process".to_owned())
        }
    }

    /// How messages are cut. Buffered and Framed carry neither a service name nor metadata.
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Leaves out what a Kitex client without its TTHeader handler leaves out: the service's name,
    /// the caller, the method and the timeouts. The server must then guess.
    #[must_use]
    pub fn without_service_name(mut self) -> Self {
        self.service_name = false;
        self
    }

    /// Puts the service's name in front of the method's, `Service:method`, as Apache Thrift's
    /// multiplexed protocol does. It is for Buffered and Framed, which have no other place for it,
    /// and for servers that look there: Apache's `TMultiplexedProcessor`, and Polyport's.
    #[must_use]
    pub fn multiplexed_names(mut self) -> Self {
        self.multiplexed_names = true;
        self
    }

    /// The name of this client, which servers see as the caller.
    #[must_use]
    pub fn caller(mut self, name: impl Into<String>) -> Self {
        self.caller = name.into();
        self
    }

    /// How long each call may take, connecting included, unless the call says otherwise. The
    /// server is told.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long connecting may take.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How calls share connections.
    #[must_use]
    pub fn connections(mut self, connections: Connections) -> Self {
        self.connections = connections;
        self
    }

    /// Asks a server over HTTP/2 for a sign of life when it has been silent for `interval`, and
    /// gives up the connection when none comes within `timeout`: calls on it fail, and the next one
    /// opens another. It is asked whether there are calls or not. Servers end connections that ask
    /// too often: gRPC's own, unless they are told otherwise, take it once in five minutes, and while
    /// there are no calls once in two hours; the next call opens another connection then.
    #[must_use]
    pub fn keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keep_alive = Some(KeepAlive { interval, timeout });
        self
    }

    /// Compresses the messages of all calls over gRPC, unless a call says otherwise; the server may
    /// answer in the same. One that does not take it says so by UNIMPLEMENTED.
    ///
    /// ```
    /// use polyport::client::Compression;
    /// use polyport::{Client, Transport};
    ///
    /// let options = Client::options("127.0.0.1:8888")
    ///     .transport(Transport::Grpc)
    ///     .compress(Compression::Gzip);
    /// ```
    #[must_use]
    pub fn compress(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Guards messages over TTHeader: requests get a value, and replies are held against theirs.
    #[must_use]
    pub fn validator(mut self, validator: impl PayloadValidator) -> Self {
        self.validators.add(validator);
        self
    }

    /// Puts a layer around all calls, inside of those added before: see [`Layer`].
    #[must_use]
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.layers.push(AnyLayer::new(layer));
        self
    }

    /// The limits that replies meet; of the times, none is used.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Makes the client, with a first connection.
    ///
    /// # Errors
    ///
    /// When no connection can be made, or when the options contradict each other.
    pub async fn connect(self) -> Result<Client, Error> {
        Client::new(self).await
    }
}
