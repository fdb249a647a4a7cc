//! TTHeader: keys and values in front of a message, and one length around both.
//!
//! ```text
//! off size
//!  0   4   LENGTH       of all that follows: 10 + the header section + the payload
//!  4   2   MAGIC        0x1000
//!  6   2   FLAGS        see `flags`
//!  8   4   SEQUENCE     i32; what a multiplexing client matches replies by
//! 12   2   SIZE         of the header section, divided by 4; the section starts here:
//! 14   1   PROTOCOL     0, 3, 4, 0x10 or 0x11; says nothing about the payload, which is sniffed
//! 15   1   TRANSFORMS   how many transform ids follow; always 0 from Kitex
//! 16   n   their ids    skipped
//!  .       INFO         in any order, any number of each:
//!            0x00                                      padding
//!            0x01  u16 count, count x (str key, str value)    string keys
//!            0x10  u16 count, count x (u16 key, str value)    int keys
//!            0x11  str value                                  the ACL token
//!          (a str is a u16 length and that many bytes)
//!  .       zeros, up to a multiple of 4
//! 14 + 4 * SIZE  PAYLOAD  a bare or a framed message, up to the end that LENGTH gives
//! ```
//!
//! The rules are those of cloudwego/gopkg `protocol/ttheader/{encode,decode}.go`: sections may
//! repeat, padding may stand between them, a count may be 0, of equal keys the last one counts,
//! and an unknown kind of section is an error. The ACL token travels as a string key of its own
//! name, [`keys::ACL_TOKEN`].

pub mod keys;
mod section;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::limits::Limits;

use section::Section;

pub use section::Key;

/// What stands at offset 4 of every TTHeader.
pub const MAGIC: u16 = 0x1000;

/// The bytes in front of the header section.
pub const FIXED_SIZE: usize = 14;

/// The largest header section that its size field can announce.
pub const MAX_SECTION: usize = 4 * 0xffff;

/// The bits of [`Header::flags`].
pub mod flags {
    /// Replies may come in any order: a multiplexing client.
    pub const OUT_OF_ORDER: u16 = 0x0001;
    /// A frame of a stream, not a whole request or reply.
    pub const STREAMING: u16 = 0x0002;
    /// Reserved by Kitex, set by nobody.
    pub const DUPLEX_REVERSE: u16 = 0x0008;
    /// Reserved by Kitex, set by nobody.
    pub const SASL: u16 = 0x0010;
}

/// A header that has arrived. Its keys and values stay in the memory of the frame, where they have
/// been checked, and are looked for when they are asked for: a header has few of them, and of those
/// few are of interest.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use polyport_wire::limits::Limits;
/// use polyport_wire::ttheader::{Header, HeaderRef, keys};
///
/// let sent = HeaderRef {
///     sequence: 7,
///     strings: &[(keys::SERVICE_NAME, b"Greeter")],
///     ..HeaderRef::default()
/// };
/// let mut frame = BytesMut::new();
/// sent.encode(&mut frame, |payload| {
///     payload.extend_from_slice(b"message");
///     Ok(())
/// })?;
///
/// let (header, payload) = Header::decode(frame.freeze(), &Limits::default())?;
/// assert_eq!(header.sequence, 7);
/// assert_eq!(header.string(keys::SERVICE_NAME), Some(&b"Greeter"[..]));
/// assert_eq!(payload, "message");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// The bits of [`flags`].
    pub flags: u16,
    /// The number that a multiplexing client matches replies by.
    pub sequence: i32,
    /// The protocol id, of no consequence.
    pub protocol: u8,
    /// The groups of keys, all of which are well-formed.
    groups: Bytes,
}

impl Header {
    /// Splits a complete frame into its header and its payload.
    ///
    /// # Errors
    ///
    /// When `frame` ends before its payload does, when its sizes contradict each other or
    /// `limits`, or when the header section is broken.
    pub fn decode(mut frame: Bytes, limits: &Limits) -> Result<(Self, Bytes), DecodeError> {
        let lengths = Lengths::decode(&frame, limits)?;
        let (Some(section), true) = (lengths.section, frame.len() >= lengths.frame) else {
            return Err(DecodeError::new(DecodeErrorKind::UnexpectedEnd).within("TTHeader"));
        };
        frame.truncate(lengths.frame);
        let payload = frame.split_off(FIXED_SIZE + section);
        let header = Self::decode_front(frame).map_err(|error| error.within("TTHeader section"))?;
        Ok((header, payload))
    }

