#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use polyport_wire::error::DecodeError;
use polyport_wire::frame::{Frame, FrameDecoder};
use polyport_wire::limits::Limits;

const LIMITS: Limits = Limits {
    frame: 64 * 1024,
    header: 4096,
    depth: 16,
    decoded: 64 * 1024,
};

// The first byte says how large the pieces are.
fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first() else {
        return;
    };
    let whole = decode([bytes].into_iter());
    let pieces = decode(bytes.chunks(usize::from(*size).max(1)));
    assert_eq!(whole, pieces);
});

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, Result<(), DecodeError>) {
    let mut decoder = FrameDecoder::new(LIMITS);
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
        assert!(buffer.len() < LIMITS.frame);
        assert!(buffer.is_empty() || decoder.missing(buffer.len()) > 0);
    }
    (frames, Ok(()))
}
