//! The driver of HTTP/2: each stream is a request, served in a task of its own.

mod answer;
mod request;
mod waiting;
mod windows;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{self, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{self, Instant, Sleep};

use crate::http2::flood::Flood;
use crate::http2::io::Io;
use crate::http2::room::Room;
use crate::limits::Limits;
use crate::server::connection::{Connection, after, closed, ended, late};
use crate::server::http2::request::Place;
use crate::server::http2::windows::Windows;
use crate::server::{Phase, Shared, linger};

/// How long a sign of life may take, as Kitex's keepalive.
const PONG: Duration = Duration::from_secs(20);

/// So many tasks there may be for each stream: one-way calls go on when their streams are reset, and
/// any stream ends a moment before its task.
const MOST_TASKS: usize = 2;

/// One connection with the streams on it.
struct Http2<S> {
    io: Io<S>,
    connection: server::Connection<Io<S>, Bytes>,
    peer: Option<SocketAddr>,
    limits: Limits,
    /// Every stream's task has one: the last one out tells that the connection is idle. It learns in
    /// turn when the server cuts the connection.
    streams: Arc<watch::Receiver<()>>,
    windows: Windows,
    room: Room,
    pings: Option<PingPong>,
    /// When a sign of life was asked for, if it was not looked for since.
    pinged: Option<Instant>,
    /// Whether the tasks that are ready were given their turn before what there is is written.
    waited: bool,
    shared: Arc<Shared>,
    /// When the peer has taken nothing for too long; made when there is something that it does not
    /// take.
    stall: Option<Pin<Box<Sleep>>>,
}

/// How a connection ends.
enum End {
    Flood(Flood),
    Stall,
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
    let io = Io::of_client(socket, arrived, limits.resets);
    let mut connection = match shake_hands(&io, &limits).await? {
        Ok(connection) => connection,
        Err(reason) => {
            closed(peer, reason);
            return Ok(());
        }
    };
    let (uncut, streams) = watch::channel(());
    let http2 = Http2 {
        io,
        pings: connection.ping_pong(),
        pinged: None,
        waited: false,
        shared,
        connection,
        peer,
        limits,
        streams: Arc::new(streams),
        windows: Windows::new(),
        room: Room::new(limits.grpc_message, limits.message),
        stall: None,
    };
    let ended = http2.serve(phases).await;
    // One-way calls go on without their client, and the server's stop waits for them, too.
    uncut.closed().await;
    ended
}

/// Exchanges the settings; or says why that failed.
async fn shake_hands<S>(
    io: &Io<S>,
    limits: &Limits,
) -> io::Result<Result<server::Connection<Io<S>, Bytes>, String>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = server::Builder::new()
        .initial_window_size(windows::STREAM)
        .initial_connection_window_size(windows::CONNECTION)
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
            _ => shaken.map(Ok),
        }
    });
    Ok(match time::timeout(limits.detection, shaking).await {
        Ok(shaken) => shaken?.map_err(|error| format!("it does not begin as HTTP/2 does: {error}")),
        Err(_) => Err(format!(
            "after {:?} it had not sent all of HTTP/2's preface",
            limits.detection
        )),
    })
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http2<S> {
    async fn serve(mut self, phases: watch::Receiver<Phase>) -> io::Result<()> {
        let mut draining = false;
        let mut stop = after(Phase::Serving, phases);
        let mut check = pin!(time::sleep(self.limits.idle));
        loop {
            let end = tokio::select! {
                biased;
                end = poll_fn(|cx| self.poll_end(cx)) => end,
                () = &mut stop, if !draining => {
                    draining = true;
                    self.connection.graceful_shutdown();
                    continue;
                }
                () = &mut check => {
                    let Some(next) = self.check_silence() else {
                        ended(self.peer, "it gave no sign of life");
                        return Ok(());
                    };
                    check.as_mut().reset(Instant::now() + next);
                    continue;
                }
            };
            return match end {
                End::Flood(flood) => {
                    closed(self.peer, format_args!("it sends too many {flood}"));
                    self.io.say_farewell(flood);
                    linger::close(&mut self.io).await;
                    Ok(())
                }
                End::Stall => Err(late(self.limits.message)),
                End::Closed(Ok(())) => self.close().await,
                End::Closed(Err(error)) if error.is_library() => {
                    closed(self.peer, format_args!("its HTTP/2 is broken: {error}"));
                    self.close().await
                }
                End::Closed(Err(error)) => {
                    ended(self.peer, error);
                    self.close().await
                }
                End::Broken(error) => Err(error),
            };
        }
    }

    /// Looks whether the peer is still there: says when to look again, or that it is not.
    ///
    /// A connection that is silent and has no streams is ended; one that has some is asked for a
    /// sign of life. In both cases that is a ping, after whose answer h2 ends the former.
    fn check_silence(&mut self) -> Option<Duration> {
        let (silence, limit) = (self.io.silence(), self.limits.idle);
        let asked = self.pinged.take();
        if asked.is_some_and(|asked| silence > asked.elapsed()) {
            return None;
        }
        if silence < limit {
            return Some(limit - silence);
        }
        self.pinged = Some(Instant::now());
        if Arc::strong_count(&self.streams) == 1 {
            self.connection.graceful_shutdown();
        } else if let Some(pings) = &mut self.pings {
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
            let accepted = self.connection.poll_accept(cx);
            if let Some(flood) = self.io.flood() {
                return Poll::Ready(End::Flood(flood));
            }
            match accepted {
                Poll::Ready(Some(Ok((request, respond)))) => self.spawn(request, respond),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(End::Closed(Err(error))),
                Poll::Ready(None) => return Poll::Ready(End::Closed(Ok(()))),
                Poll::Pending => break,
            }
        }
        // Answers that are ready go out together. Whoever wakes himself comes behind all of them;
        // beside one stream there are none.
        let others = Arc::strong_count(&self.streams) > 2;
        self.waited = !self.waited && others && self.io.has_output();
        if self.waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.io.poll_written(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(End::Broken(error)),
            _ => self.poll_stalled(cx).map(|()| End::Stall),
        }
    }

    /// Ready when the peer has taken nothing for as long as a message may take.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(since) = self.io.stalled() else {
            self.stall = None;
            return Poll::Pending;
        };
        let Some(until) = since.checked_add(self.limits.message) else {
            return Poll::Pending;
        };
        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(time::sleep_until(until)));
        if stall.deadline() != until {
            stall.as_mut().reset(until);
        }
        stall.as_mut().poll(cx)
    }

    fn spawn(&mut self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        let running = Arc::strong_count(&self.streams) - 1;
        if running >= self.limits.streams as usize * MOST_TASKS {
            respond.send_reset(Reason::REFUSED_STREAM);
            return;
        }
        let place = Place {
            peer: self.peer,
            room: self.room.clone(),
            shared: Arc::clone(&self.shared),
            connection: Arc::clone(&self.streams),
        };
        // In a box, because the runtime moves a task's future several times.
        tokio::spawn(Box::pin(request::serve(request, respond, place)));
        self.windows.fit(running + 1, &mut self.connection);
    }

    /// Writes the last words, and waits for a moment until the peer has them.
    async fn close(mut self) -> io::Result<()> {
        let last = async {
            let _ = poll_fn(|cx| self.connection.poll_closed(cx)).await;
            poll_fn(|cx| self.io.poll_written(cx)).await
        };
        time::timeout(self.limits.quiet, last)
            .await
            .unwrap_or(Ok(()))?;
        linger::close(&mut self.io).await;
        Ok(())
    }
}
