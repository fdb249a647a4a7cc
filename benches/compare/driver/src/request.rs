//! The bytes of requests, and what the replies to them say.

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use polyport_wire::error::DecodeError;
use polyport_wire::frame::{self, FrameDecoder};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{
    self, Envelope, MessageType, Reader, Throws, Value, WireType, Writer, decode_outcome,
};
use polyport_wire::transport::Transport;
use polyport_wire::ttheader::{HeaderRef, flags, keys};

/// What the servers answer with their service's name instead of echoing it.
pub(crate) const WHO: &str = "who";

/// A struct with one string as field 1: `Request` as well as `Response` of the IDL.
#[derive(Debug, PartialEq)]
struct Message(String);

impl Value for Message {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.field(1, &self.0);
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut message = String::new();
        input.enter()?;
        while let Some((kind, id)) = input.field()? {
            match (kind, id) {
                (WireType::STRING, 1) => message = input.value("Message.message")?,
                (kind, _) => input.skip(kind)?,
            }
        }
        Ok(Self(message))
    }
}

/// The arguments of `echo`.
struct Arguments(Message);

impl Value for Arguments {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.field(1, &self.0);
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.value("req").map(Self)
    }
}

/// `echo` throws nothing.
#[derive(Debug, PartialEq)]
enum Nothing {}

impl Throws for Nothing {
    fn encode_exception(&self, _out: &mut Writer<'_>) {
        match *self {}
    }

    fn decode_exception(
        _kind: WireType,
        _id: i16,
        _input: &mut Reader<'_>,
    ) -> Result<Option<Self>, DecodeError> {
        Ok(None)
    }
}

/// A request as a Kitex client with its TTHeader handlers sends it: seven int keys and the name of
/// the service.
pub(crate) fn encode(service: &str, message: &str) -> Result<Vec<u8>> {
    encode_with(0, service, message)
}

/// The same of a client that takes replies in any order.
pub(crate) fn encode_flagged(service: &str, message: &str) -> Result<Vec<u8>> {
    encode_with(flags::OUT_OF_ORDER, service, message)
}

fn encode_with(flags: u16, service: &str, message: &str) -> Result<Vec<u8>> {
    const SEQUENCE: i32 = 1;
    let header = HeaderRef {
        flags,
        sequence: SEQUENCE,
        ints: &[
            (keys::TRANSPORT_TYPE, b"unframed"),
            (keys::FROM_SERVICE, b"compare"),
            (keys::FROM_METHOD, b""),
            (keys::TO_SERVICE, b"servers"),
            (keys::TO_METHOD, b"echo"),
            (keys::MESSAGE_TYPE, b"1"),
            (keys::CONNECT_TIMEOUT, b"50"),
        ],
        strings: &[(keys::SERVICE_NAME, service.as_bytes())],
        ..HeaderRef::default()
    };
    let limit = Limits::default().frame;
    let mut out = BytesMut::new();
    frame::encode(Transport::TtHeader, &header, limit, &mut out, |out| {
        let envelope = Envelope {
            kind: MessageType::Call,
            method: "echo",
            sequence: SEQUENCE,
        };
        envelope.encode(out)?;
        thrift::encode(&Arguments(Message(message.to_owned())), out)
    })?;
    Ok(out.to_vec())
}

/// The message in a reply.
pub(crate) fn decode_reply(reply: &[u8]) -> Result<String> {
    let limits = Limits::default();
    let frame = FrameDecoder::new(limits)
        .decode(&mut BytesMut::from(reply))?
        .context("the reply is not complete")?;
    let (envelope, body) = match Envelope::decode(&frame.payload) {
        Ok(parts) => parts,
        Err(error) => bail!("the reply has no envelope: {}", error.exception),
    };
    if envelope.kind != MessageType::Reply {
        bail!("the reply is a {:?}: {body:?}", envelope.kind);
    }
    let body = Bytes::copy_from_slice(body);
    match decode_outcome::<Message, Nothing>(&body, &limits)? {
        Some(Ok(message)) => Ok(message.0),
        _ => bail!("the reply has no result"),
    }
}
