//! What a client sends on one stream.

use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use h2::SendStream;
use polyport_wire::grpc;

use crate::code::Code;
use crate::http2::incoming::broken;
use crate::http2::outgoing::poll_capacity;
use crate::status::Status;
use crate::stream::{Encode, Outlet};

/// The requests of a stream; when it is dropped, no more come.
pub(in crate::client) struct Requests {
    stream: SendStream<Bytes>,
    limit: usize,
    is_finished: bool,
}

impl Requests {
    pub(super) fn new(stream: SendStream<Bytes>, limit: usize) -> Self {
        Self {
            stream,
            limit,
            is_finished: false,
        }
    }

    /// Sends the only request of a call.
    pub(in crate::client) fn send_last(&mut self, encode: &mut Encode<'_>) -> Result<(), Status> {
        self.is_finished = true;
        let message = self.message(encode)?;
        // The server may have ended the call by now, and its word on that is still to be read.
        let _ = self.stream.send_data(message, true);
        Ok(())
    }

    fn message(&self, encode: &mut Encode<'_>) -> Result<Bytes, Status> {
        let mut out = BytesMut::new();
        grpc::encode(false, self.limit, &mut out, |out| encode(out)).map_err(|error| {
            let text = format!("the request cannot be sent: {error}");
            Status::with_code(Code::RESOURCE_EXHAUSTED, text)
        })?;
        Ok(out.freeze())
    }
}

impl Outlet for Requests {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        poll_capacity(&mut self.stream, cx)
    }

    fn send(&mut self, encode: &mut Encode<'_>) -> Result<(), Status> {
        let message = self.message(encode)?;
        self.stream
            .send_data(message, false)
            .map_err(|error| broken(&error))
    }

    fn set_header(&mut self, _key: &str, _value: &str) -> Result<(), Status> {
        Err(Status::error("the headers of a request go out before it"))
    }

    fn send_headers(&mut self) -> Result<(), Status> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Status> {
        if self.is_finished {
            return Ok(());
        }
        self.is_finished = true;
        self.stream
            .send_data(Bytes::new(), true)
            .map_err(|error| broken(&error))
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        // A stream that has ended needs no end.
        let _ = self.finish();
    }
}
