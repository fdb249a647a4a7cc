//! The checked cursor that generated code decodes with.

use bytes::Bytes;

use crate::error::{DecodeError, DecodeErrorKind};
use crate::limits::Limits;
use crate::thrift::value::{Value, WireType};

/// Reads Thrift values from a message that has arrived completely.
///
/// No method panics, whatever the bytes are, and none allocates by a number that they announce:
/// a count is first held against the bytes that remain, then against the limits.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    whole: &'a Bytes,
    depth_left: u32,
    depth: u32,
    decoded_left: usize,
    decoded: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `message`.
    #[must_use]
    pub fn new(message: &'a Bytes, limits: &Limits) -> Self {
        Self {
            rest: message,
            whole: message,
            depth_left: limits.depth,
            depth: limits.depth,
            decoded_left: limits.decoded,
            decoded: limits.decoded,
        }
    }

    /// The bytes that have not been read yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Enters a struct; [`field`](Self::field) leaves it again at its end.
    ///
    /// # Errors
    ///
    /// When the struct is nested deeper than the limit.
    #[inline]
    pub fn enter(&mut self) -> Result<(), DecodeError> {
        match self.depth_left.checked_sub(1) {
            Some(left) => {
                self.depth_left = left;
                Ok(())
            }
            None => Err(DecodeErrorKind::TooDeep { limit: self.depth }.into()),
        }
    }

    /// The head of the struct's next field, or `None` at its end.
    ///
    /// # Errors
    ///
    /// When the message ends here.
    #[inline]
    pub fn field(&mut self) -> Result<Option<(WireType, i16)>, DecodeError> {
        match self.rest {
            [0, rest @ ..] => {
                self.rest = rest;
                self.depth_left += 1;
                Ok(None)
            }
            [kind, high, low, rest @ ..] => {
                self.rest = rest;
                Ok(Some((WireType(*kind), i16::from_be_bytes([*high, *low]))))
            }
            _ => Err(end()),
        }
    }

    /// The value of the field `place`, which is its `Message.field` for the error's trail.
    ///
    /// # Errors
    ///
    /// Those of the value's own decoding.
    #[inline]
    pub fn value<T: Value>(&mut self, place: &'static str) -> Result<T, DecodeError> {
        T::decode(self).map_err(|error| error.within(place))
    }

    /// What came for a field, or else its default, which takes `bytes` of memory of which nothing
    /// is on the wire.
    ///
    /// # Errors
    ///
    /// When the default would take up more memory than the limit leaves.
    #[inline]
    pub fn or_default<T>(
        &mut self,
        came: Option<T>,
        bytes: usize,
        default: impl FnOnce() -> T,
    ) -> Result<T, DecodeError> {
        match came {
            Some(value) => Ok(value),
            None => {
                self.charge(1, bytes)?;
                Ok(default())
            }
        }
    }

    /// Steps over a value of the given type without building it.
    ///
    /// # Errors
    ///
    /// When the value is broken, nested too deep, or of a type that Thrift does not have.
    pub fn skip(&mut self, kind: WireType) -> Result<(), DecodeError> {
        if let Some(size) = kind.fixed_size() {
            return self.advance(size);
        }
        match kind {
            WireType::STRING => {
                let len = self.count("string length", 1)?;
                self.advance(len)
            }
            WireType::STRUCT => {
                self.enter()?;
                while let Some((kind, _)) = self.field()? {
                    self.skip(kind)?;
                }
                Ok(())
            }
            WireType::LIST | WireType::SET => {
                let (element, count) = self.any_list(0)?;
                self.skip_elements(&[element], count)
            }
            WireType::MAP => {
                let (key, value, count) = self.any_map(0)?;
                self.skip_elements(&[key, value], count)
            }
            WireType(other) => Err(DecodeErrorKind::Malformed {
                what: "field type",
                got: other.into(),
            }
            .into()),
        }
    }

    /// Steps over a value like [`skip`](Self::skip), and gives its bytes.
    pub(super) fn skipped(&mut self, kind: WireType) -> Result<&'a [u8], DecodeError> {
        let from = self.rest;
        self.skip(kind)?;
        Ok(&from[..from.len() - self.rest.len()])
    }

    fn skip_elements(&mut self, kinds: &[WireType], count: usize) -> Result<(), DecodeError> {
        let fixed: Option<usize> = kinds.iter().map(|kind| kind.fixed_size()).sum();
        if let Some(size) = fixed {
            // At least `minimum_size` bytes an element are there, so this does not overflow.
            return self.advance(size.saturating_mul(count));
        }
        self.enter()?;
        for _ in 0..count {
            for kind in kinds {
                self.skip(*kind)?;
            }
        }
        self.depth_left += 1;
        Ok(())
    }

    /// The head of a list or set whose elements are `T`: how many follow.
    ///
    /// # Errors
    ///
    /// When the elements are of another type, when fewer bytes remain than that many elements
    /// need, or when they would take up more memory than the limit.
    #[inline]
    pub fn list<T: Value>(&mut self) -> Result<usize, DecodeError> {
        let kind = WireType(self.u8()?);
        let count = self.count("list size", T::MINIMUM_SIZE)?;
        if count > 0 {
            self.expect("list element type", kind, T::TYPE)?;
            self.charge(count, size_of::<T>())?;
        }
        Ok(count)
    }

    /// The head of a map from `K` to `V`: how many pairs follow.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    #[inline]
    pub fn map<K: Value, V: Value>(&mut self) -> Result<usize, DecodeError> {
        let key = WireType(self.u8()?);
        let value = WireType(self.u8()?);
        let count = self.count("map size", K::MINIMUM_SIZE + V::MINIMUM_SIZE)?;
        if count > 0 {
            self.expect("map key type", key, K::TYPE)?;
            self.expect("map value type", value, V::TYPE)?;
            self.charge(count, size_of::<K>() + size_of::<V>())?;
        }
        Ok(count)
    }

    #[inline]
    fn expect(
        &self,
        what: &'static str,
        got: WireType,
        expected: WireType,
    ) -> Result<(), DecodeError> {
        if got == expected {
            return Ok(());
        }
        Err(DecodeErrorKind::Malformed {
            what,
            got: got.0.into(),
        }
        .into())
    }

    /// The head of any list or set: the elements' type and how many follow, each of which will
    /// take up `size` bytes of memory.
    pub(super) fn any_list(&mut self, size: usize) -> Result<(WireType, usize), DecodeError> {
        let element = WireType(self.u8()?);
        let count = self.count("list size", element.minimum_size())?;
        self.charge(count, size)?;
        Ok((element, count))
    }

    /// The head of any map: its types and how many pairs follow, each of `size` bytes in memory.
    pub(super) fn any_map(
        &mut self,
        size: usize,
    ) -> Result<(WireType, WireType, usize), DecodeError> {
        let key = WireType(self.u8()?);
        let value = WireType(self.u8()?);
        let count = self.count("map size", key.minimum_size() + value.minimum_size())?;
        self.charge(count, size)?;
        Ok((key, value, count))
    }

    /// Reads `count` elements one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        count: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.enter()?;
        let mut elements = Vec::new();
        for _ in 0..count {
            elements.push(element(self)?);
        }
        self.depth_left += 1;
        Ok(elements)
    }

    /// Takes the memory of `count` elements from what this message may use.
    #[inline]
    pub(super) fn charge(&mut self, count: usize, size: usize) -> Result<(), DecodeError> {
        let bytes = count.saturating_mul(size);
        match self.decoded_left.checked_sub(bytes) {
            Some(left) => {
                self.decoded_left = left;
                Ok(())
            }
            None => Err(DecodeErrorKind::TooLarge {
                what: "decoded message",
                got: bytes as u64,
                limit: self.decoded as u64,
            }
            .into()),
        }
    }

    /// A length or count, held against the bytes that remain.
    #[inline]
    fn count(&mut self, what: &'static str, minimum: usize) -> Result<usize, DecodeError> {
        let announced = self.i32()?;
        let Ok(count) = usize::try_from(announced) else {
            return Err(DecodeErrorKind::Malformed {
                what,
                got: announced.into(),
            }
            .into());
        };
        if count.saturating_mul(minimum) > self.rest.len() {
            return Err(DecodeErrorKind::TooLarge {
                what,
                got: count as u64,
                limit: (self.rest.len() / minimum.max(1)) as u64,
            }
            .into());
        }
        Ok(count)
    }

    #[inline]
    fn advance(&mut self, len: usize) -> Result<(), DecodeError> {
        self.rest = self.rest.get(len..).ok_or_else(end)?;
        Ok(())
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(end)?;
        self.rest = rest;
        Ok(*head)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    #[inline]
    pub(super) fn i8(&mut self) -> Result<i8, DecodeError> {
        Ok(i8::from_be_bytes(self.array()?))
    }

    #[inline]
    pub(super) fn i16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    #[inline]
    pub(super) fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    #[inline]
    pub(super) fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    #[inline]
    pub(super) fn f64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_be_bytes(self.array()?))
    }

    /// `count` times `N` bytes in one piece.
    #[inline]
    pub(super) fn chunks<const N: usize>(
        &mut self,
        count: usize,
    ) -> Result<&'a [[u8; N]], DecodeError> {
        let len = count.checked_mul(N).ok_or_else(end)?;
        let (head, rest) = self.rest.split_at_checked(len).ok_or_else(end)?;
        self.rest = rest;
        Ok(head.as_chunks().0)
    }

    #[inline]
    fn slice(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.count("string length", 1)?;
        let (head, rest) = self.rest.split_at_checked(len).ok_or_else(end)?;
        self.rest = rest;
        Ok(head)
    }

    #[inline]
    pub(super) fn text(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.slice()?).map_err(|_| DecodeErrorKind::Utf8.into())
    }

    #[inline]
    pub(super) fn bytes(&mut self) -> Result<Bytes, DecodeError> {
        let slice = self.slice()?;
        Ok(self.whole.slice_ref(slice))
    }
}

#[cold]
fn end() -> DecodeError {
    DecodeErrorKind::UnexpectedEnd.into()
}
