//! Thrift's own exception, the answer to a call that has no result.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use bytes::Bytes;

use crate::error::DecodeError;
use crate::thrift::reader::Reader;
use crate::thrift::value::{Value, WireType};
use crate::thrift::writer::Writer;

/// The body of an EXCEPTION message: `{1: string message, 2: i32 type}`, in that order.
///
/// The numbers are Thrift's up to 10, Kitex's from 20 on; an application may use any other.
///
/// # Examples
///
/// ```
/// use polyport_wire::thrift::ApplicationException;
///
/// let exception = ApplicationException::new(ApplicationException::UNKNOWN_SERVICE, "");
/// assert_eq!(exception.to_string(), "unknown service");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationException {
    /// What kind of failure this is.
    pub type_id: i32,
    /// What happened, for people. `Display` has a text for Thrift's and Kitex's own numbers when
    /// it is empty.
    pub message: Cow<'static, str>,
}

impl ApplicationException {
    /// The method is unknown; Kitex: of a service that is known.
    pub const UNKNOWN_METHOD: i32 = 1;
    /// The message's type is neither a call nor one-way.
    pub const INVALID_MESSAGE_TYPE: i32 = 2;
    /// A reply for another method.
    pub const WRONG_METHOD_NAME: i32 = 3;
    /// A reply with another sequence number.
    pub const BAD_SEQUENCE: i32 = 4;
    /// A reply without the result that the method promises.
    pub const MISSING_RESULT: i32 = 5;
    /// The handler failed.
    pub const INTERNAL_ERROR: i32 = 6;
    /// The request's bytes are wrong.
    pub const PROTOCOL_ERROR: i32 = 7;
    /// The request's codec is not the service's.
    pub const INVALID_PROTOCOL: i32 = 9;
    /// Kitex: no service was found for the call.
    pub const UNKNOWN_SERVICE: i32 = 20;
    /// Kitex: the call names no service, and the server wants a name.
    pub const NO_SERVICE_NAME: i32 = 21;

    /// An exception with this number and text.
    #[must_use]
    pub fn new(type_id: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            type_id,
            message: message.into(),
        }
    }

    /// What a number of Thrift's or Kitex's own stands for, in their words.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport_wire::thrift::ApplicationException;
    ///
    /// assert_eq!(ApplicationException::type_name(1), Some("unknown method"));
    /// assert_eq!(ApplicationException::type_name(1900), None);
    /// ```
    #[must_use]
    pub fn type_name(type_id: i32) -> Option<&'static str> {
        // kitex pkg/remote/trans_errors.go
        Some(match type_id {
            0 => "unknown application exception",
            1 => "unknown method",
            2 => "invalid message type",
            3 => "wrong method name",
            4 => "bad sequence ID",
            5 => "missing result",
            6 => "unknown internal error",
            7 => "unknown protocol error",
            8 => "Invalid transform",
            9 => "Invalid protocol",
            10 => "Unsupported client type",
            20 => "unknown service",
            21 => "no service name",
            _ => return None,
        })
    }

    /// The answer to a request that is marked as something else.
    #[must_use]
    pub fn invalid_message_type(number: u16) -> Self {
        Self::new(
            Self::INVALID_MESSAGE_TYPE,
            format!("invalid message type {number}: a request is a call (1) or one-way (4)"),
        )
    }
}

impl fmt::Display for ApplicationException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.message.is_empty() {
            return f.write_str(&self.message);
        }
        match Self::type_name(self.type_id) {
            Some(name) => f.write_str(name),
            None => write!(f, "application exception of type {}", self.type_id),
        }
    }
}

impl Error for ApplicationException {}

impl Value for ApplicationException {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        // A text for the peer even where we have none of our own.
        out.field(1, &self.to_string());
        out.field(2, &self.type_id);
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut message = String::new();
        let mut type_id = 0;
        input.enter()?;
        while let Some(field) = input.field()? {
            match field {
                (WireType::STRING, 1) => {
                    // The text of a panic may be anything, and half of it is better than none.
                    let text: Bytes = input.value("TApplicationException.message")?;
                    message = String::from_utf8_lossy(&text).into_owned();
                }
                (WireType::I32, 2) => type_id = input.value("TApplicationException.type")?,
                (kind, _) => input.skip(kind)?,
            }
        }
        Ok(Self::new(type_id, message))
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use hex_literal::hex;

    use super::*;
    use crate::limits::Limits;
    use crate::thrift;

    #[test]
    fn the_bytes_of_a_real_kitex_server() {
        let recorded = hex!("0b0001 0000000e 62697a206572726f723a20626164 080002 00000006 00");
        let exception = ApplicationException::new(6, "biz error: bad");
        let mut buffer = BytesMut::new();
        thrift::encode(&exception, &mut buffer).unwrap();
        assert_eq!(&buffer[..], recorded);
        let decoded: ApplicationException =
            thrift::decode(&buffer.freeze(), &Limits::default()).unwrap();
        assert_eq!(decoded, exception);
    }

    #[test]
    fn a_text_that_is_not_utf8_is_read_as_far_as_it_goes() {
        let body = Bytes::from_static(&hex!("0b0001 00000003 6f ff 6b 080002 00000006 00"));
        let decoded: ApplicationException = thrift::decode(&body, &Limits::default()).unwrap();
        assert_eq!(decoded, ApplicationException::new(6, "o\u{fffd}k"));
    }
}
