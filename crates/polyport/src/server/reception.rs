//! Reception: what a frame asks for, or what its sender must be told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use polyport_wire::frame::Frame;
use polyport_wire::schema::CallKind;
use polyport_wire::thrift::{ApplicationException, Envelope, MessageType};
use polyport_wire::transport::Codec;
use polyport_wire::ttheader::{Header, flags, keys};
use tokio::time::Instant;

use crate::call::Call;
use crate::context::Context;
use crate::metadata::Metadata;
use crate::router::Query;
use crate::server::Shared;
use crate::server::reply::Request;
use crate::service::ServiceMethod;
use crate::validator::validate;

/// What becomes of a frame.
pub(super) enum Received<'s> {
    /// A call for a method of this server, and what its reply must know.
    Call(&'s ServiceMethod, Call, Request),
    /// A request that is answered without being served; the method is what it calls for.
    Reject {
        request: Request,
        method: String,
        exception: ApplicationException,
    },
    /// Nothing that can be answered, and why. The connection cannot go on, unless calls share it.
    Lost { reason: String, closes: bool },
}

impl Received<'_> {
    fn lost(reason: String) -> Self {
        Self::Lost {
            reason,
            closes: true,
        }
    }
}

/// Finds out what a frame asks for.
pub(super) fn receive(frame: Frame, shared: &Shared, peer: Option<SocketAddr>) -> Received<'_> {
    let Frame {
        transport,
        codec,
        header,
        payload,
        body: whole,
    } = frame;
    if codec != Codec::ThriftBinary {
        return Received::lost(format!(
            "it speaks {codec}, which this version does not serve: use Thrift"
        ));
    }
    if let Some(header) = &header
        && transport.has_header()
        && let Err(reason) = validate(&shared.validators, header, &whole)
    {
        return Received::lost(reason);
    }
    // A multiplexing client finds its call by the header's number; others get the message's number
    // in both places, as from Kitex.
    let multiplexed = header
        .as_ref()
        .filter(|header| header.flags & flags::OUT_OF_ORDER != 0)
        .map(|header| header.sequence);
    let request = |sequence| Request {
        transport,
        sequence,
        header_sequence: multiplexed.unwrap_or(sequence),
        is_multiplexed: multiplexed.is_some(),
    };
    let reject = |method: &str, sequence, exception| Received::Reject {
        request: request(sequence),
        method: method.to_owned(),
        exception,
    };
    let (envelope, body) = match Envelope::decode(&payload) {
        Ok(parts) => parts,
        Err(error) => {
            let sequence = match error.sequence {
                0 => header.as_ref().map_or(0, |header| header.sequence),
                sequence => sequence,
            };
            return reject(error.method, sequence, error.exception);
        }
    };
    let service = header.as_ref().and_then(service_name);
    let query = Query::new(transport, service, envelope.method);
    if !is_request(envelope.kind) {
        let exception = ApplicationException::invalid_message_type(envelope.kind as u16);
        return reject(query.method, envelope.sequence, exception);
    }
    let (method, reason) = match shared.router.route(query) {
        Ok(found) => found,
        Err(error) => return reject(query.method, envelope.sequence, error.to_exception()),
    };
    let arguments = payload.slice_ref(body);
    let message = match method.endpoint.decode(arguments, &shared.limits.wire()) {
        Ok(message) => message,
        Err(error) if method.info.kind == CallKind::Oneway => {
            let method = &method.info.method;
            return Received::Lost {
                reason: format!("the one-way call of {method} is broken: {error}"),
                closes: multiplexed.is_none(),
            };
        }
        Err(error) => {
            let protocol_error = ApplicationException::PROTOCOL_ERROR;
            let exception = ApplicationException::new(protocol_error, error.to_string());
            return reject(query.method, envelope.sequence, exception);
        }
    };
    let metadata = header.as_ref().map_or_else(Metadata::default, |header| {
        Metadata::from_request(&header.strings)
    });
    let sequence = envelope.sequence;
    // Nobody waits for a one-way call, so no deadline ends it.
    let waits = method.info.kind != CallKind::Oneway;
    let context = Context {
        target: Arc::clone(&method.info),
        reason,
        transport,
        peer,
        sequence,
        deadline: header.as_ref().filter(|_| waits).and_then(deadline),
        header,
        metadata,
        reply_metadata: Metadata::default(),
    };
    Received::Call(method, Call { context, message }, request(sequence))
}

fn is_request(kind: MessageType) -> bool {
    match kind {
        MessageType::Call | MessageType::Oneway | MessageType::Stream => true,
        MessageType::Reply | MessageType::Exception => false,
    }
}

/// The service's name, if there is one. No service is called what is no text, but who says so
/// names a service.
fn service_name(header: &Header) -> Option<&str> {
    let name = header.string(keys::SERVICE_NAME)?;
    Some(std::str::from_utf8(name).unwrap_or("\u{fffd}"))
}

/// When the client stops waiting, by the timeout that it sends.
fn deadline(header: &Header) -> Option<Instant> {
    let text = std::str::from_utf8(header.int(keys::RPC_TIMEOUT)?).ok()?;
    let milliseconds = text.parse().ok().filter(|milliseconds| *milliseconds > 0)?;
    Instant::now().checked_add(Duration::from_millis(milliseconds))
}
