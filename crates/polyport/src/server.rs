//! The server: services in, a port out.

mod listen;
mod connection;
mod ping_pong;
mod reception;
mod reply;
mod http2;
mod ttstream;
mod registry;
mod serving;
mod deadline;
mod in_memory;
mod linger;
mod spare;
mod stopwatch;
#[cfg(test)]
mod tests;

pub(crate) use in_memory::InMemory;

pub use crate::server::registry::{Draining, Registry};

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, ToSocketAddrs};

use crate::admission::Admission;
#[cfg(feature = "protobuf")]
use crate::built_in::health::Health;
use crate::context::Context;
use crate::error::Error;
use crate::layer::Layer;
use crate::limits::Limits;
use crate::router::{Router, Rules};
use crate::server::registry::{BuiltIn, Catalog};
use crate::service::{self, ErrorHook, Service, UnknownHandler};
use crate::status::Status;
use crate::validator::{PayloadValidator, Validators};

/// Hosts any number of services on one port.
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
/// let listening = Server::new()
///     .add(Service::raw("A", ["same", "onlyA"], Nothing).fallback())
///     .add(Service::raw("B", ["same", "onlyB"], Nothing))
///     .bind("127.0.0.1:0")
///     .await?;
/// println!("listening on {}", listening.address());
/// listening.serve_until(std::future::ready(())).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Server {
    services: Vec<Service>,
    rules: Rules,
    limits: Limits,
    kitex_codes: bool,
    unary_as_streams: bool,
    validators: Validators,
    built_in: BuiltIn,
}

impl Server {
    /// A server without services.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service. Whether it fits the others is found out when the server is bound, so that
    /// all mistakes are told at once.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "a server is no number")]
    pub fn add(mut self, service: Service) -> Self {
        self.services.push(service);
        self
    }

    /// Adds several services.
    #[must_use]
    pub fn add_all(mut self, services: impl IntoIterator<Item = Service>) -> Self {
        self.services.extend(services);
        self
    }

