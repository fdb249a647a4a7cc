//! Streams of JSON.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use serde_json::Value;

use crate::client::{Client, StreamCall};
use crate::context::Context;
use crate::generic::{Failure, Method};
use crate::layer::Payload;
use crate::metadata::Metadata;
use crate::method::Coding;
use crate::status::Status;
use crate::stream::{Encode, Flow, LookAtBytes, Outlet, Sink, Source, Streaming};

/// Messages that arrive one after the other, as JSON.
#[derive(Debug)]
pub struct JsonStreaming {
    messages: Streaming<Bytes>,
    method: Method,
    part: Part,
    limits: Limits,
}

/// Where messages are sent to as JSON, one after the other.
#[derive(Debug)]
pub struct JsonSink {
    sink: Sink<Bytes>,
    method: Method,
    part: Part,
    /// Where the answer lies if there is only one.
    pub(super) only: Option<Slot>,
}

/// Which side's messages they are.
#[derive(Clone, Copy, Debug)]
enum Part {
    Requests,
    Answers,
}

impl Flow for JsonStreaming {
    fn each_bytes(&mut self, look: LookAtBytes) {
        self.messages.each_bytes(look);
    }
}

impl Flow for JsonSink {
    fn each_bytes(&mut self, look: LookAtBytes) {
        self.sink.each_bytes(look);
    }
}

impl JsonStreaming {
    /// The next message; `None` after the last one.
    ///
    /// # Errors
    ///
    /// As for [`Streaming::receive`]; also when the message does not fit the schema.
    pub async fn receive(&mut self) -> Result<Option<Value>, Status> {
        let Some(bytes) = self.messages.receive().await? else {
            return Ok(None);
        };
        let json = match self.part {
            Part::Requests => self
                .method
                .decode_arguments(&bytes, &self.limits)
                .map_err(Failure::Json),
            Part::Answers => self.method.decode_result(&bytes, &self.limits),
        };
        json.map(Some).map_err(|failure| match failure {
            Failure::Status(status) => status,
            other => self
                .messages
                .broken(&DecodeError::foreign(other.to_string())),
        })
    }

    /// What a server sent before its first answer, as [`Streaming::headers`] gives it.
    ///
    /// # Errors
    ///
    /// As for [`receive`](Self::receive).
    pub async fn headers(&mut self) -> Result<Metadata, Status> {
        self.messages.headers().await
    }

    /// What a server sent behind its last answer; nothing before that has been received.
    pub fn trailers(&mut self) -> Option<Metadata> {
        self.messages.trailers()
    }
}

impl JsonSink {
    /// Sends a message, as soon as the peer takes it.
    ///
    /// # Errors
    ///
    /// When the JSON does not fit the method, which the text then says; else as for [`Sink::send`].
    pub async fn send(&mut self, message: &Value) -> Result<(), Status> {
        let bytes = match self.part {
            Part::Requests => self.method.encode_arguments(message).map_err(Failure::Json),
            Part::Answers => self.method.encode_result(Ok(message.clone())),
        };
        let bytes = bytes.map_err(|failure| {
            Status::error(format!(
                "a message of {:?} cannot be sent: {failure}",
                self.method
            ))
        })?;
        self.sink.send(bytes).await
    }

    /// Sets a header, which goes out before the first message.
    ///
    /// # Errors
    ///
    /// As for [`Sink::set_header`].
    pub fn set_header(&mut self, key: &str, value: &str) -> Result<(), Status> {
        self.sink.set_header(key, value)
    }

    /// Says that no more messages come.
    ///
    /// # Errors
    ///
    /// As for [`Sink::finish`].
    pub fn finish(self) -> Result<(), Status> {
        self.sink.finish()
    }
}

/// A streaming call by JSON, which is begun when it is awaited.
#[derive(Debug)]
#[must_use = "a call is made by awaiting it"]
pub struct JsonStreamCall {
    method: Method,
    call: StreamCall<Bytes, Bytes, (Sink<Bytes>, Streaming<Bytes>)>,
    limits: Limits,
}

impl Client {
    /// Calls a method that streams by JSON, whichever side does: there are requests to send and
    /// answers to receive, one of them where the method has one. It needs `Transport::Grpc`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn run(client: polyport::Client, chat: polyport::generic::Method)
    /// # -> Result<(), polyport::Status> {
    /// use serde_json::json;
    ///
    /// let (mut requests, mut answers) = client.json_stream(&chat).metadata("tenant", "7").await?;
    /// requests.send(&json!({ "message": "hi" })).await?;
    /// requests.finish()?;
    /// while let Some(answer) = answers.receive().await? {
    ///     println!("{answer}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn json_stream(&self, method: &Method) -> JsonStreamCall {
        JsonStreamCall {
            method: method.clone(),
            call: self.raw_method(method.info().clone()).stream(),
            limits: self.limits(),
        }
    }
}

impl JsonStreamCall {
    /// How long the call may take, to its last message. The server is told.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.call = self.call.timeout(timeout);
        self
    }

    /// Sends a key and a value to the server.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.call = self.call.metadata(key, value);
        self
    }

    /// Sends a key and a value to the server, and to those that it calls for this.
    pub fn persistent(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.call = self.call.persistent(key, value);
        self
    }

    /// Sends a plain header to the server.
    pub fn header(mut self, key: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.call = self.call.header(key, value);
        self
    }

    /// Makes the call a part of the one that is being served, as [`StreamCall::within`] does.
    pub fn within(mut self, cx: &Context) -> Self {
        self.call = self.call.within(cx);
        self
    }

    async fn begin(self) -> Result<(JsonSink, JsonStreaming), Status> {
        let Self {
            method,
            call,
            limits,
        } = self;
        if !method.info().kind.is_streaming() {
            let text = format!("{method:?} does not stream");
            return Err(Status::error(text));
        }
        let (sink, messages) = call.await?;
        let requests = JsonSink {
            sink,
            method: method.clone(),
            part: Part::Requests,
            only: None,
        };
        let answers = JsonStreaming {
            messages,
            method,
            part: Part::Answers,
            limits,
        };
        Ok((requests, answers))
    }
}

impl IntoFuture for JsonStreamCall {
    type Output = Result<(JsonSink, JsonStreaming), Status>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

/// What a handler takes, whichever side of the call streams; `None` for what came by a transport of
/// single messages.
pub(super) fn open(
    method: &Method,
    payload: Payload,
    limits: &Limits,
) -> Option<(JsonStreaming, JsonSink)> {
    let slot = Slot::default();
    let (source, outlet, only): (Box<dyn Source>, Box<dyn Outlet>, _) = match payload {
        Payload::Message(_) => return None,
        Payload::Requests(source) => (source, Box::new(slot.clone()), Some(slot)),
        Payload::Answers(request, outlet) => (Box::new(Once(Some(request))), outlet, None),
        Payload::Both(source, outlet) => (source, outlet, None),
    };
    let requests = JsonStreaming {
        messages: Streaming::new(source, Coding::RAW, *limits),
        method: method.clone(),
        part: Part::Requests,
        limits: *limits,
    };
    let answers = JsonSink {
        sink: Sink::new(outlet, Coding::RAW),
        method: method.clone(),
        part: Part::Answers,
        only,
    };
    Some((requests, answers))
}

/// The only request of a call.
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
pub(super) struct Slot(Arc<Mutex<Option<Bytes>>>);

impl Slot {
    /// The answer, if there is one.
    pub(super) fn take(&self) -> Result<Bytes, Status> {
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
