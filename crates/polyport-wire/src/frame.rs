//! Frames: one message each, with whatever stood around it.
//!
//! ```text
//! Buffered        message                           its end is found by walking through it
//! Framed          u32 length, message
//! TTHeader        header, message                   the header's length ends it
//! TTHeaderFramed  header, u32 length, message
//! ```
//!
//! A message is Thrift (`80 01`) or, where there is a length, Kitex Protobuf (`90 01`). The
//! framing is sniffed again for every message (kitex `pkg/remote/codec/default_codec.go`), so that
//! one connection may carry all of them, and a reply takes the framing of its request. A
//! MeshHeader may stand before a Buffered or Framed message; it is read and never written.

mod salvage;
mod mesh;
mod sniff;

use std::ops::Range;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::limits::Limits;
use crate::thrift::EndScanner;
use crate::transport::{Codec, Transport};
use crate::ttheader::{self, Header, HeaderRef};

pub use salvage::{Salvaged, salvage};
pub use sniff::{Sniff, Start, sniff};

/// One message as it came in, undecoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How it was cut out; a reply goes out in the same way.
    pub transport: Transport,
    /// How the message is written.
    pub codec: Codec,
    /// The TTHeader, or the keys of a MeshHeader.
    pub header: Option<Header>,
    /// The message with its envelope, without any length before it. In an intact frame it may be
    /// something else than a message, which [`Envelope`](crate::thrift::Envelope) then says.
    pub payload: Bytes,
    /// All that stands behind a TTHeader, with any length before the message: what a checksum in
    /// the header is of. Without a TTHeader the same as the payload.
    pub body: Bytes,
}

/// Cuts a connection's bytes into frames.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use polyport_wire::frame::FrameDecoder;
/// use polyport_wire::limits::Limits;
/// use polyport_wire::transport::Transport;
///
/// let mut decoder = FrameDecoder::new(Limits::default());
/// let mut buffer = BytesMut::from(&b"\0\0\0\x11\x80\x01\0\x01\0\0\0\x04pi"[..]);
/// assert_eq!(decoder.decode(&mut buffer)?, None);
/// assert_eq!(decoder.missing(buffer.len()), 7);
///
/// buffer.extend_from_slice(b"ng\0\0\0\x01\0");
/// let frame = decoder.decode(&mut buffer)?.unwrap();
/// assert_eq!(frame.transport, Transport::Framed);
/// assert_eq!(frame.payload.len(), 17);
/// assert!(buffer.is_empty());
/// # Ok::<(), polyport_wire::error::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct FrameDecoder {
    limits: Limits,
    /// How much of the current frame must be there before another look makes sense.
    wanted: usize,
    scanner: EndScanner,
    /// The frame that could not be decoded.
    broken: Bytes,
}

/// Where a frame lies in the buffer.
enum Cut {
    /// At least so many bytes from the frame's start are needed to know more.
    Wanted(usize),
    /// A header to the end of the frame; the message lies in its payload.
    TtHeader { end: usize },
    /// A message, after a MeshHeader when `message` does not start in the front.
    Message {
        transport: Transport,
        codec: Codec,
        mesh: Option<usize>,
        message: Range<usize>,
    },
}

