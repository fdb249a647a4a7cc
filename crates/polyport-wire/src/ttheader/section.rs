//! The checked cursor over a header section, for TTHeader and for MeshHeader.

use crate::error::{DecodeError, DecodeErrorKind};
use crate::ttheader::keys;

/// Kinds of groups.
pub(super) const STRINGS: u8 = 0x01;
pub(super) const INTS: u8 = 0x10;
pub(super) const ACL_TOKEN: u8 = 0x11;

/// The name of a value in a header, see [`keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// An int key.
    Int(u16),
    /// A string key.
    Text(&'a [u8]),
}

/// What has not been read of a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'a> {
    rest: &'a [u8],
}

impl<'a> Section<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Shows every key with its value, of all groups in the order in which they stand there.
    #[inline]
    pub(super) fn walk(
        mut self,
        mut see: impl FnMut(Key<'a>, &'a [u8]),
    ) -> Result<(), DecodeError> {
        while let Some(info) = self.info() {
            match info {
                STRINGS => {
                    for _ in 0..self.count()? {
                        let key = self.text()?;
                        see(Key::Text(key), self.text()?);
                    }
                }
                INTS => {
                    for _ in 0..self.count()? {
                        let key = self.u16()?;
                        see(Key::Int(key), self.text()?);
                    }
                }
                ACL_TOKEN => see(Key::Text(keys::ACL_TOKEN), self.text()?),
                other => {
                    return Err(DecodeErrorKind::Unsupported {
                        what: "info id",
                        got: other.into(),
                    }
                    .into());
                }
            }
        }
        Ok(())
    }

    /// The kind of the next group of keys, or `None` when only padding is left.
    #[inline]
    fn info(&mut self) -> Option<u8> {
        let start = self.rest.iter().position(|byte| *byte != 0)?;
        let (info, rest) = self.rest.get(start..)?.split_first()?;
        self.rest = rest;
        Some(*info)
    }

    /// How many pairs follow: each takes four bytes at least, so a count is either plausible or
    /// wrong.
    #[inline]
    pub(super) fn count(&mut self) -> Result<usize, DecodeError> {
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
    #[inline]
    pub(super) fn text(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = usize::from(self.u16()?);
        let (text, rest) = self.rest.split_at_checked(len).ok_or_else(end)?;
        self.rest = rest;
        Ok(text)
    }

    pub(super) fn skip(&mut self, len: usize) -> Result<(), DecodeError> {
        self.rest = self.rest.get(len..).ok_or_else(end)?;
        Ok(())
    }

    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    #[inline]
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
