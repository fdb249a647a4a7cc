//! The handler for unknown services and methods, and what can be made of it.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod lookup;
mod handler;
mod proxied;

use bytes::Bytes;
use polyport::service::UnknownHandler;
use polyport::{CallKind, Client, Codec, Context, Sink, Status, Streaming, Transport};
use polyport_tests::serving::Serving;
use tokio::sync::mpsc;

/// Echoes messages, and notes what it knows of a call.
struct Echo {
    facts: mpsc::UnboundedSender<Facts>,
}

/// What a handler knows of a call.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    names: (String, String),
    transport: Transport,
    codec: Codec,
    kind: CallKind,
    reason: String,
    tenant: Option<String>,
}

fn echo() -> (Echo, mpsc::UnboundedReceiver<Facts>) {
    let (facts, noted) = mpsc::unbounded_channel();
    (Echo { facts }, noted)
}

impl Echo {
    fn note(&self, cx: &mut Context) {
        cx.reply_metadata().insert("served-by", "echo");
        let facts = Facts {
            names: (cx.service().to_owned(), cx.method().to_owned()),
            transport: cx.transport(),
            codec: cx.codec(),
            kind: cx.kind(),
            reason: cx.reason().to_string(),
            tenant: cx.metadata().get("tenant").map(str::to_owned),
        };
        // A test that does not look at the facts has dropped its end.
        let _ = self.facts.send(facts);
    }
}

impl UnknownHandler for Echo {
    async fn call(&self, cx: &mut Context, request: Bytes) -> Result<Bytes, Status> {
        self.note(cx);
        match cx.method() {
            "panic" => panic!("boom"),
            "error" => Err(Status::error("bad")),
            "nothing" => Ok(Bytes::new()),
            _ => Ok(request),
        }
    }

    async fn stream(
        &self,
        cx: &mut Context,
        mut requests: Streaming<Bytes>,
        mut answers: Sink<Bytes>,
    ) -> Result<(), Status> {
        self.note(cx);
        while let Some(request) = requests.receive().await? {
            answers.send(request).await?;
        }
        Ok(())
    }
}

async fn client(serving: &Serving, transport: Transport) -> Client {
    let options = Client::options(serving.address.to_string());
    options.transport(transport).connect().await.unwrap()
}
