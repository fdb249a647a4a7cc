//! A service as a server takes it: a name, methods, and handlers whose types are forgotten.

mod late;
mod options;
mod stream;
mod unknown;
mod raw;
mod uses;

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use polyport_wire::schema::{self, CallKind, Embedded, Schema};
use polyport_wire::transport::Codec;
use tokio::sync::watch;

use crate::admission::Admission;
use crate::call::{Call, Message, Reply, answered};
use crate::context::Context;
use crate::layer::{End, Endpoint, Layer, Payload};
use crate::method::{Method, StreamMethod};
use crate::route::MethodInfo;
pub(crate) use crate::service::stream::not_streamed;
use crate::service::stream::{Bidirectional, ClientStream, ServerStream, StreamEndpoint};
use crate::status::{MethodError, Status};
use crate::stream::{Sink, Streaming};

pub(crate) use crate::service::late::Late;
pub use crate::service::options::MethodOptions;
pub(crate) use crate::service::options::{ErrorHook, ServerOptions, Stack};
pub use crate::service::raw::RawHandler;
pub(crate) use crate::service::raw::{Slot, last, one, unserved};
pub use crate::service::unknown::UnknownHandler;
pub(crate) use crate::service::unknown::unknown;
pub use crate::service::uses::Uses;

/// A service with its handler, ready to be [added](crate::Server::add) to a server.
///
/// Generated code makes one (`GreeterServer::new(handler)`); [`Service::json`] makes one by a schema,
/// [`Service::raw`] one without an IDL. A clone has the same handler.
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) package: String,
    pub(crate) name: String,
    pub(crate) codec: Codec,
    pub(crate) fallback: bool,
    pub(crate) combined: bool,
    pub(crate) built_in: bool,
    pub(crate) aliases: Vec<(String, Uses)>,
    pub(crate) methods: Vec<ServiceMethod>,
    /// For all methods.
    pub(crate) options: MethodOptions,
    /// For single methods, by name.
    pub(crate) method_options: Vec<(String, MethodOptions)>,
    pub(crate) schema: Option<Known>,
    /// Everything has it that serves a call of the service, or may.
    pub(crate) presence: watch::Sender<()>,
}

/// Where the IDL of a service is.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// In generated code.
    Embedded(&'static Embedded),
    /// It was read at run time.
    Read(Arc<Schema>),
}

/// Which calls reach a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All.
    Everywhere,
    /// Those over gRPC, which always name their service.
    Grpc,
    /// The same, for what comes with the server and is not what it is for.
    BuiltIn,
    /// All that name it, for the same over every transport.
    BuiltInByName,
}

impl Reach {
    /// Whether the service comes with the server.
    pub(crate) fn is_built_in(self) -> bool {
        matches!(self, Self::BuiltIn | Self::BuiltInByName)
    }
}

/// A method with its handler.
#[derive(Clone)]
pub(crate) struct ServiceMethod {
    pub(crate) info: Arc<MethodInfo>,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    /// Nothing until the server is built.
    pub(crate) stack: Arc<Stack>,
}

impl fmt::Debug for ServiceMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.fmt(f)
    }
}

impl Service {
    /// A service without methods.
    pub(crate) fn new(package: String, name: String, codec: Codec) -> Self {
        Self {
            package,
            name,
            codec,
            fallback: false,
            combined: false,
            built_in: false,
            aliases: Vec::new(),
            methods: Vec::new(),
            options: MethodOptions::default(),
            method_options: Vec::new(),
            schema: None,
            presence: watch::Sender::default(),
        }
    }

    pub(crate) fn push(&mut self, method: String, kind: CallKind, endpoint: Arc<dyn Endpoint>) {
        let info = MethodInfo {
            package: self.package.clone(),
            service: self.name.clone(),
            method,
            kind,
            codec: self.codec,
        };
        self.methods.push(ServiceMethod {
            info: Arc::new(info),
            endpoint,
            stack: Arc::default(),
        });
    }

    /// Lets this service answer the calls that do not say which service they are for, as far as it
    /// has the method. One service of a server can be the fallback.
    #[must_use]
    pub fn fallback(mut self) -> Self {
        self.fallback = true;
        self
    }

