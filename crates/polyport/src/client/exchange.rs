//! One request and its reply.

use std::borrow::Cow;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use polyport_wire::error::{DecodeError, EncodeError};
use polyport_wire::frame::Frame;
use polyport_wire::protobuf;
use polyport_wire::schema::CallKind;
use polyport_wire::thrift::{self, ApplicationException, Envelope, MessageType};
use polyport_wire::transport::{Codec, Transport};
use polyport_wire::ttheader::{Header, HeaderRef, keys};
use tokio::time::{Instant, timeout_at};

use crate::client::Client;
use crate::client::call::ClientCall;
use crate::client::http2::call::{Facts, unary};
use crate::client::link::{Frames, Link, Request};
use crate::client::options::ClientOptions;
use crate::code::Code;
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::method::{Method, Target};
use crate::status::{BizStatus, MethodError, Status, StatusKind};
use crate::validator::{self, validate};

/// What came of a call: the method's own result, or a status; and the metadata beside it.
pub(super) type Outcome<V, E> = (Result<Result<V, E>, Status>, Metadata);

/// Makes a call, within its time, without any layers.
pub(super) async fn call<A, V, E>(call: ClientCall<A, V, E>) -> Outcome<V, E>
where
    A: Send + Sync,
    V: Send,
    E: MethodError,
{
    let Some(until) = call.terms.until() else {
        return exchange(&call, None).await;
    };
    let outcome = if until <= Instant::now() {
        // The request would still be sent before anybody looked at the clock.
        None
    } else {
        timeout_at(until, exchange(&call, Some(until))).await.ok()
    };
    outcome.unwrap_or_else(|| {
        (
            Err(timed_out(
                &call.client,
                call.callee.target(),
                call.terms.limit(),
            )),
            Metadata::default(),
        )
    })
}

#[cold]
pub(super) fn timed_out(client: &Client, method: Target<'_>, timeout: Option<Duration>) -> Status {
    let address = client.address();
    let text = match timeout {
        Some(limit) => format!("rpc timeout: no answer from {method:?} at {address} in {limit:?}"),
        None => format!("rpc timeout: no answer from {method:?} at {address} in time"),
    };
    Status::new(StatusKind::Timeout, text)
}

async fn exchange<A, V, E>(call: &ClientCall<A, V, E>, until: Option<Instant>) -> Outcome<V, E>
where
    A: Send + Sync,
    V: Send,
    E: MethodError,
{
    let (outcome, metadata) = match &call.client.shared.link {
        Link::Http2(http2) => {
            let facts = Facts {
                target: call.callee.target(),
                caller: &call.terms.caller,
                metadata: &call.terms.metadata,
                compression: call.terms.compression,
                until,
            };
            unary(http2, call.method, &call.arguments, facts).await
        }
        Link::Frames(frames) | Link::InProcess(frames, _) => {
            match try_exchange(call, frames, until).await {
                Ok(outcome) => outcome,
                Err(status) => (Err(status), Metadata::default()),
            }
        }
    };
    match outcome {
        // The server was told the time as well, and gave up in the same moment.
        Err(status)
            if means_late(&status) && until.is_some_and(|until| until <= Instant::now()) =>
        {
            (
                Err(timed_out(
                    &call.client,
                    call.callee.target(),
                    call.terms.limit(),
                )),
                metadata,
            )
        }
        outcome => (outcome, metadata),
    }
}

/// Whether this is what a server answers whose time has run out.
fn means_late(status: &Status) -> bool {
    match status.kind() {
        StatusKind::Remote(type_id) => *type_id == ApplicationException::INTERNAL_ERROR,
        StatusKind::Code(code) => *code == Code::DEADLINE_EXCEEDED || *code == Code::CANCELLED,
        _ => false,
    }
}

async fn try_exchange<A, V, E>(
    call: &ClientCall<A, V, E>,
    frames: &Frames,
    until: Option<Instant>,
) -> Result<Outcome<V, E>, Status>
where
    A: Send + Sync,
    V: Send,
    E: MethodError,
{
    let shared = &call.client.shared;
    let request = || {
        let sequence = call.client.next_sequence();
        let mut bytes = BytesMut::new();
        encode(call, (sequence, frames.flags()), until, &mut bytes)
            .map_err(|error| Status::transport(format!("the request cannot be sent: {error}")))?;
        Ok(Request {
            bytes,
            sequence,
            oneway: call.callee.target().kind == CallKind::Oneway,
        })
    };
    let received = frames.exchange(request, &shared.options.limits).await?;
    let Some(frame) = &received.frame else {
        // A server serves one call of a connection after the other, and nobody says when it is done
        // with this one: the connection is not kept, as in Kitex.
        let done = (call.method.outcome.when_missing)().ok_or_else(missing_result)?;
        return Ok((Ok(Ok(done)), Metadata::default()));
    };
    if let Some(header) = &frame.header {
        validate(&shared.options.validators, header, &frame.body).map_err(Status::transport)?;
    }
    let reply = Reply::decode(
        frame,
        (call.callee.target(), call.method),
        received.sequence,
        &shared.options.limits,
    )?;
    if !reply.closes {
        received.keep_connection();
    }
    Ok((reply.outcome, reply.metadata))
}

