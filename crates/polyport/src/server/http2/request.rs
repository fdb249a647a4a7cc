//! Reception over HTTP/2: what a request asks for, and its way through the server.

use std::fmt;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Extensions, Method, Request, StatusCode, Uri};
use polyport_wire::error::DecodeError;
use polyport_wire::grpc;
use polyport_wire::schema::CallKind;
use polyport_wire::transport::{Codec, Transport};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::field::display;

use crate::call::Reply;
use crate::code::Code;
use crate::context::{Context, Facts, Head};
use crate::http2::compression::Compression;
use crate::http2::headers;
use crate::http2::incoming::Incoming;
use crate::http2::room::Room;
use crate::layer::Payload;
use crate::metadata::Metadata;
use crate::router::{Query, Route};
use crate::server::Shared;
use crate::server::http2::answer::{Answer, SharedAnswer, Taken};
use crate::server::serving;
use crate::status::Status;
use crate::stream::Source;

/// What a request that is not gRPC is told.
const NOT_GRPC: &str = "This port speaks gRPC over HTTP/2 (content-type application/grpc, \
                        application/grpc+proto, application/grpc+thrift), and Kitex Thrift and \
                        Protobuf.\n";

/// What a request is told whose method is not gRPC's.
const NOT_POST: &str = "gRPC's requests are POST requests.\n";

/// Where a stream is.
pub(super) struct Place {
    pub(super) peer: Option<SocketAddr>,
    pub(super) room: Room,
    pub(super) shared: Arc<Shared>,
    /// Each stream of the connection has one. The sender is gone when the server has cut it.
    pub(super) connection: Arc<watch::Receiver<()>>,
}

/// What the headers of a request say.
struct Ask {
    route: Route,
    deadline: Option<Instant>,
}

/// Serves one stream.
pub(super) async fn serve(
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    place: Place,
) {
    let Some((mut exchange, mut incoming, mut answer)) = receive(request, respond, &place) else {
        return;
    };
    match exchange.ask.route.method.info.kind {
        CallKind::Unary | CallKind::Oneway if !place.shared.unary_as_streams => {
            exchange.unary(&mut incoming, &mut answer).await;
        }
        // In a box of its own, so that it takes no room in the task of every other request.
        _ => Box::pin(exchange.stream(incoming, SharedAnswer::new(answer))).await,
    }
}

/// Finds out what a request asks for, and refuses it if that is nothing that there is.
fn receive(
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    place: &Place,
) -> Option<(Exchange<'_>, Incoming, Answer)> {
    let (shared, peer) = (&*place.shared, place.peer);
    let (parts, body) = request.into_parts();
    let limit = shared.limits.grpc_message;
    let codec = codec(&parts);
    let mut answer = Answer::new(
        respond,
        content_type_of(codec.ok()),
        limit,
        shared.kitex_codes,
    );
    answer.codec = match codec {
        Ok(codec) => codec,
        Err((status, text)) => {
            let (method, headers) = (&parts.method, &parts.headers);
            let content_type = headers.get(CONTENT_TYPE);
            let reason = format_args!("{method} with content type {content_type:?} is not gRPC");
            rejected(peer, &parts.uri, &reason);
            // HTTP's answers to these have no body.
            let text = if method == Method::HEAD { "" } else { text };
            answer.refuse(status, text);
            return None;
        }
    };
    let asked = compression(&parts.headers).and_then(|(request, reply)| {
        answer.compression = reply;
        Ok((request, ask(&parts, answer.codec, shared)?))
    });
    let (compression, ask) = match asked {
        Ok(asked) => asked,
        Err(status) => {
            rejected(peer, &parts.uri, &status);
            answer.finish(Some(&status), &Metadata::default());
            return None;
        }
    };
    let limit = ask.route.method.stack.message_size(limit);
    let incoming = Incoming::new(body, Some(compression), limit).sharing(&place.room);
    let exchange = Exchange {
        ask,
        parts,
        peer,
        shared,
        connection: &place.connection,
    };
    Some((exchange, incoming, answer))
}

/// How the messages of a request are written; or what is answered to one that is not gRPC.
fn codec(parts: &Parts) -> Result<Codec, (StatusCode, &'static str)> {
    let codec = headers::text(&parts.headers, &CONTENT_TYPE).and_then(grpc::codec);
    match codec {
        None => Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, NOT_GRPC)),
        Some(_) if parts.method != Method::POST => Err((StatusCode::METHOD_NOT_ALLOWED, NOT_POST)),
        Some(codec) => Ok(codec),
    }
}

/// Says in the log why a request was not served. Its connection goes on, and its client is told, so
/// that an operator need not know of it.
#[cold]
fn rejected(peer: Option<SocketAddr>, uri: &Uri, reason: &dyn fmt::Display) {
    let (peer, path) = (peer.map(display), uri.path());
    tracing::debug!(peer, path, "a request is rejected: {reason}");
}

