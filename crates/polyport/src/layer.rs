//! Layers: what stands around handlers, or around the calls of a client, and sees every call and reply,
//! typed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;

use crate::call::{Call, Message, Reply};
use crate::stream::{Outlet, Source};

/// Something around handlers, or around the calls of a client: it gets each call, passes it on or
/// answers it itself, and sees the reply.
///
/// The [server's](crate::Server::layer) layers stand around the [service's](crate::Service::layer),
/// these around the [method's](crate::Service::for_method), and each around those that were added
/// after it. A layer's panic is an answer like a handler's.
///
/// When the [deadline](crate::Context::deadline) passes, the handler is dropped, and layers see a
/// [`Timeout`](crate::StatusKind::Timeout) in its place. They have no more time than that: one that
/// has something else to wait for then is dropped, with those around it. A call that its caller gives
/// up is dropped as a whole.
///
/// # On a client
///
/// The [client's](crate::client::ClientOptions::layer) layers stand around the
/// [call's](crate::client::ClientCall::layer), and behind them are the wire and the server. A call
/// goes through them once, also when its request is sent again because a connection had ended. Time
/// is kept behind them, so that they see a timeout, and around them, so that none can keep a call for
/// longer than it may take.
///
/// | what a layer sees | of a unary or one-way call | of a stream |
/// | --- | --- | --- |
/// | [`Call::message`] | the arguments | the only request, or `()` when many come |
/// | [`Reply::outcome`] | what the method returned or declared to throw | what the caller gets: a [`Streaming`](crate::Streaming), a [`ClientStream`](crate::client::ClientStream), or a [`Sink`](crate::Sink) and a `Streaming` |
/// | [`Reply::metadata`] | all that came back | nothing yet: the streams have it |
///
/// Why there is no result is told apart by [`Status::kind`](crate::Status::kind): what a server
/// answered is [`Remote`](crate::StatusKind::Remote), [`Code`](crate::StatusKind::Code) or
/// [`Biz`](crate::StatusKind::Biz); that time ran out is [`Timeout`](crate::StatusKind::Timeout); that
/// no answer came, or none that can be understood, is [`Transport`](crate::StatusKind::Transport).
/// With [`Reply::of`] a layer answers in the server's place.
///
/// # Examples
///
/// ```
/// use polyport::{Call, Layer, Next, Reply, Status};
///
/// /// Answers only callers that say who they are.
/// struct Named;
///
/// impl Layer for Named {
///     async fn call(&self, call: Call, next: Next<'_>) -> Reply {
///         if call.context.caller().is_empty() {
///             return Status::error("say who you are").into();
///         }
///         next.call(call).await
///     }
/// }
/// ```
///
/// On a client:
///
/// ```no_run
/// use polyport::{Call, Client, Layer, Next, Reply};
///
/// /// Adds a token to each call, and counts those that nobody answered.
/// struct Token(String);
///
/// impl Layer for Token {
///     async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
///         call.context.metadata_mut().insert("token", self.0.as_str());
///         let reply = next.call(call).await;
///         if let Err(status) = &reply.outcome
///             && status.is_transport()
///         {
///             println!("no answer: {status}");
///         }
///         reply
///     }
/// }
///
/// # async fn run() -> Result<(), polyport::Error> {
/// let options = Client::options("127.0.0.1:8888").layer(Token("secret".to_owned()));
/// let client = options.connect().await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    note = "a layer is a type with an `impl Layer`; a closure is none, and one of tower stands in a \
            `layers::Tower`"
)]
pub trait Layer: Send + Sync + 'static {
    /// Serves `call`, most likely by [`Next::call`].
    fn call(&self, call: Call, next: Next<'_>) -> impl Future<Output = Reply> + Send;
}

/// One layer in several places.
impl<L: Layer> Layer for Arc<L> {
    fn call(&self, call: Call, next: Next<'_>) -> impl Future<Output = Reply> + Send {
        (**self).call(call, next)
    }
}

/// What stands behind a layer: the next one, the handler, or a client's way to its server.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    layers: &'a [AnyLayer],
    end: &'a dyn End,
}

impl<'a> Next<'a> {
    pub(crate) fn new(layers: &'a [AnyLayer], end: &'a dyn End) -> Self {
        Self { layers, end }
    }

    /// Passes the call on.
    pub fn call(self, call: Call) -> impl Future<Output = Reply> + Send + 'a {
        match self.layers.split_first() {
            Some((layer, layers)) => layer.0.call(
                call,
                Self {
                    layers,
                    end: self.end,
                },
            ),
            None => self.end.call(call),
        }
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("layers", &self.layers.len())
            .finish_non_exhaustive()
    }
}

/// The room behind the layers: a handler, or a client's way to its server.
pub(crate) trait End: Send + Sync {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>>;
}

/// A handler, which finds its arguments among bytes.
pub(crate) trait Endpoint: End {
    fn decode(&self, payload: Payload, limits: &Limits) -> Result<Message, DecodeError>;
}

/// What the arguments of a call are made of.
pub(crate) enum Payload {
    /// The request of a unary or one-way call.
    Message(Bytes),
    /// The requests of a client's stream.
    Requests(Box<dyn Source>),
    /// The request of a server's stream, and where its answers go.
    Answers(Bytes, Box<dyn Outlet>),
    /// Both.
    Both(Box<dyn Source>, Box<dyn Outlet>),
}

impl Payload {
    /// Bytes of the request, when there is only one.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Message(bytes) | Self::Answers(bytes, _) => bytes.len(),
            Self::Requests(_) | Self::Both(..) => 0,
        }
    }
}

/// A layer whose type is forgotten.
#[derive(Clone)]
pub(crate) struct AnyLayer(Arc<dyn ErasedLayer>);

impl AnyLayer {
    pub(crate) fn new(layer: impl Layer) -> Self {
        Self(Arc::new(layer))
    }
}

impl fmt::Debug for AnyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layer")
    }
}

trait ErasedLayer: Send + Sync + 'static {
    fn call<'a>(
        &'a self,
        call: Call,
        next: Next<'a>,
    ) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;
}

impl<L: Layer> ErasedLayer for L {
    fn call<'a>(
        &'a self,
        call: Call,
        next: Next<'a>,
    ) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>> {
        Box::pin(Layer::call(self, call, next))
    }
}
