//! The envelope of a Thrift message: its type, the method's name, the sequence number.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};

use crate::error::EncodeError;
use crate::thrift::exception::ApplicationException;

/// The upper half of a strict message's first four bytes.
pub const VERSION_1: u16 = 0x8001;

/// The longest method name, in bytes. It is repeated in replies and logs, so that a sender could make
/// much of little without a limit; people write shorter ones.
pub const MAX_METHOD: usize = 1024;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    /// A request.
    Call = 1,
    /// The answer: a result, or an exception that the IDL declares.
    Reply = 2,
    /// The answer: an [`ApplicationException`].
    Exception = 3,
    /// A request that wants no answer.
    Oneway = 4,
    /// What Kitex calls `Stream`, and takes for a call and for a reply.
    Stream = 5,
}

impl MessageType {
    /// The type of this number.
    #[must_use]
    pub fn from_wire(number: u16) -> Option<Self> {
        [
            Self::Call,
            Self::Reply,
            Self::Exception,
            Self::Oneway,
            Self::Stream,
        ]
        .into_iter()
        .find(|kind| *kind as u16 == number)
    }
}

/// The envelope of a message that has arrived completely, lent from its bytes.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use polyport_wire::thrift::{Envelope, MessageType};
///
/// let mut buffer = BytesMut::new();
/// let call = Envelope { kind: MessageType::Call, method: "echo", sequence: 7 };
/// call.encode(&mut buffer)?;
/// buffer.extend_from_slice(&[0]);
///
/// let (envelope, body) = Envelope::decode(&buffer).unwrap();
/// assert_eq!(envelope, call);
/// assert_eq!(body, [0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// What the message is for.
    pub kind: MessageType,
    /// The method's name, as the IDL writes it.
    pub method: &'a str,
    /// The number that a reply repeats.
    pub sequence: i32,
}

impl<'a> Envelope<'a> {
    /// Splits a message into its envelope and the struct behind it.
    ///
    /// # Errors
    ///
    /// When the message is not strict, when its type is unknown, or when it has no method name or one
    /// that is longer than [`MAX_METHOD`].
    /// The error knows what could be read, so that it can be answered.
    pub fn decode(message: &'a [u8]) -> Result<(Self, &'a [u8]), EnvelopeError<'a>> {
        Self::decode_version(message, VERSION_1)
    }

    /// The same for a message that begins with another version: Kitex's Protobuf has the same parts.
    pub(crate) fn decode_version(
        message: &'a [u8],
        version: u16,
    ) -> Result<(Self, &'a [u8]), EnvelopeError<'a>> {
        let Some((&[high, low, kind_high, kind_low], rest)) = message.split_first_chunk() else {
            return Err(EnvelopeError::truncated());
        };
        if u16::from_be_bytes([high, low]) != version {
            return Err(EnvelopeError::not_strict(message));
        }
        let number = u16::from_be_bytes([kind_high, kind_low]);
        let (method, rest) = split_name(rest).ok_or_else(EnvelopeError::truncated)?;
        let (sequence, body) = rest
            .split_first_chunk()
            .ok_or_else(EnvelopeError::truncated)?;
        let sequence = i32::from_be_bytes(*sequence);
        let method = std::str::from_utf8(method).map_err(|_| EnvelopeError::not_text(sequence))?;
        let Some(kind) = MessageType::from_wire(number) else {
            return Err(EnvelopeError {
                method: if method.len() > MAX_METHOD {
                    ""
                } else {
                    method
                },
                sequence,
                exception: ApplicationException::invalid_message_type(number),
            });
        };
        let unknown_method = |method, text| EnvelopeError {
            method,
            sequence,
            exception: ApplicationException::new(ApplicationException::UNKNOWN_METHOD, text),
        };
        if method.is_empty() {
            let text = Cow::Borrowed("method name that receive is empty");
            return Err(unknown_method(method, text));
        }
        if method.len() > MAX_METHOD {
            let len = method.len();
            let text = format!("a method name of {len} bytes is over the limit of {MAX_METHOD}");
            return Err(unknown_method("", text.into()));
        }
        let envelope = Self {
            kind,
            method,
            sequence,
        };
        Ok((envelope, body))
    }

    /// Appends the envelope; the struct must follow.
    ///
    /// # Errors
    ///
    /// When the method's name is longer than 2 GiB.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.encode_version(VERSION_1, out)
    }

    pub(crate) fn encode_version(
        &self,
        version: u16,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let len = i32::try_from(self.method.len())
            .map_err(|_| EncodeError::too_large("method name", i32::MAX as u64))?;
        out.put_u16(version);
        out.put_u16(self.kind as u16);
        out.put_i32(len);
        out.put_slice(self.method.as_bytes());
        out.put_i32(self.sequence);
        Ok(())
    }
}

