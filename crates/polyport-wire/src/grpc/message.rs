//! Messages cut out of a stream of bytes by their prefix.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::error::{DecodeError, DecodeErrorKind, EncodeError};

/// One byte that says whether the message is compressed, four of length.
const PREFIX: usize = 5;

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcMessage {
    /// Whether the bytes are compressed, by what the stream's headers name.
    pub compressed: bool,
    /// The bytes behind the prefix.
    pub bytes: Bytes,
}

/// Cuts the messages of a stream out of the chunks in which it arrives.
///
/// A message that lies in one chunk is not copied. One that does not is put together when all of
/// it is there: its memory never goes by the length that it announces.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use polyport_wire::grpc::MessageDecoder;
///
/// let mut decoder = MessageDecoder::new(1024);
/// decoder.push(Bytes::from_static(b"\0\0\0\0\x02h"));
/// assert_eq!(decoder.decode()?, None);
/// decoder.push(Bytes::from_static(b"i"));
/// assert_eq!(decoder.decode()?.unwrap().bytes, "hi");
/// # Ok::<(), polyport_wire::error::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct MessageDecoder {
    limit: usize,
    /// What has arrived and was not looked at.
    chunk: Bytes,
    /// The large pieces of a message that began in chunks before.
    pieces: Vec<Bytes>,
    /// What has come of it behind them, in small pieces.
    tail: BytesMut,
    /// How much of it is there.
    begun: usize,
}

/// What is smaller than this is copied, so that it does not keep the memory of much more that came
/// with it.
const PIECE: usize = 4 * 1024;

impl MessageDecoder {
    /// A decoder of messages of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            chunk: Bytes::new(),
            pieces: Vec::new(),
            tail: BytesMut::new(),
            begun: 0,
        }
    }

    /// Adds what has arrived.
    pub fn push(&mut self, chunk: Bytes) {
        self.chunk = match self.chunk.is_empty() {
            true => chunk,
            false => [&self.chunk[..], &chunk].concat().into(),
        };
    }

    /// The next message; `None` until it is there.
    ///
    /// # Errors
    ///
    /// When the message is larger than the limit, or when its prefix is none.
    pub fn decode(&mut self) -> Result<Option<GrpcMessage>, DecodeError> {
        if self.begun == 0 {
            if let Some(size) = self.complete(&self.chunk)? {
                return Ok(Some(message(self.chunk.split_to(size))));
            }
            self.keep(usize::MAX);
            return Ok(None);
        }
        if self.begun < PREFIX {
            self.keep(PREFIX);
        }
        let Some(size) = self.size(self.front())? else {
            return Ok(None);
        };
        self.keep(size);
        if self.begun < size {
            return Ok(None);
        }
        Ok(Some(message(self.whole())))
    }

    /// The length of the message whose rest [`decode`](Self::decode) waits for, once that is known.
    #[must_use]
    pub fn announced(&self) -> Option<usize> {
        let (_, length) = self.front().first_chunk::<PREFIX>()?.split_first()?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        usize::try_from(length).ok()
    }

    /// Whether nothing is left of a message that has begun.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begun == 0 && self.chunk.is_empty()
    }

    /// Moves bytes of the chunk to the message that has begun, until it is this long.
    fn keep(&mut self, size: usize) {
        let missing = size.saturating_sub(self.begun);
        let taken = self.chunk.split_to(missing.min(self.chunk.len()));
        self.begun += taken.len();
        if taken.len() < PIECE {
            self.tail.extend_from_slice(&taken);
            return;
        }
        if !self.tail.is_empty() {
            self.pieces.push(self.tail.split().freeze());
        }
        self.pieces.push(taken);
    }

    /// What is there of the message that has begun, from its start: its prefix at least, once that
    /// is there.
    fn front(&self) -> &[u8] {
        self.pieces.first().map_or(&self.tail, |piece| piece)
    }

    /// The message that has begun and is complete.
    fn whole(&mut self) -> Bytes {
        let size = std::mem::take(&mut self.begun);
        let tail = std::mem::take(&mut self.tail);
        if self.pieces.is_empty() {
            return tail.freeze();
        }
        let mut whole = BytesMut::with_capacity(size);
        for piece in self.pieces.drain(..) {
            whole.extend_from_slice(&piece);
        }
        whole.extend_from_slice(&tail);
        whole.freeze()
    }

    /// The size of the message that `bytes` hold from their start, if it is there.
    fn complete(&self, bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
        Ok(self.size(bytes)?.filter(|size| *size <= bytes.len()))
    }

    /// The size of a message with its prefix, which must be allowed.
    fn size(&self, bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
        let Some(&[compressed, ref length @ ..]) = bytes.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        if compressed > 1 {
            return Err(DecodeErrorKind::Malformed {
                what: "the compressed flag of a gRPC message",
                got: compressed.into(),
            }
            .into());
        }
        let length = u32::from_be_bytes(*length);
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        if size > self.limit {
            return Err(DecodeErrorKind::TooLarge {
                what: "a gRPC message",
                got: length.into(),
                limit: self.limit as u64,
            }
            .into());
        }
        Ok(Some(PREFIX + size))
    }
}

