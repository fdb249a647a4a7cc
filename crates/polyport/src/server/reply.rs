//! The writing room: a reply as bytes, in the framing of its request.

use bytes::BytesMut;
use polyport_wire::error::EncodeError;
use polyport_wire::protobuf;
use polyport_wire::thrift::{self, ApplicationException, Envelope, MessageType};
use polyport_wire::transport::{Codec, Transport};
use polyport_wire::ttheader::{HeaderRef, keys};

use crate::call::{Message, Reply};
use crate::status::{BizStatus, StatusKind};
use crate::validator::{self, Validators};

/// What a reply must know of its request, beside the method's name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) transport: Transport,
    pub(super) codec: Codec,
    pub(super) sequence: i32,
    pub(super) header_sequence: i32,
    /// Whether replies may come in any order.
    pub(super) is_multiplexed: bool,
}

/// What the connection adds to a reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a> {
    /// Whether the connection ends, which clients are told over TTHeader.
    pub(super) closes: bool,
    /// How large the frame may be.
    pub(super) limit: usize,
    pub(super) validators: &'a Validators,
}

/// Appends a reply; nothing is left of one that cannot be encoded.
pub(super) fn encode(
    request: Request,
    method: &str,
    reply: &Reply,
    ending: Ending<'_>,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let answer = Answer::new(request.transport, reply);
    let kind = answer.message_type();
    let number = [b'0' + kind as u8];
    let biz = answer.biz_strings();
    let mut strings: Vec<(&[u8], &[u8])> = reply.metadata.to_reply().collect();
    // Behind the application's own, so that these win over keys of the same name.
    strings.extend(biz.iter().map(|(key, value)| (*key, value.as_bytes())));
    if ending.closes {
        strings.push((keys::CONNECTION_RESET, b"1"));
    }
    let header = HeaderRef {
        sequence: request.header_sequence,
        ints: &[(keys::MESSAGE_TYPE, &number)],
        strings: &strings,
        ..HeaderRef::default()
    };
    let framing = (request.transport, header);
    validator::encode(ending.validators, framing, ending.limit, out, |out| {
        let envelope = Envelope {
            kind,
            method,
            sequence: request.sequence,
        };
        match request.codec {
            Codec::Protobuf => protobuf::encode(&envelope, out)?,
            _ => envelope.encode(out)?,
        }
        answer.encode(request.codec, out)
    })
}

/// A reply as the messages of one call have it.
enum Answer<'a> {
    Message(&'a Message),
    /// An empty result; the status stands in the header.
    Biz(&'a BizStatus),
    Exception(ApplicationException),
}

impl<'a> Answer<'a> {
    fn new(transport: Transport, reply: &'a Reply) -> Self {
        match &reply.outcome {
            Ok(message) => Self::Message(message),
            Err(status) => match status.kind() {
                // A code of 0 would be taken for success.
                StatusKind::Biz(biz) if biz.code != 0 && transport.has_header() => Self::Biz(biz),
                _ => Self::Exception(status.to_exception()),
            },
        }
    }

    fn message_type(&self) -> MessageType {
        match self {
            Self::Message(_) | Self::Biz(_) => MessageType::Reply,
            Self::Exception(_) => MessageType::Exception,
        }
    }

    fn biz_strings(&self) -> Vec<(&'static [u8], String)> {
        let Self::Biz(biz) = self else {
            return Vec::new();
        };
        let mut strings = vec![
            (keys::BIZ_STATUS, biz.code.to_string()),
            (keys::BIZ_MESSAGE, biz.message.clone()),
        ];
        if !biz.extra.is_empty() {
            // A map of strings has nothing that JSON cannot say.
            let extra = serde_json::to_string(&biz.extra).unwrap_or_default();
            strings.push((keys::BIZ_EXTRA, extra));
        }
        strings
    }

    fn encode(&self, codec: Codec, out: &mut BytesMut) -> Result<(), EncodeError> {
        match (self, codec) {
            (Self::Message(message), codec) => message.encode(codec, out),
            (Self::Biz(_), Codec::Protobuf) => Ok(()),
            (Self::Biz(_), _) => {
                out.extend_from_slice(&[0]);
                Ok(())
            }
            (Self::Exception(exception), Codec::Protobuf) => {
                protobuf::encode_exception(exception, out);
                Ok(())
            }
            (Self::Exception(exception), _) => thrift::encode(exception, out),
        }
    }
}