impl FrameDecoder {
    /// A decoder at the start of a frame.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            wanted: 1,
            scanner: EndScanner::new(&limits),
            broken: Bytes::new(),
        }
    }

    /// Takes the next frame off the start of `buffer`, or nothing while it is incomplete. Bytes
    /// that have been shown stay there until then, and more are appended.
    ///
    /// # Errors
    ///
    /// When the bytes are no frame, or one that is over the limits, as soon as its lengths are
    /// there. The connection cannot go on then: nobody knows where the next frame starts. What has
    /// arrived of the frame is [`broken`](Self::broken) then, and no longer in `buffer`.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, DecodeError> {
        if buffer.len() < self.wanted {
            return Ok(None);
        }
        let cut = match self.cut(buffer) {
            Ok(cut) => cut,
            Err(error) => return Err(self.give_up(buffer.split().freeze(), error)),
        };
        let frame = match cut {
            Cut::Wanted(wanted) => {
                self.wanted = wanted;
                return Ok(None);
            }
            Cut::TtHeader { end } => {
                let frame = buffer.split_to(end).freeze();
                self.ttheader_frame(&frame)
                    .map_err(|error| self.give_up(frame, error))?
            }
            Cut::Message {
                transport,
                codec,
                mesh,
                message,
            } => {
                let mut frame = buffer.split_to(message.end).freeze();
                let header = match mesh.map(|size| mesh::decode(&frame[..size])) {
                    None => None,
                    Some(Ok(header)) => Some(header),
                    Some(Err(error)) => return Err(self.give_up(frame, error)),
                };
                frame.advance(message.start);
                Frame {
                    transport,
                    codec,
                    header,
                    body: frame.clone(),
                    payload: frame,
                }
            }
        };
        self.wanted = 1;
        self.scanner.reset();
        Ok(Some(frame))
    }

    /// What has arrived of the frame that could not be decoded, for [`salvage`].
    #[must_use]
    pub fn broken(&self) -> &Bytes {
        &self.broken
    }

    #[cold]
    fn give_up(&mut self, frame: Bytes, error: DecodeError) -> DecodeError {
        self.broken = frame;
        error
    }

    /// How many bytes more the current frame needs, as far as that is known, when `arrived` bytes
    /// of it are in the buffer: room that is worth making at once. A peer that only announces much
    /// gets 64 KiB; one that has sent more gets as much again.
    #[must_use]
    pub fn missing(&self, arrived: usize) -> usize {
        let missing = self.wanted.saturating_sub(arrived);
        missing.min(arrived.max(64 * 1024))
    }

    fn cut(&mut self, buffer: &[u8]) -> Result<Cut, DecodeError> {
        match sniff(buffer) {
            Sniff::NeedMore(wanted) => Ok(Cut::Wanted(wanted)),
            Sniff::Unknown => Err(unknown(buffer)),
            Sniff::Start(Start::TtHeader) => self.cut_ttheader(buffer),
            Sniff::Start(Start::Mesh) => self.cut_mesh(buffer),
            Sniff::Start(start) => self.cut_message(buffer, None, start),
        }
    }

    fn cut_ttheader(&self, buffer: &[u8]) -> Result<Cut, DecodeError> {
        let lengths = ttheader::Lengths::decode(buffer, &self.limits)?;
        Ok(match lengths.section {
            None => Cut::Wanted(ttheader::FIXED_SIZE),
            Some(_) if buffer.len() < lengths.frame => Cut::Wanted(lengths.frame),
            Some(_) => Cut::TtHeader { end: lengths.frame },
        })
    }

    fn cut_mesh(&mut self, buffer: &[u8]) -> Result<Cut, DecodeError> {
        let Some(mesh) = mesh::size(buffer, self.limits.header.min(self.limits.frame))? else {
            return Ok(Cut::Wanted(mesh::FIXED_SIZE));
        };
        match sniff(buffer.get(mesh..).unwrap_or_default()) {
            Sniff::NeedMore(wanted) => Ok(Cut::Wanted(mesh + wanted)),
            Sniff::Unknown => Err(unknown(&buffer[mesh..])),
            Sniff::Start(Start::TtHeader | Start::Mesh) => Err(DecodeErrorKind::Unsupported {
                what: "a second header after a MeshHeader of size",
                got: i64::try_from(mesh).unwrap_or(i64::MAX),
            }
            .into()),
            Sniff::Start(start) => self.cut_message(buffer, Some(mesh), start),
        }
    }

    /// A message without a TTHeader, whose frame starts behind the MeshHeader.
    fn cut_message(
        &mut self,
        buffer: &[u8],
        mesh: Option<usize>,
        start: Start,
    ) -> Result<Cut, DecodeError> {
        let offset = mesh.unwrap_or(0);
        let frame = &buffer[offset..];
        let (transport, codec, message) = match start {
            Start::Framed(codec) => (Transport::Framed, codec, framed(frame)?),
            Start::FramedUnversioned => (Transport::Framed, Codec::ThriftBinary, framed(frame)?),
            Start::Bare => match self.scanner.scan(frame)? {
                None => return Ok(Cut::Wanted(offset + self.scanner.wanted())),
                Some(end) => (Transport::Buffered, Codec::ThriftBinary, 0..end),
            },
            Start::BareUnversioned | Start::TtHeader | Start::Mesh => return Err(unknown(frame)),
        };
        let message = offset + message.start..offset + message.end;
        if message.end > self.limits.frame {
            return Err(too_large(message.end, self.limits.frame));
        }
        if buffer.len() < message.end {
            return Ok(Cut::Wanted(message.end));
        }
        Ok(Cut::Message {
            transport,
            codec,
            mesh,
            message,
        })
    }

    fn ttheader_frame(&self, frame: &Bytes) -> Result<Frame, DecodeError> {
        let (header, body) = Header::decode(frame.clone(), &self.limits)?;
        let mut payload = body.clone();
        let (transport, codec) = match sniff(&payload) {
            Sniff::Start(Start::Framed(codec)) => {
                let message = framed(&payload)?;
                if message.end > payload.len() {
                    return Err(too_large(message.end, payload.len()).within("TTHeader"));
                }
                payload.truncate(message.end);
                payload.advance(message.start);
                (Transport::TtHeaderFramed, codec)
            }
            // Whatever it is, the frame around it is intact and can be answered.
            _ => (Transport::TtHeader, Codec::ThriftBinary),
        };
        Ok(Frame {
            transport,
            codec,
            header: Some(header),
            payload,
            body,
        })
    }
}

