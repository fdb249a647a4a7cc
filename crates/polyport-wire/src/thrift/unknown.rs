//! Fields that an IDL does not know, kept for whoever does.

use std::fmt;

use bytes::Bytes;

use crate::error::DecodeError;
use crate::limits::Limits;
use crate::thrift::dynamic::Dynamic;
use crate::thrift::reader::Reader;
use crate::thrift::value::WireType;
use crate::thrift::writer::Writer;

/// The fields of a struct that its IDL does not know, as they came.
///
/// Generated structs hold them when that is asked for, and write them behind their own fields.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use polyport_wire::limits::Limits;
/// use polyport_wire::thrift::{Dynamic, Reader, UnknownFields};
///
/// let bytes = Bytes::from_static(&[8, 0, 7, 0, 0, 0, 42, 0]);
/// let mut input = Reader::new(&bytes, &Limits::default());
/// let mut unknown = UnknownFields::default();
/// input.enter()?;
/// while let Some((kind, id)) = input.field()? {
///     unknown.keep(kind, id, &mut input)?;
/// }
/// assert_eq!(unknown.fields()?, [(7, Dynamic::I32(42))]);
/// # Ok::<(), polyport_wire::error::DecodeError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnknownFields {
    /// Each with its head.
    bytes: Vec<u8>,
}

impl UnknownFields {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The fields by number, as they came.
    ///
    /// # Errors
    ///
    /// When they are more, or deeper nested, than the default limits allow.
    pub fn fields(&self) -> Result<Vec<(i16, Dynamic)>, DecodeError> {
        let bytes = Bytes::from([self.bytes.as_slice(), &[0]].concat());
        Dynamic::decode_fields(&mut Reader::new(&bytes, &Limits::default()))
    }

    /// Reads the value of a field whose head has been read, and keeps both.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::skip`].
    pub fn keep(
        &mut self,
        kind: WireType,
        id: i16,
        input: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        let value = input.skipped(kind)?;
        let [high, low] = id.to_be_bytes();
        self.bytes.extend([kind.0, high, low]);
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    /// Appends the fields.
    #[inline]
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.raw(&self.bytes);
    }
}

/// With numbers and values.
impl fmt::Debug for UnknownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fields() {
            Ok(fields) => f.debug_map().entries(fields).finish(),
            Err(_) => write!(f, "UnknownFields({} bytes)", self.bytes.len()),
        }
    }
}
