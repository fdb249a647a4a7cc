//! TTHeader and MeshHeader, as far as they can be read.

use std::fmt;

use polyport_wire::ttheader::{flags, keys};
use serde::Serialize;
use serde::ser::Serializer;

use crate::decode::cursor::Cursor;
use crate::decode::value::serialize_hex;

/// What stands in front of a message.
#[derive(Debug, Default, Serialize)]
pub(super) struct Header<'a> {
    pub(super) offset: usize,
    /// What only a TTHeader has.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) fixed: Option<Fixed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ints: Vec<IntKey<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) strings: Vec<StringKey<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acl_token: Option<Placed<'a>>,
}

/// The numbers of a TTHeader.
#[derive(Debug, Default, Serialize)]
pub(super) struct Fixed {
    pub(super) flags: u16,
    pub(super) sequence: i32,
    pub(super) protocol: u8,
}

#[derive(Debug, Serialize)]
pub(super) struct IntKey<'a> {
    pub(super) offset: usize,
    pub(super) key: u16,
    /// What Kitex calls the key.
    pub(super) name: Option<&'static str>,
    pub(super) value: Text<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct StringKey<'a> {
    pub(super) offset: usize,
    pub(super) key: Text<'a>,
    pub(super) value: Text<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Placed<'a> {
    pub(super) offset: usize,
    pub(super) value: Text<'a>,
}

/// What is text as a rule, and may be any bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl<'a> Header<'a> {
    /// The value of a string key; of equal keys the last one counts.
    pub(super) fn string(&self, key: &[u8]) -> Option<&'a [u8]> {
        let mut last_first = self.strings.iter().rev();
        last_first
            .find(|pair| pair.key.0 == key)
            .map(|pair| pair.value.0)
    }

    pub(super) fn int(&self, key: u16) -> Option<&'a [u8]> {
        let mut last_first = self.ints.iter().rev();
        last_first
            .find(|pair| pair.key == key)
            .map(|pair| pair.value.0)
    }

    pub(super) fn is_streaming(&self) -> bool {
        let flags = self.fixed.as_ref().map_or(0, |fixed| fixed.flags);
        flags & flags::STREAMING != 0
    }

    /// Reads the rest of a TTHeader's section, from the protocol id on.
    pub(super) fn read_section(&mut self, cursor: &mut Cursor<'a>) {
        let at = cursor.at();
        let Some(protocol) = cursor.u8("a protocol id") else {
            return;
        };
        self.fixed.get_or_insert_default().protocol = protocol;
        if protocol_name(protocol).is_none() {
            let expected = "a protocol id of 0, 3, 4, 16 or 17";
            cursor.fail(at, expected, format!("saw {protocol}"));
        }
        let transforms = cursor.u8("the number of transforms").unwrap_or_default();
        cursor.take(transforms.into(), "transform ids");
        while self.read_group(cursor).is_some() {}
    }

    /// One group of keys, or `None` at the end.
    fn read_group(&mut self, cursor: &mut Cursor<'a>) -> Option<()> {
        let padding = cursor.rest().iter().take_while(|byte| **byte == 0).count();
        cursor.take(padding, "padding")?;
        if cursor.rest().is_empty() {
            return None;
        }
        let at = cursor.at();
        match cursor.u8("a kind of keys")? {
            0x01 => self.read_strings(cursor),
            0x10 => self.read_ints(cursor),
            0x11 => {
                let offset = cursor.at();
                let value = text(cursor, "the ACL token")?;
                self.acl_token = Some(Placed { offset, value });
                Some(())
            }
            other => {
                let expected = "string keys (0x01), int keys (0x10) or an ACL token (0x11)";
                cursor.fail(at, expected, format!("saw {other:#04x}"));
                None
            }
        }
    }

    pub(super) fn read_strings(&mut self, cursor: &mut Cursor<'a>) -> Option<()> {
        for _ in 0..cursor.u16("a number of keys")? {
            let offset = cursor.at();
            let key = text(cursor, "a key")?;
            let value = text(cursor, "a value")?;
            self.strings.push(StringKey { offset, key, value });
        }
        Some(())
    }

    fn read_ints(&mut self, cursor: &mut Cursor<'a>) -> Option<()> {
        for _ in 0..cursor.u16("a number of keys")? {
            let offset = cursor.at();
            let key = cursor.u16("an int key")?;
            self.ints.push(IntKey {
                offset,
                key,
                name: keys::int_name(key),
                value: text(cursor, "a value")?,
            });
        }
        Some(())
    }
}

fn text<'a>(cursor: &mut Cursor<'a>, what: &str) -> Option<Text<'a>> {
    let len = cursor.u16(&format!("the length of {what}"))?;
    cursor.take(len.into(), what).map(Text)
}

/// What a protocol id stands for, as far as TTHeader knows it.
pub(super) fn protocol_name(protocol: u8) -> Option<&'static str> {
    Some(match protocol {
        0x00 => "Thrift binary",
        0x03 => "Thrift compact",
        0x04 => "Kitex Protobuf",
        0x10 => "Thrift struct",
        0x11 => "Protobuf struct",
        _ => return None,
    })
}

/// What the bits of a header say.
pub(super) fn flag_names(bits: u16) -> Vec<&'static str> {
    let names = [
        (flags::OUT_OF_ORDER, "out of order"),
        (flags::STREAMING, "streaming"),
        (flags::DUPLEX_REVERSE, "duplex reverse"),
        (flags::SASL, "SASL"),
    ];
    let set = names.into_iter().filter(|(flag, _)| bits & flag != 0);
    set.map(|(_, name)| name).collect()
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.0))
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self.0) {
            Ok(text) => out.serialize_str(text),
            Err(_) => serialize_hex(self.0, out),
        }
    }
}
