//! The appending end that generated code encodes with.

use bytes::{BufMut, BytesMut};

use crate::error::EncodeError;
use crate::thrift::value::{Value, WireType};

/// The longest string and the largest container that Thrift's signed lengths can announce.
const MAX_LENGTH: u64 = i32::MAX as u64;

/// Appends Thrift values to a buffer.
///
/// Writing itself does not fail, so that generated code is a plain list of fields; a value that
/// the wire cannot hold is remembered and comes out of [`finish`](Self::finish).
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut BytesMut,
    too_large: Option<&'static str>,
}

impl<'a> Writer<'a> {
    /// A writer that appends to `out`.
    pub fn new(out: &'a mut BytesMut) -> Self {
        Self {
            out,
            too_large: None,
        }
    }

    /// Ends the writing.
    ///
    /// # Errors
    ///
    /// When a string or container was longer than Thrift can say. What was written is then of no
    /// use and must be taken away by the caller.
    pub fn finish(self) -> Result<(), EncodeError> {
        match self.too_large {
            None => Ok(()),
            Some(what) => Err(EncodeError::too_large(what, MAX_LENGTH)),
        }
    }

    /// A field: its head, then its value.
    #[inline]
    pub fn field<T: Value>(&mut self, id: i16, value: &T) {
        self.field_head(T::TYPE, id);
        value.encode(self);
    }

    /// A field that is left out when there is no value.
    #[inline]
    pub fn optional<T: Value>(&mut self, id: i16, value: &Option<T>) {
        if let Some(value) = value {
            self.field(id, value);
        }
    }

    /// The end of a struct.
    #[inline]
    pub fn stop(&mut self) {
        self.out.put_u8(0);
    }

    /// The head of a list or set of `count` elements of type `T`.
    #[inline]
    pub fn list<T: Value>(&mut self, count: usize) {
        self.list_head(T::TYPE, count);
    }

    /// The head of a map of `count` pairs from `K` to `V`.
    #[inline]
    pub fn map<K: Value, V: Value>(&mut self, count: usize) {
        self.map_head(K::TYPE, V::TYPE, count);
    }

    #[inline]
    pub(super) fn field_head(&mut self, kind: WireType, id: i16) {
        let [high, low] = id.to_be_bytes();
        self.out.put_slice(&[kind.0, high, low]);
    }

    #[inline]
    pub(super) fn list_head(&mut self, element: WireType, count: usize) {
        self.out.put_u8(element.0);
        self.length("list", count);
    }

    #[inline]
    pub(super) fn map_head(&mut self, key: WireType, value: WireType, count: usize) {
        self.out.put_slice(&[key.0, value.0]);
        self.length("map", count);
    }

    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.length("string", bytes.len());
        self.out.put_slice(bytes);
    }

    #[inline]
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.put_slice(bytes);
    }

    /// All numbers, each as its bytes: a block at a time in an array on the stack, which is quicker
    /// than making room for each of them.
    #[inline]
    pub(super) fn numbers<T: Copy, const N: usize>(
        &mut self,
        numbers: &[T],
        to_bytes: impl Fn(T) -> [u8; N],
    ) {
        let mut block = [[0; N]; 64];
        self.out.reserve(N * numbers.len());
        for numbers in numbers.chunks(block.len()) {
            for (to, number) in block.iter_mut().zip(numbers) {
                *to = to_bytes(*number);
            }
            self.out.put_slice(block[..numbers.len()].as_flattened());
        }
    }

    #[inline]
    fn length(&mut self, what: &'static str, len: usize) {
        match i32::try_from(len) {
            Ok(len) => self.out.put_i32(len),
            Err(_) => self.too_large = Some(what),
        }
    }
}
