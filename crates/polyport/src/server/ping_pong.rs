//! The driver of Buffered, Framed and TTHeader: a request, its reply, the next request.
//!
//! Everything that has arrived is answered before anything is written, so that pipelined requests
//! cost one write; but an answer never waits for a handler that waits. A client that says that it
//! takes replies in any order is served concurrently.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use polyport_wire::detect::{Detection, detect};
use polyport_wire::error::{DecodeError, DecodeErrorKind};
use polyport_wire::frame::{Frame, FrameDecoder, salvage};
use polyport_wire::schema::CallKind;
use polyport_wire::thrift::{ApplicationException, MessageType};
use polyport_wire::transport::Codec;
use polyport_wire::ttheader::flags;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::task::coop::consume_budget;
use tokio::task::{JoinError, JoinSet};
use tracing::field::display;

use crate::call::Reply;
use crate::layer::Payload;
use crate::route::MethodInfo;
use crate::server::connection::{Arrived, Connection, advice};
use crate::server::reception::{Received, Unserved, receive};
use crate::server::reply::{Ending, Request, encode};
use crate::server::{Shared, linger, serving, spare};
use crate::status::Status;
use crate::validator::Validators;

/// Replies that wait for each other are written when there are this many bytes of them.
const FLUSH_AT: usize = 64 * 1024;

pub(super) struct PingPong<S> {
    connection: Connection<S>,
    validators: Validators,
    decoder: FrameDecoder,
    output: BytesMut,
    /// Whether the time of the message that comes in is running.
    begun: bool,
    /// The calls of a multiplexing client that wait for something.
    concurrent: JoinSet<Finished>,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Continue,
    Close,
}

/// A call that was served concurrently.
struct Finished {
    request: Request,
    method: Arc<MethodInfo>,
    served: Served,
}

/// A reply, or arguments that cannot be decoded.
type Served = Result<Reply, DecodeError>;

impl<S: AsyncRead + AsyncWrite + Unpin> PingPong<S> {
    pub(super) fn new(connection: Connection<S>, validators: Validators) -> Self {
        Self {
            validators,
            decoder: FrameDecoder::new(connection.limits.wire()),
            connection,
            output: BytesMut::new(),
            // By its first bytes it was found out what the connection speaks.
            begun: true,
            concurrent: JoinSet::new(),
        }
    }

    /// Answers requests until the connection ends.
    pub(super) async fn serve(mut self, shared: &Arc<Shared>) -> io::Result<()> {
        loop {
            self.make_room().await?;
            match self.decoder.decode(&mut self.connection.input) {
                Ok(Some(frame)) => {
                    self.begun = false;
                    // Who has much to ask takes turns with the other connections of the thread.
                    consume_budget().await;
                    match self.answer(frame, shared).await? {
                        After::Continue if self.output.len() < FLUSH_AT => {}
                        After::Continue => self.flush().await?,
                        After::Close => return self.close().await,
                    }
                }
                Ok(None) => {
                    self.flush().await?;
                    if self.connection.is_leaving() || self.wait().await? == After::Close {
                        return self.close().await;
                    }
                }
                Err(error) => {
                    self.give_up(&error);
                    return self.close().await;
                }
            }
        }
    }

    /// Waits while no other concurrent call may be served. Much of what has arrived may be waiting
    /// as well, so it is not enough to read no more.
    async fn make_room(&mut self) -> io::Result<()> {
        while self.concurrent.len() >= self.connection.limits.calls.max(1) {
            self.flush().await?;
            if let Some(finished) = self.concurrent.join_next().await {
                self.finish(finished);
            }
        }
        Ok(())
    }

