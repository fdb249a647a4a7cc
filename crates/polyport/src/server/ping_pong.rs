//! The driver of Buffered, Framed and TTHeader: a request, its reply, the next request.
//!
//! Everything that has arrived is answered before anything is written, so that pipelined requests
//! cost one write; but an answer never waits for a handler that waits.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use polyport_wire::error::EncodeError;
use polyport_wire::frame::{self, Frame, FrameDecoder};
use polyport_wire::schema::CallKind;
use polyport_wire::thrift::{self, ApplicationException, Envelope, MessageType};
use polyport_wire::transport::{Codec, Transport};
use polyport_wire::ttheader::{Header, HeaderRef, keys};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use crate::call::{Call, Message, Reply};
use crate::context::Context;
use crate::layer::Next;
use crate::metadata::Metadata;
use crate::router::Query;
use crate::server::connection::{Arrived, Connection, KEEP_BUFFER};
use crate::server::{Shared, linger};
use crate::service::{ServiceMethod, catch_panic};
use crate::status::{Status, StatusKind};

/// Replies that wait for each other are written when there are this many bytes of them.
const FLUSH_AT: usize = 64 * 1024;

pub(super) struct PingPong<S> {
    connection: Connection<S>,
    shared: Arc<Shared>,
    decoder: FrameDecoder,
    output: BytesMut,
    /// Whether the time of the message that comes in is running.
    begun: bool,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Continue,
    Close,
}

