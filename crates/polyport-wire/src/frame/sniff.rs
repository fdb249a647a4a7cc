//! What the first bytes of a message say about its framing.

use crate::transport::Codec;

/// How a message starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// `80 01`: strict Thrift without a length.
    Bare,
    /// Four bytes of length, then strict Thrift (`80 01`) or Kitex Protobuf (`90 01`).
    Framed(Codec),
    /// Four bytes of length, then `10 00`.
    TtHeader,
    /// `ff af`.
    Mesh,
    /// Four bytes of length, then what looks like Thrift without a version.
    FramedUnversioned,
    /// What looks like Thrift without a version.
    BareUnversioned,
}

/// What can be said so far. More bytes never change what was said about fewer, but for
/// `NeedMore`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniff {
    /// With fewer than so many bytes there is nothing new to say.
    NeedMore(usize),
    /// It is a message of ours.
    Start(Start),
    /// It is none.
    Unknown,
}

/// Looks at nine bytes at most.
///
/// Thrift without a version is told by a method name of sane length that starts like a name, so
/// that its sender can get an answer; Kitex answers nothing.
///
/// # Examples
///
/// ```
/// use polyport_wire::frame::{Sniff, Start, sniff};
/// use polyport_wire::transport::Codec;
///
/// assert_eq!(sniff(b"\0\0\0\x11"), Sniff::NeedMore(6));
/// let framed = Start::Framed(Codec::ThriftBinary);
/// assert_eq!(sniff(b"\0\0\0\x11\x80\x01"), Sniff::Start(framed));
/// ```
#[must_use]
pub fn sniff(bytes: &[u8]) -> Sniff {
    match *bytes {
        [0x80, 0x01, ..] => Sniff::Start(Start::Bare),
        [0xff, 0xaf, ..] => Sniff::Start(Start::Mesh),
        [_, _, _, _, 0x10, 0x00, ..] => Sniff::Start(Start::TtHeader),
        [_, _, _, _, 0x80, 0x01, ..] => Sniff::Start(Start::Framed(Codec::ThriftBinary)),
        [_, _, _, _, 0x90, 0x01, ..] => Sniff::Start(Start::Framed(Codec::Protobuf)),
        [0, 0, 0, name, letter, _, ..] if name > 0 && starts_name(letter) => {
            Sniff::Start(Start::BareUnversioned)
        }
        [a, b, c, d, 0, 0, 0, name, letter, ..]
            if starts_name(letter) && fits(name, u32::from_be_bytes([a, b, c, d])) =>
        {
            Sniff::Start(Start::FramedUnversioned)
        }
        [] | [_] => Sniff::NeedMore(2),
        [_, _] | [_, _, _] | [_, _, _, _] | [_, _, _, _, _] => Sniff::NeedMore(6),
        // Each of these three may end the hope for a short name.
        [_, _, _, _, 0, 0] | [_, _, _, _, 0, 0, 0] | [_, _, _, _, 0, 0, 0, _] => {
            Sniff::NeedMore(bytes.len() + 1)
        }
        _ => Sniff::Unknown,
    }
}

/// As in an IDL: a letter or an underscore.
fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// A frame holds the name's length, the name, a type, a sequence number and a struct's end; and
/// its length is signed for those who write such messages.
fn fits(name: u8, frame: u32) -> bool {
    let shortest = 4 + u32::from(name) + 1 + 4 + 1;
    name > 0 && frame >= shortest && i32::try_from(frame).is_ok()
}
