//! A call and its reply on the way through the layers, whatever they were encoded as.

use std::any::Any;
use std::fmt;

use bytes::{Bytes, BytesMut};
use polyport_wire::error::EncodeError;
use polyport_wire::transport::Codec;

use crate::context::Context;
use crate::metadata::Metadata;
use crate::method::Method;
use crate::status::{MethodError, Status};
use crate::stream::Flows;

/// One call: its facts and its arguments.
///
/// # Examples
///
/// ```
/// # use polyport::Call;
/// # struct AddArgs { left: i64 }
/// fn left(call: &Call) -> Option<i64> {
///     // The generated struct of the method's arguments, by name.
///     call.message.get::<AddArgs>().map(|arguments| arguments.left)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Call {
    /// Where the call goes and what came with it.
    pub context: Context,
    /// The arguments: for a Thrift method its generated struct, for a Protobuf method its request,
    /// for a raw service [`Bytes`]. Of a method that streams they are a
    /// [`Streaming`](crate::Streaming) of requests, a request and a [`Sink`](crate::Sink) of answers, or a
    /// `Streaming` and a `Sink`, two of them as a tuple.
    pub message: Message,
}

impl Call {
    /// A call with this context and these arguments, for a layer that makes another of the one it
    /// got.
    #[must_use]
    pub fn new(context: Context, message: Message) -> Self {
        Self { context, message }
    }
}

/// The answer to a call, or what stands for one.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// What the method returned or declared to throw, or why there is neither.
    pub outcome: Result<Message, Status>,
    /// What goes back beside it; on HTTP/2, before it.
    pub metadata: Metadata,
    /// What goes back behind it, which only HTTP/2 can.
    pub trailers: Metadata,
}

impl Reply {
    /// A reply without metadata.
    #[must_use]
    pub fn new(outcome: Result<Message, Status>) -> Self {
        Self {
            outcome,
            metadata: Metadata::default(),
            trailers: Metadata::default(),
        }
    }

    /// What `method` returns or throws, for a layer that answers in the place of a handler or of a
    /// server.
    ///
    /// # Examples
    ///
    /// ```
    /// # use polyport::{CallKind, Reply, Status};
    /// use polyport::method::Method;
    ///
    /// // Generated code has one for each method.
    /// static LENGTH: Method<String, i32> = Method::new("Texts", "length", CallKind::Unary);
    ///
    /// let reply = Reply::of(&LENGTH, Ok(7));
    /// assert_eq!(reply.returned::<i32>(), Some(&7));
    /// let reply = Reply::of(&LENGTH, Err(Status::error("too long")));
    /// assert!(reply.outcome.is_err());
    /// ```
    #[must_use]
    pub fn of<A, V, E>(method: &Method<A, V, E>, outcome: Result<V, E>) -> Self
    where
        V: Send + 'static,
        E: MethodError,
    {
        let encode = method.outcome.encode;
        Self::new(answered(outcome).map(|outcome| Message::outcome(outcome, encode)))
    }

    /// What a handler makes of its call: an outcome, and what it has left in the context.
    pub(crate) fn of_handler(context: Context, outcome: Result<Message, Status>) -> Self {
        Self {
            outcome: outcome.map_err(Status::of_handler),
            metadata: context.facts.reply_metadata,
            trailers: context.facts.reply_trailers,
        }
    }

    /// What the method returned, when it is a `V`.
    #[must_use]
    pub fn returned<V: 'static>(&self) -> Option<&V> {
        self.outcome.as_ref().ok()?.get()
    }
}

/// Parts what a method declares to throw, which is an answer, from other errors.
pub(crate) fn answered<V, E: MethodError>(outcome: Result<V, E>) -> Result<Result<V, E>, Status> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(error) => match error.into_status() {
            Ok(status) => Err(status),
            Err(exception) => Ok(Err(exception)),
        },
    }
}

impl From<Status> for Reply {
    fn from(status: Status) -> Self {
        Self::new(Err(status))
    }
}

/// A typed value on its way, of a type that only its service and who asks for it know.
pub struct Message(Box<dyn Body>);

/// What a message must be able to do without anybody knowing its type.
trait Body: Send + 'static {
    fn encode(&self, codec: Codec, out: &mut BytesMut) -> Result<(), EncodeError>;
    fn value(&self) -> &dyn Any;
    fn value_mut(&mut self) -> &mut dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;

    fn flows(&mut self) -> Flows<'_> {
        Flows::default()
    }
}

