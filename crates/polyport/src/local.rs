//! A server of this process: called without a socket.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::{Client, ClientOptions};
use crate::error::Error;
use crate::in_process::InProcess;
use crate::server::{InMemory, Listening, Server};

/// A server that is called in its own process, with or without a port beside.
///
/// Calls take the way that they take over a connection, from the bytes of the request to the bytes
/// of its reply: routing, limits, layers, deadlines, metadata and errors are the same. Only
/// [`Context::peer`](crate::Context::peer) is nobody. A unary call is served inside of its caller's
/// task and ends with it; a stream, and everything over [`Transport::Grpc`](crate::Transport::Grpc),
/// takes HTTP/2 through a pipe in memory.
///
/// # Examples
///
/// ```
/// # use bytes::Bytes;
/// # use polyport::service::RawHandler;
/// # use polyport::{Context, Status};
/// # struct Nothing;
/// # impl RawHandler for Nothing {
/// #     async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
/// #         Ok(Bytes::from_static(&[0]))
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use polyport::method::Method;
/// use polyport::{CallKind, Server, Service};
///
/// static STOP: Method<String, ()> = Method::new("Engine", "stop", CallKind::Unary);
///
/// let local = Server::new().add(Service::raw("Engine", ["stop"], Nothing)).local()?;
/// // Generated clients take it as well: `EngineClient::new(local.client())`.
/// local.client().call(&STOP, "now".to_owned()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Local {
    server: Arc<InMemory>,
}

impl Server {
    /// Checks the services and serves them in this process, without a port.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the services, at once.
    pub fn local(self) -> Result<Local, Error> {
        self.in_memory().map(Local::new)
    }
}

impl Listening {
    /// The same server for calls of this process, and for connections that do not come by its port.
    #[must_use]
    pub fn local(&self) -> Local {
        Local::new(self.in_memory())
    }
}

impl Local {
    fn new(server: InMemory) -> Self {
        Self {
            server: Arc::new(server),
        }
    }

    /// A client of the server, with the default options.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::in_process(&self.in_process())
    }

    /// A client with other options. How calls share connections is none of them, because there are
    /// no connections.
    pub fn options(&self) -> ClientOptions {
        ClientOptions::in_process(&self.in_process())
    }

    fn in_process(&self) -> Arc<dyn InProcess> {
        Arc::<InMemory>::clone(&self.server)
    }

    /// Serves a connection of any kind, such as one of a Unix socket, until it and the one-way
    /// calls that came on it have ended.
    ///
    /// The server's limits hold for it, but for the number of connections; and a graceful stop does
    /// not wait for it.
    ///
    /// # Examples
    ///
    /// On a Unix socket, without a port; [`Listening::local`] is for both.
    ///
    /// ```no_run
    /// # use polyport::Service;
    /// # async fn serve(service: Service) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use polyport::Server;
    /// use tokio::net::UnixListener;
    ///
    /// let local = Server::new().add(service).local()?;
    /// let listener = UnixListener::bind("/run/engine.sock")?;
    /// loop {
    ///     let Ok((stream, _)) = listener.accept().await else {
    ///         // There are too many files open, which others will close.
    ///         tokio::time::sleep(Duration::from_millis(100)).await;
    ///         continue;
    ///     };
    ///     let local = local.clone();
    ///     tokio::spawn(async move { local.serve_connection(stream).await });
    /// }
    /// # }
    /// ```
    pub async fn serve_connection(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        self.server.serve_connection(stream).await;
    }

    /// Serves a request that came by whatever way, framed as over a connection (Buffered, Framed,
    /// TTHeader, TTHeader with Framed), and gives its reply in the same framing. Kitex calls this an
    /// invoker.
    ///
    /// `None` stands for no reply: the request was a one-way call, or is so broken that nobody can
    /// answer it; the log says why. A request that can be answered and not served gets the exception
    /// that it would get over a connection; the connection that it came by should then be closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use polyport::service::RawHandler;
    /// # use polyport::{Context, Status};
    /// # struct Nothing;
    /// # impl RawHandler for Nothing {
    /// #     async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
    /// #         Ok(Bytes::from_static(&[0]))
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), polyport::Error> {
    /// use polyport::{Server, Service};
    ///
    /// let local = Server::new().add(Service::raw("Engine", ["stop"], Nothing)).local()?;
    /// // A call of `stop` with the number 7 and no arguments, Buffered.
    /// let request = b"\x80\x01\0\x01\0\0\0\x04stop\0\0\0\x07\0";
    /// let reply = local.invoke(&request[..]).await;
    /// let expected = b"\x80\x01\0\x02\0\0\0\x04stop\0\0\0\x07\0";
    /// assert_eq!(reply.as_deref(), Some(&expected[..]));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn invoke(&self, request: impl Into<Bytes>) -> Option<Bytes> {
        let reply = self.server.invoke(request.into().into()).await;
        Some(reply.freeze()).filter(|reply| !reply.is_empty())
    }
}
