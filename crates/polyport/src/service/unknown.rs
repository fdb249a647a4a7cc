//! The endpoint of everything that no service has.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use polyport_wire::transport::Codec;

use crate::call::{Call, Message, Reply};
use crate::code::Code;
use crate::context::Context;
use crate::layer::{End, Endpoint, Payload};
use crate::method::Coding;
use crate::service::{catch_panic, handler_panic};
use crate::status::Status;
use crate::stream::{Flows, Sink, Streaming};

/// A handler for the services and methods that a server does not have; see
/// [`Server::unknown`](crate::Server::unknown).
///
/// The [`Context`] has the names as the caller wrote them, over gRPC with the package in the
/// service's; a name that was not sent is empty. Its [reason](Context::reason) is
/// [`Unknown`](crate::RouteReason::Unknown).
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use polyport::service::UnknownHandler;
/// use polyport::{Context, Server, Status};
///
/// /// Says what it was asked for.
/// struct Nobody;
///
/// impl UnknownHandler for Nobody {
///     async fn call(&self, cx: &mut Context, request: Bytes) -> Result<Bytes, Status> {
///         let (service, method) = (cx.service(), cx.method());
///         let text = format!("nobody answers {service}/{method}, {} bytes", request.len());
///         Err(Status::error(text))
///     }
/// }
///
/// let router = Server::new().unknown(Nobody).router()?;
/// # Ok::<(), polyport::Error>(())
/// ```
pub trait UnknownHandler: Send + Sync + 'static {
    /// Answers a message with one. Both are as they are on the wire, without what stands around
    /// them: in Thrift the struct of the arguments and the struct of the result, where no bytes stand
    /// for an empty one. What is returned for a [one-way](crate::CallKind::Oneway) call is dropped.
    fn call(
        &self,
        cx: &mut Context,
        request: Bytes,
    ) -> impl Future<Output = Result<Bytes, Status>> + Send;

    /// Answers a call over gRPC, where nobody can know how many messages an unknown method takes and
    /// gives. Without another implementation, the first message is answered by
    /// [`call`](Self::call).
    fn stream(
        &self,
        cx: &mut Context,
        mut requests: Streaming<Bytes>,
        mut answers: Sink<Bytes>,
    ) -> impl Future<Output = Result<(), Status>> + Send {
        async move {
            let no_request = || Status::with_code(Code::INTERNAL, "EOF");
            let request = requests.receive().await?.ok_or_else(no_request)?;
            let answer = self.call(cx, request).await?;
            answers.send(filled(cx.codec(), answer)).await
        }
    }
}

/// One handler for several servers.
impl<H: UnknownHandler> UnknownHandler for Arc<H> {
    fn call(
        &self,
        cx: &mut Context,
        request: Bytes,
    ) -> impl Future<Output = Result<Bytes, Status>> + Send {
        (**self).call(cx, request)
    }

    fn stream(
        &self,
        cx: &mut Context,
        requests: Streaming<Bytes>,
        answers: Sink<Bytes>,
    ) -> impl Future<Output = Result<(), Status>> + Send {
        (**self).stream(cx, requests, answers)
    }
}

/// An empty struct of Thrift is not no bytes.
fn filled(codec: Codec, message: Bytes) -> Bytes {
    match codec {
        Codec::ThriftBinary if message.is_empty() => Bytes::from_static(&[0]),
        _ => message,
    }
}

/// The endpoint of a handler.
pub(crate) fn unknown(handler: impl UnknownHandler) -> Arc<dyn Endpoint> {
    Arc::new(UnknownEndpoint(handler))
}

struct UnknownEndpoint<H>(H);

/// What the handler takes that streams.
type Streams = (Streaming<Bytes>, Sink<Bytes>);

impl<H: UnknownHandler> UnknownEndpoint<H> {
    /// Lends the handler the context.
    async fn answer(&self, cx: &mut Context, message: Message) -> Result<Message, Status> {
        if message.get::<Bytes>().is_none() {
            let streams = message.into_arguments::<Streams>();
            let (requests, answers) = streams.ok_or_else(replaced)?;
            return match self.0.stream(cx, requests, answers).await {
                Ok(()) => Ok(Message::nothing()),
                Err(status) => Err(status.of_handler()),
            };
        }
        let (request, vacancy) = message.into_raw().ok_or_else(replaced)?;
        match self.0.call(cx, request).await {
            Ok(answer) => Ok(vacancy.fill(answer)),
            Err(status) => Err(status.of_handler()),
        }
    }
}

#[cold]
fn replaced() -> Status {
    Status::error("a layer replaced the bytes of a call for an unknown method")
}

impl<H: UnknownHandler> Endpoint for UnknownEndpoint<H> {
    fn decode(&self, payload: Payload, limits: &Limits) -> Result<Message, DecodeError> {
        Ok(match payload {
            Payload::Message(bytes) => Message::raw(bytes),
            Payload::Both(source, outlet) => {
                let requests = Streaming::new(source, Coding::RAW, *limits);
                let streams = (requests, Sink::new(outlet, Coding::RAW));
                Message::streams(streams, |(requests, answers)| Flows {
                    requests: Some(requests),
                    answers: Some(answers),
                })
            }
            // Only methods that are known have these.
            Payload::Requests(_) | Payload::Answers(..) => Message::nothing(),
        })
    }
}

impl<H: UnknownHandler> End for UnknownEndpoint<H> {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        let Call {
            mut context,
            message,
        } = call;
        Box::pin(async move {
            let target = Arc::clone(&context.facts.target);
            match catch_panic(self.answer(&mut context, message)).await {
                Ok(outcome) => Reply {
                    outcome,
                    metadata: context.facts.reply_metadata,
                    trailers: context.facts.reply_trailers,
                },
                Err(payload) => handler_panic(&target.service, &target.method, &*payload),
            }
        })
    }
}
