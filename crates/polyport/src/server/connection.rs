//! The door: one connection, from its first bytes to the driver of what it speaks.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use bytes::BytesMut;
use polyport_wire::detect::{Detection, Foreign, detect};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{self, Instant};

use crate::limits::Limits;
use crate::server::ping_pong::PingPong;
use crate::server::stopwatch::Stopwatch;
use crate::server::{Phase, Shared, http2, linger, spare, ttstream};

/// The least and the most that one read asks for. A peer's announced length never makes it more:
/// a large message gets its memory as it arrives.
const MIN_READ: usize = 8 * 1024;
const MAX_READ: usize = 256 * 1024;

/// A part of a message that is waited for keeps no more memory than it needs, if it is this small:
/// anybody can open many connections and send a few bytes on each.
const SMALL: usize = 1024;

/// Serves a connection until it ends, whatever it speaks.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    phases: watch::Receiver<Phase>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "small writes are collected");
    }
    serve_stream(stream, Some(peer), shared, phases).await;
}

/// The same for a connection of any kind.
pub(super) async fn serve_stream<S>(
    stream: S,
    peer: Option<SocketAddr>,
    shared: Arc<Shared>,
    phases: watch::Receiver<Phase>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connection = Connection::new(stream, peer, shared.limits, phases);
    match serve_detected(connection, shared).await {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::TimedOut => closed(peer, &error),
        Err(error) => ended(peer, &error),
    }
}

/// Says in the log that a peer did what an operator should know of.
pub(super) fn closed(peer: Option<SocketAddr>, reason: impl fmt::Display) {
    tracing::warn!(peer = peer.map(display), "a connection is closed: {reason}");
}

/// Says in the log how a connection ended that ended as connections do.
pub(super) fn ended(peer: Option<SocketAddr>, reason: impl fmt::Display) {
    tracing::debug!(peer = peer.map(display), "a connection ended: {reason}");
}

pub(super) async fn serve_detected<S>(
    mut connection: Connection<S>,
    shared: Arc<Shared>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match connection.detect().await? {
        None => Ok(()),
        Some(Detection::PingPong) => {
            let validators = shared.validators.clone();
            PingPong::new(connection, validators).serve(&shared).await
        }
        Some(Detection::Foreign(Foreign::Http1)) => connection.answer_http1().await,
        // In a box, so that connections that speak something else need no room for it.
        Some(Detection::Http2) => Box::pin(http2::serve(connection, shared)).await,
        Some(Detection::TtStream) => ttstream::refuse(connection).await,
        Some(other) => {
            let first = connection.input.get(..16).unwrap_or(&connection.input);
            let first = first.escape_ascii();
            connection.closed(format_args!("{}; it starts with `{first}`", advice(other)));
            linger::close(&mut connection.io).await;
            Ok(())
        }
    }
}

/// What somebody should know and do whose peer is not served.
pub(super) fn advice(detection: Detection) -> Cow<'static, str> {
    match detection {
        Detection::Foreign(foreign) => foreign.to_string().into(),
        Detection::Http2 => {
            "looks like HTTP/2, which is spoken here only on connections that begin \
                             with it"
                .into()
        }
        Detection::TtStream => "looks like TTHeader Streaming, which this version does not \
                                serve: call a method that does not stream"
            .into(),
        other => format!("{other:?}").into(),
    }
}

/// One connection with what has arrived on it and how long it may stay silent.
pub(super) struct Connection<S> {
    pub(super) io: S,
    pub(super) peer: Option<SocketAddr>,
    pub(super) input: BytesMut,
    pub(super) limits: Limits,
    /// How far the server is with its stop, as far as it has been noticed.
    phase: Phase,
    /// Whether the last wait ended without a byte.
    silent: bool,
    phases: watch::Receiver<Phase>,
    /// Ready when another phase begins; made once for each, because every wait needs it.
    next_phase: Pin<Box<dyn Future<Output = ()> + Send>>,
    stopwatch: Stopwatch,
}

