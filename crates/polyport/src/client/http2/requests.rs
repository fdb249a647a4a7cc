//! What a client sends on one stream.

use std::sync::Weak;
use std::task::{Context, Poll, ready};
use std::thread;

use bytes::{Bytes, BytesMut};
use h2::{Reason, SendStream};

use crate::client::http2::deadline::Deadline;
use crate::client::http2::replies::Replies;
use crate::code::Code;
use crate::http2::compression::Compression;
use crate::http2::incoming::broken;
use crate::http2::outgoing::poll_capacity;
use crate::metadata::Metadata;
use crate::status::Status;
use crate::stream::{Encode, Outlet};

/// The requests of a stream. When it is dropped before it is finished, the call is given up: what
/// was sent by then must not look complete.
pub(in crate::client) struct Requests {
    stream: SendStream<Bytes>,
    writing: Writing,
    deadline: Option<Deadline>,
    /// While somebody has these answers, dropping is another way to finish.
    answers: Weak<()>,
    is_finished: bool,
}

/// How messages are written.
#[derive(Clone, Copy)]
pub(super) struct Writing {
    pub(super) compression: Compression,
    /// How large they may be.
    pub(super) limit: usize,
}

impl Requests {
    pub(super) fn new(
        stream: SendStream<Bytes>,
        writing: Writing,
        deadline: Option<Deadline>,
    ) -> Self {
        Self {
            stream,
            writing,
            deadline,
            answers: Weak::new(),
            is_finished: false,
        }
    }

    /// Lets no more come when this is dropped, as long as somebody waits for the answers.
    pub(in crate::client) fn finish_when_dropped(&mut self, replies: &mut Replies) {
        self.answers = replies.alive();
    }

    /// Sends the only request of a call.
    pub(in crate::client) fn send_last(&mut self, encode: &mut Encode<'_>) -> Result<(), Status> {
        let message = self.writing.message(encode)?;
        self.is_finished = true;
        send_all(&mut self.stream, message);
        Ok(())
    }

    /// Waits until the server takes more, but no longer than the call may take.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let deadline = self.deadline.as_mut();
        match poll_capacity(&mut self.stream, cx) {
            Poll::Ready(Ok(())) if deadline.is_none_or(|deadline| !deadline.has_passed()) => {
                return Poll::Ready(Ok(()));
            }
            Poll::Ready(Err(status)) => return Poll::Ready(Err(status)),
            _ => {}
        }
        let Some(deadline) = &mut self.deadline else {
            return Poll::Pending;
        };
        let late = ready!(deadline.poll_late(cx));
        self.give_up();
        Poll::Ready(Err(late))
    }

    /// Gives up the call, unless all of it is sent.
    fn give_up(&mut self) {
        if !self.is_finished {
            self.is_finished = true;
            self.stream.send_reset(Reason::CANCEL);
        }
    }
}

/// Sends the only request of a call, which has its prefix.
pub(super) fn send_all(stream: &mut SendStream<Bytes>, message: Bytes) {
    // The server may have ended the call by now, and its word on that is still to be read.
    let _ = stream.send_data(message, true);
}

impl Writing {
    /// A message with its prefix.
    pub(super) fn message(self, encode: &mut Encode<'_>) -> Result<Bytes, Status> {
        let mut out = BytesMut::new();
        let encoded = self.compression.encode(self.limit, &mut out, encode);
        encoded.map_err(|error| {
            let text = format!("the request cannot be sent: {error}");
            Status::with_code(Code::RESOURCE_EXHAUSTED, text)
        })?;
        Ok(out.freeze())
    }
}

impl Outlet for Requests {
    fn poll_send(
        &mut self,
        encode: &mut Encode<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Status>> {
        ready!(self.poll_room(cx))?;
        let message = self.writing.message(encode)?;
        let sent = self.stream.send_data(message, false);
        Poll::Ready(sent.map_err(|error| broken(&error)))
    }

    fn set_header(&mut self, _key: &str, _value: &str) -> Result<(), Status> {
        Err(early_headers())
    }

    fn add_headers(&mut self, _metadata: &Metadata) -> Result<(), Status> {
        Err(early_headers())
    }

    fn send_headers(&mut self) -> Result<(), Status> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Status> {
        if !self.is_finished {
            self.is_finished = true;
            // A stream that has ended needs no end: how it ended is the answers' to say.
            let _ = self.stream.send_data(Bytes::new(), true);
        }
        Ok(())
    }
}

#[cold]
fn early_headers() -> Status {
    Status::error("the headers of a request go out before it")
}

impl Drop for Requests {
    fn drop(&mut self) {
        if self.answers.strong_count() > 0 && !thread::panicking() {
            let _ = self.finish();
        } else {
            self.give_up();
        }
    }
}