impl Message {
    /// The typed arguments of a call.
    pub(crate) fn arguments<A: Send + 'static>(arguments: A) -> Self {
        Self(Box::new(Arguments(arguments)))
    }

    /// The same with room for what the method returns or throws.
    pub(crate) fn exchange<A, V, E>(arguments: A, encode: EncodeOutcome<V, E>) -> Self
    where
        A: Send + 'static,
        V: Send + 'static,
        E: Send + 'static,
    {
        Self(Box::new(Exchange {
            stage: Stage::Arguments(arguments),
            encode,
        }))
    }

    /// The same with streams among them.
    pub(crate) fn streams<A: Send + 'static>(arguments: A, flows: FlowsOf<A>) -> Self {
        Self(Box::new(Streams { arguments, flows }))
    }

    /// What a method returned or threw, and how that is written.
    pub(crate) fn outcome<V, E>(outcome: Result<V, E>, encode: EncodeOutcome<V, E>) -> Self
    where
        V: Send + 'static,
        E: Send + 'static,
    {
        Self(Box::new(Outcome { outcome, encode }))
    }

    /// The one message that a client's stream is answered with.
    pub(crate) fn item<V: Send + 'static>(item: V, encode: Encode<V>) -> Self {
        Self(Box::new(Item { item, encode }))
    }

    /// What a method returned whose answers went out before.
    pub(crate) fn nothing() -> Self {
        Self(Box::new(Item {
            item: (),
            encode: |(), _| Ok(()),
        }))
    }

    /// The bytes of a message: the arguments of a raw service's method, or any method's result, which
    /// goes out as it is. In Thrift no bytes stand for an empty struct.
    #[must_use]
    pub fn raw(bytes: Bytes) -> Self {
        Self(Box::new(Raw(bytes)))
    }

    /// The value, when it is a `T`.
    #[must_use]
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.value().downcast_ref()
    }

    /// The value, to change it, when it is a `T`.
    #[must_use]
    pub fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        self.0.value_mut().downcast_mut()
    }

    /// Lets `look` see the bytes of each request of a stream, whatever its type is: to count them, or
    /// to refuse one, which ends the stream. Says whether requests stream.
    ///
    /// On a server the streams are in the call, on a client in the reply. Who refuses a client's
    /// request fails its [`Sink::send`](crate::Sink::send).
    /// [`Streaming::each`](crate::Streaming::each) is the same with types.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use polyport::{Call, Layer, Next, Reply};
    ///
    /// /// Counts the bytes that are streamed, of any service.
    /// struct Traffic(Arc<AtomicUsize>);
    ///
    /// impl Layer for Traffic {
    ///     async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
    ///         let (requests, answers) = (Arc::clone(&self.0), Arc::clone(&self.0));
    ///         call.message.each_request(move |bytes| {
    ///             requests.fetch_add(bytes.len(), Ordering::Relaxed);
    ///             Ok(())
    ///         });
    ///         call.message.each_answer(move |bytes| {
    ///             answers.fetch_add(bytes.len(), Ordering::Relaxed);
    ///             Ok(())
    ///         });
    ///         next.call(call).await
    ///     }
    /// }
    /// ```
    pub fn each_request(
        &mut self,
        look: impl FnMut(&[u8]) -> Result<(), Status> + Send + 'static,
    ) -> bool {
        let requests = self.0.flows().requests;
        requests
            .map(|flow| flow.each_bytes(Box::new(look)))
            .is_some()
    }

    /// The same for the answers of a stream; who refuses one fails the handler's
    /// [`Sink::send`](crate::Sink::send), and ends a client's stream.
    pub fn each_answer(
        &mut self,
        look: impl FnMut(&[u8]) -> Result<(), Status> + Send + 'static,
    ) -> bool {
        let answers = self.0.flows().answers;
        answers
            .map(|flow| flow.each_bytes(Box::new(look)))
            .is_some()
    }

    /// Takes the typed arguments out, and gives the room for what comes of them.
    pub(crate) fn into_exchange<A: 'static, V: 'static, E: 'static>(
        self,
    ) -> Option<(A, Vacancy<A, V, E>)> {
        let mut exchange = self.0.into_any().downcast::<Exchange<A, V, E>>().ok()?;
        match std::mem::replace(&mut exchange.stage, Stage::Served(())) {
            Stage::Arguments(arguments) => Some((arguments, Vacancy(exchange))),
            Stage::Served(()) | Stage::Outcome(_) => None,
        }
    }

    /// Takes the typed arguments out.
    pub(crate) fn into_arguments<A: 'static>(self) -> Option<A> {
        match self.0.into_any().downcast::<Arguments<A>>() {
            Ok(arguments) => Some(arguments.0),
            Err(other) => Some(other.downcast::<Streams<A>>().ok()?.arguments),
        }
    }

    /// Takes out what a method returned or threw, or the bytes of it.
    pub(crate) fn into_outcome<V: 'static, E: 'static>(
        self,
    ) -> Option<Result<Result<V, E>, Bytes>> {
        let body = match self.0.into_any().downcast::<Outcome<V, E>>() {
            Ok(outcome) => return Some(Ok(outcome.outcome)),
            Err(body) => body,
        };
        let raw = body.downcast::<Raw>().ok()?;
        Some(Err(raw.0))
    }

    /// Takes the bytes out, and gives the room for those that come of them.
    pub(crate) fn into_raw(self) -> Option<(Bytes, RawVacancy)> {
        let mut raw = self.0.into_any().downcast::<Raw>().ok()?;
        Some((std::mem::take(&mut raw.0), RawVacancy(raw)))
    }

    /// Appends the value as the payload of a reply in this codec.
    pub(crate) fn encode(&self, codec: Codec, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.0.encode(codec, out)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(..)")
    }
}