/// How a wait for more bytes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// There are more.
    Bytes,
    /// The peer sends no more.
    End,
    /// The peer was silent for too long.
    Silence,
    /// Nothing has, but the server is in another phase of its stop.
    Phase,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(
        io: S,
        peer: Option<SocketAddr>,
        limits: Limits,
        phases: watch::Receiver<Phase>,
    ) -> Self {
        let phase = *phases.borrow();
        Self {
            io,
            peer,
            input: BytesMut::new(),
            limits,
            phase,
            silent: false,
            next_phase: after(phase, phases.clone()),
            phases,
            stopwatch: Stopwatch::new(limits.idle),
        }
    }

    /// Looks at the first bytes until it is clear what they are; `None` when the connection ends
    /// before.
    async fn detect(&mut self) -> io::Result<Option<Detection>> {
        self.expect_within(self.limits.idle);
        let mut first_byte = None;
        loop {
            match (detect(&self.input), first_byte) {
                (Detection::NeedMore, _) | (_, None) => {}
                (detection, Some(first_byte)) => {
                    // The first message is already on its way.
                    let spent = Instant::now() - first_byte;
                    self.expect_within(self.limits.message.saturating_sub(spent));
                    return Ok(Some(detection));
                }
            }
            match self.read(0).await? {
                Arrived::Bytes if first_byte.is_none() => {
                    first_byte = Some(Instant::now());
                    self.expect_within(self.limits.detection);
                }
                Arrived::Bytes | Arrived::Phase => {}
                arrived => {
                    self.undetected(arrived);
                    return Ok(None);
                }
            }
        }
    }

    /// Says in the log how a connection ended before it was clear what it speaks. Who says nothing
    /// at all is no news: it looks whether the port is open.
    fn undetected(&self, arrived: Arrived) {
        let (input, limits) = (self.input.escape_ascii(), self.limits);
        match (arrived, self.input.is_empty()) {
            (Arrived::Silence, false) => self.closed(format_args!(
                "after {:?} it was not clear what it speaks: a client sends the first 8 bytes of \
                 a message at once; it sent `{input}`",
                limits.detection
            )),
            (Arrived::Silence, true) => self.ended(format_args!("silence for {:?}", limits.idle)),
            (_, false) => self.ended(format_args!("it was not clear what it speaks: `{input}`")),
            (_, true) => {}
        }
    }

    /// Says in the log why the connection is closed, so that an operator knows of it.
    pub(super) fn closed(&self, reason: impl fmt::Display) {
        closed(self.peer, reason);
    }

    /// Says in the log how the connection ended, which is nothing to worry about.
    pub(super) fn ended(&self, reason: impl fmt::Display) {
        ended(self.peer, reason);
    }

    /// Whether the server stops: no other request is waited for, and clients are told.
    pub(super) fn is_draining(&mut self) -> bool {
        self.phase() != Phase::Serving
    }

    /// Whether nothing more is read, unless it is the rest of a message.
    pub(super) fn is_leaving(&mut self) -> bool {
        self.phase() == Phase::Leaving && self.input.is_empty()
    }

    fn phase(&mut self) -> Phase {
        // Looking whether there is another one takes no lock.
        if self.phases.has_changed().unwrap_or(true) {
            self.phase = *self.phases.borrow_and_update();
        }
        self.phase
    }

    /// Whether the last wait ended without a byte, so that nothing is unread or on its way here for
    /// which closing could destroy an answer.
    pub(super) fn is_silent(&self) -> bool {
        self.silent && self.input.is_empty()
    }

    /// Sets how long the peer may be silent from now on.
    pub(super) fn expect_within(&mut self, time: Duration) {
        let quiet = self.is_draining() && self.input.is_empty();
        self.stopwatch
            .set(if quiet { self.limits.quiet } else { time });
    }

    /// Waits for more bytes; `wanted` is how many would be of use, if that is known.
    pub(super) async fn read(&mut self, wanted: usize) -> io::Result<Arrived> {
        let room = wanted.clamp(MIN_READ, MAX_READ);
        tokio::select! {
            biased;
            read = poll_fn(|cx| poll_read(&mut self.io, &mut self.input, room, cx)) => {
                let read = read?;
                self.silent = read == 0;
                Ok(if self.silent { Arrived::End } else { Arrived::Bytes })
            }
            () = self.stopwatch.elapsed() => {
                self.silent = true;
                Ok(Arrived::Silence)
            }
            () = &mut self.next_phase => {
                let phase = self.phase();
                self.next_phase = after(phase, self.phases.clone());
                if self.input.is_empty() {
                    self.stopwatch.set(self.limits.quiet);
                }
                Ok(Arrived::Phase)
            }
        }
    }

    /// The socket, what has arrived on it, and the word that the server stops.
    pub(super) fn into_parts(self) -> (S, BytesMut, watch::Receiver<Phase>) {
        (self.io, self.input, self.phases)
    }

    /// Writes everything in `output`, for as long as the peer takes it, and takes its memory.
    pub(super) async fn write(&mut self, output: &mut BytesMut) -> io::Result<()> {
        if output.is_empty() {
            return Ok(());
        }
        self.write_in_time(output).await?;
        spare::give_back(mem::take(output));
        Ok(())
    }

    async fn write_in_time(&mut self, output: &[u8]) -> io::Result<()> {
        let mut writing = pin!(async {
            self.io.write_all(output).await?;
            // TLS, for one, keeps bytes back while the socket under it is full.
            self.io.flush().await
        });
        // Mostly the kernel takes everything at once, and no clock is needed.
        match poll_fn(|cx| Poll::Ready(writing.as_mut().poll(cx))).await {
            Poll::Ready(written) => written,
            Poll::Pending => {
                let limit = self.limits.message;
                let written = time::timeout(limit, writing).await;
                written.unwrap_or_else(|_| Err(late(limit)))
            }
        }
    }

    /// Says in HTTP what this port speaks.
    async fn answer_http1(&mut self) -> io::Result<()> {
        const BODY: &str = "This port speaks gRPC over HTTP/2, and Kitex Thrift and Protobuf: \
                            TTHeader, Framed and Buffered.\nIt does not serve HTTP/1.\n";
        self.closed(Foreign::Http1);
        let answer = format!(
            "HTTP/1.1 421 Misdirected Request\r\ncontent-type: text/plain\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{BODY}",
            BODY.len()
        );
        let mut output = BytesMut::from(answer.as_str());
        self.write(&mut output).await?;
        linger::close(&mut self.io).await;
        Ok(())
    }
}

/// Waits for the phase behind this one, or for ever when there is none.
pub(super) fn after(
    phase: Phase,
    mut phases: watch::Receiver<Phase>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if phases.wait_for(|now| *now > phase).await.is_err() {
            std::future::pending().await
        }
    })
}

#[cold]
pub(super) fn late(limit: Duration) -> io::Error {
    let text = format!("it has taken no answer for {limit:?}: a client reads what it called for");
    io::Error::new(io::ErrorKind::TimedOut, text)
}

/// Appends what has arrived to `input`, which has a large buffer only while something arrives.
fn poll_read(
    io: &mut (impl AsyncRead + Unpin),
    input: &mut BytesMut,
    room: usize,
    cx: &mut task::Context<'_>,
) -> Poll<io::Result<usize>> {
    if input.len() <= SMALL {
        let mut roomy = spare::take();
        roomy.extend_from_slice(input);
        spare::give_back(mem::replace(input, roomy));
    }
    input.reserve(room);
    let read = pin!(io.read_buf(input)).poll(cx);
    if input.is_empty() || read.is_pending() && input.len() <= SMALL {
        let kept = BytesMut::from(&input[..]);
        spare::give_back(mem::replace(input, kept));
    }
    read
}