/// Appends the request.
fn encode<A, V, E>(
    call: &ClientCall<A, V, E>,
    (sequence, flags): (i32, u16),
    until: Option<Instant>,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let options = &call.client.shared.options;
    let target = call.callee.target();
    let kind = match target.kind {
        CallKind::Oneway => MessageType::Oneway,
        _ => MessageType::Call,
    };
    // Nobody waits for a one-way call, so nothing ends it.
    let until = until.filter(|_| kind == MessageType::Call);
    let texts = Texts::new(options, target.codec, until);
    let number = [b'0' + kind as u8];
    let mut ints: Vec<(u16, &[u8])> = Vec::new();
    let prefixed: Vec<_> = call.terms.metadata.to_request().collect();
    let mut strings: Vec<(&[u8], &[u8])> = Vec::with_capacity(prefixed.len() + 1);
    if options.service_name {
        // What Kitex's client handler writes, kitex pkg/transmeta/ttheader.go.
        ints.extend([
            (keys::TRANSPORT_TYPE, texts.transport.as_bytes()),
            (
                keys::FROM_SERVICE,
                call.terms.caller.service(options).as_bytes(),
            ),
            (keys::FROM_METHOD, call.terms.caller.method.as_bytes()),
            (keys::TO_SERVICE, target.service.as_bytes()),
            (keys::TO_METHOD, target.name.as_bytes()),
            (keys::MESSAGE_TYPE, &number[..]),
            (keys::CONNECT_TIMEOUT, texts.connect_timeout.as_bytes()),
        ]);
        if let Some(timeout) = &texts.timeout {
            ints.push((keys::RPC_TIMEOUT, timeout.as_bytes()));
        }
        if target.names_service() {
            strings.push((keys::SERVICE_NAME, target.service.as_bytes()));
        }
    }
    strings.extend(prefixed.iter().map(|(key, value)| (&key[..], *value)));
    let header = HeaderRef {
        flags,
        sequence,
        ints: &ints,
        strings: &strings,
        ..HeaderRef::default()
    };
    validator::encode(
        &options.validators,
        (framing(options.transport, target.codec), header),
        options.limits.frame,
        out,
        |out| {
            let envelope = Envelope {
                kind,
                method: &name_on_the_wire(options, target),
                sequence,
            };
            match target.codec {
                Codec::Protobuf => protobuf::encode(&envelope, out)?,
                _ => envelope.encode(out)?,
            }
            (call.method.arguments.encode)(&call.arguments, out)
        },
    )
}

/// The method's name, with its service where the client is to say it there. Replies have it without.
fn name_on_the_wire<'a>(options: &ClientOptions, target: Target<'a>) -> Cow<'a, str> {
    if options.multiplexed_names && options.service_name && target.names_service() {
        format!("{}:{}", target.service, target.name).into()
    } else {
        target.name.into()
    }
}

/// Values of the header that are made for the request.
struct Texts {
    transport: &'static str,
    timeout: Option<String>,
    connect_timeout: String,
}

impl Texts {
    fn new(options: &ClientOptions, codec: Codec, until: Option<Instant>) -> Self {
        Self {
            transport: match framing(options.transport, codec) {
                Transport::TtHeaderFramed | Transport::Framed => "framed",
                _ => "unframed",
            },
            timeout: until.map(milliseconds_until),
            connect_timeout: options.connect_timeout.as_millis().to_string(),
        }
    }
}

/// What is left of the call's time, rounded up: the server is not to be earlier than the client, and
/// takes 0 for no timeout at all.
fn milliseconds_until(until: Instant) -> String {
    let left = until.saturating_duration_since(Instant::now());
    left.as_nanos().div_ceil(1_000_000).max(1).to_string()
}

struct Reply<V, E> {
    outcome: Result<Result<V, E>, Status>,
    metadata: Metadata,
    /// Whether the connection must not be used again.
    closes: bool,
}

