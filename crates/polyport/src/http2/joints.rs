//! Makes one frame of small ones that follow each other, before h2 sees them.
//!
//! Peers put each message of a stream into a frame of its own, and h2 spends more on a frame than
//! a small message costs otherwise. Where a frame ends means nothing to gRPC, nor to flow control,
//! which counts what is in frames.

use crate::http2::cursor::{Cursor, DATA, HEADER, length};

/// What is longer than this is not moved to the frame before it.
const SMALL: usize = 2 * 1024;

/// What a frame becomes at most: as long as everybody takes.
const JOINED: usize = 16 * 1024;

const END_STREAM: u8 = 1;

/// What arrives on one connection.
#[derive(Debug)]
pub(crate) struct Joints(Cursor);

/// A frame that may become longer.
struct Open {
    /// Where its header is.
    at: usize,
    length: usize,
    stream: [u8; 4],
}

impl Joints {
    /// The frames begin after `skip` bytes.
    pub(crate) fn new(skip: usize) -> Self {
        Self(Cursor::new(skip))
    }

    /// Joins what can be joined in bytes that have arrived; says how many are left of them.
    pub(crate) fn join(&mut self, bytes: &mut [u8]) -> usize {
        let mut kept = self.0.rest_of_frame(bytes);
        let mut next = kept;
        let mut open = None;
        while next < bytes.len() {
            let (mut from, mut end) = (next, bytes.len());
            if let Some(header) = self.0.next(&mut &bytes[next..]) {
                let payload = next + HEADER;
                end = payload + self.0.rest_of_frame(&bytes[payload..]);
                open = match open {
                    Some(open) if joins(&open, header) => {
                        from = payload;
                        lengthen(open, header, bytes)
                    }
                    _ => Open::new(kept, header),
                };
            }
            if from != kept {
                bytes.copy_within(from..end, kept);
            }
            kept += end - from;
            next = end;
        }
        kept
    }
}

impl Open {
    /// The frame with this header at this place, if more may be added to it.
    fn new(at: usize, header: [u8; HEADER]) -> Option<Self> {
        let [_, _, _, kind, flags, stream @ ..] = header;
        (kind == DATA && flags == 0).then(|| Self {
            at,
            length: length(&header),
            stream,
        })
    }
}

/// Whether what is in the frame with this header can be added.
fn joins(open: &Open, header: [u8; HEADER]) -> bool {
    let [_, _, _, kind, flags, stream @ ..] = header;
    let length = length(&header);
    kind == DATA
        && flags & !END_STREAM == 0
        && stream == open.stream
        && (1..=SMALL).contains(&length)
        && open.length + length <= JOINED
}

/// Makes the frame longer by what is in the one with this header, unless that is the last.
fn lengthen(mut open: Open, header: [u8; HEADER], bytes: &mut [u8]) -> Option<Open> {
    open.length += length(&header);
    // JOINED has less than three bytes.
    let [.., a, b, c] = open.length.to_be_bytes();
    bytes[open.at..open.at + 3].copy_from_slice(&[a, b, c]);
    let flags = header[4];
    bytes[open.at + 4] = flags;
    (flags == 0).then_some(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let [.., a, b, c] = payload.len().to_be_bytes();
        [&[a, b, c, kind, flags, 0, 0, 0, stream], payload].concat()
    }

    /// What is left when the bytes arrive in pieces of this size.
    fn joined(bytes: &[u8], size: usize) -> Vec<u8> {
        let mut joints = Joints::new(0);
        let mut left = Vec::new();
        for piece in bytes.chunks(size) {
            let mut piece = piece.to_vec();
            let kept = joints.join(&mut piece);
            left.extend_from_slice(&piece[..kept]);
        }
        left
    }

    #[test]
    fn small_frames_of_a_stream_become_one() {
        let bytes = [
            frame(DATA, 0, 1, b"a"),
            frame(DATA, 0, 1, b"bc"),
            frame(DATA, END_STREAM, 1, b"d"),
            frame(1, 4, 3, b"headers"),
        ];
        let expected = [
            frame(DATA, END_STREAM, 1, b"abcd"),
            frame(1, 4, 3, b"headers"),
        ];
        assert_eq!(joined(&bytes.concat(), 1000), expected.concat());
    }

    #[test]
    fn others_stay_as_they_are() {
        const PADDED: u8 = 8;
        let large = vec![0; SMALL + 1];
        for (first, second) in [
            (frame(DATA, 0, 1, b"a"), frame(DATA, 0, 3, b"b")),
            (frame(DATA, END_STREAM, 1, b"a"), frame(DATA, 0, 1, b"b")),
            (frame(DATA, PADDED, 1, b"\0a"), frame(DATA, 0, 1, b"b")),
            (frame(DATA, 0, 1, b"a"), frame(DATA, PADDED, 1, b"\0b")),
            (frame(DATA, 0, 1, b"a"), frame(DATA, 0, 1, b"")),
            (frame(DATA, 0, 1, b"a"), frame(DATA, 0, 1, &large)),
            (frame(DATA, 0, 1, b"a"), frame(8, 0, 1, &[0, 0, 0, 1])),
            (frame(6, 0, 0, &[0; 8]), frame(6, 0, 0, &[0; 8])),
        ] {
            let bytes = [first, second].concat();
            assert_eq!(joined(&bytes, 10_000), bytes);
        }
    }

    #[test]
    fn a_frame_does_not_outgrow_what_everybody_takes() {
        let bytes = frame(DATA, 0, 1, &[7; 2000]).repeat(9);
        let expected = [
            frame(DATA, 0, 1, &[7; 16_000]),
            frame(DATA, 0, 1, &[7; 2000]),
        ];
        assert_eq!(joined(&bytes, 100_000), expected.concat());
    }

    #[test]
    fn what_is_in_the_frames_is_the_same_however_they_are_cut() {
        let bytes = [
            frame(DATA, 0, 1, b"one"),
            frame(DATA, 0, 1, b"two"),
            frame(6, 0, 0, &[9; 8]),
            frame(DATA, 0, 1, b"three"),
            frame(DATA, END_STREAM, 1, b"four"),
        ];
        for size in 1..60 {
            let left = joined(&bytes.concat(), size);
            let mut cursor = Cursor::new(0);
            let (mut data, mut pings, mut ended) = (Vec::new(), 0, 0);
            let mut rest = &left[..];
            while let Some(header) = cursor.next(&mut rest) {
                let payload = &rest[..length(&header)];
                match header[3] {
                    DATA => data.extend_from_slice(payload),
                    _ => pings += 1,
                }
                ended += usize::from(header[3] == DATA && header[4] == END_STREAM);
            }
            assert_eq!(data, b"onetwothreefour", "pieces of {size}");
            assert_eq!((pings, ended), (1, 1), "pieces of {size}");
            assert!(cursor.is_between_frames() || rest.is_empty());
        }
    }
}
