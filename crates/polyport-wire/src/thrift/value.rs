//! What can stand in a Thrift message: the trait, and its types that need no generated code.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use bytes::Bytes;

use crate::error::DecodeError;
use crate::thrift::reader::Reader;
use crate::thrift::writer::Writer;

/// The one-byte type that stands before a field's value and in a container's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WireType(pub u8);

impl WireType {
    /// `bool`, one byte.
    pub const BOOL: Self = Self(2);
    /// `byte` or `i8`.
    pub const BYTE: Self = Self(3);
    /// `double`, IEEE 754.
    pub const DOUBLE: Self = Self(4);
    /// `i16`.
    pub const I16: Self = Self(6);
    /// `i32`, and every enum.
    pub const I32: Self = Self(8);
    /// `i64`.
    pub const I64: Self = Self(10);
    /// `string` and `binary`: a length, then bytes.
    pub const STRING: Self = Self(11);
    /// A struct, union or exception: fields, then a zero byte.
    pub const STRUCT: Self = Self(12);
    /// A map: two types, a count, pairs.
    pub const MAP: Self = Self(13);
    /// A set: a type, a count, elements.
    pub const SET: Self = Self(14);
    /// A list: a type, a count, elements.
    pub const LIST: Self = Self(15);

    /// What an IDL calls the type; `None` for a number that is no type.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::BOOL => "bool",
            Self::BYTE => "i8",
            Self::DOUBLE => "double",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::STRING => "string",
            Self::STRUCT => "struct",
            Self::MAP => "map",
            Self::SET => "set",
            Self::LIST => "list",
            _ => return None,
        })
    }

    /// How many bytes a value takes, when every value of the type takes the same.
    #[inline]
    #[must_use]
    pub fn fixed_size(self) -> Option<usize> {
        match self {
            Self::BOOL | Self::BYTE => Some(1),
            Self::I16 => Some(2),
            Self::I32 => Some(4),
            Self::I64 | Self::DOUBLE => Some(8),
            _ => None,
        }
    }

    /// The least number of bytes that a value takes.
    #[must_use]
    pub fn minimum_size(self) -> usize {
        self.fixed_size().unwrap_or(match self {
            Self::STRING => 4,
            Self::LIST | Self::SET => 5,
            Self::MAP => 6,
            _ => 1,
        })
    }
}

/// A value that can stand in a Thrift message.
///
/// Generated code implements it for every struct, union, exception and enum; here it is for
/// Thrift's base types and containers.
pub trait Value: Sized {
    /// The type that announces such a value.
    const TYPE: WireType;

    /// The least number of bytes that such a value takes: what holds an announced count against
    /// the bytes that are really there.
    const MINIMUM_SIZE: usize;

    /// Appends the value.
    fn encode(&self, out: &mut Writer<'_>);

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a value.
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Appends the elements of a list; numbers have a quicker way than one by one.
    #[doc(hidden)]
    #[inline]
    fn encode_all(values: &[Self], out: &mut Writer<'_>) {
        for value in values {
            value.encode(out);
        }
    }

    /// Reads the elements of a list; numbers have a quicker way than one by one.
    #[doc(hidden)]
    #[inline]
    fn decode_all(input: &mut Reader<'_>, count: usize) -> Result<Vec<Self>, DecodeError> {
        let mut values = Vec::with_capacity(first_capacity::<Self>(count));
        for _ in 0..count {
            values.push(Self::decode(input)?);
        }
        Ok(values)
    }
}

impl Value for bool {
    const TYPE: WireType = WireType::BOOL;
    const MINIMUM_SIZE: usize = 1;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.raw(&[u8::from(*self)]);
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // Go's codec takes exactly 1 for true; so do we.
        Ok(input.u8()? == 1)
    }
}

/// A number: `$size` bytes, the highest first.
macro_rules! number {
    ($type:ty, $wire:ident, $size:literal, $read:ident) => {
        impl Value for $type {
            const TYPE: WireType = WireType::$wire;
            const MINIMUM_SIZE: usize = $size;

            #[inline]
            fn encode(&self, out: &mut Writer<'_>) {
                out.raw(&self.to_be_bytes());
            }

            #[inline]
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                input.$read()
            }

            #[inline]
            fn encode_all(values: &[Self], out: &mut Writer<'_>) {
                out.numbers(values, Self::to_be_bytes);
            }

            #[inline]
            fn decode_all(input: &mut Reader<'_>, count: usize) -> Result<Vec<Self>, DecodeError> {
                let chunks = input.chunks::<$size>(count)?;
                Ok(chunks
                    .iter()
                    .map(|chunk| Self::from_be_bytes(*chunk))
                    .collect())
            }
        }
    };
}

number!(i8, BYTE, 1, i8);
number!(i16, I16, 2, i16);
number!(i32, I32, 4, i32);
number!(i64, I64, 8, i64);
number!(f64, DOUBLE, 8, f64);

impl Value for String {
    const TYPE: WireType = WireType::STRING;
    const MINIMUM_SIZE: usize = 4;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(self.as_bytes());
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.text().map(str::to_owned)
    }
}

/// Text that many can share: a copy costs no more than a count.
impl Value for Arc<str> {
    const TYPE: WireType = WireType::STRING;
    const MINIMUM_SIZE: usize = 4;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(self.as_bytes());
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.text().map(Self::from)
    }
}

impl Value for Bytes {
    const TYPE: WireType = WireType::STRING;
    const MINIMUM_SIZE: usize = 4;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(self);
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.bytes()
    }
}

impl<T: Value> Value for Box<T> {
    const TYPE: WireType = T::TYPE;
    const MINIMUM_SIZE: usize = T::MINIMUM_SIZE;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        T::encode(self, out);
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.charge(1, size_of::<T>())?;
        T::decode(input).map(Self::new)
    }
}

impl<T: Value> Value for Vec<T> {
    const TYPE: WireType = WireType::LIST;
    const MINIMUM_SIZE: usize = 5;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.list::<T>(self.len());
        T::encode_all(self, out);
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.list::<T>()?;
        T::decode_all(input, count)
    }
}

impl<T: Value + Eq + Hash, S: BuildHasher + Default> Value for HashSet<T, S> {
    const TYPE: WireType = WireType::SET;
    const MINIMUM_SIZE: usize = 5;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.list::<T>(self.len());
        for value in self {
            value.encode(out);
        }
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.list::<T>()?;
        let mut set = Self::with_capacity_and_hasher(first_capacity::<T>(count), S::default());
        for _ in 0..count {
            set.insert(T::decode(input)?);
        }
        Ok(set)
    }
}

impl<K: Value + Eq + Hash, V: Value, S: BuildHasher + Default> Value for HashMap<K, V, S> {
    const TYPE: WireType = WireType::MAP;
    const MINIMUM_SIZE: usize = 6;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.map::<K, V>(self.len());
        for (key, value) in self {
            key.encode(out);
            value.encode(out);
        }
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.map::<K, V>()?;
        let capacity = first_capacity::<(K, V)>(count);
        let mut map = Self::with_capacity_and_hasher(capacity, S::default());
        for _ in 0..count {
            let key = K::decode(input)?;
            map.insert(key, V::decode(input)?);
        }
        Ok(map)
    }
}

/// Room for `count` elements, but for no more than 1 MiB of them: what comes after that must have
/// been decoded first, so that a small message of many small elements cannot ask for much.
#[inline]
pub(super) fn first_capacity<T>(count: usize) -> usize {
    count.min(1024 * 1024 / size_of::<T>().max(1))
}
