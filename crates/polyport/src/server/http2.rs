//! The driver of HTTP/2: each stream is a request, served in a task of its own.

mod answer;
mod request;
mod waiting;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{self, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{self, Instant};

use crate::http2::flood::Frames;
use crate::http2::io::Io;
use crate::limits::Limits;
use crate::server::connection::Connection;
use crate::server::{Phase, Shared};

/// What a client may send of one request, and of all, before it must wait for the handlers.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// How long a sign of life may take, as Kitex's keepalive.
const PONG: Duration = Duration::from_secs(20);

/// One connection with the streams on it.
struct Http2<S> {
    io: Io<S>,
    connection: server::Connection<Io<S>, Bytes>,
    peer: Option<SocketAddr>,
    limits: Limits,
    /// Every stream's task has one: the last one out tells that the connection is idle.
    streams: Arc<()>,
    pings: Option<PingPong>,
    /// Whether a sign of life was asked for since there was one.
    pinged: bool,
    /// Whether the tasks that are ready were given their turn before what there is is written.
    waited: bool,
    shared: Arc<Shared>,
}

/// How a connection ends.
enum End {
    Flood,
    Closed(Result<(), h2::Error>),
    Broken(io::Error),
}

/// Serves a connection that begins with HTTP/2's preface, until it ends.
pub(super) async fn serve<S>(connection: Connection<S>, shared: Arc<Shared>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let peer = connection.peer;
    let limits = connection.limits;
    let (socket, arrived, phases) = connection.into_parts();
    let io = Io::new(socket, arrived, Frames::new(limits.resets));
    let Some(mut connection) = shake_hands(&io, &limits).await? else {
        tracing::warn!(
            ?peer,
            "a connection was closed: its HTTP/2 preface is broken or late"
        );
        return Ok(());
    };
    let http2 = Http2 {
        io,
        pings: connection.ping_pong(),
        pinged: false,
        waited: false,
        shared,
        connection,
        peer,
        limits,
        streams: Arc::new(()),
    };
    http2.serve(phases).await
}

/// Exchanges the settings; `None` when the peer does not.
async fn shake_hands<S>(
    io: &Io<S>,
    limits: &Limits,
) -> io::Result<Option<server::Connection<Io<S>, Bytes>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = server::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.header_list)
        .max_frame_size(64 * 1024)
        .handshake(io.clone());
    let mut handshake = pin!(handshake);
    let shaking = poll_fn(|cx| {
        let shaken = handshake.as_mut().poll(cx);
        // Our half of it is to go out in any case.
        match io.poll_written(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => shaken.map(|shaken| Ok(shaken.ok())),
        }
    });
    match time::timeout(limits.detection, shaking).await {
        Ok(shaken) => shaken,
        Err(_) => Ok(None),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http2<S> {
    async fn serve(mut self, mut phases: watch::Receiver<Phase>) -> io::Result<()> {
        let mut draining = false;
        let mut check = pin!(time::sleep(self.limits.idle));
        loop {
            let end = tokio::select! {
                biased;
                end = poll_fn(|cx| self.poll_end(cx)) => end,
                _ = phases.wait_for(|phase| *phase != Phase::Serving), if !draining => {
                    draining = true;
                    self.connection.graceful_shutdown();
                    continue;
                }
                () = &mut check => {
                    let Some(next) = self.check_silence() else {
                        tracing::debug!(peer = ?self.peer, "a connection is closed: it is dead");
                        return Ok(());
                    };
                    check.as_mut().reset(Instant::now() + next);
                    continue;
                }
            };
            match end {
                End::Flood => {
                    tracing::warn!(peer = ?self.peer, "a connection is closed: a flood of frames");
                    self.connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                }
                End::Closed(Ok(())) => {}
                End::Closed(Err(error)) => {
                    tracing::debug!(peer = ?self.peer, %error, "an HTTP/2 connection failed");
                }
                End::Broken(error) => return Err(error),
            }
            return self.close().await;
        }
    }

    /// Looks whether the peer is still there: says when to look again, or that it is not.
    ///
    /// A connection that is silent and has no streams is ended; one that has some is asked for a
    /// sign of life.
    fn check_silence(&mut self) -> Option<Duration> {
        let (silence, limit) = (self.io.silence(), self.limits.idle);
        if silence < limit {
            self.pinged = false;
            return Some(limit - silence);
        }
        if Arc::strong_count(&self.streams) == 1 {
            self.connection.graceful_shutdown();
            return Some(limit);
        }
        if self.pinged {
            return None;
        }
        self.pinged = true;
        if let Some(pings) = &mut self.pings {
            let _ = pings.send_ping(Ping::opaque());
        }
        Some(PONG)
    }

    /// Lets the connection work until there is nothing to do, and writes what came of it.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if let Some(pings) = &mut self.pings {
            // An answer must be taken before there can be another question.
            let _ = pings.poll_pong(cx);
        }
        loop {
            if self.io.is_flooded() {
                return Poll::Ready(End::Flood);
            }
            match self.connection.poll_accept(cx) {
                Poll::Ready(Some(Ok((request, respond)))) => self.spawn(request, respond),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(End::Closed(Err(error))),
                Poll::Ready(None) => return Poll::Ready(End::Closed(Ok(()))),
                Poll::Pending => break,
            }
        }
        // Answers that are ready go out together. Whoever wakes himself comes behind all of them.
        self.waited = !self.waited && self.io.has_output();
        if self.waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.io.poll_written(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(End::Broken(error)),
            _ => Poll::Pending,
        }
    }

    fn spawn(&self, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
        let (peer, running) = (self.peer, Arc::clone(&self.streams));
        let shared = Arc::clone(&self.shared);
        // In a box, because the runtime moves a task's future several times.
        let serving = Box::pin(async move {
            request::serve(request, respond, &shared, peer).await;
            drop(running);
        });
        tokio::spawn(serving);
    }

    /// Writes the last words.
    async fn close(mut self) -> io::Result<()> {
        let last = async {
            let _ = poll_fn(|cx| self.connection.poll_closed(cx)).await;
            poll_fn(|cx| self.io.poll_written(cx)).await
        };
        time::timeout(self.limits.quiet, last)
            .await
            .unwrap_or(Ok(()))
    }
}