impl<V, E> Reply<V, E> {
    fn decode<A>(
        frame: &Frame,
        (target, method): (Target<'_>, &Method<A, V, E>),
        sequence: i32,
        limits: &Limits,
    ) -> Result<Self, Status> {
        let codec = target.codec;
        if frame.codec != codec {
            let text = format!("the reply is {}, the request {codec}", frame.codec);
            return Err(Status::transport(text));
        }
        let envelope = match codec {
            Codec::Protobuf => protobuf::decode(&frame.payload),
            _ => Envelope::decode(&frame.payload),
        };
        let (envelope, body) = envelope.map_err(|error| {
            Status::transport(format!("the reply is broken: {}", error.exception))
        })?;
        let body = frame.payload.slice_ref(body);
        let header = frame.header.as_ref();
        let metadata = header.map_or_else(Metadata::default, |header| {
            Metadata::from_reply(header, is_reserved)
        });
        let mut closes =
            header.is_some_and(|header| header.string(keys::CONNECTION_RESET).is_some());
        let outcome = match envelope.kind {
            MessageType::Exception => {
                // Some servers leave the number out. Another one is that of a one-way call before,
                // which the server has refused.
                if envelope.sequence != 0 {
                    check_sequence(&envelope, sequence)?;
                }
                let exception = exception(codec, &body, limits)?;
                closes |= ends_connection(exception.type_id);
                Err(Status::remote(&exception))
            }
            MessageType::Reply | MessageType::Stream => {
                check(&envelope, target, sequence)?;
                match header.and_then(biz_status) {
                    Some(biz) => Err(biz.into()),
                    None => decode(body, method, limits),
                }
            }
            MessageType::Call | MessageType::Oneway => {
                let text = format!("the reply is of message type {}", envelope.kind as u16);
                return Err(Status::transport(text));
            }
        };
        Ok(Self {
            outcome,
            metadata,
            closes,
        })
    }
}

/// What a method returned or threw.
pub(super) fn decode<A, V, E>(
    body: Bytes,
    method: &Method<A, V, E>,
    limits: &Limits,
) -> Result<Result<V, E>, Status> {
    (method.outcome.decode)(body, &limits.wire())
        .map_err(|error| Status::transport(format!("the reply is broken: {error}")))?
        .ok_or_else(missing_result)
}

/// How a message is cut: one of Protobuf always stands in a frame.
pub(super) fn framing(transport: Transport, codec: Codec) -> Transport {
    match (transport, codec) {
        (Transport::TtHeader, Codec::Protobuf) => Transport::TtHeaderFramed,
        (Transport::Buffered, Codec::Protobuf) => Transport::Framed,
        (transport, _) => transport,
    }
}

/// The exception that a reply's body holds.
fn exception(codec: Codec, body: &Bytes, limits: &Limits) -> Result<ApplicationException, Status> {
    let decoded = match codec {
        Codec::Protobuf => protobuf::decode_exception(body)
            .ok_or_else(|| DecodeError::foreign("an exception that is none")),
        _ => thrift::decode(body, &limits.wire()),
    };
    decoded.map_err(|error| Status::transport(format!("the reply is broken: {error}")))
}

/// Whether a reply belongs to the request.
fn check(envelope: &Envelope<'_>, target: Target<'_>, sequence: i32) -> Result<(), Status> {
    check_sequence(envelope, sequence)?;
    if envelope.method != target.name {
        return Err(Status::transport(format!(
            "the reply is for method {}, the request for {target:?}",
            envelope.method
        )));
    }
    Ok(())
}

fn check_sequence(envelope: &Envelope<'_>, sequence: i32) -> Result<(), Status> {
    if envelope.sequence == sequence {
        return Ok(());
    }
    Err(Status::transport(format!(
        "the reply has sequence number {}, the request {sequence}",
        envelope.sequence
    )))
}

fn missing_result() -> Status {
    Status::remote(&ApplicationException::new(
        ApplicationException::MISSING_RESULT,
        "",
    ))
}

/// The exceptions after which Kitex and Polyport servers close the connection.
fn ends_connection(type_id: i32) -> bool {
    matches!(
        type_id,
        ApplicationException::UNKNOWN_METHOD
            | ApplicationException::INVALID_MESSAGE_TYPE
            | ApplicationException::PROTOCOL_ERROR
            | ApplicationException::INVALID_PROTOCOL
            | ApplicationException::UNKNOWN_SERVICE
            | ApplicationException::NO_SERVICE_NAME
    )
}

/// The business status of a reply; a number that is 0, or none, is no status.
fn biz_status(header: &Header) -> Option<BizStatus> {
    let text = |key| std::str::from_utf8(header.string(key)?).ok();
    let code = text(keys::BIZ_STATUS)?
        .parse()
        .ok()
        .filter(|code| *code != 0)?;
    Some(BizStatus {
        code,
        message: text(keys::BIZ_MESSAGE).unwrap_or_default().to_owned(),
        // Extra values that are broken are no reason to lose the status itself.
        extra: text(keys::BIZ_EXTRA)
            .and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default(),
    })
}

/// String keys of a reply that are the framework's and not the application's.
fn is_reserved(key: &[u8]) -> bool {
    [
        keys::CONNECTION_RESET,
        keys::BIZ_STATUS,
        keys::BIZ_MESSAGE,
        keys::BIZ_EXTRA,
        keys::CRC32C,
        keys::REMOTE_ADDRESS,
    ]
    .contains(&key)
}
