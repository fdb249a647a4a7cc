//! Unary calls that look like streams to layers: their request is read behind the layers.

use std::pin::Pin;

use bytes::Bytes;
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;

use crate::call::{Call, Message, Reply};
use crate::code::Code;
use crate::layer::{End, Endpoint, Payload};
use crate::method::Coding;
use crate::status::Status;
use crate::stream::{Flows, Streaming};

/// An endpoint of a unary method whose request is on its way.
pub(crate) struct Late<'e> {
    endpoint: &'e dyn Endpoint,
    limits: &'e Limits,
}

impl<'e> Late<'e> {
    pub(crate) fn new(endpoint: &'e dyn Endpoint, limits: &'e Limits) -> Self {
        Self { endpoint, limits }
    }

    /// Reads the request, and leaves the call to whom it is for.
    async fn answer(&self, mut call: Call) -> Result<Reply, Status> {
        let replaced = || Status::error("a layer replaced the request that is to be read");
        let requests: Option<Streaming<Bytes>> = call.message.into_arguments();
        let mut requests = requests.ok_or_else(replaced)?;
        // Kitex's word for it.
        let missing = || Status::with_code(Code::INTERNAL, "EOF");
        let request = requests.receive().await?.ok_or_else(missing)?;
        call.message = self
            .endpoint
            .decode(Payload::Message(request), self.limits)
            .map_err(|error| Status::broken_message(&error))?;
        Ok(self.endpoint.call(call).await)
    }
}

impl End for Late<'_> {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        Box::pin(async { self.answer(call).await.unwrap_or_else(Into::into) })
    }
}

impl Endpoint for Late<'_> {
    fn decode(&self, payload: Payload, limits: &Limits) -> Result<Message, DecodeError> {
        let Payload::Requests(source) = payload else {
            return self.endpoint.decode(payload, limits);
        };
        let requests = Streaming::new(source, Coding::RAW, *limits);
        Ok(Message::streams(requests, |requests| Flows {
            requests: Some(requests),
            answers: None,
        }))
    }
}
