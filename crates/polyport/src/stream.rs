//! Messages one after the other: what streaming methods take and give.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use polyport_wire::error::{DecodeError, EncodeError};
use polyport_wire::limits::Limits;

use crate::metadata::Metadata;
use crate::method::Coding;
use crate::status::Status;

/// Messages that arrive one after the other.
///
/// It is a [`Stream`] as well, for those who like its combinators.
///
/// # Examples
///
/// ```
/// use polyport::{Status, Streaming};
///
/// async fn sum(mut numbers: Streaming<i64>) -> Result<i64, Status> {
///     let mut sum = 0;
///     while let Some(number) = numbers.receive().await? {
///         sum += number;
///     }
///     Ok(sum)
/// }
/// ```
///
/// # Cancel safety
///
/// A message is taken only when it is given: what was waited for can be waited for again.
pub struct Streaming<T> {
    source: Box<dyn Source>,
    decode: fn(Bytes, &Limits) -> Result<T, DecodeError>,
    limits: Limits,
    ended: bool,
    looks: Looks<T>,
}

/// Where messages are sent to, one after the other.
///
/// A server's answers end when the handler returns. A client that drops this sends no more; if it
/// has dropped the answers before, or panics, it gives up the call.
///
/// # Examples
///
/// ```
/// use polyport::{Sink, Status};
///
/// async fn count(to: i64, mut output: Sink<i64>) -> Result<(), Status> {
///     for number in 0..to {
///         output.send(number).await?;
///     }
///     Ok(())
/// }
/// ```
pub struct Sink<T> {
    outlet: Box<dyn Outlet>,
    encode: fn(&T, &mut BytesMut) -> Result<(), EncodeError>,
    looks: Looks<T>,
}

/// What looks at each message on its way, and may refuse it.
struct Looks<T> {
    typed: Vec<Look<T>>,
    bytes: Vec<LookAtBytes>,
}

type Look<T> = Box<dyn FnMut(&mut T) -> Result<(), Status> + Send>;

/// The same for a message of any type, as its bytes.
pub(crate) type LookAtBytes = Box<dyn FnMut(&[u8]) -> Result<(), Status> + Send>;

/// One side of a stream, whatever its messages are.
pub(crate) trait Flow {
    /// Lets `look` see each message, written down.
    fn each_bytes(&mut self, look: LookAtBytes);
}

/// The sides of a call that stream.
#[derive(Default)]
pub(crate) struct Flows<'a> {
    pub(crate) requests: Option<&'a mut dyn Flow>,
    pub(crate) answers: Option<&'a mut dyn Flow>,
}

/// Where the bytes of messages come from.
pub(crate) trait Source: Send {
    /// The next message; `None` when the peer has sent its last.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>>;

    /// What the peer sent before its first message.
    fn poll_headers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>>;

    /// What the peer sent behind its last message, once that is known.
    fn trailers(&mut self) -> Option<Metadata>;

    /// What it is called here when a message cannot be understood.
    fn broken(&self, error: &DecodeError) -> Status;
}

/// Where the bytes of messages go.
pub(crate) trait Outlet: Send {
    /// Sends one message, which `encode` appends, as soon as the peer takes more.
    fn poll_send(
        &mut self,
        encode: &mut Encode<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Status>>;

    /// Sets a header that goes out before the first message.
    fn set_header(&mut self, key: &str, value: &str) -> Result<(), Status>;

    /// Adds headers that go out before the first message.
    fn add_headers(&mut self, metadata: &Metadata) -> Result<(), Status>;

    /// Sends the headers now.
    fn send_headers(&mut self) -> Result<(), Status>;

    /// Says that no more messages come.
    fn finish(&mut self) -> Result<(), Status>;
}

/// Appends a message.
pub(crate) type Encode<'a> = dyn FnMut(&mut BytesMut) -> Result<(), EncodeError> + 'a;

impl<T> Streaming<T> {
    pub(crate) fn new(source: Box<dyn Source>, coding: Coding<T>, limits: Limits) -> Self {
        Self {
            source,
            decode: coding.decode,
            limits,
            ended: false,
            looks: Looks::default(),
        }
    }

    /// Lets `look` see each message when it is received, after those that were given before: to
    /// count it, to change it, or to refuse it, which ends the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport::{Call, Layer, Next, Reply, Status, Streaming};
    ///
    /// /// Takes no empty lines.
    /// struct NoEmptyLines;
    ///
    /// impl Layer for NoEmptyLines {
    ///     async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
    ///         if let Some(lines) = call.message.get_mut::<Streaming<String>>() {
    ///             lines.each(|line| match line.trim() {
    ///                 "" => Err(Status::error("an empty line")),
    ///                 _ => Ok(()),
    ///             });
    ///         }
    ///         next.call(call).await
    ///     }
    /// }
    /// ```
    pub fn each(&mut self, look: impl FnMut(&mut T) -> Result<(), Status> + Send + 'static) {
        self.looks.typed.push(Box::new(look));
    }