/// Where the message lies in a frame whose length is there to be read.
fn framed(frame: &[u8]) -> Result<Range<usize>, DecodeError> {
    let length = frame
        .first_chunk()
        .map_or(0, |len| u32::from_be_bytes(*len));
    // What made us take this for a length stands in the four bytes behind it.
    if length < 4 {
        return Err(DecodeErrorKind::Malformed {
            what: "frame length",
            got: length.into(),
        }
        .into());
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(4..length.saturating_add(4))
}

#[cold]
fn too_large(got: usize, limit: usize) -> DecodeError {
    DecodeErrorKind::TooLarge {
        what: "frame",
        got: got as u64,
        limit: limit as u64,
    }
    .into()
}

/// The six bytes that were needed to know that a message is of no known kind.
#[cold]
fn unknown(bytes: &[u8]) -> DecodeError {
    let start = bytes.iter().take(6);
    DecodeErrorKind::Unsupported {
        what: "a message that starts with",
        got: start.fold(0, |number, byte| number * 256 + i64::from(*byte)),
    }
    .into()
}

/// Appends one frame: the header that `transport` asks for (another one does not use `header`),
/// then what `message` appends, with the lengths filled in afterwards.
///
/// # Errors
///
/// When the frame is larger than `limit`, when the header does not fit its format, or when
/// `message` fails. `out` is then as it was before.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use polyport_wire::frame;
/// use polyport_wire::limits::Limits;
/// use polyport_wire::thrift::{Envelope, MessageType};
/// use polyport_wire::transport::Transport;
/// use polyport_wire::ttheader::HeaderRef;
///
/// let mut out = BytesMut::new();
/// let call = Envelope { kind: MessageType::Call, method: "ping", sequence: 1 };
/// frame::encode(
///     Transport::Framed,
///     &HeaderRef::default(),
///     Limits::default().frame,
///     &mut out,
///     |out| {
///         call.encode(out)?;
///         out.extend_from_slice(&[0]);
///         Ok(())
///     },
/// )?;
/// assert_eq!(&out[..], b"\0\0\0\x11\x80\x01\0\x01\0\0\0\x04ping\0\0\0\x01\0");
/// # Ok::<(), polyport_wire::error::EncodeError>(())
/// ```
pub fn encode(
    transport: Transport,
    header: &HeaderRef<'_>,
    limit: usize,
    out: &mut BytesMut,
    message: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let encoded = match transport {
        Transport::Buffered => message(out),
        Transport::Framed => length_prefixed(out, message),
        Transport::TtHeader => header.encode(out, message),
        Transport::TtHeaderFramed => header.encode(out, |out| length_prefixed(out, message)),
        Transport::Grpc => Err(EncodeError::misplaced("a frame, on HTTP/2")),
    };
    let encoded = encoded.and_then(|()| match out.len() - start {
        size if size <= limit => Ok(()),
        _ => Err(EncodeError::too_large("frame", limit as u64)),
    });
    encoded.inspect_err(|_| out.truncate(start))
}

fn length_prefixed(
    out: &mut BytesMut,
    message: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.put_u32(0);
    message(out)?;
    let length = u32::try_from(out.len() - start - 4)
        .map_err(|_| EncodeError::too_large("frame", u32::MAX.into()))?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}