/// Where a request wants to go, and how long it may take.
fn ask(parts: &Parts, codec: Codec, shared: &Shared) -> Result<Ask, Status> {
    let path = parts.uri.path();
    let Some((service, method)) = grpc::split_path(path) else {
        let text = format!("malformed method name, method={path:?}");
        return Err(Status::with_code(Code::INTERNAL, text));
    };
    let query = Query::new(Transport::Grpc, codec, Some(service), method);
    let route = shared
        .catalog
        .router()
        // Nobody knows how many messages such a method takes.
        .route(query, CallKind::Bidirectional)
        .map_err(|error| error.to_status())?;
    let deadline = match headers::text(&parts.headers, &headers::GRPC_TIMEOUT) {
        None => None,
        Some(text) => {
            let malformed = || {
                let text = format!("malformed grpc-timeout: {text:?}");
                Status::with_code(Code::INTERNAL, text)
            };
            let timeout = grpc::parse_timeout(text).ok_or_else(malformed)?;
            Instant::now().checked_add(timeout)
        }
    };
    // Nobody waits for a one-way call, so no deadline ends it.
    let deadline = deadline.filter(|_| route.method.info.kind != CallKind::Oneway);
    Ok(Ask { route, deadline })
}

/// How the request's messages are compressed, and how the answer's are: as the request's, if the
/// client takes that.
fn compression(map: &HeaderMap) -> Result<(Compression, Compression), Status> {
    let name = headers::text(map, &headers::GRPC_ENCODING).unwrap_or_default();
    let Some(request) = Compression::named(name) else {
        let text = format!("grpc: Decompressor is not installed for grpc-encoding {name:?}");
        return Err(Status::with_code(Code::UNIMPLEMENTED, text));
    };
    let accepted = headers::text(map, &headers::GRPC_ACCEPT_ENCODING).unwrap_or_default();
    let mut accepted = accepted.split(',').map(str::trim);
    let is_accepted = accepted.any(|name| Compression::named(name) == Some(request));
    let reply = Some(request).filter(|_| is_accepted);
    Ok((request, reply.unwrap_or_default()))
}

fn content_type_of(codec: Option<Codec>) -> HeaderValue {
    match codec {
        Some(Codec::ThriftBinary) => HeaderValue::from_static("application/grpc+thrift"),
        _ => HeaderValue::from_static("application/grpc"),
    }
}

/// A request with everything that it takes to serve it.
struct Exchange<'s> {
    ask: Ask,
    parts: Parts,
    peer: Option<SocketAddr>,
    shared: &'s Shared,
    connection: &'s watch::Receiver<()>,
}

