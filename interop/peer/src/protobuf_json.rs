//! Protobuf's messages of a method, and their JSON.

use polyport::Status;
use polyport::json::Messages;
use polyport::protobuf::Message;
use polyport_wire::limits::Limits;
use polyport_wire::schema::{self, Schema, Type};
use serde_json::{Value as Json, json};

use crate::call::{Outcome, failure};

/// A method, and the messages that it takes and gives.
#[derive(Clone, Debug)]
pub(crate) struct Notation {
    messages: Messages,
    request: &'static str,
    response: &'static str,
}

impl Notation {
    pub(crate) fn new(schema: &'static Schema, method: &'static schema::Method) -> Outcome<Self> {
        let request = method.arguments.first().map(|argument| &argument.kind);
        let (Some(Type::Message(request)), Some(Type::Message(response))) =
            (request, method.result.as_ref())
        else {
            return Err(format!("{} is no method of Protobuf", method.name).into());
        };
        Ok(Self {
            messages: Messages::new(schema)?,
            request,
            response,
        })
    }

    /// A request.
    pub(crate) fn request<A: Message>(&self, json: &Json) -> Outcome<A> {
        let bytes = self.messages.read(self.request, json)?;
        Ok(A::decode_from_slice(&bytes)?)
    }

    /// The line of a call with one answer.
    pub(crate) fn line<V: Message>(&self, result: Result<V, Status>) -> Outcome<Json> {
        match result {
            Ok(answer) => Ok(json!({ "ok": self.answer(&answer)? })),
            Err(status) => Ok(failure(&status)),
        }
    }

    /// One answer.
    pub(crate) fn answer<V: Message>(&self, answer: &V) -> Outcome<Json> {
        Ok(self
            .messages
            .write(self.response, &answer.encode_to_vec(), &Limits::default())?)
    }
}
