//! The harness that every decoder goes through: its input comes in pieces.

use std::fmt::Debug;

use bytes::{Bytes, BytesMut};
use polyport_wire::error::DecodeError;
use polyport_wire::frame::{Frame, FrameDecoder};
use polyport_wire::limits::Limits;

/// Decodes `bytes` whole, cut in two at every position, and byte by byte. Whatever comes before
/// the last byte must be "not yet", and the value always the same.
#[track_caller]
pub(crate) fn cut_everywhere<T, D>(bytes: &[u8], start: impl Fn() -> D) -> T
where
    T: Debug + PartialEq,
    D: FnMut(&mut BytesMut) -> Result<Option<T>, DecodeError>,
{
    let whole = start()(&mut BytesMut::from(bytes)).expect("the bytes are good");
    assert!(whole.is_some(), "the bytes are complete");
    for cut in 0..bytes.len() {
        let mut decode = start();
        let mut buffer = BytesMut::from(&bytes[..cut]);
        assert_eq!(decode(&mut buffer), Ok(None), "cut at {cut}");
        buffer.extend_from_slice(&bytes[cut..]);
        assert_eq!(decode(&mut buffer).as_ref(), Ok(&whole), "cut at {cut}");
    }
    let mut decode = start();
    let mut buffer = BytesMut::new();
    for (position, byte) in bytes.iter().enumerate() {
        assert_eq!(decode(&mut buffer), Ok(None), "{position} single bytes");
        buffer.extend_from_slice(&[*byte]);
    }
    assert_eq!(decode(&mut buffer).as_ref(), Ok(&whole), "byte by byte");
    whole.expect("checked above")
}

/// Decodes one frame, with every cut.
#[track_caller]
pub(crate) fn frame(bytes: &[u8]) -> Frame {
    cut_everywhere(bytes, || {
        let mut decoder = FrameDecoder::new(Limits::default());
        move |buffer: &mut BytesMut| {
            let frame = decoder.decode(buffer)?;
            match &frame {
                Some(_) => assert!(buffer.is_empty(), "a frame leaves bytes behind"),
                None => assert!(decoder.missing(buffer.len()) > 0, "nothing to wait for"),
            }
            Ok(frame)
        }
    })
}

/// For a decoder that wants everything at once: every cut must be an error.
#[track_caller]
pub(crate) fn every_cut_fails<T: Debug>(
    bytes: &[u8],
    decode: impl Fn(Bytes) -> Result<T, DecodeError>,
) -> T {
    for cut in 0..bytes.len() {
        if let Ok(value) = decode(Bytes::copy_from_slice(&bytes[..cut])) {
            panic!("cut at {cut}: {value:?}");
        }
    }
    decode(Bytes::copy_from_slice(bytes)).expect("the bytes are good")
}