    /// The next message; `None` after the last one.
    ///
    /// # Errors
    ///
    /// When the peer ended the stream with an error, when the connection failed, or when a message
    /// cannot be understood. There is nothing to receive after an error.
    pub async fn receive(&mut self) -> Result<Option<T>, Status> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// What a server sent before its first answer; waits for it. On a server there is nothing: the
    /// context has it.
    ///
    /// # Errors
    ///
    /// As for [`receive`](Self::receive).
    pub async fn headers(&mut self) -> Result<Metadata, Status> {
        poll_fn(|cx| self.source.poll_headers(cx)).await
    }

    /// What a server sent behind its last answer; nothing before that has been received.
    pub fn trailers(&mut self) -> Option<Metadata> {
        self.source.trailers()
    }

    /// What it is called when what was received cannot be understood.
    pub(crate) fn broken(&self, error: &DecodeError) -> Status {
        self.source.broken(error)
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<T>, Status>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        let received = ready!(self.source.poll_receive(cx));
        let message = received.and_then(|bytes| match bytes {
            None => Ok(None),
            Some(bytes) => self.decode(bytes).map(Some),
        });
        self.ended = !matches!(message, Ok(Some(_)));
        Poll::Ready(message)
    }

    fn decode(&mut self, bytes: Bytes) -> Result<T, Status> {
        self.looks
            .bytes
            .iter_mut()
            .try_for_each(|look| look(&bytes))?;
        let mut message =
            (self.decode)(bytes, &self.limits).map_err(|error| self.source.broken(&error))?;
        let mut looks = self.looks.typed.iter_mut();
        looks.try_for_each(|look| look(&mut message))?;
        Ok(message)
    }
}

impl<T> Flow for Streaming<T> {
    fn each_bytes(&mut self, look: LookAtBytes) {
        self.looks.bytes.push(look);
    }
}

impl<T> Flow for Sink<T> {
    fn each_bytes(&mut self, look: LookAtBytes) {
        self.looks.bytes.push(look);
    }
}

impl<T> Default for Looks<T> {
    fn default() -> Self {
        Self {
            typed: Vec::new(),
            bytes: Vec::new(),
        }
    }
}

impl<T> Stream for Streaming<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_receive(cx).map(Result::transpose)
    }
}

impl<T> Sink<T> {
    pub(crate) fn new(outlet: Box<dyn Outlet>, coding: Coding<T>) -> Self {
        Self {
            outlet,
            encode: coding.encode,
            looks: Looks::default(),
        }
    }

    /// Lets `look` see each message before it is sent, before those that were given before: to count
    /// it, to change it, or to refuse it, which is the error of [`send`](Self::send).
    pub fn each(&mut self, look: impl FnMut(&mut T) -> Result<(), Status> + Send + 'static) {
        self.looks.typed.push(Box::new(look));
    }

    /// Sends a message, as soon as the peer takes it.
    ///
    /// # Errors
    ///
    /// When the peer has given up, when the call has ended, when the connection failed, or when the
    /// message is larger than allowed.
    ///
    /// # Cancel safety
    ///
    /// The message is sent or lost as a whole.
    pub async fn send(&mut self, mut message: T) -> Result<(), Status> {
        // A handler is inside of the layers: what the innermost one sees first comes from it.
        for look in self.looks.typed.iter_mut().rev() {
            look(&mut message)?;
        }
        let (encode, looks) = (self.encode, &mut self.looks.bytes);
        let mut refused = None;
        let mut encode = |out: &mut BytesMut| {
            let start = out.len();
            encode(&message, out)?;
            let mut looks = looks.iter_mut().rev();
            looks
                .try_for_each(|look| look(&out[start..]))
                .map_err(|status| {
                    refused = Some(status);
                    EncodeError::misplaced("a message, which a layer refuses")
                })
        };
        let sent = poll_fn(|cx| self.outlet.poll_send(&mut encode, cx)).await;
        match refused {
            Some(status) => Err(status),
            None => sent,
        }
    }

    /// Sets a header, which goes out before the first message.
    ///
    /// # Errors
    ///
    /// When the headers are out already, or when HTTP allows no such name or value.
    pub fn set_header(&mut self, key: &str, value: &str) -> Result<(), Status> {
        self.outlet.set_header(key, value)
    }

    /// Adds headers, which go out before the first message; those that HTTP has no letters for are
    /// left out.
    ///
    /// # Errors
    ///
    /// When the headers are out already.
    pub fn add_headers(&mut self, metadata: &Metadata) -> Result<(), Status> {
        self.outlet.add_headers(metadata)
    }

    /// Sends the headers without waiting for the first message.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn send_headers(&mut self) -> Result<(), Status> {
        self.outlet.send_headers()
    }

    /// Says that no more messages come. A server need not: its handler's return does.
    ///
    /// # Errors
    ///
    /// Never, at present: how a call ended is told by its answers, also when it ended before this.
    pub fn finish(mut self) -> Result<(), Status> {
        self.outlet.finish()
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Sink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink(..)")
    }
}
