//! Services of bytes.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use bytes::{Bytes, BytesMut};
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use polyport_wire::schema::{self, CallKind};

use crate::call::{Call, Message, Reply};
use crate::code::Code;
use crate::context::Context;
use crate::layer::{End, Endpoint, Payload};
use crate::metadata::Metadata;
use crate::method::Coding;
use crate::service::{Service, catch_panic, handler_panic, not_streamed, single};
use crate::status::Status;
use crate::stream::{Encode, Flows, Outlet, Sink, Source, Streaming};

/// A handler that takes and gives the bytes of messages, for all methods of a service: the context
/// says which one is called.
pub trait RawHandler: Send + Sync + 'static {
    /// Answers a message with one, both as they are on the wire: in Thrift the struct of the
    /// arguments and the struct of the result, where no bytes stand for an empty one.
    fn call(
        &self,
        cx: &mut Context,
        arguments: Bytes,
    ) -> impl Future<Output = Result<Bytes, Status>> + Send;

    /// Answers a method that streams, whichever side does: there is one request where the method
    /// takes one, and one answer is to be sent where it gives one. Without this, such methods are
    /// answered with an error.
    fn stream(
        &self,
        cx: &mut Context,
        requests: Streaming<Bytes>,
        answers: Sink<Bytes>,
    ) -> impl Future<Output = Result<(), Status>> + Send {
        let _ = (requests, answers);
        std::future::ready(Err(unserved(cx)))
    }
}

/// One handler for several services.
impl<H: RawHandler> RawHandler for Arc<H> {
    fn call(
        &self,
        cx: &mut Context,
        arguments: Bytes,
    ) -> impl Future<Output = Result<Bytes, Status>> + Send {
        (**self).call(cx, arguments)
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

/// The answer to a stream where the handler has none.
#[cold]
pub(crate) fn unserved(cx: &Context) -> Status {
    let (service, method) = (cx.service(), cx.method());
    let text = format!("{service}/{method} streams, which is not served here");
    Status::with_code(Code::UNIMPLEMENTED, text)
}

impl Service {
    /// A Thrift service of bytes: its methods, and one handler for all of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use polyport::service::RawHandler;
    /// use polyport::{Context, Service, Status};
    ///
    /// /// Answers every method with an empty result struct.
    /// struct Nothing;
    ///
    /// impl RawHandler for Nothing {
    ///     async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
    ///         Ok(Bytes::from_static(&[0]))
    ///     }
    /// }
    ///
    /// let service = Service::raw("Extra", ["first", "second"], Nothing);
    /// assert_eq!(service.name(), "Extra");
    /// ```
    pub fn raw<M: Into<String>>(
        name: impl Into<String>,
        methods: impl IntoIterator<Item = M>,
        handler: impl RawHandler,
    ) -> Self {
        let mut description = schema::Service::new("", name);
        description.methods = methods.into_iter().map(schema::Method::new).collect();
        Self::raw_of(&description, handler)
    }

    /// A service of bytes with the names, the codec and the kinds of methods of a description, which a
    /// [`Schema`](polyport_wire::schema::Schema) has or which is made by hand.
    ///
    /// # Examples
    ///
    /// ```
    /// # use polyport::service::RawHandler;
    /// use polyport::wire::schema;
    /// use polyport::{CallKind, Codec, Service};
    ///
    /// # fn add(handler: impl RawHandler) -> Service {
    /// let mut chat = schema::Service::new("demo.v1", "Chat");
    /// chat.codec = Codec::Protobuf;
    /// let mut talk = schema::Method::new("Talk");
    /// talk.kind = CallKind::Bidirectional;
    /// chat.methods.push(talk);
    /// Service::raw_of(&chat, handler)
    /// # }
    /// ```
    pub fn raw_of(description: &schema::Service, handler: impl RawHandler) -> Self {
        let handler = Arc::new(handler);
        let (package, name) = (description.package.clone(), description.name.clone());
        let mut service = Self::new(package, name, description.codec);
        service.combined = description.combined;
        for method in &description.methods {
            let endpoint = RawEndpoint {
                handler: Arc::clone(&handler),
                kind: method.kind,
            };
            service.push(method.name.clone(), method.kind, Arc::new(endpoint));
        }
        service
    }
}

struct RawEndpoint<H> {
    handler: Arc<H>,
    kind: CallKind,
}

impl<H: RawHandler> RawEndpoint<H> {
    /// Lends the handler the context.
    async fn answer(&self, cx: &mut Context, message: Message) -> Result<Message, Status> {
        let replaced = || Status::error("a layer replaced a raw service's bytes");
        let (arguments, vacancy) = message.into_raw().ok_or_else(replaced)?;
        let answer = self.handler.call(cx, arguments).await?;
        Ok(vacancy.fill(answer))
    }

    async fn answer_stream(&self, cx: &mut Context, message: Message) -> Result<Message, Status> {
        let Some(given) = Given::new(self.kind, message) else {
            return Err(not_streamed(cx.service(), cx.method(), cx.codec()));
        };
        let (requests, answers, only) = match given {
            Given::Requests(requests) => {
                let only = Slot::default();
                (requests, only.sink(), Some(only))
            }
            Given::Answers(request, answers) => (one(request), answers, None),
            Given::Both(requests, answers) => (requests, answers, None),
        };
        self.handler.stream(cx, requests, answers).await?;
        last(only.as_ref())
    }
}

/// What came of a call that streams, in bytes.
enum Given {
    Requests(Streaming<Bytes>),
    Answers(Bytes, Sink<Bytes>),
    Both(Streaming<Bytes>, Sink<Bytes>),
}

impl Given {
    /// `None` if it is not what a method of this kind is called with.
    fn new(kind: CallKind, message: Message) -> Option<Self> {
        Some(match kind {
            CallKind::ClientStream => Self::Requests(message.into_arguments()?),
            CallKind::ServerStream => {
                let (request, answers) = message.into_arguments()?;
                Self::Answers(request, answers)
            }
            CallKind::Bidirectional => {
                let (requests, answers) = message.into_arguments()?;
                Self::Both(requests, answers)
            }
            _ => return None,
        })
    }
}

impl<H: RawHandler> Endpoint for RawEndpoint<H> {
    fn decode(&self, payload: Payload, limits: &Limits) -> Result<Message, DecodeError> {
        let streaming = |source| Streaming::new(source, Coding::RAW, *limits);
        let sink = |outlet| Sink::new(outlet, Coding::RAW);
        if !self.kind.is_streaming() {
            return Ok(Message::raw(single(payload)));
        }
        Ok(match payload {
            Payload::Message(_) => Message::nothing(),
            Payload::Requests(source) => Message::streams(streaming(source), |requests| Flows {
                requests: Some(requests),
                answers: None,
            }),
            Payload::Answers(request, outlet) => {
                Message::streams((request, sink(outlet)), |(_, answers)| Flows {
                    requests: None,
                    answers: Some(answers),
                })
            }
            Payload::Both(source, outlet) => {
                let streams = (streaming(source), sink(outlet));
                Message::streams(streams, |(requests, answers)| Flows {
                    requests: Some(requests),
                    answers: Some(answers),
                })
            }
        })
    }
}

impl<H: RawHandler> End for RawEndpoint<H> {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        let Call {
            mut context,
            message,
        } = call;
        // Apart, because a future that may stream is several times as large.
        if self.kind.is_streaming() {
            return Box::pin(async move {
                let answered = catch_panic(self.answer_stream(&mut context, message)).await;
                reply(context, answered)
            });
        }
        Box::pin(async move {
            let answered = catch_panic(self.answer(&mut context, message)).await;
            reply(context, answered)
        })
    }
}

fn reply(
    context: Context,
    answered: Result<Result<Message, Status>, Box<dyn Any + Send>>,
) -> Reply {
    match answered {
        Ok(outcome) => Reply::of_handler(context, outcome),
        Err(payload) => handler_panic(context.service(), context.method(), &*payload),
    }
}

/// What is sent when the handler of a stream has returned.
pub(crate) fn last(only: Option<&Slot>) -> Result<Message, Status> {
    match only {
        Some(slot) => Ok(Message::item(slot.take()?, Coding::<Bytes>::RAW.encode)),
        None => Ok(Message::nothing()),
    }
}

/// The only request of a call, as a stream.
pub(crate) fn one(request: Bytes) -> Streaming<Bytes> {
    Streaming::new(
        Box::new(Once(Some(request))),
        Coding::RAW,
        Limits::default(),
    )
}

struct Once(Option<Bytes>);

impl Source for Once {
    fn poll_receive(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        Poll::Ready(Ok(self.0.take()))
    }