    /// Puts a layer around the handlers of all methods, inside of the server's layers and of those
    /// added before.
    #[must_use]
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.options = self.options.layer(layer);
        self
    }

    /// Refuses calls before they are decoded, instead of what was said here before.
    #[must_use]
    pub fn admit(mut self, admission: Admission) -> Self {
        self.options = self.options.admit(admission);
        self
    }

    /// Ends calls that take longer, streams among them, unless the method has a
    /// [timeout](MethodOptions::timeout) of its own.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options = self.options.timeout(timeout);
        self
    }

    /// Calls go on as ever, but are counted, and each caller is named in the log once, with `note`.
    #[must_use]
    pub fn deprecated(mut self, note: impl Into<String>, uses: &Uses) -> Self {
        self.options = self.options.deprecated(note, uses);
        self
    }

    /// Answers calls for another name as well, with its package where it had one, as if they named
    /// this service. Such calls are counted, and each caller is named in the log once.
    #[must_use]
    pub fn alias(mut self, name: impl Into<String>, uses: &Uses) -> Self {
        self.aliases.push((name.into(), uses.clone()));
        self
    }

    /// Gives options to one method, by its name in the IDL. A name that the service does not have is
    /// a mistake that is found when the server is bound.
    ///
    /// # Examples
    ///
    /// ```
    /// # use polyport::{Call, Layer, Next, Reply, Service, service::RawHandler};
    /// # fn add(handler: impl RawHandler, audit: impl Layer) -> Service {
    /// Service::raw("Accounts", ["open", "close"], handler)
    ///     .for_method("close", |method| method.layer(audit))
    /// # }
    /// ```
    #[must_use]
    pub fn for_method(
        mut self,
        method: impl Into<String>,
        set: impl FnOnce(MethodOptions) -> MethodOptions,
    ) -> Self {
        let method = method.into();
        let known = self
            .method_options
            .iter_mut()
            .find(|(name, _)| *name == method);
        match known {
            Some((_, options)) => *options = set(std::mem::take(options)),
            None => self
                .method_options
                .push((method, set(MethodOptions::default()))),
        }
        self
    }

    /// The options of the method of this name.
    pub(crate) fn options_of(&self, method: &str) -> MethodOptions {
        let mut given = self.method_options.iter();
        let options = given.find(|(name, _)| name == method);
        options
            .map(|(_, options)| options.clone())
            .unwrap_or_default()
    }

    /// Makes it a service that comes with the server, which only calls with its name reach: those of
    /// gRPC over gRPC, those of Thrift over every transport.
    pub(crate) fn built_in(mut self) -> Self {
        self.built_in = true;
        self
    }

    /// Which calls reach it.
    pub(crate) fn reach(&self) -> Reach {
        if self.built_in {
            match self.codec {
                Codec::Protobuf => Reach::BuiltIn,
                _ => Reach::BuiltInByName,
            }
        } else if self.options.is_grpc_only() {
            Reach::Grpc
        } else {
            Reach::Everywhere
        }
    }

    /// The name in the IDL.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the methods, in the order of the IDL.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.methods
            .iter()
            .map(|method| method.info.method.as_str())
    }

    /// What tells this service from every other: `package.Name`, or `Name` without a package.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.package.is_empty() {
            self.name.clone()
        } else {
            format!("{}.{}", self.package, self.name)
        }
    }

    /// How its messages are written.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// What is known of the methods, in the order of the IDL.
    pub fn method_infos(&self) -> impl Iterator<Item = &MethodInfo> {
        self.methods.iter().map(|method| &*method.info)
    }

    /// The same service, present in its own right: other copies do not count for it.
    pub(crate) fn registered(mut self) -> Self {
        self.presence = watch::Sender::default();
        self
    }

    /// Says which IDL the service is of, so that [reflection](crate::Server::reflection) can tell its
    /// types, too: a [raw](Self::raw_of) one knows no more than its names.
    ///
    /// # Examples
    ///
    /// ```
    /// # use polyport::service::RawHandler;
    /// use std::sync::Arc;
    /// use polyport::Service;
    /// use polyport::wire::schema::Schema;
    ///
    /// fn all(schema: Arc<Schema>, handler: impl RawHandler + Clone) -> Vec<Service> {
    ///     let services = schema.services.iter();
    ///     services
    ///         .map(|service| Service::raw_of(service, handler.clone()).described_by(schema.clone()))
    ///         .collect()
    /// }
    /// ```
    #[must_use]
    pub fn described_by(mut self, schema: impl Into<Arc<Schema>>) -> Self {
        self.schema = Some(Known::Read(schema.into()));
        self
    }

    /// The IDL as data, when the service was generated or made by a schema; it may have more services
    /// than this.
    #[must_use]
    pub fn schema(&self) -> Option<&Schema> {
        match self.schema.as_ref()? {
            Known::Embedded(embedded) => Some(embedded.get()),
            Known::Read(schema) => Some(schema),
        }
    }

    /// What the schema says of this service.
    pub(crate) fn description(&self) -> Option<(&Schema, &schema::Service)> {
        let schema = self.schema()?;
        let mut services = schema.services.iter();
        let description = services.find(|known| {
            known.package == self.package && known.name == self.name && known.codec == self.codec
        });
        Some((schema, description?))
    }
}

