//! The socket under HTTP/2: what is written is collected, what is read is counted.
//!
//! h2 hands every larger frame to the socket by itself. Here frames wait for each other until the
//! connection has nothing left to do, which halves the cost of answers of 1 KiB.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http2::flood::Frames;

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
}

impl<S> Io<S> {
    pub(crate) fn new(socket: S, arrived: BytesMut, frames: Frames) -> Self {
        Self(Arc::new(Mutex::new(Shared {
            socket,
            arrived,
            output: BytesMut::new(),
            frames,
        })))
    }

    /// Whether the peer sends more of what only costs than anybody needs.
    pub(crate) fn is_flooded(&self) -> bool {
        self.lock().frames.is_flood()
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
            let written = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.output))?;
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
        shared.frames.count(&buffer.filled()[before..]);
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
        if bytes.len() >= LARGE {
            ready!(shared.poll_write_below(0, cx))?;
            return Pin::new(&mut shared.socket).poll_write(cx, bytes);
        }
        ready!(shared.poll_write_below(FLUSH_AT, cx))?;
        shared.output.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
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