    /// Puts a layer around the handlers of all services, inside of the layers added before and
    /// outside of those of services and methods. This, [`admit`](Self::admit) and
    /// [`timeout`](Self::timeout) leave out what comes with the server, health and reflection.
    #[must_use]
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.rules.options.methods = self.rules.options.methods.layer(layer);
        self
    }

    /// Refuses calls before they are decoded, instead of what was said here before. What is said here
    /// holds for all services together: a rate of 100 is that of the server.
    #[must_use]
    pub fn admit(mut self, admission: Admission) -> Self {
        self.rules.options.methods = self.rules.options.methods.admit(admission);
        self
    }

    /// Ends calls that take longer, streams among them, unless their service or method has a
    /// [timeout](crate::service::MethodOptions::timeout) of its own.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.rules.options.methods = self.rules.options.methods.timeout(timeout);
        self
    }

    /// Lets `replace` look at every failure before it goes out, and put another one in its place: that
    /// of a handler, of a layer, of a panic, of a limit or of a deadline. Each failed call is seen once,
    /// with the facts that it came with; what layers left in its extensions is not among them.
    ///
    /// A business status is an answer and no failure. What a handler returned goes out marked as such
    /// (`biz error: ...`); what is put in its place goes out with its text as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport::{Server, Status, StatusKind};
    ///
    /// let server = Server::new().on_error(|cx, status| match status.kind() {
    ///     StatusKind::Panic => {
    ///         eprintln!("{}.{} panicked: {status}", cx.service(), cx.method());
    ///         Status::error("internal error")
    ///     }
    ///     _ => status,
    /// });
    /// ```
    #[must_use]
    pub fn on_error(
        mut self,
        replace: impl Fn(&Context, Status) -> Status + Send + Sync + 'static,
    ) -> Self {
        self.rules.options.on_error = Some(ErrorHook::new(replace));
        self
    }

    /// Gives what no service has to this handler, in bytes, over every transport: calls for unknown
    /// services, and for unknown methods of known ones. Without it they are told so.
    ///
    /// The services go first, with everything that they guess: the fallback for calls without a
    /// name, and the only service with the method. A combined service leaves nothing over, so it
    /// cannot stand beside one. The options of the server are for it, too.
    #[must_use]
    pub fn unknown(mut self, handler: impl UnknownHandler) -> Self {
        self.rules.unknown.push(service::unknown(handler));
        self
    }

    /// Guards messages over TTHeader: requests are held against what their header says, and replies
    /// get a value. [`Crc32c`](crate::validator::Crc32c) is the one that Kitex has built in.
    #[must_use]
    pub fn validator(mut self, validator: impl PayloadValidator) -> Self {
        self.validators.add(validator);
        self
    }

    /// Replaces the limits that peers meet.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Answers calls that do not name a service of this server with an exception (21 without a
    /// name, 20 with one that is unknown) instead of guessing by the method. Services whose methods
    /// conflict then need no fallback.
    ///
    /// A combined service answers all its methods all the same, because its clients send no
    /// service's name. With a handler for [`unknown`](Self::unknown) services, what would be refused
    /// goes to that one, as in Kitex.
    #[must_use]
    pub fn refuse_traffic_without_service_name(mut self) -> Self {
        self.rules.refuse_nameless = true;
        self
    }

    /// Answers gRPC calls for an unknown service with Kitex's code 20 and for an unknown method with
    /// 1, instead of 12, UNIMPLEMENTED, which all others expect.
    #[must_use]
    pub fn kitex_status_codes(mut self) -> Self {
        self.kitex_codes = true;
        self
    }

    /// Shows unary calls over gRPC to layers as streams: their request is a
    /// [`Streaming`](crate::Streaming) of [`Bytes`](bytes::Bytes), of which nothing is read before the
    /// layers pass the call on. Their reply is what it always is, and so is what handlers see.
    ///
    /// Without it layers see the typed request, as they do over every other transport, so that one
    /// layer serves them all. Kitex does it the other way round, and has
    /// `WithCompatibleMiddlewareForUnary` for this, because its older middlewares of gRPC expect
    /// streams; here there are none. With it, layers can refuse a call before its message is there.
    ///
    /// [`Context::kind`](crate::Context::kind) is [`Unary`](crate::CallKind::Unary) in both cases,
    /// and [`Context::transport`](crate::Context::transport) tells gRPC from the others.
    #[must_use]
    pub fn unary_grpc_as_streams(mut self) -> Self {
        self.unary_as_streams = true;
        self
    }

    /// Answers gRPC's health checks, `grpc.health.v1.Health`, with what `health` says.
    #[cfg(feature = "protobuf")]
    #[must_use]
    pub fn health(mut self, health: &Health) -> Self {
        self.built_in.health = Some(health.clone());
        self
    }

    /// Tells tools what the server has, over every transport.
    ///
    /// gRPC's reflection, `grpc.reflection.v1.ServerReflection` and the older `v1alpha`, tells tools
    /// such as grpcurl of the Protobuf services and their messages. Over Thrift
    /// `polyport.reflection.v1.ThriftReflection` tells of all services, Thrift and Protobuf, and where
    /// a call would go; its IDL, `idl/reflection.thrift` in this crate, says how, and
    /// [`Reflection`](crate::reflection::Reflection) asks. Both are reached by their names only: what
    /// becomes of calls without a service name is not changed.
    ///
    /// They stand outside of the server's layers, admission and timeout: whoever reaches the port may
    /// ask, as often as they like, and a large IDL takes some work to describe. Where callers are not
    /// trusted, leave this out.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport::Server;
    ///
    /// let server = Server::new().reflection();
    /// ```
    #[must_use]
    pub fn reflection(mut self) -> Self {
        self.built_in.reflects = true;
        self
    }

    /// Checks the services and gives the tables by which calls find them, to look at them without
    /// opening a port.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the services, at once.
    pub fn router(self) -> Result<Router, Error> {
        self.built_in.router(&self.services, &self.rules)
    }

    /// Checks the services and listens, without accepting yet.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the services, at once; or that the address is not to be had.
    pub async fn bind(self, address: impl ToSocketAddrs + fmt::Debug) -> Result<Listening, Error> {
        let shared = self.into_shared()?;
        let bind_error = |cause| Error::bind(format!("{address:?}"), cause);
        let listener = TcpListener::bind(&address).await.map_err(bind_error)?;
        let local = listener.local_addr().map_err(bind_error)?;
        Ok(Listening {
            listener,
            local,
            shared,
        })
    }

    /// Checks the services.
    fn into_shared(self) -> Result<Arc<Shared>, Error> {
        let catalog = Catalog::new(self.services, self.rules, self.built_in)?;
        Ok(Arc::new(Shared {
            catalog: Arc::new(catalog),
            limits: self.limits,
            kitex_codes: self.kitex_codes,
            unary_as_streams: self.unary_as_streams,
            validators: self.validators,
        }))
    }

    /// Listens and serves until the process ends.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind).
    pub async fn serve(self, address: impl ToSocketAddrs + fmt::Debug) -> Result<(), Error> {
        let listening = self.bind(address).await?;
        listening.serve_until(std::future::pending()).await;
        Ok(())
    }
}

/// A server that has its port.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    local: SocketAddr,
    shared: Arc<Shared>,
}

/// What every connection of a server needs.
#[derive(Debug)]
struct Shared {
    catalog: Arc<Catalog>,
    limits: Limits,
    kitex_codes: bool,
    /// Whether layers see unary calls over gRPC as streams.
    unary_as_streams: bool,
    validators: Validators,
}

/// How far a server is with its stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// It does not stop.
    Serving,
    /// Connections are served until they fall silent.
    Draining,
    /// Nothing more is read; what was read is answered.
    Leaving,
}

impl Listening {
    /// The address that the server listens on, with the port that was picked for port 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.local
    }

    /// The tables by which calls find their services now.
    #[must_use]
    pub fn router(&self) -> Arc<Router> {
        self.registry().router()
    }

    /// The services, to look at them and to change them while the server serves.
    #[must_use]
    pub fn registry(&self) -> Registry {
        Registry(Arc::clone(&self.shared.catalog))
    }

    /// Serves until `stop` is ready, then stops gracefully, within [`Limits::drain`]:
    ///
    /// 1. The port is closed. Connections that the kernel has made by then are served.
    /// 2. Calls are answered, those in flight and those that still come; over TTHeader with the
    ///    notice that the connection ends, on which clients go elsewhere. A connection is closed
    ///    when it has been silent for [`Limits::quiet`].
    /// 3. In the second half of the time nothing more is read from clients that go on without
    ///    regard for the notice, or cannot see it; their connections are closed when the calls that
    ///    were read are answered.
    /// 4. What is not done at the end is cut.
    ///
    /// Gives the number of connections that had to be cut then.
    pub async fn serve_until(self, stop: impl Future<Output = ()>) -> usize {
        tracing::info!(address = %self.local, "listening\n{}", *self.shared.catalog.router());
        listen::serve(self.listener, self.shared, stop).await
    }
}
