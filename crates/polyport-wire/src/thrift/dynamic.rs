//! Thrift values of which only the bytes are known, for what has no generated code.

use bytes::Bytes;

use crate::error::{DecodeError, DecodeErrorKind};
use crate::thrift::reader::Reader;
use crate::thrift::value::{Value, WireType};
use crate::thrift::writer::Writer;

/// Any Thrift value, as the wire describes itself: numbers for fields, no names.
///
/// Together with a [`Schema`](crate::schema::Schema) it becomes JSON or text with names.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use polyport_wire::limits::Limits;
/// use polyport_wire::thrift::{Dynamic, Reader, WireType};
///
/// let bytes = Bytes::from_static(&[8, 0, 1, 0, 0, 0, 42, 0]);
/// let mut input = Reader::new(&bytes, &Limits::default());
/// let value = Dynamic::decode(WireType::STRUCT, &mut input)?;
/// assert_eq!(value, Dynamic::Struct(vec![(1, Dynamic::I32(42))]));
/// # Ok::<(), polyport_wire::error::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Dynamic {
    /// `bool`
    Bool(bool),
    /// `byte`
    Byte(i8),
    /// `double`
    Double(f64),
    /// `i16`
    I16(i16),
    /// `i32` and enums
    I32(i32),
    /// `i64`
    I64(i64),
    /// `string` and `binary`, which the wire does not tell apart
    String(Bytes),
    /// A struct, union or exception: fields by number, as they came.
    Struct(Vec<(i16, Self)>),
    /// A map: the types of keys and values, and the pairs.
    Map(WireType, WireType, Vec<(Self, Self)>),
    /// A set: the elements' type, and the elements.
    Set(WireType, Vec<Self>),
    /// A list: the elements' type, and the elements.
    List(WireType, Vec<Self>),
}

impl Dynamic {
    /// The type that announces the value.
    #[must_use]
    pub fn wire_type(&self) -> WireType {
        match self {
            Self::Bool(_) => WireType::BOOL,
            Self::Byte(_) => WireType::BYTE,
            Self::Double(_) => WireType::DOUBLE,
            Self::I16(_) => WireType::I16,
            Self::I32(_) => WireType::I32,
            Self::I64(_) => WireType::I64,
            Self::String(_) => WireType::STRING,
            Self::Struct(_) => WireType::STRUCT,
            Self::Map(..) => WireType::MAP,
            Self::Set(..) => WireType::SET,
            Self::List(..) => WireType::LIST,
        }
    }

    /// Reads a value of a type that was announced.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a value, when it is nested too deep or takes up too much memory,
    /// or when Thrift has no such type.
    pub fn decode(kind: WireType, input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match kind {
            WireType::BOOL => Self::Bool(bool::decode(input)?),
            WireType::BYTE => Self::Byte(i8::decode(input)?),
            WireType::DOUBLE => Self::Double(f64::decode(input)?),
            WireType::I16 => Self::I16(i16::decode(input)?),
            WireType::I32 => Self::I32(i32::decode(input)?),
            WireType::I64 => Self::I64(i64::decode(input)?),
            WireType::STRING => Self::String(Bytes::decode(input)?),
            WireType::STRUCT => Self::Struct(Self::decode_fields(input)?),
            WireType::MAP => {
                let (key, value, count) = input.any_map(2 * size_of::<Self>())?;
                let pairs = input.nested(count, |input| {
                    Ok((Self::decode(key, input)?, Self::decode(value, input)?))
                })?;
                Self::Map(key, value, pairs)
            }
            WireType::SET | WireType::LIST => {
                let (element, count) = input.any_list(size_of::<Self>())?;
                let elements = input.nested(count, |input| Self::decode(element, input))?;
                if kind == WireType::SET {
                    Self::Set(element, elements)
                } else {
                    Self::List(element, elements)
                }
            }
            WireType(other) => {
                return Err(DecodeErrorKind::Malformed {
                    what: "field type",
                    got: other.into(),
                }
                .into());
            }
        })
    }

    pub(super) fn decode_fields(input: &mut Reader<'_>) -> Result<Vec<(i16, Self)>, DecodeError> {
        let mut fields = Vec::new();
        input.enter()?;
        while let Some((kind, id)) = input.field()? {
            input.charge(1, size_of::<(i16, Self)>())?;
            fields.push((id, Self::decode(kind, input)?));
        }
        Ok(fields)
    }

    /// Appends the value, without the type that announces it.
    pub fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Bool(value) => value.encode(out),
            Self::Byte(value) => value.encode(out),
            Self::Double(value) => value.encode(out),
            Self::I16(value) => value.encode(out),
            Self::I32(value) => value.encode(out),
            Self::I64(value) => value.encode(out),
            Self::String(value) => value.encode(out),
            Self::Struct(fields) => {
                for (id, value) in fields {
                    out.field_head(value.wire_type(), *id);
                    value.encode(out);
                }
                out.stop();
            }
            Self::Map(key_type, value_type, pairs) => {
                out.map_head(*key_type, *value_type, pairs.len());
                for (key, value) in pairs {
                    key.encode(out);
                    value.encode(out);
                }
            }
            Self::Set(kind, elements) | Self::List(kind, elements) => {
                out.list_head(*kind, elements.len());
                for element in elements {
                    element.encode(out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use hex_literal::hex;

    use super::*;
    use crate::limits::Limits;

    fn decode(bytes: &'static [u8]) -> Result<Dynamic, DecodeError> {
        let bytes = Bytes::from_static(bytes);
        Dynamic::decode(
            WireType::STRUCT,
            &mut Reader::new(&bytes, &Limits::default()),
        )
    }

    #[test]
    fn every_type_is_written_as_it_was_read() {
        const MESSAGE: &[u8] = &hex!(
            "02 0001 01  03 0002 ff  04 0003 3ff0000000000000  06 0004 0001  08 0005 00000001"
            "0a 0006 0000000000000001  0b 0007 00000002 6869  0c 0008 00"
            "0d 0009 0b 08 00000001 00000001 61 00000007  0e 000a 08 00000001 00000009"
            "0f ffff 0c 00000002 00 080001 00000001 00  00"
        );
        let value = decode(MESSAGE).unwrap();
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out);
        value.encode(&mut writer);
        writer.finish().unwrap();
        assert_eq!(&out[..], MESSAGE);
    }

    #[test]
    fn small_bytes_cannot_ask_for_much_memory() {
        // A list of empty structs, one byte each.
        let mut bytes = hex!("0f 0001 0c 00a00000").to_vec();
        bytes.resize(bytes.len() + 0x00a0_0000 + 1, 0);
        let bytes = Bytes::from(bytes);
        let error = Dynamic::decode(
            WireType::STRUCT,
            &mut Reader::new(&bytes, &Limits::default()),
        )
        .unwrap_err();
        assert!(
            matches!(error.kind(), DecodeErrorKind::TooLarge { .. }),
            "{error}"
        );
    }
}
