//! The envelope that Kitex puts before Protobuf messages where there is no HTTP/2.
//!
//! ```text
//! 90 01, u16 type, u32 length, method name, i32 sequence number, message
//! ```
//!
//! It always stands in a frame, and has the parts of Thrift's envelope behind another version (kitex
//! `pkg/remote/codec/protobuf/protobuf.go`).

use bytes::{BufMut, BytesMut};

use crate::error::EncodeError;
use crate::thrift::{ApplicationException, Envelope, EnvelopeError};

/// The upper half of a message's first four bytes.
pub const VERSION_1: u16 = 0x9001;

/// Splits a message into its envelope and the Protobuf message behind it.
///
/// # Errors
///
/// When it is no such message, when its type is unknown, or when it has no method name or one that
/// is longer than 1024 bytes. The error knows what could be read,
/// so that it can be answered.
///
/// # Examples
///
/// ```
/// use polyport_wire::protobuf;
///
/// let message = b"\x90\x01\0\x01\0\0\0\x04ping\0\0\0\x07\x0a\x02hi";
/// let (envelope, body) = protobuf::decode(message).unwrap();
/// assert_eq!((envelope.method, envelope.sequence), ("ping", 7));
/// assert_eq!(body, b"\x0a\x02hi");
/// ```
pub fn decode(message: &[u8]) -> Result<(Envelope<'_>, &[u8]), EnvelopeError<'_>> {
    Envelope::decode_version(message, VERSION_1)
}

/// Appends an envelope; the message must follow.
///
/// # Errors
///
/// When the method's name is longer than 2 GiB.
pub fn encode(envelope: &Envelope<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
    envelope.encode_version(VERSION_1, out)
}

/// Appends an exception as the body of its message: `{ int32 type = 1; string message = 2; }`
/// (kitex `pkg/remote/codec/protobuf/error.proto`).
pub fn encode_exception(exception: &ApplicationException, out: &mut BytesMut) {
    let text = exception.to_string();
    if exception.type_id != 0 {
        out.put_u8(0x08);
        // Negative numbers are extended to 64 bits.
        put_varint(i64::from(exception.type_id).cast_unsigned(), out);
    }
    out.put_u8(0x12);
    put_varint(text.len() as u64, out);
    out.put_slice(text.as_bytes());
}

/// Reads an exception's body; `None` if it is none.
#[must_use]
pub fn decode_exception(mut body: &[u8]) -> Option<ApplicationException> {
    let mut exception = ApplicationException::default();
    while !body.is_empty() {
        let tag = take_varint(&mut body)?;
        match tag & 7 {
            0 => {
                let number = take_varint(&mut body)?;
                if tag == 0x08 {
                    // The upper half of a negative number is all ones, and not of interest.
                    exception.type_id = ((number & 0xffff_ffff) as u32).cast_signed();
                }
            }
            1 => body = body.get(8..)?,
            2 => {
                let length = usize::try_from(take_varint(&mut body)?).ok()?;
                let (text, rest) = body.split_at_checked(length)?;
                if tag == 0x12 {
                    exception.message = String::from_utf8_lossy(text).into_owned().into();
                }
                body = rest;
            }
            5 => body = body.get(4..)?,
            _ => return None,
        }
    }
    Some(exception)
}

fn put_varint(mut number: u64, out: &mut BytesMut) {
    while number >= 0x80 {
        out.put_u8((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.put_u8((number & 0x7f) as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::thrift::MessageType;

    #[test]
    fn a_call_of_a_real_kitex_client() {
        let message = hex!(
            "90010001 0000000f 53616d654e616d65644d6574686f64 00000001"
            "0a026869"
        );
        let (envelope, body) = decode(&message).unwrap();
        let call = Envelope {
            kind: MessageType::Call,
            method: "SameNamedMethod",
            sequence: 1,
        };
        assert_eq!(envelope, call);
        assert_eq!(body, hex!("0a026869"));
        let mut out = BytesMut::new();
        encode(&call, &mut out).unwrap();
        assert_eq!(out, message[..message.len() - 4]);
    }

    #[test]
    fn an_exception_of_a_real_kitex_server() {
        let body = hex!("08ec0e 1213 7370656369616c205b62697a206572726f725d");
        let exception = ApplicationException::new(1900, "special [biz error]");
        let mut out = BytesMut::new();
        encode_exception(&exception, &mut out);
        assert_eq!(out, &body[..]);
        assert_eq!(decode_exception(&body), Some(exception));
    }

    #[test]
    fn exceptions_survive_and_no_cut_panics() {
        for type_id in [0, 1, -1, i32::MAX, i32::MIN] {
            let exception = ApplicationException::new(type_id, "text");
            let mut out = BytesMut::new();
            encode_exception(&exception, &mut out);
            assert_eq!(decode_exception(&out), Some(exception));
            for cut in 0..out.len() {
                let _ = decode_exception(&out[..cut]);
            }
        }
        // An endless number, a group, a length beyond the end.
        for bad in [&[0xff; 11][..], &[0x0b], &[0x12, 0x7f]] {
            assert_eq!(decode_exception(bad), None);
        }
        // Fields that nobody knows.
        let more = hex!("20 01 29 0000000000000000 35 00000000 08 05");
        assert_eq!(decode_exception(&more).unwrap().type_id, 5);
    }

    #[test]
    fn every_cut_of_an_envelope_is_an_error() {
        let message = hex!("90010001 00000001 61 00000001");
        assert!(decode(&message).is_ok());
        for cut in 0..message.len() {
            assert!(decode(&message[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(
            decode(&hex!("90010001 00000000 00000005"))
                .unwrap_err()
                .exception
                .type_id,
            1
        );
    }
}
