//! Layers: what stands around the handlers and sees every call and reply, typed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;

use crate::call::{Call, Message, Reply};
use crate::stream::{Outlet, Source};

/// Something around handlers: it gets each call, passes it on or answers it itself, and sees the
/// reply.
///
/// The [server's](crate::Server::layer) layers stand around the [service's](crate::Service::layer),
/// these around the [method's](crate::Service::for_method), and each around those that were added
/// after it. A layer's panic is an answer like a handler's.
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
pub trait Layer: Send + Sync + 'static {
    /// Serves `call`, most likely by [`Next::call`].
    fn call(&self, call: Call, next: Next<'_>) -> impl Future<Output = Reply> + Send;
}

/// What stands behind a layer: the next one, or the handler.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    layers: &'a [AnyLayer],
    endpoint: &'a dyn Endpoint,
}

impl<'a> Next<'a> {
    pub(crate) fn new(layers: &'a [AnyLayer], endpoint: &'a dyn Endpoint) -> Self {
        Self { layers, endpoint }
    }

    /// Passes the call on.
    pub fn call(self, call: Call) -> impl Future<Output = Reply> + Send + 'a {
        match self.layers.split_first() {
            Some((layer, layers)) => layer.0.call(
                call,
                Self {
                    layers,
                    endpoint: self.endpoint,
                },
            ),
            None => self.endpoint.call(call),
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

/// The room behind the layers: decodes arguments and calls the handler.
pub(crate) trait Endpoint: Send + Sync {
    fn decode(&self, payload: Payload, limits: &Limits) -> Result<Message, DecodeError>;

    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>>;
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
