//! Reception: what a frame asks for, or what its sender must be told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Extensions;
use polyport_wire::frame::Frame;
use polyport_wire::protobuf;
use polyport_wire::schema::CallKind;
use polyport_wire::thrift::{ApplicationException, Envelope, MessageType};
use polyport_wire::transport::Codec;
use polyport_wire::ttheader::{Header, Key, flags, keys};
use tokio::time::Instant;

use crate::context::{Context, Facts, Head};
use crate::metadata::Metadata;
use crate::router::{Query, RouteError};
use crate::server::Shared;
use crate::server::reply::Request;
use crate::service::ServiceMethod;
use crate::validator::validate;

/// A call for a method of this server.
pub(super) struct Received {
    pub(super) method: Arc<ServiceMethod>,
    pub(super) context: Context,
    /// The arguments as they came.
    pub(super) arguments: Bytes,
    /// What its reply must know.
    pub(super) request: Request,
}

/// A frame that is not served.
pub(super) enum Unserved {
    /// A request that is answered all the same; the method is what it calls for.
    Rejected {
        request: Request,
        method: String,
        exception: ApplicationException,
    },
    /// Nothing that can be answered, and why. The connection cannot go on.
    Lost(String),
}

/// Finds out what a frame asks for.
pub(super) fn receive(
    frame: Frame,
    shared: &Shared,
    peer: Option<SocketAddr>,
) -> Result<Received, Unserved> {
    let Frame {
        transport,
        codec,
        header,
        payload,
        body: whole,
    } = frame;
    if let Some(header) = &header
        && transport.has_header()
        && let Err(reason) = validate(&shared.validators, header, &whole)
    {
        return Err(Unserved::Lost(reason));
    }
    // A multiplexing client finds its call by the header's number; others get the message's number
    // in both places, as from Kitex.
    let multiplexed = header
        .as_ref()
        .filter(|header| header.flags & flags::OUT_OF_ORDER != 0)
        .map(|header| header.sequence);
    let request = |sequence| Request {
        transport,
        codec,
        sequence,
        header_sequence: multiplexed.unwrap_or(sequence),
        is_multiplexed: multiplexed.is_some(),
    };
    let reject = |method: &str, sequence, exception| {
        Err(Unserved::Rejected {
            request: request(sequence),
            method: method.to_owned(),
            exception,
        })
    };
    let envelope = match codec {
        Codec::Protobuf => protobuf::decode(&payload),
        _ => Envelope::decode(&payload),
    };
    let (envelope, body) = match envelope {
        Ok(parts) => parts,
        Err(error) => {
            let sequence = match error.sequence {
                0 => header.as_ref().map_or(0, |header| header.sequence),
                sequence => sequence,
            };
            return reject(error.method, sequence, error.exception);
        }
    };
    let wishes = header.as_ref().map(Wishes::new).unwrap_or_default();
    let query = Query::new(transport, codec, wishes.service, envelope.method);
    if !is_request(envelope.kind) {
        let exception = ApplicationException::invalid_message_type(envelope.kind as u16);
        return reject(query.method, envelope.sequence, exception);
    }
    let routed = shared.catalog.router().route(query, kind(envelope.kind));
    let route = match routed {
        Ok(route) => route,
        Err(error) => {
            let sequence = match (codec, &error) {
                (Codec::ThriftBinary, _) | (_, RouteError::OtherCodec(_)) => envelope.sequence,
                // Kitex reads the name, looks for it, and would read the number then.
                _ => header.as_ref().map_or(0, |header| header.sequence),
            };
            return reject(query.method, sequence, error.to_exception());
        }
    };
    let arguments = payload.slice_ref(body);
    let sequence = envelope.sequence;
    let method = &route.method;
    // Nobody waits for a one-way call, so no deadline ends it.
    let timeout = wishes
        .timeout
        .filter(|_| method.info.kind != CallKind::Oneway);
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let context = Context::new(Facts {
        target: Arc::clone(&method.info),
        reason: route.reason,
        transport,
        peer,
        sequence,
        deadline,
        metadata: wishes.metadata,
        head: header.map_or(Head::None, Head::TtHeader),
        reply_metadata: Metadata::default(),
        reply_trailers: Metadata::default(),
        extensions: Extensions::new(),
    });
    route.note(&context);
    Ok(Received {
        method: route.method,
        context,
        arguments,
        request: request(sequence),
    })
}

/// What a method looks like that nobody knows.
fn kind(message: MessageType) -> CallKind {
    match message {
        MessageType::Oneway => CallKind::Oneway,
        _ => CallKind::Unary,
    }
}

fn is_request(kind: MessageType) -> bool {
    match kind {
        MessageType::Call | MessageType::Oneway | MessageType::Stream => true,
        MessageType::Reply | MessageType::Exception => false,
    }
}

/// What the keys of a request's header say about it.
#[derive(Default)]
struct Wishes<'h> {
    service: Option<&'h str>,
    /// How long the client waits.
    timeout: Option<Duration>,
    metadata: Metadata,
}

impl<'h> Wishes<'h> {
    fn new(header: &'h Header) -> Self {
        let mut wishes = Self::default();
        header.visit(|key, value| match key {
            // No service is called what is no text, but who says so names a service.
            Key::Text(keys::SERVICE_NAME) => {
                wishes.service = Some(std::str::from_utf8(value).unwrap_or("\u{fffd}"));
            }
            Key::Text(key) => wishes.metadata.receive(header, key, value),
            Key::Int(keys::RPC_TIMEOUT) => wishes.timeout = timeout(value),
            Key::Int(_) => {}
        });
        wishes
    }
}

/// The timeout that a client sends; 0 is none.
fn timeout(text: &[u8]) -> Option<Duration> {
    let milliseconds = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(Duration::from_millis(milliseconds)).filter(|timeout| !timeout.is_zero())
}
