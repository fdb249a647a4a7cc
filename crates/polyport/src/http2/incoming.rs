//! The messages of the other side of a stream.

use std::task::{Context, Poll};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::HeaderMap;
use polyport_wire::error::{DecodeError, DecodeErrorKind};
use polyport_wire::grpc::MessageDecoder;

use crate::code::Code;
use crate::http2::compression::Compression;
use crate::status::Status;

/// So much is read at most before its room is given back, which takes as long as reading does.
const RELEASE_AT: usize = 4 * 1024;

/// Messages as they come, decompressed but not decoded.
#[derive(Debug)]
pub(crate) struct Incoming {
    stream: RecvStream,
    decoder: MessageDecoder,
    /// `None` when it is one that is not spoken here: then nothing may be compressed.
    compression: Option<Compression>,
    limit: usize,
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
            unreleased: 0,
            ended: false,
        }
    }

    /// The next message; `None` after the last one.
    pub(crate) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Status>> {
        loop {
            match self.decoder.decode() {
                Ok(Some(message)) if message.compressed => {
                    return Poll::Ready(self.decompress(message.bytes).map(Some));
                }
                Ok(Some(message)) => return Poll::Ready(Ok(Some(message.bytes))),
                Ok(None) if self.ended => return Poll::Ready(self.end()),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(unreadable(&error))),
            }
            match self.stream.poll_data(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.unreleased += chunk.len();
                    self.decoder.push(chunk);
                    if self.unreleased >= RELEASE_AT {
                        self.release();
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(broken(&error))),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => {
                    self.release();
                    return Poll::Pending;
                }
            }
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
