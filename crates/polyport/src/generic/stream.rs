//! Streams of JSON.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use serde_json::Value;

use crate::client::{Client, Compression, StreamCall};
use crate::context::Context;
use crate::generic::{Failure, Method};
use crate::layer::{Layer, Payload};
use crate::metadata::Metadata;
use crate::method::Coding;
use crate::service::{Slot, one};
use crate::status::Status;
use crate::stream::{Flow, LookAtBytes, Sink, Streaming};

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

    /// Adds headers, which go out before the first message; those that HTTP has no letters for are
    /// left out.
    ///
    /// # Errors
    ///
    /// As for [`Sink::add_headers`].
    pub fn add_headers(&mut self, metadata: &Metadata) -> Result<(), Status> {
        self.sink.add_headers(metadata)
    }

    /// Sends the headers without waiting for the first message.
    ///
    /// # Errors
    ///
    /// As for [`Sink::send_headers`].
    pub fn send_headers(&mut self) -> Result<(), Status> {
        self.sink.send_headers()
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

    /// Puts a layer around this call, inside of the client's own and of those added before. It sees the
    /// messages as bytes.
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.call = self.call.layer(layer);
        self
    }

    /// Compresses what this call sends, or not, whatever the client does.
    pub fn compress(mut self, compression: Compression) -> Self {
        self.call = self.call.compress(compression);
        self
    }

    /// Makes the call a part of the one that is being served, as [`StreamCall::within`] does.
    pub fn within(mut self, cx: &Context) -> Self {
        self.call = self.call.within(cx);
        self
    }

    /// Makes the call the one that is being served, passed on, as [`StreamCall::forwarding`] does.
    pub fn forwarding(mut self, cx: &Context) -> Self {
        self.call = self.call.forwarding(cx);
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
    let streaming = |source| Streaming::new(source, Coding::RAW, *limits);
    let sink = |outlet| Sink::new(outlet, Coding::RAW);
    let (messages, sink, only) = match payload {
        Payload::Message(_) => return None,
        Payload::Requests(source) => {
            let only = Slot::default();
            (streaming(source), only.sink(), Some(only))
        }
        Payload::Answers(request, outlet) => (one(request), sink(outlet), None),
        Payload::Both(source, outlet) => (streaming(source), sink(outlet), None),
    };
    let requests = JsonStreaming {
        messages,
        method: method.clone(),
        part: Part::Requests,
        limits: *limits,
    };
    let answers = JsonSink {
        sink,
        method: method.clone(),
        part: Part::Answers,
        only,
    };
    Some((requests, answers))
}