/// An envelope that cannot be served, with what its sender should be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeError<'a> {
    /// The method's name, as far as it could be read.
    pub method: &'a str,
    /// The sequence number, or 0.
    pub sequence: i32,
    /// The answer.
    pub exception: ApplicationException,
}

impl<'a> EnvelopeError<'a> {
    #[cold]
    fn truncated() -> Self {
        Self {
            method: "",
            sequence: 0,
            exception: ApplicationException::new(
                ApplicationException::PROTOCOL_ERROR,
                "the message ends inside of its envelope",
            ),
        }
    }

    #[cold]
    fn not_text(sequence: i32) -> Self {
        Self {
            method: "",
            sequence,
            exception: ApplicationException::new(
                ApplicationException::PROTOCOL_ERROR,
                "the method's name is not UTF-8",
            ),
        }
    }

    /// A message without a version: `u32 length, name, u8 type, i32 sequence`, or anything else.
    #[cold]
    fn not_strict(message: &'a [u8]) -> Self {
        let (method, rest) = split_name(message)
            .filter(|(method, _)| method.len() <= MAX_METHOD)
            .and_then(|(method, rest)| Some((std::str::from_utf8(method).ok()?, rest)))
            .unwrap_or(("", &[]));
        let sequence = match rest {
            [_, a, b, c, d, ..] => i32::from_be_bytes([*a, *b, *c, *d]),
            _ => 0,
        };
        Self {
            method,
            sequence,
            exception: ApplicationException::new(
                ApplicationException::PROTOCOL_ERROR,
                format!(
                    "the message starts with {:02x?}: not Thrift's strict binary protocol, \
                     which starts with 80 01",
                    message.get(..4).unwrap_or(message),
                ),
            ),
        }
    }
}

/// `u32 length`, then that many bytes.
fn split_name(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    rest.split_at_checked(len)
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    #[test]
    fn a_call_of_a_real_kitex_client() {
        let message = hex!("80010001 00000003 616464 00000003 0a0001 0000000000000002 00");
        let (envelope, body) = Envelope::decode(&message).unwrap();
        assert_eq!(
            envelope,
            Envelope {
                kind: MessageType::Call,
                method: "add",
                sequence: 3
            }
        );
        assert_eq!(body, hex!("0a0001 0000000000000002 00"));
    }

    #[test]
    fn every_cut_is_an_error_and_no_panic() {
        let message = hex!("80010001 00000003 616464 00000003");
        for cut in 0..message.len() {
            let error = Envelope::decode(&message[..cut]).unwrap_err();
            assert_eq!(
                error.exception.type_id,
                ApplicationException::PROTOCOL_ERROR,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn what_cannot_be_served_knows_its_answer() {
        let check = |message: &[u8], method: &str, sequence: i32, type_id: i32| {
            let error = Envelope::decode(message).unwrap_err();
            assert_eq!((error.method, error.sequence), (method, sequence));
            assert_eq!(error.exception.type_id, type_id, "{error:?}");
        };
        check(&hex!("80010009 00000001 61 00000005 00"), "a", 5, 2);
        check(&hex!("80010001 00000000 00000005 00"), "", 5, 1);
        let mut long = hex!("80010001 00000401").to_vec();
        long.resize(long.len() + 0x401, b'a');
        long.extend(hex!("00000005 00"));
        check(&long, "", 5, 1);
        check(&hex!("00000001 61 01 00000005 00"), "a", 5, 7);
        check(&hex!("80010001 00000001 ff 00000005 00"), "", 5, 7);
        check(&hex!("00000001 ff 01 00000005 00"), "", 0, 7);
    }
}