impl Exchange<'_> {
    /// One message in, one message out.
    async fn unary(&mut self, incoming: &mut Incoming, answer: &mut Answer) {
        let (peer, time, mut cut) = (self.peer, self.shared.limits.message, self.cut());
        let call = pin!(self.unary_call(incoming));
        let reply = unless(call, |cx| match &mut cut {
            None => answer.poll_reset(cx),
            Some(cut) => cut.as_mut().poll(cx),
        });
        let Some(reply) = reply.await else {
            return;
        };
        match reply {
            Reply {
                outcome: Ok(message),
                metadata,
                trailers,
            } => {
                let sent = answer.message(&metadata, &message);
                match taken(peer, time, |cx| answer.poll_taken(cx)).await {
                    true => answer.finish(sent.err().as_ref(), &trailers),
                    false => answer.give_up(),
                }
            }
            Reply {
                outcome: Err(status),
                metadata,
                trailers,
            } => {
                answer.add_headers(&metadata);
                answer.finish(Some(&status), &trailers);
            }
        }
    }

    /// A stream, or two; or a unary call that looks like one.
    async fn stream(mut self, incoming: Incoming, answer: SharedAnswer) {
        let kind = self.ask.route.method.info.kind;
        let (peer, time, mut cut) = (self.peer, self.shared.limits.message, self.cut());
        let mut call = pin!(self.streaming_call(incoming, answer.clone()));
        let reply = poll_fn(|cx| {
            answer.lock().begin_turn();
            if let Poll::Ready(reply) = call.as_mut().poll(cx) {
                return Poll::Ready(Some(reply));
            }
            let given_up = match &mut cut {
                None => answer.lock().poll_end_turn(cx),
                Some(cut) => cut.as_mut().poll(cx),
            };
            given_up.map(|()| None)
        });
        let Some(reply) = reply.await else {
            return;
        };
        let Reply {
            outcome,
            metadata,
            mut trailers,
        } = reply;
        if !answer.lock().add_headers(&metadata) {
            // They come late, but they come.
            trailers.extend(metadata);
        }
        let ended = match (outcome, kind) {
            (Ok(message), CallKind::ClientStream | CallKind::Unary | CallKind::Oneway) => {
                let sent = answer.lock().message(&Metadata::default(), &message);
                if !taken(peer, time, |cx| answer.lock().poll_taken(cx)).await {
                    return answer.lock().give_up();
                }
                sent
            }
            (outcome, _) => outcome.map(drop),
        };
        answer.lock().finish(ended.err().as_ref(), &trailers);
    }

    /// Ready when a one-way call is given up: nobody waits for it, so that is not when its client is
    /// gone but when the server cuts the connection.
    fn cut(&self) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        if self.ask.route.method.info.kind != CallKind::Oneway {
            return None;
        }
        let mut connection = self.connection.clone();
        Some(Box::pin(async move {
            while connection.changed().await.is_ok() {}
        }))
    }

    async fn unary_call(&mut self, incoming: &mut Incoming) -> Reply {
        let payload = self.single_message(incoming).await.map(Payload::Message);
        self.call(payload).await
    }

    async fn streaming_call(&mut self, mut incoming: Incoming, answer: SharedAnswer) -> Reply {
        let outlet = || Box::new(answer);
        let payload = match self.ask.route.method.info.kind {
            CallKind::ServerStream => {
                let request = self.single_message(&mut incoming).await;
                request.map(|request| Payload::Answers(request, outlet()))
            }
            CallKind::Bidirectional => Ok(Payload::Both(Box::new(incoming), outlet())),
            _ => Ok(Payload::Requests(Box::new(incoming))),
        };
        self.call(payload).await
    }

    /// The only message of a request.
    async fn single_message(&self, incoming: &mut Incoming) -> Result<Bytes, Status> {
        let message = self.message_in_time(incoming).await;
        message.inspect_err(|status| rejected(self.peer, &self.parts.uri, status))
    }

    async fn message_in_time(&self, incoming: &mut Incoming) -> Result<Bytes, Status> {
        let mut message = pin!(poll_fn(|cx| incoming.poll_message(cx)));
        // Mostly it is there, and no clock is needed.
        let message = match poll_fn(|cx| Poll::Ready(message.as_mut().poll(cx))).await {
            Poll::Ready(message) => message?,
            Poll::Pending => {
                let latest = Instant::now().checked_add(self.shared.limits.message);
                match [latest, self.ask.deadline].into_iter().flatten().min() {
                    None => message.await?,
                    Some(until) => timeout_at(until, message)
                        .await
                        .unwrap_or_else(|_| Err(Status::deadline()))?,
                }
            }
        };
        incoming.release();
        // Kitex's word for it.
        message.ok_or_else(|| Status::with_code(Code::INTERNAL, "EOF"))
    }

    /// Decodes the arguments and calls, if the request has come.
    async fn call(&mut self, payload: Result<Payload, Status>) -> Reply {
        let context = self.context();
        let method = &self.ask.route.method;
        let payload = match payload {
            Ok(payload) => payload,
            Err(status) => return method.stack.failed(&context, status),
        };
        let limits = self.shared.limits.message_limits();
        serving::serve(method, context, payload, &limits)
            .await
            .unwrap_or_else(|error| Status::broken_message(&error).into())
    }

    /// What the call's handler is lent; the headers go with it.
    fn context(&mut self) -> Context {
        let headers = std::mem::take(&mut self.parts.headers);
        let context = Context::new(Facts {
            target: Arc::clone(&self.ask.route.method.info),
            reason: self.ask.route.reason,
            transport: Transport::Grpc,
            peer: self.peer,
            sequence: 0,
            deadline: self.ask.deadline,
            metadata: headers::metadata(&headers),
            head: Head::Http2(headers),
            reply_metadata: Metadata::default(),
            reply_trailers: Metadata::default(),
            extensions: Extensions::new(),
        });
        self.ask.route.note(&context);
        context
    }
}

/// Waits until the only answer of a call is taken; says whether it is. For every part there is so much
/// time.
async fn taken(
    peer: Option<SocketAddr>,
    time: Duration,
    mut poll: impl FnMut(&mut TaskContext<'_>) -> Poll<Taken>,
) -> bool {
    // Mostly it is at once, and no clock is needed.
    if poll_fn(|cx| Poll::Ready(poll(cx))).await == Poll::Ready(Taken::All) {
        return true;
    }
    loop {
        match timeout(time, poll_fn(&mut poll)).await {
            Ok(Taken::All) => return true,
            Ok(Taken::Part) => {}
            Err(_) => {
                let peer = peer.map(display);
                tracing::debug!(
                    peer,
                    "an answer is given up: for {time:?} there was no room for it"
                );
                return false;
            }
        }
    }
}

/// The outcome of a call, unless it is given up before.
async fn unless<T>(
    mut call: Pin<&mut impl Future<Output = T>>,
    mut poll_given_up: impl FnMut(&mut TaskContext<'_>) -> Poll<()>,
) -> Option<T> {
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = call.as_mut().poll(cx) {
            return Poll::Ready(Some(outcome));
        }
        poll_given_up(cx).map(|()| None)
    })
    .await
}

impl Source for Incoming {
    fn poll_receive(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        self.poll_message(cx)
    }

    /// They are in the context.
    fn poll_headers(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<Metadata, Status>> {
        Poll::Ready(Ok(Metadata::default()))
    }

    /// A client has no trailers that anybody reads.
    fn trailers(&mut self) -> Option<Metadata> {
        None
    }

    fn broken(&self, error: &DecodeError) -> Status {
        Status::broken_message(error)
    }
}
