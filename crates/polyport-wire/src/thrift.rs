//! Thrift's strict binary protocol: the message envelope, exceptions, and the values inside.
//!
//! ```text
//! u32  0x80010000 | message type       CALL 1, REPLY 2, EXCEPTION 3, ONEWAY 4
//! u32  length of the method's name, then the name
//! i32  sequence number
//! struct: { u8 type, i16 id, value }* , u8 0
//! ```
//!
//! The envelope is [`Envelope`]; the struct behind it is a [`Value`], which generated code
//! implements on [`Reader`] and [`Writer`].

pub mod envelope;
pub mod exception;
mod outcome;
mod scan;
mod unknown;
mod dynamic;
mod list_map;
mod list_set;
mod value;
mod reader;
mod writer;

pub use dynamic::Dynamic;
pub use envelope::{Envelope, EnvelopeError, MessageType};
pub use exception::ApplicationException;
pub use list_map::ListMap;
pub use list_set::ListSet;
pub use outcome::{Returned, Throws, decode_outcome, encode_outcome};
pub use reader::Reader;
pub use scan::EndScanner;
pub use unknown::UnknownFields;
pub use value::{Value, WireType};
pub use writer::Writer;

use bytes::{Bytes, BytesMut};

use crate::error::{DecodeError, EncodeError};
use crate::limits::Limits;

/// Decodes one value from the start of `bytes`; what follows it is ignored, as Kitex does.
///
/// # Errors
///
/// When the bytes are not a value of this type, or go over `limits`.
///
/// # Examples
///
/// ```
/// use bytes::{Bytes, BytesMut};
/// use polyport_wire::limits::Limits;
/// use polyport_wire::thrift;
///
/// let mut buffer = BytesMut::new();
/// thrift::encode(&vec![1_i32, 2, 3], &mut buffer)?;
/// let list: Vec<i32> = thrift::decode(&buffer.freeze(), &Limits::default())?;
/// assert_eq!(list, [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode<T: Value>(bytes: &Bytes, limits: &Limits) -> Result<T, DecodeError> {
    T::decode(&mut Reader::new(bytes, limits))
}

/// Appends one value to `buffer`.
///
/// # Errors
///
/// When a string or container is longer than Thrift's 31-bit lengths can say; `buffer` is then
/// as it was before.
pub fn encode<T: Value>(value: &T, buffer: &mut BytesMut) -> Result<(), EncodeError> {
    let start = buffer.len();
    let mut writer = Writer::new(buffer);
    value.encode(&mut writer);
    writer.finish().inspect_err(|_| buffer.truncate(start))
}
