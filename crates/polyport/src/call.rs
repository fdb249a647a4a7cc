//! A call and its reply on the way through the layers, whatever they were encoded as.

use std::any::Any;
use std::fmt;

use bytes::{Bytes, BytesMut};
use polyport_wire::error::EncodeError;
use polyport_wire::thrift::{self, Returned, Throws};

use crate::context::Context;
use crate::metadata::Metadata;
use crate::status::Status;

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
pub struct Call {
    /// Where the call goes and what came with it.
    pub context: Context,
    /// The arguments: for a Thrift method its generated struct, for a raw service [`Bytes`].
    pub message: Message,
}

/// The answer to a call, or what stands for one.
#[derive(Debug)]
pub struct Reply {
    /// What the method returned or declared to throw, or why there is neither.
    pub outcome: Result<Message, Status>,
    /// What goes back beside it.
    pub metadata: Metadata,
}

impl Reply {
    /// A reply without metadata.
    #[must_use]
    pub fn new(outcome: Result<Message, Status>) -> Self {
        Self {
            outcome,
            metadata: Metadata::default(),
        }
    }

    /// What the method returned, when it is a `V`.
    #[must_use]
    pub fn returned<V: 'static>(&self) -> Option<&V> {
        self.outcome.as_ref().ok()?.get()
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
    fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError>;
    fn value(&self) -> &dyn Any;
    fn value_mut(&mut self) -> &mut dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl Message {
    /// The typed arguments of a call.
    pub(crate) fn arguments<A: Send + 'static>(arguments: A) -> Self {
        Self(Box::new(Arguments(arguments)))
    }

    /// What a Thrift method returned or threw.
    pub(crate) fn outcome<V, E>(outcome: Result<V, E>) -> Self
    where
        V: Returned + Send + 'static,
        E: Throws + Send + 'static,
    {
        Self(Box::new(Outcome(outcome)))
    }

    /// The bytes of a struct: the arguments of a raw service's method, or any method's result, which
    /// goes out as it is. No bytes stand for an empty struct.
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

    /// Takes the typed arguments out.
    pub(crate) fn into_arguments<A: 'static>(self) -> Option<A> {
        let arguments = self.0.into_any().downcast::<Arguments<A>>().ok()?;
        Some(arguments.0)
    }

    /// Takes the bytes out.
    pub(crate) fn into_raw(self) -> Option<Bytes> {
        let raw = self.0.into_any().downcast::<Raw>().ok()?;
        Some(raw.0)
    }

    /// Appends the value as the payload of a reply.
    pub(crate) fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.0.encode(out)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(..)")
    }
}

struct Arguments<A>(A);

impl<A: Send + 'static> Body for Arguments<A> {
    fn encode(&self, _out: &mut BytesMut) -> Result<(), EncodeError> {
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

struct Outcome<V, E>(Result<V, E>);

impl<V, E> Body for Outcome<V, E>
where
    V: Returned + Send + 'static,
    E: Throws + Send + 'static,
{
    fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        thrift::encode_outcome(&self.0, out)
    }

    fn value(&self) -> &dyn Any {
        match &self.0 {
            Ok(value) => value,
            Err(exception) => exception,
        }
    }

    fn value_mut(&mut self) -> &mut dyn Any {
        match &mut self.0 {
            Ok(value) => value,
            Err(exception) => exception,
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

struct Raw(Bytes);

impl Body for Raw {
    fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        match &self.0[..] {
            [] => out.extend_from_slice(&[0]),
            bytes => out.extend_from_slice(bytes),
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
