//! The messages of a stream, each behind five bytes: whether it is compressed, and its length.

use polyport_wire::grpc;
use polyport_wire::thrift::MessageType;
use polyport_wire::transport::Codec;
use serde::Serialize;

use crate::decode::cursor::Cursor;
use crate::decode::header::Text;
use crate::decode::idl::{Idl, Query};
use crate::decode::message::Body;
use crate::decode::protobuf;
use crate::decode::value::ValueReader;

/// How many bytes stand before a message.
const PREFIX: usize = 5;

/// A message that stands in one frame, or the first part of one.
#[derive(Debug, Serialize)]
pub(in crate::decode) struct GrpcMessage<'a> {
    pub(in crate::decode) offset: usize,
    pub(in crate::decode) size: usize,
    pub(in crate::decode) compressed: bool,
    /// The service's full name, when an IDL knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::decode) service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::decode) method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::decode) note: Option<String>,
    pub(in crate::decode) body: Body<'a>,
}

/// What one side sends on a stream.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// What its messages are for.
    pub(super) kind: Option<MessageType>,
    /// `None` when it is not gRPC, or when nobody has said.
    codec: Option<Codec>,
    is_foreign: bool,
    /// The beginning of a message's prefix, when it goes on in the next frame.
    prefix: Vec<u8>,
    /// How much of a message is in the frames to come.
    left: usize,
}

/// What the five bytes before a message say, and where.
#[derive(Clone, Copy, Debug)]
struct Prefix {
    offset: usize,
    compressed: bool,
    size: usize,
}

impl Messages {
    pub(super) fn set_content_type(&mut self, value: &str) {
        self.codec = grpc::codec(value);
        self.is_foreign = self.codec.is_none();
    }

    /// The messages that begin in this frame, and what is to be said about the rest.
    pub(super) fn read<'a>(
        &mut self,
        payload: &mut Cursor<'a>,
        (stream, path): (u32, Option<&str>),
        idl: &'a Idl,
    ) -> (Vec<GrpcMessage<'a>>, Option<String>) {
        if self.is_foreign {
            let rest = payload.rest().len();
            payload.take(rest, "data");
            return (
                Vec::new(),
                Some(format!("{rest} bytes that are not gRPC's")),
            );
        }
        let note = self.go_on(payload);
        let query = self.query(stream, path);
        let mut messages = Vec::new();
        while let Some(prefix) = self.prefix(payload) {
            messages.push(self.message(prefix, payload, &query, idl));
        }
        (messages, note)
    }

    /// Takes what belongs to a message of frames before, and says how much it was.
    fn go_on(&mut self, payload: &mut Cursor<'_>) -> Option<String> {
        let before = self.left.min(payload.rest().len());
        payload.take(before, "a message");
        self.left -= before;
        (before > 0).then(|| match self.left {
            0 => format!("{before} bytes end a message of frames before"),
            left => format!("{before} bytes of a message of frames before; {left} are to come"),
        })
    }

    /// The message behind a prefix, or as much of it as is in this frame.
    fn message<'a>(
        &mut self,
        Prefix {
            offset,
            compressed,
            size,
        }: Prefix,
        payload: &mut Cursor<'a>,
        query: &Query<'_>,
        idl: &'a Idl,
    ) -> GrpcMessage<'a> {
        let mut message = GrpcMessage {
            offset,
            size,
            compressed,
            service: None,
            method: None,
            note: None,
            body: Body::Missing,
        };
        let here = size.min(payload.rest().len());
        self.left = size - here;
        let mut inner = payload.limit(here, "the message");
        payload.take(here, "a message");
        if self.left > 0 {
            message.note = Some(format!("{} bytes are in frames to come", self.left));
        } else if compressed {
            message.body = Body::Bytes(Text(inner.rest()));
        } else {
            message.take_apart(&mut inner, query, idl);
            payload.adopt(inner);
        }
        message
    }

    /// What stands before a message; `None` at the end of the frame.
    fn prefix(&mut self, payload: &mut Cursor<'_>) -> Option<Prefix> {
        if !payload.is_well() || payload.rest().is_empty() {
            return None;
        }
        let offset = payload.at();
        let wanted = PREFIX - self.prefix.len();
        let here = wanted.min(payload.rest().len());
        self.prefix
            .extend_from_slice(payload.take(here, "a prefix")?);
        let bytes: [u8; PREFIX] = self.prefix[..].try_into().ok()?;
        self.prefix.clear();
        let [flag, length @ ..] = bytes;
        if flag > 1 {
            let expected = "a message's prefix, which starts with 0 or 1";
            payload.fail(offset, expected, format!("saw {flag}"));
            return None;
        }
        let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        Some(Prefix {
            offset,
            compressed: flag == 1,
            size,
        })
    }

    fn query<'q>(&self, stream: u32, path: Option<&'q str>) -> Query<'q> {
        let (service, method) = path.and_then(grpc::split_path).unzip();
        Query {
            codec: self.codec.unwrap_or(Codec::Protobuf),
            kind: self.kind,
            service: service.map(str::as_bytes),
            method: method.unwrap_or_default().as_bytes(),
            sequence: stream.cast_signed(),
            is_stream: true,
        }
    }
}

impl<'a> GrpcMessage<'a> {
    fn take_apart(&mut self, cursor: &mut Cursor<'a>, query: &Query<'_>, idl: &'a Idl) {
        let mut found = Default::default();
        if !query.method.is_empty() {
            found = idl.look_up(query);
            self.service = found.services.first().cloned();
            self.method = Some(String::from_utf8_lossy(query.method).into_owned());
        }
        self.note = found.note;
        self.body = Body::Fields(match query.codec {
            Codec::ThriftBinary => ValueReader::new(cursor).fields(found.names),
            _ => protobuf::fields(cursor, found.message),
        });
    }
}