    fn poll_headers(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<Metadata, Status>> {
        Poll::Ready(Ok(Metadata::default()))
    }

    fn trailers(&mut self) -> Option<Metadata> {
        None
    }

    fn broken(&self, error: &DecodeError) -> Status {
        Status::broken_message(error)
    }
}

/// The only answer of a call: it is sent when the handler has returned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slot(Arc<Mutex<Option<Bytes>>>);

impl Slot {
    /// Where the handler sends it to.
    pub(crate) fn sink(&self) -> Sink<Bytes> {
        Sink::new(Box::new(self.clone()), Coding::RAW)
    }

    /// The answer, if there is one.
    fn take(&self) -> Result<Bytes, Status> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.ok_or_else(|| Status::error("no answer was sent, and the method gives one"))
    }

    fn send(&self, encode: &mut Encode<'_>) -> Result<(), Status> {
        let mut out = BytesMut::new();
        encode(&mut out).map_err(|error| Status::error(error.to_string()))?;
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.replace(out.freeze()) {
            None => Ok(()),
            Some(_) => Err(Status::error("a second answer, and the method gives one")),
        }
    }
}

impl Outlet for Slot {
    fn poll_send(
        &mut self,
        encode: &mut Encode<'_>,
        _cx: &mut TaskContext<'_>,
    ) -> Poll<Result<(), Status>> {
        Poll::Ready(self.send(encode))
    }

    fn set_header(&mut self, _key: &str, _value: &str) -> Result<(), Status> {
        Err(no_headers())
    }

    fn add_headers(&mut self, _metadata: &Metadata) -> Result<(), Status> {
        Err(no_headers())
    }

    fn send_headers(&mut self) -> Result<(), Status> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Status> {
        Ok(())
    }
}

#[cold]
fn no_headers() -> Status {
    Status::error("what goes before a single answer is the context's reply metadata")
}