    /// Waits until more of a message is there, or a concurrent call is done.
    async fn wait(&mut self) -> io::Result<After> {
        let limits = self.connection.limits;
        if self.connection.input.is_empty() {
            self.connection.expect_within(limits.idle);
        } else {
            self.begin(limits.message);
        }
        let wanted = self.decoder.missing(self.connection.input.len());
        let arrived = tokio::select! {
            biased;
            Some(finished) = self.concurrent.join_next(), if !self.concurrent.is_empty() => {
                self.finish(finished);
                while let Some(finished) = self.concurrent.try_join_next() {
                    self.finish(finished);
                }
                return Ok(After::Continue);
            }
            arrived = self.connection.read(wanted) => arrived?,
        };
        match arrived {
            Arrived::Bytes | Arrived::Phase => Ok(After::Continue),
            Arrived::Silence if !self.begun && !self.concurrent.is_empty() => Ok(After::Continue),
            Arrived::End | Arrived::Silence => {
                self.report_end(arrived);
                Ok(After::Close)
            }
        }
    }

    /// Says in the log how a connection ended that its peer ended, or did not use.
    fn report_end(&self, arrived: Arrived) {
        let Connection { input, limits, .. } = &self.connection;
        let len = input.len();
        match (arrived, self.begun) {
            (Arrived::Silence, true) => self.connection.closed(format_args!(
                "{len} bytes of a message came in {:?}, and not the rest: the client or the \
                 network is slow, or the message is not as long as it says",
                limits.message
            )),
            (Arrived::Silence, false) => self.connection.ended("silence"),
            (_, true) => self.connection.ended(format_args!(
                "it was inside of a message, of which {len} bytes had come"
            )),
            (_, false) => {}
        }
    }