/// What a reply must know of its request.
#[derive(Clone, Copy)]
struct Request<'a> {
    transport: Transport,
    method: &'a str,
    sequence: i32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> PingPong<S> {
    pub(super) fn new(connection: Connection<S>, shared: Arc<Shared>) -> Self {
        Self {
            decoder: FrameDecoder::new(shared.limits.wire()),
            connection,
            shared,
            output: BytesMut::new(),
            // By its first bytes it was found out what the connection speaks.
            begun: true,
        }
    }

    /// Answers requests until the connection ends.
    pub(super) async fn serve(mut self) -> io::Result<()> {
        loop {
            match self.decoder.decode(&mut self.connection.input) {
                Ok(Some(frame)) => {
                    self.begun = false;
                    match self.answer(frame).await? {
                        After::Continue if self.output.len() < FLUSH_AT => {}
                        After::Continue => self.flush().await?,
                        After::Close => return self.close().await,
                    }
                }
                Ok(None) => {
                    self.flush().await?;
                    if self.wait().await? == After::Close {
                        return self.close().await;
                    }
                }
                Err(error) => {
                    let first = self.connection.input.get(..16);
                    tracing::warn!(
                        peer = ?self.connection.peer,
                        first_bytes = ?first.unwrap_or(&self.connection.input),
                        "a connection is closed: {error}",
                    );
                    return self.close().await;
                }
            }
        }
    }

    /// Waits until more of a message is there.
    async fn wait(&mut self) -> io::Result<After> {
        let limits = self.connection.limits;
        if self.connection.input.is_empty() {
            self.connection.give_back_memory();
            self.connection.expect_within(limits.idle);
        } else {
            self.begin(limits.message);
        }
        let wanted = self.decoder.missing(self.connection.input.len());
        match self.connection.read(wanted).await? {
            Arrived::Bytes => {
                self.begin(limits.message);
                Ok(After::Continue)
            }
            Arrived::End | Arrived::Silence => {
                if self.begun {
                    tracing::debug!(
                        peer = ?self.connection.peer,
                        arrived = self.connection.input.len(),
                        "a connection ends inside of a message",
                    );
                }
                Ok(After::Close)
            }
        }
    }

    /// Starts the time that the message has to arrive, unless it runs.
    fn begin(&mut self, time: Duration) {
        if !self.begun {
            self.begun = true;
            self.connection.expect_within(time);
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.connection.write(&mut self.output).await?;
        if self.output.capacity() > KEEP_BUFFER {
            self.output = BytesMut::new();
        }
        Ok(())
    }

    async fn close(mut self) -> io::Result<()> {
        self.flush().await?;
        linger::close(&mut self.connection.io).await;
        Ok(())
    }

    /// Serves one message: from the frame to the bytes of its reply.
    async fn answer(&mut self, frame: Frame) -> io::Result<After> {
        let Frame {
            transport,
            codec,
            header,
            payload,
        } = frame;
        if codec != Codec::ThriftBinary {
            tracing::warn!(peer = ?self.connection.peer, "a connection is closed: it speaks {codec}");
            return Ok(After::Close);
        }
        let request = |method, sequence| Request {
            transport,
            method,
            sequence,
        };
        let (envelope, body) = match Envelope::decode(&payload) {
            Ok(parts) => parts,
            Err(error) => {
                // By the header's number a multiplexing client finds its call all the same.
                let sequence = match (error.sequence, &header) {
                    (0, Some(header)) => header.sequence,
                    (sequence, _) => sequence,
                };
                let request = request(error.method, sequence);
                return Ok(self.reject(request, &error.exception));
            }
        };
        let service = header.as_ref().and_then(service_name);
        let query = Query::new(transport, service, envelope.method);
        let request = request(query.method, envelope.sequence);
        if !is_request(envelope.kind) {
            let exception = ApplicationException::invalid_message_type(envelope.kind as u16);
            return Ok(self.reject(request, &exception));
        }
        let shared = Arc::clone(&self.shared);
        let (method, reason) = match shared.router.route(query) {
            Ok(found) => found,
            Err(error) => return Ok(self.reject(request, &error.to_exception())),
        };
        let oneway = method.info.kind == CallKind::Oneway;
        let arguments = payload.slice_ref(body);
        let message = match method.endpoint.decode(arguments, &shared.limits.wire()) {
            Ok(message) => message,
            Err(error) if oneway => {
                tracing::warn!(method = ?method.info, "a one-way call is lost: {error}");
                return Ok(After::Close);
            }
            Err(error) => {
                let protocol_error = ApplicationException::PROTOCOL_ERROR;
                let exception = ApplicationException::new(protocol_error, error.to_string());
                return Ok(self.reject(request, &exception));
            }
        };
        let deadline = header.as_ref().and_then(deadline);
        let metadata = header.as_ref().map_or_else(Metadata::default, |header| {
            Metadata::from_request(&header.strings)
        });
        let context = Context {
            target: Arc::clone(&method.info),
            reason,
            transport,
            peer: self.connection.peer,
            sequence: envelope.sequence,
            deadline,
            header,
            metadata,
            reply_metadata: Metadata::default(),
        };
        let reply = self
            .call(&shared, method, Call { context, message })
            .await?;
        if !oneway {
            self.reply(request, &reply, false);
        }
        Ok(After::Continue)
    }

    /// Runs layers and handler. Replies that are ready go out before waiting for this one.
    async fn call(
        &mut self,
        shared: &Shared,
        method: &ServiceMethod,
        call: Call,
    ) -> io::Result<Reply> {
        let deadline = call.context.deadline;
        let next = Next::new(&shared.layers, &*method.endpoint);
        // Making the future is the first layer's own code already.
        let mut serving = pin!(catch_panic(async { next.call(call).await }));
        let outcome = match poll_fn(|cx| Poll::Ready(serving.as_mut().poll(cx))).await {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => {
                self.flush().await?;
                match deadline {
                    None => serving.await,
                    Some(deadline) => timeout_at(deadline, serving)
                        .await
                        .unwrap_or_else(|_| Ok(Status::deadline().into())),
                }
            }
        };
        Ok(outcome.unwrap_or_else(|payload| {
            // The handler's own panic does not come this far.
            let info = &method.info;
            Status::panic("middleware", &info.service, &info.method, &*payload).into()
        }))
    }

    /// Answers a request that cannot be served; the connection is closed after it, as in Kitex.
    fn reject(&mut self, request: Request<'_>, exception: &ApplicationException) -> After {
        tracing::debug!(
            peer = ?self.connection.peer,
            method = request.method,
            exception = exception.type_id,
            "a request is rejected: {exception}",
        );
        self.reply(request, &Status::rejected(exception).into(), true);
        After::Close
    }

    /// Appends a reply to what will be written.
    fn reply(&mut self, request: Request<'_>, reply: &Reply, closes: bool) {
        let closes = closes || self.connection.is_draining();
        let limit = self.connection.limits.frame;
        if let Err(error) = encode(request, reply, closes, limit, &mut self.output) {
            let text = format!("the reply cannot be sent: {error}");
            let failure = Reply::from(Status::error(text));
            if let Err(error) = encode(request, &failure, closes, limit, &mut self.output) {
                tracing::warn!(method = request.method, "no reply can be sent: {error}");
            }
        }
    }
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

/// Appends a reply; nothing is left of one that cannot be encoded.
fn encode(
    request: Request<'_>,
    reply: &Reply,
    closes: bool,
    limit: usize,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let answer = Answer::new(request.transport, reply);
    let kind = answer.message_type();
    let number = [b'0' + kind as u8];
    let biz = answer.biz_strings();
    let mut strings: Vec<(&[u8], &[u8])> = reply.metadata.to_reply().collect();
    // Behind the application's own, so that these win over keys of the same name.
    strings.extend(biz.iter().map(|(key, value)| (*key, value.as_bytes())));
    if closes {
        strings.push((keys::CONNECTION_RESET, b"1"));
    }
    let header = HeaderRef {
        sequence: request.sequence,
        ints: &[(keys::MESSAGE_TYPE, &number)],
        strings: &strings,
        ..HeaderRef::default()
    };
    frame::encode(request.transport, &header, limit, out, |out| {
        let envelope = Envelope {
            kind,
            method: request.method,
            sequence: request.sequence,
        };
        envelope.encode(out)?;
        answer.encode(out)
    })
}

/// A reply as Thrift has it.
enum Answer<'a> {
    Message(&'a Message),
    /// An empty result; the status stands in the header.
    Biz(&'a crate::status::BizStatus),
    Exception(ApplicationException),
}

impl<'a> Answer<'a> {
    fn new(transport: Transport, reply: &'a Reply) -> Self {
        match &reply.outcome {
            Ok(message) => Self::Message(message),
            Err(status) => match status.kind() {
                StatusKind::Biz(biz) if transport.carries_service_name() => Self::Biz(biz),
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

    fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self {
            Self::Message(message) => message.encode(out),
            Self::Biz(_) => {
                out.extend_from_slice(&[0]);
                Ok(())
            }
            Self::Exception(exception) => thrift::encode(exception, out),
        }
    }
}
