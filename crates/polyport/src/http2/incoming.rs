//! The messages of the other side of a stream.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::HeaderMap;
use polyport_wire::error::{DecodeError, DecodeErrorKind};
use polyport_wire::grpc::{GrpcMessage, MessageDecoder};

use crate::code::Code;
use crate::http2::compression::Compression;
use crate::http2::room::{Room, Share};
use crate::status::Status;

/// So much is read at most before it no longer counts as unread, which takes as long as reading
/// does; and so much of a message needs no room of its own.
const RELEASE_AT: usize = 4 * 1024;

/// Messages as they come, decompressed but not decoded.
#[derive(Debug)]
pub(crate) struct Incoming {
    stream: RecvStream,
    decoder: MessageDecoder,
    /// `None` when it is one that is not spoken here: then nothing may be compressed.
    compression: Option<Compression>,
    limit: usize,
    /// Where large messages get their room, if there is not room for all.
    share: Option<Share>,
    /// Bytes that were read and still count as unread.
    unreleased: usize,
    ended: bool,
}

impl Incoming {
    pub(crate) fn new(stream: RecvStream, compression: Option<Compression>, limit: usize) -> Self {
        Self {
            stream,
            decoder: MessageDecoder::new(limit),
            compression,
            limit,
            share: None,
            unreleased: 0,
            ended: false,
        }
    }

    /// The same with room that the streams of a connection share.
    pub(crate) fn sharing(self, room: &Room) -> Self {
        Self {
            share: Some(room.share()),
            ..self
        }
    }

    /// The next message; `None` after the last one.
    pub(crate) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            match self.decoder.decode() {
                Ok(Some(message)) => return Poll::Ready(self.whole(message).map(Some)),
                Ok(None) if self.ended => return Poll::Ready(self.end()),
                Ok(None) => {
                    if self.poll_room(cx).is_pending() {
                        return self.poll_late(cx);
                    }
                }
                Err(error) => return Poll::Ready(Err(unreadable(&error))),
            }
            match self.stream.poll_data(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.unreleased += chunk.len();
                    self.decoder.push(chunk);
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(broken(&error))),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => {
                    self.release();
                    return self.poll_late(cx);
                }
            }
        }
    }

    /// Waits for room for the message that has begun. Without it, what there is of the message
    /// still counts as unread, and little more comes.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let (Some(share), Some(size)) = (&mut self.share, self.decoder.announced())
            && size > RELEASE_AT
        {
            ready!(share.poll_take(size, cx));
        }
        if self.unreleased >= RELEASE_AT {
            self.release();
        }
        Poll::Ready(())
    }

    /// Ready when the rest of a message has taken too long.
    fn poll_late<T>(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Status>> {
        match &mut self.share {
            Some(share) if !self.decoder.is_empty() => {
                let time = ready!(share.poll_late(cx));
                let text = format!("the rest of a message has not come within {time:?}");
                Poll::Ready(Err(Status::with_code(Code::DEADLINE_EXCEEDED, text)))
            }
            _ => Poll::Pending,
        }
    }

    fn whole(&mut self, message: GrpcMessage) -> Result<Bytes, Status> {
        if let Some(share) = &mut self.share {
            share.give_back();
        }
        if message.compressed {
            self.decompress(message.bytes)
        } else {
            Ok(message.bytes)
        }
    }

    /// Makes room for more, which a call that goes on may not keep from the others.
    pub(crate) fn release(&mut self) {
        let size = std::mem::take(&mut self.unreleased);
        if size > 0 {
            // The stream may have ended meanwhile.
            let _ = self.stream.flow_control().release_capacity(size);
        }
    }

    /// What came behind the messages.
    pub(crate) fn poll_trailers(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<HeaderMap>, Status>> {
        self.stream
            .poll_trailers(cx)
            .map_err(|error| broken(&error))
    }

    fn end(&self) -> Result<Option<Bytes>, Status> {
        if self.decoder.is_empty() {
            return Ok(None);
        }
        let text = "the stream ends inside of a message";
        Err(Status::with_code(Code::INTERNAL, text))
    }

    fn decompress(&self, bytes: Bytes) -> Result<Bytes, Status> {
        let text = match self.compression {
            Some(Compression::Identity) => {
                "a message is compressed, but no grpc-encoding says how".to_owned()
            }
            None => "a message is compressed by what is not spoken here".to_owned(),
            Some(compression) => match compression.decompress(bytes, self.limit) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => return Err(unreadable(&error)),
            },
        };
        Err(Status::with_code(Code::INTERNAL, text))
    }
}

/// A message that is too large, or that is none.
#[cold]
fn unreadable(error: &DecodeError) -> Status {
    let code = match error.kind() {
        DecodeErrorKind::TooLarge { .. } => Code::RESOURCE_EXHAUSTED,
        _ => Code::INTERNAL,
    };
    Status::with_code(code, error.to_string())
}

/// A stream that ended in another way than it should, as gRPC's own libraries put it (grpc
/// `doc/PROTOCOL-HTTP2.md`, errors).
pub(crate) fn broken(error: &h2::Error) -> Status {
    let code = match error.reason() {
        Some(reason) if error.is_library() && error.is_go_away() && is_mistake(reason) => {
            let text = format!("the connection failed: the other side's HTTP/2 is broken: {error}");
            return Status::transport(text);
        }
        Some(reason) if error.is_go_away() && (error.is_remote() || reason == Reason::NO_ERROR) => {
            Code::UNAVAILABLE
        }
        Some(Reason::REFUSED_STREAM) => Code::UNAVAILABLE,
        Some(Reason::CANCEL) => Code::CANCELLED,
        Some(Reason::ENHANCE_YOUR_CALM) => Code::RESOURCE_EXHAUSTED,
        Some(Reason::INADEQUATE_SECURITY) => Code::PERMISSION_DENIED,
        // Kitex's number for a server that goes away (pkg/remote/trans/nphttp2/grpc).
        Some(reason) if u32::from(reason) == 1000 => Code::UNAVAILABLE,
        Some(_) => Code::INTERNAL,
        None => return Status::transport(format!("the connection failed: {error}")),
    };
    Status::with_code(code, format!("the stream was ended: {error}"))
}

/// Whether this is how a connection is ended on which something else than HTTP/2 comes.
fn is_mistake(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::PROTOCOL_ERROR
            | Reason::FRAME_SIZE_ERROR
            | Reason::COMPRESSION_ERROR
            | Reason::FLOW_CONTROL_ERROR
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_too_large_exhausts_anything() {
        let code = |prefix: &'static [u8]| {
            let mut decoder = MessageDecoder::new(5);
            decoder.push(Bytes::from_static(prefix));
            unreadable(&decoder.decode().unwrap_err()).code()
        };
        assert_eq!(code(b"\0\0\0\0\x06"), Some(Code::RESOURCE_EXHAUSTED));
        assert_eq!(code(b"\x02\0\0\0\0"), Some(Code::INTERNAL));
        let error = Compression::Gzip.decompress(Bytes::from_static(b"not gzip"), 100);
        assert_eq!(unreadable(&error.unwrap_err()).code(), Some(Code::INTERNAL));
    }
}