/// A generated service on its way to a [`Service`].
#[derive(Debug)]
pub struct ServiceBuilder<H> {
    service: Service,
    handler: Arc<H>,
}

impl<H: Send + Sync + 'static> ServiceBuilder<H> {
    /// The service `name` of the IDL in `schema`.
    #[must_use]
    pub fn new(schema: &'static Embedded, package: &str, name: &str, handler: Arc<H>) -> Self {
        let description = schema
            .get()
            .services
            .iter()
            .find(|service| service.package == package && service.name == name);
        Self {
            service: Service {
                combined: description.is_some_and(|service| service.combined),
                schema: Some(Known::Embedded(schema)),
                presence: watch::Sender::default(),
                ..Service::new(package.to_owned(), name.to_owned(), Codec::ThriftBinary)
            },
            handler,
        }
    }

    /// Adds a method; `call` lends the handler its context and gives the context back.
    #[must_use]
    pub fn method<A, V, E, F, R>(mut self, method: &'static Method<A, V, E>, call: F) -> Self
    where
        A: Send + 'static,
        V: Send + 'static,
        E: MethodError,
        F: Fn(Arc<H>, Context, A) -> R + Send + Sync + 'static,
        R: Future<Output = (Context, Result<V, E>)> + Send + 'static,
    {
        let endpoint = TypedEndpoint {
            handler: Arc::clone(&self.handler),
            call,
            method,
        };
        self.service.codec = method.codec();
        self.service
            .push(method.name().to_owned(), method.kind(), Arc::new(endpoint));
        self
    }

    /// Adds a method that takes many requests.
    #[must_use]
    pub fn client_stream<A, V, F, R>(self, method: &'static StreamMethod<A, V>, call: F) -> Self
    where
        A: Send + 'static,
        V: Send + 'static,
        F: Fn(Arc<H>, Context, Streaming<A>) -> R + Send + Sync + 'static,
        R: Future<Output = (Context, Result<V, Status>)> + Send + 'static,
    {
        let handler = Arc::clone(&self.handler);
        let endpoint = StreamEndpoint::<_, _, ClientStream<A, V>>::new(handler, method, call);
        self.stream(method, endpoint)
    }

    /// Adds a method that gives many answers.
    #[must_use]
    pub fn server_stream<A, V, F, R>(self, method: &'static StreamMethod<A, V>, call: F) -> Self
    where
        A: Send + 'static,
        V: Send + 'static,
        F: Fn(Arc<H>, Context, A, Sink<V>) -> R + Send + Sync + 'static,
        R: Future<Output = (Context, Result<(), Status>)> + Send + 'static,
    {
        let handler = Arc::clone(&self.handler);
        let call = move |handler, cx, (request, output)| call(handler, cx, request, output);
        let endpoint = StreamEndpoint::<_, _, ServerStream<A, V>>::new(handler, method, call);
        self.stream(method, endpoint)
    }

    /// Adds a method that takes many requests and gives many answers.
    #[must_use]
    pub fn bidirectional<A, V, F, R>(self, method: &'static StreamMethod<A, V>, call: F) -> Self
    where
        A: Send + 'static,
        V: Send + 'static,
        F: Fn(Arc<H>, Context, Streaming<A>, Sink<V>) -> R + Send + Sync + 'static,
        R: Future<Output = (Context, Result<(), Status>)> + Send + 'static,
    {
        let handler = Arc::clone(&self.handler);
        let call = move |handler, cx, (input, output)| call(handler, cx, input, output);
        let endpoint = StreamEndpoint::<_, _, Bidirectional<A, V>>::new(handler, method, call);
        self.stream(method, endpoint)
    }

    fn stream<A, V>(
        mut self,
        method: &'static StreamMethod<A, V>,
        endpoint: impl Endpoint + 'static,
    ) -> Self {
        self.service.codec = method.codec();
        self.service
            .push(method.name().to_owned(), method.kind(), Arc::new(endpoint));
        self
    }

    /// The service.
    #[must_use]
    pub fn build(self) -> Service {
        self.service
    }
}

struct TypedEndpoint<H, F, A: 'static, V: 'static, E: 'static> {
    handler: Arc<H>,
    call: F,
    method: &'static Method<A, V, E>,
}

impl<H, F, R, A, V, E> Endpoint for TypedEndpoint<H, F, A, V, E>
where
    H: Send + Sync + 'static,
    F: Fn(Arc<H>, Context, A) -> R + Send + Sync + 'static,
    R: Future<Output = (Context, Result<V, E>)> + Send + 'static,
    A: Send + 'static,
    V: Send + 'static,
    E: MethodError,
{
    fn decode(&self, payload: Payload, limits: &Limits) -> Result<Message, DecodeError> {
        let arguments = single(payload);
        let arguments = (self.method.arguments.decode)(arguments, limits)?;
        Ok(Message::exchange(arguments, self.method.outcome.encode))
    }
}

impl<H, F, R, A, V, E> End for TypedEndpoint<H, F, A, V, E>
where
    H: Send + Sync + 'static,
    F: Fn(Arc<H>, Context, A) -> R + Send + Sync + 'static,
    R: Future<Output = (Context, Result<V, E>)> + Send + 'static,
    A: Send + 'static,
    V: Send + 'static,
    E: MethodError,
{
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        let method = self.method;
        let Some((arguments, vacancy)) = call.message.into_exchange::<A, V, E>() else {
            let text = format!("a layer replaced the arguments of {method:?} by another type");
            return Box::pin(std::future::ready(Status::error(text).into()));
        };
        let serving = (self.call)(Arc::clone(&self.handler), call.context, arguments);
        Box::pin(async move {
            match catch_panic(serving).await {
                Ok((context, outcome)) => {
                    let answer = answered(outcome).map(|outcome| vacancy.fill(outcome));
                    Reply::of_handler(context, answer)
                }
                Err(payload) => handler_panic(method.service(), method.name(), &*payload),
            }
        })
    }
}

/// The request of a method that does not stream, which is all that such a method is called with.
pub(crate) fn single(payload: Payload) -> Bytes {
    match payload {
        Payload::Message(bytes) | Payload::Answers(bytes, _) => bytes,
        Payload::Requests(_) | Payload::Both(..) => Bytes::new(),
    }
}

#[cold]
pub(crate) fn handler_panic(
    service: &str,
    method: &str,
    payload: &(dyn std::any::Any + Send),
) -> Reply {
    Status::panic("biz handler", service, method, payload).into()
}

/// Polls a future and turns its panic into an error.
///
/// What the future owned is dropped with it, so nothing half-changed can be seen afterwards but
/// through the handler's own shared state, which is what its locks are for.
pub(crate) async fn catch_panic<F: Future>(
    future: F,
) -> Result<F::Output, Box<dyn std::any::Any + Send>> {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => std::task::Poll::Ready(Err(payload)),
        }
    })
    .await
}
