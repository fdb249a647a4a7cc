//! The door: one connection, from its first bytes to the driver of what it speaks.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
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
use crate::server::{Phase, Shared, linger, ttstream};

/// The least and the most that one read asks for. A peer's announced length never makes it more:
/// a large message gets its memory as it arrives.
const MIN_READ: usize = 8 * 1024;
const MAX_READ: usize = 256 * 1024;

/// A buffer that has grown beyond this is given back after use.
pub(super) const KEEP_BUFFER: usize = 256 * 1024;

/// Serves a connection until it ends, whatever it speaks.
pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>, phases: watch::Receiver<Phase>) {
    let peer = stream.peer_addr().ok();
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(?peer, %error, "the connection keeps collecting small writes");
    }
    let connection = Connection::new(stream, peer, shared.limits, phases);
    if let Err(error) = serve_detected(connection, shared).await {
        tracing::debug!(?peer, %error, "the connection failed");
    }
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
        Some(Detection::TtStream) => ttstream::refuse(connection).await,
        Some(other) => {
            let first = connection.input.get(..8).unwrap_or(&connection.input);
            tracing::warn!(
                peer = ?connection.peer,
                first_bytes = ?first,
                "a connection was closed: {}",
                hint(other),
            );
            linger::close(&mut connection.io).await;
            Ok(())
        }
    }
}

fn hint(detection: Detection) -> String {
    match detection {
        Detection::Foreign(foreign) => foreign.to_string(),
        Detection::Http2 => "it speaks HTTP/2, which this version does not serve".to_owned(),
        other => format!("{other:?}"),
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
                Arrived::End | Arrived::Silence => {
                    if !self.input.is_empty() {
                        tracing::debug!(
                            peer = ?self.peer,
                            first_bytes = ?&self.input[..],
                            "a connection ended before it was clear what it speaks",
                        );
                    }
                    return Ok(None);
                }
            }
        }
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

    /// Whether the last wait ended without a byte, so that no answer is under way that closing could
    /// destroy.
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
        self.input.reserve(wanted.clamp(MIN_READ, MAX_READ));
        tokio::select! {
            biased;
            read = self.io.read_buf(&mut self.input) => {
                self.silent = false;
                Ok(if read? == 0 { Arrived::End } else { Arrived::Bytes })
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

    /// Lets go of the memory that a large message took, when nothing is left of it.
    pub(super) fn give_back_memory(&mut self) {
        if self.input.is_empty() && self.input.try_reclaim(KEEP_BUFFER + 1) {
            self.input = BytesMut::new();
        }
    }

    /// Writes everything in `output`, for as long as the peer takes it.
    pub(super) async fn write(&mut self, output: &mut BytesMut) -> io::Result<()> {
        if output.is_empty() {
            return Ok(());
        }
        let mut writing = pin!(self.io.write_all(output));
        // Mostly the kernel takes everything at once, and no clock is needed.
        match poll_fn(|cx| Poll::Ready(writing.as_mut().poll(cx))).await {
            Poll::Ready(written) => written?,
            Poll::Pending => {
                let late = || io::Error::new(io::ErrorKind::TimedOut, "the peer takes no answers");
                let written = time::timeout(self.limits.message, writing).await;
                written.map_err(|_| late())??;
            }
        }
        output.clear();
        Ok(())
    }

    /// Says in HTTP what this port speaks.
    async fn answer_http1(&mut self) -> io::Result<()> {
        const BODY: &str = "This port speaks Kitex Thrift: TTHeader, Framed and Buffered.\n\
                            It does not serve HTTP.\n";
        tracing::warn!(peer = ?self.peer, "a connection was closed: {}", Foreign::Http1);
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
fn after(
    phase: Phase,
    mut phases: watch::Receiver<Phase>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if phases.wait_for(|now| *now > phase).await.is_err() {
            std::future::pending().await
        }
    })
}
