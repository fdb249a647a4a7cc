//! The endpoints of methods that stream.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use polyport_wire::transport::Codec;

use crate::call::{Call, Message, Reply};
use crate::context::Context;
use crate::layer::{End, Endpoint, Payload};
use crate::method::StreamMethod;
use crate::service::{catch_panic, handler_panic};
use crate::status::Status;
use crate::stream::{Flows, Sink, Streaming};

/// Serves a method whose arguments, streams among them, are an `I` and whose handler gives an `O`.
pub(super) struct StreamEndpoint<H, F, S: Shape> {
    handler: Arc<H>,
    call: F,
    shape: PhantomData<fn(S)>,
    method: &'static StreamMethod<S::Request, S::Response>,
}

/// Which sides of a call stream.
pub(super) trait Shape: 'static {
    type Request: Send + 'static;
    type Response: Send + 'static;
    /// What the handler takes.
    type Input: Send + 'static;
    /// What the handler gives.
    type Output: Send + 'static;

    /// What the handler takes, made of what came; `None` when that is not what this kind of method
    /// is called with.
    fn open(
        method: &StreamMethod<Self::Request, Self::Response>,
        payload: Payload,
        limits: &Limits,
    ) -> Result<Option<Self::Input>, DecodeError>;

    /// What of it streams.
    fn flows(input: &mut Self::Input) -> Flows<'_>;

    /// What is sent when the handler has returned.
    fn close(method: &StreamMethod<Self::Request, Self::Response>, output: Self::Output)
    -> Message;
}

/// Many requests, one answer.
pub(super) struct ClientStream<A, V>(PhantomData<fn(A) -> V>);

/// One request, many answers.
pub(super) struct ServerStream<A, V>(PhantomData<fn(A) -> V>);

/// Many requests, many answers.
pub(super) struct Bidirectional<A, V>(PhantomData<fn(A) -> V>);

impl<A: Send + 'static, V: Send + 'static> Shape for ClientStream<A, V> {
    type Request = A;
    type Response = V;
    type Input = Streaming<A>;
    type Output = V;

    fn open(
        method: &StreamMethod<A, V>,
        payload: Payload,
        limits: &Limits,
    ) -> Result<Option<Streaming<A>>, DecodeError> {
        Ok(match payload {
            Payload::Requests(source) => Some(Streaming::new(source, method.request, *limits)),
            _ => None,
        })
    }

    fn flows(requests: &mut Streaming<A>) -> Flows<'_> {
        Flows {
            requests: Some(requests),
            answers: None,
        }
    }

    fn close(method: &StreamMethod<A, V>, output: V) -> Message {
        Message::item(output, method.response.encode)
    }
}

impl<A: Send + 'static, V: Send + 'static> Shape for ServerStream<A, V> {
    type Request = A;
    type Response = V;
    type Input = (A, Sink<V>);
    type Output = ();

    fn open(
        method: &StreamMethod<A, V>,
        payload: Payload,
        limits: &Limits,
    ) -> Result<Option<(A, Sink<V>)>, DecodeError> {
        Ok(match payload {
            Payload::Answers(request, outlet) => {
                let request = (method.request.decode)(request, limits)?;
                Some((request, Sink::new(outlet, method.response)))
            }
            _ => None,
        })
    }

    fn flows((_, answers): &mut (A, Sink<V>)) -> Flows<'_> {
        Flows {
            requests: None,
            answers: Some(answers),
        }
    }

    fn close(_method: &StreamMethod<A, V>, (): ()) -> Message {
        Message::nothing()
    }
}

impl<A: Send + 'static, V: Send + 'static> Shape for Bidirectional<A, V> {
    type Request = A;
    type Response = V;
    type Input = (Streaming<A>, Sink<V>);
    type Output = ();

    fn open(
        method: &StreamMethod<A, V>,
        payload: Payload,
        limits: &Limits,
    ) -> Result<Option<(Streaming<A>, Sink<V>)>, DecodeError> {
        Ok(match payload {
            Payload::Both(source, outlet) => Some((
                Streaming::new(source, method.request, *limits),
                Sink::new(outlet, method.response),
            )),
            _ => None,
        })
    }

    fn flows((requests, answers): &mut (Streaming<A>, Sink<V>)) -> Flows<'_> {
        Flows {
            requests: Some(requests),
            answers: Some(answers),
        }
    }

    fn close(_method: &StreamMethod<A, V>, (): ()) -> Message {
        Message::nothing()
    }
}

impl<H, F, S: Shape> StreamEndpoint<H, F, S> {
    pub(super) fn new(
        handler: Arc<H>,
        method: &'static StreamMethod<S::Request, S::Response>,
        call: F,
    ) -> Self {
        Self {
            handler,
            call,
            shape: PhantomData,
            method,
        }
    }
}

impl<H, F, R, S> Endpoint for StreamEndpoint<H, F, S>
where
    H: Send + Sync + 'static,
    F: Fn(Arc<H>, Context, S::Input) -> R + Send + Sync + 'static,
    R: Future<Output = (Context, Result<S::Output, Status>)> + Send + 'static,
    S: Shape,
{
    fn decode(&self, payload: Payload, limits: &Limits) -> Result<Message, DecodeError> {
        let input = S::open(self.method, payload, limits)?;
        let streams = |input| Message::streams(input, S::flows);
        Ok(input.map_or_else(Message::nothing, streams))
    }
}

impl<H, F, R, S> End for StreamEndpoint<H, F, S>
where
    H: Send + Sync + 'static,
    F: Fn(Arc<H>, Context, S::Input) -> R + Send + Sync + 'static,
    R: Future<Output = (Context, Result<S::Output, Status>)> + Send + 'static,
    S: Shape,
{
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        let method = self.method;
        let codec = call.context.codec();
        let Some(input) = call.message.into_arguments::<S::Input>() else {
            return Box::pin(std::future::ready(
                not_streamed(method.service(), method.name(), codec).into(),
            ));
        };
        let serving = (self.call)(Arc::clone(&self.handler), call.context, input);
        Box::pin(async move {
            match catch_panic(serving).await {
                Ok((context, outcome)) => {
                    let answer = outcome.map(|output| S::close(method, output));
                    Reply::of_handler(context, answer)
                }
                Err(payload) => handler_panic(method.service(), method.name(), &*payload),
            }
        })
    }
}

/// The answer to a call that came by a transport of single messages, in the words of Kitex's
/// generated code.
#[cold]
pub(crate) fn not_streamed(service: &str, method: &str, codec: Codec) -> Status {
    let text = match codec {
        Codec::Protobuf => "invalid message type for service method handler".to_owned(),
        _ => format!(
            "{service}.{method} is a thrift streaming method, please call with Kitex StreamClient"
        ),
    };
    Status::error(text).of_handler()
}
