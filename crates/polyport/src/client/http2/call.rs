//! A call over HTTP/2: its request's headers, and for unary calls all of it.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE, USER_AGENT};
use http::{Request, Uri, Version};
use polyport_wire::grpc;
use polyport_wire::schema::CallKind;
use polyport_wire::transport::Codec;
use tokio::time::{Instant, timeout};

use crate::client::callee::Caller;
use crate::client::http2::Http2;
use crate::client::http2::asking::Question;
use crate::client::http2::deadline::{Deadline, in_time};
use crate::client::http2::replies::Replies;
use crate::client::http2::requests::{Requests, Writing};
use crate::client::options::ClientOptions;
use crate::code::Code;
use crate::http2::compression::{ACCEPTED, Compression};
use crate::http2::headers;
use crate::metadata::Metadata;
use crate::method::{Method, Target};
use crate::status::Status;
use crate::stream::{Encode, Source};

/// What the headers of a request say.
pub(in crate::client) struct Facts<'a> {
    pub(in crate::client) target: Target<'a>,
    pub(in crate::client) caller: &'a Caller,
    pub(in crate::client) metadata: &'a Metadata,
    pub(in crate::client) compression: Compression,
    pub(in crate::client) until: Option<Instant>,
}

impl Facts<'_> {
    fn writing(&self, limit: usize) -> Writing {
        Writing {
            compression: self.compression,
            limit,
        }
    }
}

/// How long the stream of a one-way call is kept for its server.
const ONEWAY: Duration = Duration::from_secs(30);

/// Makes a unary call.
pub(in crate::client) async fn unary<A, V, E>(
    http2: &Http2,
    method: &Method<A, V, E>,
    arguments: &A,
    facts: Facts<'_>,
) -> (Result<Result<V, E>, Status>, Metadata) {
    if facts.target.kind == CallKind::Oneway {
        let told = oneway(http2, method, arguments, &facts).await;
        return (told.map(Ok), Metadata::default());
    }
    let (outcome, replies) = match once(http2, method, arguments, &facts).await {
        // Nobody has looked at it, so that it may be sent again: once, on what is then a connection.
        Ok((Err(_), replies)) if replies.is_refused() => {
            match once(http2, method, arguments, &facts).await {
                Ok(answered) => answered,
                Err(status) => return (Err(status), Metadata::default()),
            }
        }
        Ok(answered) => answered,
        Err(status) => return (Err(status), Metadata::default()),
    };
    (outcome, replies.into_metadata())
}

/// Sends a request that nobody waits for. A stream that is let go would take it back, so the stream
/// is kept for a while: Kitex's server never ends it.
async fn oneway<A, V, E>(
    http2: &Http2,
    method: &Method<A, V, E>,
    arguments: &A,
    facts: &Facts<'_>,
) -> Result<V, Status> {
    let (mut requests, mut replies) = open(http2, facts, None).await?;
    requests.send_last(&mut |out| (method.arguments.encode)(arguments, out))?;
    tokio::spawn(timeout(
        ONEWAY,
        async move { only_message(&mut replies).await },
    ));
    (method.outcome.when_missing)().ok_or_else(|| no_message("no result"))
}

/// One attempt: what came of it, and what came beside it.
async fn once<A, V, E>(
    http2: &Http2,
    method: &Method<A, V, E>,
    arguments: &A,
    facts: &Facts<'_>,
) -> Result<(Result<Result<V, E>, Status>, Replies), Status> {
    let limits = &http2.options.limits;
    let (mut requests, mut replies) = open(http2, facts, None).await?;
    let sent = requests.send_last(&mut |out| (method.arguments.encode)(arguments, out));
    let outcome = match sent {
        Ok(()) => match only_message(&mut replies).await {
            Ok(bytes) => (method.outcome.decode)(bytes, &limits.message_limits())
                .map_err(|error| Status::transport(format!("the reply is broken: {error}")))
                .and_then(|outcome| outcome.ok_or_else(|| no_message("no result"))),
            Err(status) => Err(status),
        },
        Err(status) => Err(status),
    };
    Ok((outcome, replies))
}