/// Which of the arguments stream.
pub(crate) type FlowsOf<A> = fn(&mut A) -> Flows<'_>;

struct Streams<A> {
    arguments: A,
    flows: FlowsOf<A>,
}

impl<A: Send + 'static> Body for Streams<A> {
    fn encode(&self, _: Codec, _out: &mut BytesMut) -> Result<(), EncodeError> {
        Err(EncodeError::misplaced("streams, given for a result"))
    }

    fn value(&self) -> &dyn Any {
        &self.arguments
    }

    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.arguments
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn flows(&mut self) -> Flows<'_> {
        (self.flows)(&mut self.arguments)
    }
}

struct Arguments<A>(A);

impl<A: Send + 'static> Body for Arguments<A> {
    fn encode(&self, _: Codec, _out: &mut BytesMut) -> Result<(), EncodeError> {
        Err(EncodeError::misplaced(
            "a call's arguments, given for its result",
        ))
    }

    fn value(&self) -> &dyn Any {
        &self.0
    }

    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// Appends what a method returned or threw.
type EncodeOutcome<V, E> = fn(&Result<V, E>, &mut BytesMut) -> Result<(), EncodeError>;

/// Appends a message.
type Encode<V> = fn(&V, &mut BytesMut) -> Result<(), EncodeError>;

struct Outcome<V, E> {
    outcome: Result<V, E>,
    encode: EncodeOutcome<V, E>,
}

impl<V: Send + 'static, E: Send + 'static> Body for Outcome<V, E> {
    fn encode(&self, _: Codec, out: &mut BytesMut) -> Result<(), EncodeError> {
        (self.encode)(&self.outcome, out)
    }

    fn value(&self) -> &dyn Any {
        match &self.outcome {
            Ok(value) => value,
            Err(exception) => exception,
        }
    }

    fn value_mut(&mut self) -> &mut dyn Any {
        match &mut self.outcome {
            Ok(value) => value,
            Err(exception) => exception,
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// The arguments of a method, and in the same memory what comes of them.
struct Exchange<A, V, E> {
    stage: Stage<A, V, E>,
    encode: EncodeOutcome<V, E>,
}

enum Stage<A, V, E> {
    Arguments(A),
    /// A handler has the arguments.
    Served(()),
    Outcome(Result<V, E>),
}

/// Where the arguments of a method stood and its outcome will.
pub(crate) struct Vacancy<A, V, E>(Box<Exchange<A, V, E>>);

impl<A, V, E> Vacancy<A, V, E>
where
    A: Send + 'static,
    V: Send + 'static,
    E: Send + 'static,
{
    pub(crate) fn fill(mut self, outcome: Result<V, E>) -> Message {
        self.0.stage = Stage::Outcome(outcome);
        Message(self.0)
    }
}

impl<A, V, E> Body for Exchange<A, V, E>
where
    A: Send + 'static,
    V: Send + 'static,
    E: Send + 'static,
{
    fn encode(&self, _: Codec, out: &mut BytesMut) -> Result<(), EncodeError> {
        match &self.stage {
            Stage::Outcome(outcome) => (self.encode)(outcome, out),
            Stage::Arguments(_) | Stage::Served(()) => Err(EncodeError::misplaced(
                "a call's arguments, given for its result",
            )),
        }
    }

    fn value(&self) -> &dyn Any {
        match &self.stage {
            Stage::Arguments(arguments) => arguments,
            Stage::Served(nothing) => nothing,
            Stage::Outcome(Ok(value)) => value,
            Stage::Outcome(Err(exception)) => exception,
        }
    }

    fn value_mut(&mut self) -> &mut dyn Any {
        match &mut self.stage {
            Stage::Arguments(arguments) => arguments,
            Stage::Served(nothing) => nothing,
            Stage::Outcome(Ok(value)) => value,
            Stage::Outcome(Err(exception)) => exception,
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

struct Item<V> {
    item: V,
    encode: Encode<V>,
}

impl<V: Send + 'static> Body for Item<V> {
    fn encode(&self, _: Codec, out: &mut BytesMut) -> Result<(), EncodeError> {
        (self.encode)(&self.item, out)
    }

    fn value(&self) -> &dyn Any {
        &self.item
    }

    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.item
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

struct Raw(Bytes);

/// The same as a [`Vacancy`] for bytes.
pub(crate) struct RawVacancy(Box<Raw>);

impl RawVacancy {
    pub(crate) fn fill(mut self, bytes: Bytes) -> Message {
        self.0.0 = bytes;
        Message(self.0)
    }
}

impl Body for Raw {
    fn encode(&self, codec: Codec, out: &mut BytesMut) -> Result<(), EncodeError> {
        match (&self.0[..], codec) {
            ([], Codec::ThriftBinary) => out.extend_from_slice(&[0]),
            (bytes, _) => out.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn value(&self) -> &dyn Any {
        &self.0
    }

    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