    /// Says why no other message can be read: to the log, and to the sender if it is known whom and
    /// how to answer.
    fn give_up(&mut self, error: &DecodeError) {
        let broken = self.decoder.broken().clone();
        match detect(&broken) {
            foreign @ (Detection::Foreign(_) | Detection::Http2) => {
                self.connection.closed(advice(foreign));
            }
            _ => self
                .connection
                .closed(format_args!("{error}{}", remedy(error))),
        }
        if let Some(front) =
            salvage(&broken).filter(|front| front.envelope.kind == MessageType::Call)
        {
            let request = Request {
                transport: front.transport,
                codec: Codec::ThriftBinary,
                sequence: front.envelope.sequence,
                header_sequence: front.header_sequence,
                is_multiplexed: front.flags & flags::OUT_OF_ORDER != 0,
            };
            let protocol_error = ApplicationException::PROTOCOL_ERROR;
            let exception = ApplicationException::new(protocol_error, error.to_string());
            let reply = Status::rejected(&exception).into();
            self.append(request, front.envelope.method, &reply, true);
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
        self.connection.write(&mut self.output).await
    }

    /// Ends the connection, after the answers to everything that is being served.
    async fn close(mut self) -> io::Result<()> {
        self.flush().await?;
        while let Some(finished) = self.concurrent.join_next().await {
            self.finish(finished);
            self.flush().await?;
        }
        if self.connection.is_silent() {
            return self.connection.io.shutdown().await;
        }
        linger::close(&mut self.connection.io).await;
        Ok(())
    }

    /// Serves one message: from the frame to the bytes of its reply.
    async fn answer(&mut self, frame: Frame, shared: &Arc<Shared>) -> io::Result<After> {
        match receive(frame, shared, self.connection.peer) {
            Ok(Received {
                method,
                context,
                arguments,
                request,
            }) => {
                let (limits, arguments) = (shared.limits.wire(), Payload::Message(arguments));
                if request.is_multiplexed {
                    let info = Arc::clone(&method.info);
                    let serving =
                        async move { serving::serve(&method, context, arguments, &limits).await };
                    return Ok(self.call_concurrently(info, request, serving).await);
                }
                let serving = pin!(serving::serve(&method, context, arguments, &limits));
                let served = self.call(serving).await?;
                Ok(self.reply(request, &method.info, served))
            }
            Err(Unserved::Rejected {
                request,
                method,
                exception,
            }) => Ok(self.reject(request, &method, &exception)),
            Err(Unserved::Lost(reason)) => Ok(self.lose(reason, true)),
        }
    }

    /// Serves a call while nothing else happens on the connection. Replies that are ready go out
    /// before waiting for this one.
    async fn call(
        &mut self,
        mut serving: Pin<&mut impl Future<Output = Served>>,
    ) -> io::Result<Served> {
        match poll_fn(|cx| Poll::Ready(serving.as_mut().poll(cx))).await {
            Poll::Ready(served) => Ok(served),
            Poll::Pending => {
                self.flush().await?;
                Ok(serving.await)
            }
        }
    }

    /// Serves a call beside others. Most are done at once, without a task of their own.
    async fn call_concurrently(
        &mut self,
        method: Arc<MethodInfo>,
        request: Request,
        serving: impl Future<Output = Served> + Send + 'static,
    ) -> After {
        let mut serving = Box::pin(serving);
        match poll_fn(|cx| Poll::Ready(serving.as_mut().poll(cx))).await {
            Poll::Ready(served) => self.reply(request, &method, served),
            Poll::Pending => {
                self.concurrent.spawn(async move {
                    Finished {
                        request,
                        method,
                        served: serving.await,
                    }
                });
                After::Continue
            }
        }
    }

    /// Appends the reply of a concurrent call, after which the connection goes on in any case.
    fn finish(&mut self, finished: Result<Finished, JoinError>) {
        match finished {
            Ok(finished) => {
                self.reply(finished.request, &finished.method, finished.served);
            }
            // Panics are caught inside of it.
            Err(error) => tracing::error!(%error, "a call's task has failed"),
        }
    }

    /// Answers a request that cannot be served. The connection is closed after it, as in Kitex,
    /// unless other calls share it.
    fn reject(
        &mut self,
        request: Request,
        method: &str,
        exception: &ApplicationException,
    ) -> After {
        tracing::debug!(
            peer = self.connection.peer.map(display),
            method,
            exception = exception.type_id,
            "a request is rejected: {}",
            // It may hold names that the peer has made up.
            exception.to_string().replace(char::is_control, "\u{fffd}"),
        );
        let reply = Status::rejected(exception).into();
        self.append(request, method, &reply, !request.is_multiplexed);
        if request.is_multiplexed {
            After::Continue
        } else {
            After::Close
        }
    }

    /// Appends the reply of a call, if it wants one.
    fn reply(&mut self, request: Request, method: &MethodInfo, served: Served) -> After {
        match (served, method.kind) {
            (Ok(_), CallKind::Oneway) => After::Continue,
            (Ok(reply), _) => {
                self.append(request, &method.method, &reply, false);
                After::Continue
            }
            (Err(error), CallKind::Oneway) => {
                let name = &method.method;
                let reason = format!("the one-way call of {name} is broken: {error}");
                self.lose(reason, !request.is_multiplexed)
            }
            (Err(error), _) => {
                let protocol_error = ApplicationException::PROTOCOL_ERROR;
                let exception = ApplicationException::new(protocol_error, error.to_string());
                self.reject(request, &method.method, &exception)
            }
        }
    }

    /// Gives up a request that can have no answer.
    fn lose(&self, reason: String, closes: bool) -> After {
        if closes {
            self.connection.closed(reason);
            return After::Close;
        }
        let peer = self.connection.peer.map(display);
        tracing::debug!(peer, "a request is lost: {reason}");
        After::Continue
    }

    /// Appends a reply to what will be written.
    fn append(&mut self, request: Request, method: &str, reply: &Reply, closes: bool) {
        if self.output.capacity() == 0 {
            self.output = spare::take();
        }
        let ending = Ending {
            closes: closes || self.connection.is_draining(),
            limit: self.connection.limits.frame,
            validators: &self.validators,
        };
        if let Err(error) = encode(request, method, reply, ending, &mut self.output) {
            let text = format!("the reply cannot be sent: {error}");
            let failure = Reply::from(Status::error(text));
            if let Err(error) = encode(request, method, &failure, ending, &mut self.output) {
                tracing::warn!(method, "no reply can be sent: {error}");
            }
        }
    }
}

/// What to do about a message that cannot be decoded.
fn remedy(error: &DecodeError) -> &'static str {
    match error.kind() {
        DecodeErrorKind::TooLarge { .. } | DecodeErrorKind::TooDeep { .. } => {
            "; if that is a request and not noise, raise the server's limits"
        }
        _ => {
            "; clients of this port speak strict binary Thrift or Kitex Protobuf over TTHeader, \
              Framed or Buffered, or gRPC"
        }
    }
}