/// Opens a stream, which the deadline ends.
pub(in crate::client) async fn open(
    http2: &Http2,
    facts: &Facts<'_>,
    deadline: Option<Deadline>,
) -> Result<(Requests, Replies), Status> {
    let limit = http2.options.limits.grpc_message;
    let request = head(&http2.options, facts)?;
    let (response, stream) = in_time(deadline.as_ref(), http2.open(&request)).await?;
    let requests = Requests::new(stream, facts.writing(limit), deadline.clone());
    Ok((requests, Replies::new(response, limit, deadline)))
}

/// A call with one request, which is not sent yet.
pub(in crate::client) fn question(
    http2: &Arc<Http2>,
    facts: &Facts<'_>,
    deadline: Option<Deadline>,
    encode: &mut Encode<'_>,
) -> Result<Question, Status> {
    let options = &http2.options;
    let writing = facts.writing(options.limits.grpc_message);
    Ok(Question {
        head: head(options, facts)?,
        message: writing.message(encode)?,
        http2: Arc::clone(http2),
        deadline,
    })
}

/// The only message of a stream, after which it must end.
async fn only_message(replies: &mut Replies) -> Result<bytes::Bytes, Status> {
    let message = poll_fn(|cx| replies.poll_receive(cx)).await?;
    let message = message.ok_or_else(|| no_message("no message"))?;
    match poll_fn(|cx| replies.poll_receive(cx)).await? {
        None => Ok(message),
        Some(_) => Err(no_message("more than one message")),
    }
}

#[cold]
pub(in crate::client) fn no_message(what: &str) -> Status {
    let text = format!("the server answered with {what} where one belongs");
    Status::with_code(Code::INTERNAL, text)
}

/// The head of a request.
fn head(options: &ClientOptions, facts: &Facts<'_>) -> Result<Request<()>, Status> {
    let path = facts.target.path();
    let uri = Uri::builder()
        .scheme("http")
        .authority(&*options.address)
        .path_and_query(path.as_str())
        .build()
        .map_err(|error| {
            let text = format!("{}{path} is no address: {error}", options.address);
            Status::transport(text)
        })?;
    let mut request = Request::new(());
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = uri;
    put_headers(options, facts, request.headers_mut());
    Ok(request)
}

fn put_headers(options: &ClientOptions, facts: &Facts<'_>, map: &mut HeaderMap) {
    const AGENT: &str = concat!("polyport/", env!("CARGO_PKG_VERSION"));
    let content_type = match facts.target.codec {
        Codec::ThriftBinary => "application/grpc+thrift",
        _ => "application/grpc",
    };
    // First, because a call that is passed on brings some of what is set below.
    headers::put_request(facts.metadata, map);
    map.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if !map.contains_key(USER_AGENT) {
        map.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    }
    map.insert(TE, HeaderValue::from_static("trailers"));
    let accepted = HeaderValue::from_static(ACCEPTED);
    map.insert(headers::GRPC_ACCEPT_ENCODING, accepted);
    if let Some(name) = facts.compression.name() {
        map.insert(headers::GRPC_ENCODING, HeaderValue::from_static(name));
    }
    // Nobody waits for a one-way call, so nothing ends it.
    let is_awaited = facts.target.kind != CallKind::Oneway;
    put_timeout(facts.until.filter(|_| is_awaited), map);
    if options.service_name {
        // What Kitex's ClientHTTP2Handler writes, kitex pkg/transmeta/http2.go.
        let facts = [
            (headers::SOURCE_SERVICE, facts.caller.service(options)),
            (headers::SOURCE_METHOD, facts.caller.method.as_str()),
            (headers::DESTINATION_SERVICE, facts.target.service),
            (headers::DESTINATION_METHOD, facts.target.name),
        ];
        for (name, fact) in facts.into_iter().filter(|(_, fact)| !fact.is_empty()) {
            map.insert(name, headers::value(fact));
        }
    }
}

/// Tells the server how long the call may take from now on.
pub(super) fn put_timeout(until: Option<Instant>, map: &mut HeaderMap) {
    if let Some(until) = until {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = headers::value(&grpc::format_timeout(left));
        map.insert(headers::GRPC_TIMEOUT, timeout);
    }
}
