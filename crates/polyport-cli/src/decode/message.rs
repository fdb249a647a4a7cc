//! A message: its envelope, and the struct behind it.

use polyport_wire::thrift::MessageType;
use polyport_wire::transport::Codec;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::decode::cursor::Cursor;
use crate::decode::header::Text;
use crate::decode::idl::{Idl, Query};
use crate::decode::protobuf;
use crate::decode::value::{Field, ValueReader};

/// Thrift, or what Kitex makes of Protobuf with the same envelope.
#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    pub(super) offset: usize,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    /// Whether it starts with a version. Kitex refuses what does not.
    pub(super) strict: bool,
    /// The service, when an IDL knows which it is; several when that makes no difference.
    #[serde(flatten, serialize_with = "one_or_several")]
    pub(super) services: Vec<String>,
    pub(super) method: Text<'a>,
    pub(super) sequence: i32,
    /// Why there are no names, although there is an IDL; or what is strange about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    pub(super) body: Body<'a>,
}

/// What a message is for: one of Thrift's types, or another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(pub(super) u16);

/// What stands behind the envelope.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body<'a> {
    Fields(Vec<Field<'a>>),
    /// What is not taken apart, because it is compressed.
    Bytes(Text<'a>),
    /// It could not be read.
    Missing,
}

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    Thrift,
    /// Thrift as it was before it had a version.
    ThriftUnversioned,
    Protobuf,
}

/// One is a `service`, as everywhere.
fn one_or_several<S: Serializer>(services: &[String], out: S) -> Result<S::Ok, S::Error> {
    let mut map = out.serialize_map(None)?;
    match services {
        [] => {}
        [service] => map.serialize_entry("service", service)?,
        services => map.serialize_entry("services", services)?,
    }
    map.end()
}

impl Kind {
    pub(super) fn known(self) -> Option<MessageType> {
        MessageType::from_wire(self.0)
    }

    pub(super) fn name(self) -> String {
        match self.known() {
            Some(MessageType::Call) => "call".to_owned(),
            Some(MessageType::Reply) => "reply".to_owned(),
            Some(MessageType::Exception) => "exception".to_owned(),
            Some(MessageType::Oneway) => "oneway".to_owned(),
            Some(MessageType::Stream) => "stream".to_owned(),
            None => format!("type {}", self.0),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.name())
    }
}

impl<'a> Message<'a> {
    /// Reads a message; `None` when not even its envelope is there.
    pub(super) fn read(
        cursor: &mut Cursor<'a>,
        writing: Writing,
        service: Option<&[u8]>,
        idl: &'a Idl,
    ) -> Option<Self> {
        let offset = cursor.at();
        let mut message = match writing {
            Writing::ThriftUnversioned => Self::unversioned(cursor)?,
            Writing::Thrift | Writing::Protobuf => Self::versioned(cursor)?,
        };
        message.offset = offset;
        message.read_body(cursor, writing, service, idl);
        Some(message)
    }

    fn versioned(cursor: &mut Cursor<'a>) -> Option<Self> {
        cursor.u16("a version")?;
        let at = cursor.at();
        let kind = Kind(cursor.u16("a message's type")?);
        let method = text(cursor)?;
        let message = Self::new(kind, method, true, cursor)?;
        if kind.known().is_none() {
            let seen = format!("saw {}", kind.0);
            cursor.fail(at, "a message's type from 1 to 5", seen);
        }
        Some(message)
    }

    fn unversioned(cursor: &mut Cursor<'a>) -> Option<Self> {
        let method = text(cursor)?;
        let at = cursor.at();
        let kind = Kind(cursor.u8("a message's type")?.into());
        let message = Self::new(kind, method, false, cursor)?;
        if kind.known().is_none() {
            let seen = format!("saw {}", kind.0);
            cursor.fail(at, "a message's type from 1 to 5", seen);
        }
        Some(message)
    }

    fn new(kind: Kind, method: Text<'a>, strict: bool, cursor: &mut Cursor<'a>) -> Option<Self> {
        Some(Self {
            offset: 0,
            kind,
            strict,
            services: Vec::new(),
            method,
            sequence: cursor.i32("a sequence number")?,
            note: None,
            body: Body::Missing,
        })
    }

    fn read_body(
        &mut self,
        cursor: &mut Cursor<'a>,
        writing: Writing,
        service: Option<&[u8]>,
        idl: &'a Idl,
    ) {
        let found = idl.look_up(&Query {
            codec: match writing {
                Writing::Protobuf => Codec::Protobuf,
                Writing::Thrift | Writing::ThriftUnversioned => Codec::ThriftBinary,
            },
            kind: self.kind.known(),
            service,
            method: self.method.0,
            sequence: self.sequence,
            is_stream: false,
        });
        self.services = found.services;
        self.note = found.note;
        if cursor.is_well() {
            self.body = Body::Fields(match writing {
                Writing::Protobuf => protobuf::fields(cursor, found.message),
                _ => ValueReader::new(cursor).fields(found.names),
            });
        }
    }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    let len = cursor.count(1, "the method name's length")?;
    cursor.take(len, "a method's name").map(Text)
}