/// A message with its prefix, taken apart.
fn message(mut whole: Bytes) -> GrpcMessage {
    let compressed = whole.first().is_some_and(|flag| *flag == 1);
    whole.advance(PREFIX.min(whole.len()));
    GrpcMessage {
        compressed,
        bytes: whole,
    }
}

/// Appends one message: its prefix, then what `message` appends, with the length filled in
/// afterwards.
///
/// # Errors
///
/// When the message is larger than `limit`, or when `message` fails; `out` is then as it was before.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use polyport_wire::grpc;
///
/// let mut out = BytesMut::new();
/// grpc::encode(false, 1024, &mut out, |out| {
///     out.extend_from_slice(b"hi");
///     Ok(())
/// })?;
/// assert_eq!(&out[..], b"\0\0\0\0\x02hi");
/// # Ok::<(), polyport_wire::error::EncodeError>(())
/// ```
pub fn encode(
    compressed: bool,
    limit: usize,
    out: &mut BytesMut,
    message: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.put_slice(&[compressed.into(), 0, 0, 0, 0]);
    let encoded = message(out).and_then(|()| {
        let size = out.len() - start - PREFIX;
        match u32::try_from(size) {
            Ok(length) if size <= limit => {
                out[start + 1..start + PREFIX].copy_from_slice(&length.to_be_bytes());
                Ok(())
            }
            _ => Err(EncodeError::too_large("a gRPC message", limit as u64)),
        }
    });
    if encoded.is_err() {
        out.truncate(start);
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"\0\0\0\0\x02hi\x01\0\0\0\0\0\0\0\0\x05again";

    fn decode(chunks: &[&'static [u8]]) -> Vec<(bool, Bytes)> {
        let mut decoder = MessageDecoder::new(5);
        let mut messages = Vec::new();
        for chunk in chunks {
            decoder.push(Bytes::from_static(chunk));
            while let Some(message) = decoder.decode().unwrap() {
                messages.push((message.compressed, message.bytes));
            }
        }
        assert!(decoder.is_empty());
        messages
    }

    #[test]
    fn messages_are_the_same_however_they_are_cut() {
        let whole = decode(&[STREAM]);
        assert_eq!(
            whole,
            [
                (false, Bytes::from_static(b"hi")),
                (true, Bytes::new()),
                (false, Bytes::from_static(b"again"))
            ]
        );
        for first in 0..STREAM.len() {
            for second in first..STREAM.len() {
                let chunks = [&STREAM[..first], &STREAM[first..second], &STREAM[second..]];
                assert_eq!(decode(&chunks), whole, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn large_messages_are_put_together_of_pieces_of_any_size() {
        let text: Vec<u8> = (0..50_000_u32).map(|at| at.to_be_bytes()[3]).collect();
        let mut stream = BytesMut::new();
        for _ in 0..2 {
            encode(false, 50_000, &mut stream, |out| {
                out.extend_from_slice(&text);
                Ok(())
            })
            .unwrap();
        }
        let stream = stream.freeze();
        for sizes in [[3, 10_000], [5000, 5000], [PIECE, 7], [49_999, 30], [3, 1]] {
            let mut decoder = MessageDecoder::new(50_000);
            let (mut rest, mut messages) = (stream.clone(), Vec::new());
            for size in sizes.into_iter().cycle() {
                decoder.push(rest.split_to(size.min(rest.len())));
                while let Some(message) = decoder.decode().unwrap() {
                    messages.push(message.bytes);
                }
                if rest.is_empty() {
                    break;
                }
            }
            assert!(decoder.is_empty());
            assert!(messages == [&text[..]; 2], "pieces of {sizes:?}");
        }
    }

    #[test]
    fn a_message_over_the_limit_is_refused_by_its_prefix() {
        let mut decoder = MessageDecoder::new(5);
        decoder.push(Bytes::from_static(b"\0\xff\xff\xff\xff"));
        let error = decoder.decode().unwrap_err();
        assert_eq!(
            error.to_string(),
            "a gRPC message of 4294967295 is over the limit of 5"
        );
        let mut decoder = MessageDecoder::new(5);
        decoder.push(Bytes::from_static(b"\x02\0\0\0\0"));
        assert!(decoder.decode().is_err());
    }

    #[test]
    fn the_length_of_a_message_is_known_before_its_end() {
        let mut decoder = MessageDecoder::new(1000);
        for (chunk, announced) in [
            (&b"\0\0\0\x02"[..], None),
            (b"\x58", Some(600)),
            (&[b'x'; 599], Some(600)),
        ] {
            decoder.push(Bytes::from_static(chunk));
            assert_eq!(decoder.decode().unwrap(), None);
            assert_eq!(decoder.announced(), announced);
        }
        decoder.push(Bytes::from_static(b"x\0"));
        assert_eq!(decoder.decode().unwrap().unwrap().bytes.len(), 600);
        assert_eq!(decoder.announced(), None);
    }

    #[test]
    fn nothing_is_left_of_a_message_that_cannot_be_encoded() {
        let mut out = BytesMut::from("before");
        let error = encode(false, 1, &mut out, |out| {
            out.extend_from_slice(b"hi");
            Ok(())
        });
        assert!(error.is_err());
        assert_eq!(out, "before");
    }
}
