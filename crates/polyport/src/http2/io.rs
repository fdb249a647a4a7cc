//! The socket under HTTP/2: what is written is collected, what is read is counted and joined.
//!
//! h2 hands every larger frame to the socket by itself. Here frames wait for each other until the
//! connection has nothing left to do, which halves the cost of answers of 1 KiB.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use h2::Reason;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::http2::flood::{Flood, Frames, PREFACE};
use crate::http2::joints::Joints;

/// So much waits at most before it is written.
const FLUSH_AT: usize = 64 * 1024;

/// What is as large as this goes to the socket without being copied.
const LARGE: usize = 32 * 1024;

/// The socket, as h2 sees it and as the driver does, who flushes it.
pub(crate) struct Io<S>(Arc<Mutex<Shared<S>>>);

struct Shared<S> {
    socket: S,
    /// What arrived while it was found out what the connection speaks.
    arrived: BytesMut,
    output: BytesMut,
    frames: Frames,
    joints: Joints,
    /// Since when the socket takes nothing that waits for it.
    stalled: Option<Instant>,
    /// Whether the last word is said: h2 has no more.
    farewell: bool,
}

impl<S> Io<S> {
    /// A client's connection, of which this much has arrived; `resets` streams may be given up at
    /// once.
    pub(crate) fn of_client(socket: S, arrived: BytesMut, resets: u32) -> Self {
        let (frames, joints) = (Frames::of_client(resets), Joints::new(PREFACE));
        Self::new(socket, arrived, frames, joints)
    }

    /// The same for a server's, which begins with a frame.
    pub(crate) fn of_server(socket: S, resets: u32) -> Self {
        let (frames, joints) = (Frames::of_server(resets), Joints::new(0));
        Self::new(socket, BytesMut::new(), frames, joints)
    }

    fn new(socket: S, arrived: BytesMut, frames: Frames, joints: Joints) -> Self {
        Self(Arc::new(Mutex::new(Shared {
            socket,
            arrived,
            output: BytesMut::new(),
            frames,
            joints,
            stalled: None,
            farewell: false,
        })))
    }

    /// What the peer sends more of than anybody needs.
    pub(crate) fn flood(&self) -> Option<Flood> {
        self.lock().frames.flood()
    }

    /// Since when the peer has taken nothing of what waits for it.
    pub(crate) fn stalled(&self) -> Option<Instant> {
        self.lock().stalled
    }

    /// Says why the connection ends, behind what was said before. h2 would do it without the word.
    pub(crate) fn say_farewell(&self, flood: Flood) {
        const GOAWAY: u8 = 7;
        let mut shared = self.lock();
        if !std::mem::replace(&mut shared.farewell, true) && shared.frames.is_between_frames() {
            let (word, last_stream) = (flood.word(), shared.frames.last_stream());
            let length = u32::try_from(word.len() + 8).unwrap_or(8);
            let out = &mut shared.output;
            out.put_slice(&length.to_be_bytes()[1..]);
            out.put_slice(&[GOAWAY, 0, 0, 0, 0, 0]);
            out.put_u32(last_stream);
            out.put_u32(Reason::ENHANCE_YOUR_CALM.into());
            out.put_slice(word.as_bytes());
        }
    }

    /// Whether the peer has sent anything.
    pub(crate) fn has_arrived(&self) -> bool {
        self.lock().frames.has_arrived()
    }

    /// Whether something waits to be written.
    pub(crate) fn has_output(&self) -> bool {
        !self.lock().output.is_empty()
    }

    /// For how long the peer has been silent.
    pub(crate) fn silence(&self) -> Duration {
        self.lock().frames.silence()
    }

    /// The only other owner is h2's end of it, in the same task: nobody ever waits.
    fn lock(&self) -> MutexGuard<'_, Shared<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncWrite + Unpin> Io<S> {
    /// Writes what has been collected.
    pub(crate) fn poll_written(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut shared = self.lock();
        ready!(shared.poll_write_below(0, cx))?;
        Pin::new(&mut shared.socket).poll_flush(cx)
    }
}

impl<S: AsyncWrite + Unpin> Shared<S> {
    /// Writes until no more than `size` bytes wait.
    fn poll_write_below(&mut self, size: usize, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.output.len() > size {
            let output = std::mem::take(&mut self.output);
            let written = self.poll_write_through(&output, cx);
            self.output = output;
            let written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.output.advance(written);
        }
        if self.output.is_empty() && self.output.capacity() > 2 * FLUSH_AT {
            self.output = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Writes without a copy, when nothing waits.
    fn poll_write_through(
        &mut self,
        bytes: &[u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        match written {
            Poll::Pending => _ = self.stalled.get_or_insert_with(Instant::now),
            Poll::Ready(_) => self.stalled = None,
        }
        written
    }
}

impl<S> Clone for Io<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Io<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut shared = self.lock();
        let before = buffer.filled().len();
        if shared.arrived.is_empty() {
            ready!(Pin::new(&mut shared.socket).poll_read(cx, buffer))?;
        } else {
            let size = shared.arrived.len().min(buffer.remaining());
            buffer.put_slice(&shared.arrived.split_to(size));
        }
        let arrived = &mut buffer.filled_mut()[before..];
        shared.frames.count(arrived);
        let kept = shared.joints.join(arrived);
        buffer.set_filled(before + kept);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Io<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut shared = self.lock();
        if shared.farewell {
            return Poll::Ready(Ok(bytes.len()));
        }
        let mut written = bytes.len();
        if written >= LARGE {
            ready!(shared.poll_write_below(0, cx))?;
            written = ready!(shared.poll_write_through(bytes, cx))?;
        } else {
            ready!(shared.poll_write_below(FLUSH_AT, cx))?;
            shared.output.extend_from_slice(bytes);
        }
        shared.frames.count_sent(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    /// The driver flushes, when there is nothing else to do.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut shared = self.lock();
        ready!(shared.poll_write_below(0, cx))?;
        Pin::new(&mut shared.socket).poll_shutdown(cx)
    }
}
