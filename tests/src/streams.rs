//! A service of every kind of call, in Protobuf and in Thrift, written by hand as generated code
//! would be.
//!
//! What a message says is what happens: `error`, `panic`, `wait` (until the test ends or the call
//! does), `headers` and `trailers`; everything else is echoed.

use std::sync::Arc;

use polyport::codegen::buffa_types::google::protobuf::StringValue;
use polyport::codegen::{Embedded, Method, ServiceBuilder, StreamMethod};
use polyport::{CallKind, Code, Context, Service, Sink, Status, Streaming};
use polyport_wire::schema::{self, Schema};
use tokio::sync::mpsc;

use crate::soon;

/// One request, one answer.
pub static UNARY: Method<StringValue, StringValue> =
    Method::protobuf("test.v1", "Streams", "Unary", CallKind::Unary);
/// All requests, joined.
pub static JOIN: StreamMethod<StringValue, StringValue> =
    StreamMethod::protobuf("test.v1", "Streams", "Join", CallKind::ClientStream);
/// The words of the request.
pub static SPLIT: StreamMethod<StringValue, StringValue> =
    StreamMethod::protobuf("test.v1", "Streams", "Split", CallKind::ServerStream);
/// Each request, as it comes.
pub static ECHO: StreamMethod<StringValue, StringValue> =
    StreamMethod::protobuf("test.v1", "Streams", "Echo", CallKind::Bidirectional);

/// As [`JOIN`], in Thrift.
pub static THRIFT_JOIN: StreamMethod<String, String> =
    StreamMethod::thrift("Streams", "Join", CallKind::ClientStream).package("test");
/// As [`SPLIT`], in Thrift.
pub static THRIFT_SPLIT: StreamMethod<String, String> =
    StreamMethod::thrift("Streams", "Split", CallKind::ServerStream).package("test");
/// As [`ECHO`], in Thrift.
pub static THRIFT_ECHO: StreamMethod<String, String> =
    StreamMethod::thrift("Streams", "Echo", CallKind::Bidirectional).package("test");

/// The handler.
#[derive(Debug)]
struct Streams {
    events: mpsc::UnboundedSender<String>,
}

/// What happens in the handler.
#[derive(Debug)]
pub struct Events(mpsc::UnboundedReceiver<String>);

impl Events {
    /// The next thing that happens.
    pub async fn next(&mut self) -> String {
        soon(self.0.recv()).await.expect("a handler")
    }
}

/// A text as a message.
#[must_use]
pub fn text(text: &str) -> StringValue {
    StringValue {
        value: text.to_owned(),
        ..StringValue::default()
    }
}

/// The Protobuf service, and what happens in it.
#[must_use]
pub fn protobuf() -> (Service, Events) {
    let (handler, events) = handler();
    let service = ServiceBuilder::new(embedded("test.v1"), "test.v1", "Streams", handler)
        .method(&UNARY, |handler, mut cx, request: StringValue| async move {
            let outcome = handler.act(&mut cx, &request.value).await;
            (cx, outcome.map(|()| request))
        })
        .client_stream(&JOIN, |handler, mut cx, input| async move {
            let outcome = handler.join(&mut cx, input, |message| message.value).await;
            (cx, outcome.map(|joined| text(&joined)))
        })
        .server_stream(&SPLIT, |handler, mut cx, request, output| async move {
            let words = request.value.split(' ').map(text).collect();
            let outcome = handler
                .split(&mut cx, words, output, |word| &word.value)
                .await;
            (cx, outcome)
        })
        .bidirectional(&ECHO, |handler, mut cx, input, output| async move {
            let outcome = handler
                .echo(&mut cx, input, output, |message| &message.value)
                .await;
            (cx, outcome)
        })
        .build();
    (service, events)
}

/// The Thrift service, and what happens in it.
#[must_use]
pub fn thrift() -> (Service, Events) {
    let (handler, events) = handler();
    let service = ServiceBuilder::new(embedded("test"), "test", "Streams", handler)
        .client_stream(&THRIFT_JOIN, |handler, mut cx, input| async move {
            let outcome = handler.join(&mut cx, input, |message| message).await;
            (cx, outcome)
        })
        .server_stream(
            &THRIFT_SPLIT,
            |handler, mut cx, request, output| async move {
                let words = request.split(' ').map(str::to_owned).collect();
                let outcome = handler.split(&mut cx, words, output, |word| word).await;
                (cx, outcome)
            },
        )
        .bidirectional(&THRIFT_ECHO, |handler, mut cx, input, output| async move {
            let outcome = handler
                .echo(&mut cx, input, output, |message| message)
                .await;
            (cx, outcome)
        })
        .build();
    (service, events)
}

fn handler() -> (Arc<Streams>, Events) {
    let (events, receiver) = mpsc::unbounded_channel();
    (Arc::new(Streams { events }), Events(receiver))
}

/// The schema of a package without methods.
#[must_use]
pub fn embedded(package: &str) -> &'static Embedded {
    let schema = Schema {
        services: vec![schema::Service::new(package, "Streams")],
        ..Schema::default()
    };
    // What generated code has as a constant lives here as long as the test.
    let bytes: &'static [u8] = Box::leak(schema.encode().unwrap().to_vec().into());
    Box::leak(Box::new(Embedded::new(bytes)))
}

impl Streams {
    /// Does what a message says.
    async fn act(&self, cx: &mut Context, text: &str) -> Result<(), Status> {
        match text {
            "error" => return Err(Status::error("bad")),
            "code" => {
                let status = Status::with_code(Code::NOT_FOUND, "not here");
                return Err(status.with_details("details"));
            }
            "panic" => panic!("boom"),
            "wait" => {
                let _guard = Guard(self);
                self.note("waiting");
                std::future::pending::<()>().await;
            }
            "headers" => {
                cx.reply_metadata().insert("served-by", "replica 3");
                // HTTP/2 has no place for it.
                cx.reply_metadata().insert("Connection", "close");
            }
            "trailers" => cx
                .reply_trailers()
                .insert_header("Checksum-Bin", vec![0, 255]),
            _ => {}
        }
        Ok(())
    }

    async fn join<T>(
        &self,
        cx: &mut Context,
        mut input: Streaming<T>,
        text: fn(T) -> String,
    ) -> Result<String, Status> {
        let mut texts = Vec::new();
        while let Some(message) = input.receive().await? {
            let text = text(message);
            self.act(cx, &text).await?;
            texts.push(text);
        }
        Ok(texts.join(","))
    }

    async fn split<T>(
        &self,
        cx: &mut Context,
        words: Vec<T>,
        mut output: Sink<T>,
        text: fn(&T) -> &str,
    ) -> Result<(), Status> {
        for word in words {
            self.act(cx, text(&word)).await?;
            output.send(word).await?;
        }
        Ok(())
    }

    async fn echo<T>(
        &self,
        cx: &mut Context,
        mut input: Streaming<T>,
        mut output: Sink<T>,
        text: fn(&T) -> &str,
    ) -> Result<(), Status> {
        output.set_header("mode", "echo")?;
        let _guard = Guard(self);
        while let Some(message) = input.receive().await? {
            self.act(cx, text(&message)).await?;
            output.send(message).await?;
        }
        Ok(())
    }

    fn note(&self, event: &str) {
        // A test that does not look at the events has dropped its end.
        let _ = self.events.send(event.to_owned());
    }
}

/// Notes that a handler has ended, or was dropped.
struct Guard<'a>(&'a Streams);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.note("ended");
    }
}