    /// Everything in front of the payload.
    fn decode_front(mut front: Bytes) -> Result<Self, DecodeError> {
        let mut section = Section::new(&front);
        section.skip(6)?;
        let flags = section.u16()?;
        let sequence = section.i32()?;
        section.skip(2)?;
        let protocol = section.u8()?;
        if !PROTOCOLS.contains(&protocol) {
            return Err(DecodeErrorKind::Unsupported {
                what: "protocol id",
                got: protocol.into(),
            }
            .into());
        }
        let transforms = section.u8()?;
        section.skip(transforms.into())?;
        let start = front.len() - section.remaining();
        section.walk(|_, _| {})?;
        front.advance(start);
        Ok(Self {
            flags,
            sequence,
            protocol,
            groups: front,
        })
    }

    /// A header of string keys alone: `u16` count, then the pairs. What follows them is ignored.
    pub(crate) fn of_strings(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut section = Section::new(bytes);
        for _ in 0..2 * section.count()? {
            section.text()?;
        }
        let pairs = &bytes[..bytes.len() - section.remaining()];
        Ok(Self {
            groups: [&[section::STRINGS], pairs].concat().into(),
            ..Self::default()
        })
    }

    /// Shows every key with its value in the order of their arrival, repeated ones included.
    #[inline]
    pub fn visit<'h>(&'h self, see: impl FnMut(Key<'h>, &'h [u8])) {
        // All of them were well-formed when the header arrived.
        let _ = Section::new(&self.groups).walk(see);
    }

    /// The int keys in the order of their arrival, repeated ones included.
    pub fn ints(&self) -> impl Iterator<Item = (u16, &[u8])> {
        let mut ints = Vec::new();
        self.visit(|key, value| {
            if let Key::Int(key) = key {
                ints.push((key, value));
            }
        });
        ints.into_iter()
    }

    /// The string keys in the order of their arrival, repeated ones included.
    pub fn strings(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut strings = Vec::new();
        self.visit(|key, value| {
            if let Key::Text(key) = key {
                strings.push((key, value));
            }
        });
        strings.into_iter()
    }

    /// The value of an int key, see [`keys`].
    #[must_use]
    pub fn int(&self, key: u16) -> Option<&[u8]> {
        self.value(Key::Int(key))
    }

    /// The value of a string key, see [`keys`].
    #[must_use]
    pub fn string(&self, key: &[u8]) -> Option<&[u8]> {
        self.value(Key::Text(key))
    }

    fn value(&self, wanted: Key<'_>) -> Option<&[u8]> {
        let mut newest = None;
        self.visit(|key, value| {
            if key == wanted {
                newest = Some(value);
            }
        });
        newest
    }

    /// A key or a value of this header as bytes of their own, which share the header's memory.
    #[must_use]
    pub fn share(&self, part: &[u8]) -> Bytes {
        let (whole, part_range) = (self.groups.as_ptr_range(), part.as_ptr_range());
        if whole.start <= part_range.start && part_range.end <= whole.end {
            self.groups.slice_ref(part)
        } else {
            // The name of the ACL token does not travel with it.
            Bytes::copy_from_slice(part)
        }
    }
}

/// Headers are equal when they say the same, however their keys are grouped.
impl PartialEq for Header {
    fn eq(&self, other: &Self) -> bool {
        let fixed = |header: &Self| (header.flags, header.sequence, header.protocol);
        fixed(self) == fixed(other)
            && self.ints().eq(other.ints())
            && self.strings().eq(other.strings())
    }
}

impl Eq for Header {}

/// A header to be sent, lent from wherever its values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeaderRef<'a> {
    /// The bits of [`flags`]; Kitex sets none in a reply.
    pub flags: u16,
    /// The number that a multiplexing client matches replies by.
    pub sequence: i32,
    /// The protocol id; Kitex always writes 0, except in streams.
    pub protocol: u8,
    /// The int keys, written in this order.
    pub ints: &'a [(u16, &'a [u8])],
    /// The string keys, written in this order.
    pub strings: &'a [(&'a [u8], &'a [u8])],
}

