//! The checked cursor over a header section, for TTHeader and for MeshHeader.

use bytes::Bytes;

use crate::error::{DecodeError, DecodeErrorKind};

/// What has not been read of a header; what is read shares its memory.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    rest: &'a [u8],
    whole: &'a Bytes,
}

impl<'a> Section<'a> {
    pub(crate) fn new(whole: &'a Bytes) -> Self {
        Self { rest: whole, whole }
    }

    /// The kind of the next group of keys, or `None` when only padding is left.
    pub(crate) fn info(&mut self) -> Option<u8> {
        let start = self.rest.iter().position(|byte| *byte != 0)?;
        let (info, rest) = self.rest.get(start..)?.split_first()?;
        self.rest = rest;
        Some(*info)
    }

    /// `u16` count, then that many pairs of texts.
    pub(crate) fn strings(&mut self, out: &mut Vec<(Bytes, Bytes)>) -> Result<(), DecodeError> {
        let count = self.count()?;
        out.reserve(count);
        for _ in 0..count {
            let key = self.text()?;
            out.push((key, self.text()?));
        }
        Ok(())
    }

    /// `u16` count, then that many pairs of a number and a text.
    pub(crate) fn ints(&mut self, out: &mut Vec<(u16, Bytes)>) -> Result<(), DecodeError> {
        let count = self.count()?;
        out.reserve(count);
        for _ in 0..count {
            let key = self.u16()?;
            out.push((key, self.text()?));
        }
        Ok(())
    }

    /// How many pairs follow: each takes four bytes at least, so a count is either plausible or
    /// wrong before anything is allocated.
    fn count(&mut self) -> Result<usize, DecodeError> {
        let count = usize::from(self.u16()?);
        if count > self.rest.len() / 4 {
            return Err(DecodeErrorKind::TooLarge {
                what: "number of keys",
                got: count as u64,
                limit: (self.rest.len() / 4) as u64,
            }
            .into());
        }
        Ok(count)
    }

    /// `u16` length, then that many bytes.
    pub(crate) fn text(&mut self) -> Result<Bytes, DecodeError> {
        let len = usize::from(self.u16()?);
        let (text, rest) = self.rest.split_at_checked(len).ok_or_else(end)?;
        self.rest = rest;
        Ok(self.whole.slice_ref(text))
    }

    pub(crate) fn skip(&mut self, len: usize) -> Result<(), DecodeError> {
        self.rest = self.rest.get(len..).ok_or_else(end)?;
        Ok(())
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(end)?;
        self.rest = rest;
        Ok(*head)
    }
}

#[cold]
fn end() -> DecodeError {
    DecodeErrorKind::UnexpectedEnd.into()
}