impl HeaderRef<'_> {
    /// Appends the header and the payload that `payload` appends, and fills in the lengths.
    ///
    /// # Errors
    ///
    /// When a key or a value is longer than 65535 bytes, when the header section would be larger
    /// than [`MAX_SECTION`], when the frame would be larger than its length field can say, or
    /// when `payload` fails. `out` is then as it was before.
    pub fn encode(
        &self,
        out: &mut BytesMut,
        payload: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let start = out.len();
        self.append(out, payload)
            .inspect_err(|_| out.truncate(start))
    }

    fn append(
        &self,
        out: &mut BytesMut,
        payload: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let start = out.len();
        out.put_u32(0);
        out.put_u16(MAGIC);
        out.put_u16(self.flags);
        out.put_i32(self.sequence);
        out.put_u16(0);
        out.put_slice(&[self.protocol, 0]);
        self.append_info(out)?;
        let section = out.len() - start - FIXED_SIZE;
        let padding = section.wrapping_neg() % 4;
        out.put_bytes(0, padding);
        let size = u16::try_from((section + padding) / 4)
            .map_err(|_| EncodeError::too_large("TTHeader section", MAX_SECTION as u64))?;
        out[start + 12..start + 14].copy_from_slice(&size.to_be_bytes());
        payload(out)?;
        let length = u32::try_from(out.len() - start - 4)
            .map_err(|_| EncodeError::too_large("TTHeader frame", u32::MAX.into()))?;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// In Kitex's order: the ACL token, the string keys, the int keys.
    fn append_info(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        let is_token = |key: &[u8]| key == keys::ACL_TOKEN;
        let mut strings = self.strings.len();
        for (_, token) in self.strings.iter().filter(|(key, _)| is_token(key)) {
            strings -= 1;
            out.put_u8(section::ACL_TOKEN);
            put_text(out, token)?;
        }
        if strings > 0 {
            out.put_u8(section::STRINGS);
            put_count(out, strings)?;
            for (key, value) in self.strings.iter().filter(|(key, _)| !is_token(key)) {
                put_text(out, key)?;
                put_text(out, value)?;
            }
        }
        if !self.ints.is_empty() {
            out.put_u8(section::INTS);
            put_count(out, self.ints.len())?;
            for (key, value) in self.ints {
                out.put_u16(*key);
                put_text(out, value)?;
            }
        }
        Ok(())
    }
}

fn put_count(out: &mut BytesMut, count: usize) -> Result<(), EncodeError> {
    let count = u16::try_from(count)
        .map_err(|_| EncodeError::too_large("number of TTHeader keys", u16::MAX.into()))?;
    out.put_u16(count);
    Ok(())
}

fn put_text(out: &mut BytesMut, text: &[u8]) -> Result<(), EncodeError> {
    let len = u16::try_from(text.len())
        .map_err(|_| EncodeError::too_large("TTHeader string", u16::MAX.into()))?;
    out.put_u16(len);
    out.put_slice(text);
    Ok(())
}

/// The sizes that the first bytes of a frame announce, held against each other and the limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    /// Of the whole frame, its length field included.
    pub(crate) frame: usize,
    /// Of the header section; unknown while fewer than [`FIXED_SIZE`] bytes are there.
    pub(crate) section: Option<usize>,
}

impl Lengths {
    /// `start` is as much of the frame as has arrived.
    pub(crate) fn decode(start: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        let Some(length) = start.first_chunk() else {
            return Err(DecodeErrorKind::UnexpectedEnd.into());
        };
        let frame = u64::from(u32::from_be_bytes(*length)) + 4;
        if frame < FIXED_SIZE as u64 + 4 {
            return Err(DecodeErrorKind::Malformed {
                what: "TTHeader length",
                got: u32::from_be_bytes(*length).into(),
            }
            .into());
        }
        let frame = within("TTHeader frame", frame, limits.frame)?;
        let Some([high, low]) = start.get(12..FIXED_SIZE) else {
            return Ok(Self {
                frame,
                section: None,
            });
        };
        let section = 4 * u64::from(u16::from_be_bytes([*high, *low]));
        if section == 0 {
            return Err(DecodeErrorKind::Malformed {
                what: "TTHeader section size",
                got: 0,
            }
            .into());
        }
        let room = limits.header.min(frame - FIXED_SIZE);
        let section = Some(within("TTHeader section", section, room)?);
        Ok(Self { frame, section })
    }
}

fn within(what: &'static str, got: u64, limit: usize) -> Result<usize, DecodeError> {
    match usize::try_from(got) {
        Ok(size) if size <= limit => Ok(size),
        _ => Err(DecodeErrorKind::TooLarge {
            what,
            got,
            limit: limit as u64,
        }
        .into()),
    }
}

/// Thrift binary, Thrift compact v2, Kitex Protobuf; in streams a Thrift and a Protobuf struct.
const PROTOCOLS: [u8; 5] = [0x00, 0x03, 0x04, 0x10, 0x11];
