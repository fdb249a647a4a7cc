//! The socket under HTTP/2: what is written is collected, what is read is counted and joined.
//!
//! h2 hands every larger frame to the socket by itself. Here frames wait for each other until the
//! connection has nothing left to do, which halves the cost of answers of 1 KiB.

use std::io::{self, IoSlice};
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
const LARGE: usize = 16 * 1024;

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
        ready!(shared.poll_write_all(cx))?;
        Pin::new(&mut shared.socket).poll_flush(cx)
    }
}

impl<S: AsyncWrite + Unpin> Shared<S> {
    /// Writes what waits.
    fn poll_write_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            ready!(self.poll_write_behind(&[], cx))?;
        }
        if self.output.capacity() > 2 * FLUSH_AT {
            self.output = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what waits and these behind it, without a copy; says how much of these. That is none
    /// only if there are none.
    fn poll_write_behind(
        &mut self,
        slices: &[IoSlice<'_>],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let waiting = self.output.len();
            let mut all = [
                IoSlice::new(&self.output),
                IoSlice::new(&[]),
                IoSlice::new(&[]),
            ];
            // More than these come in the next turn.
            for (place, slice) in all[1..].iter_mut().zip(slices) {
                *place = *slice;
            }
            let all = if waiting == 0 { &all[1..] } else { &all[..] };
            let written = Pin::new(&mut self.socket).poll_write_vectored(cx, all);
            match written {
                Poll::Pending => _ = self.stalled.get_or_insert_with(Instant::now),
                Poll::Ready(_) => self.stalled = None,
            }
            let written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.output.advance(written.min(waiting));
            if written > waiting || slices.is_empty() {
                return Poll::Ready(Ok(written.saturating_sub(waiting)));
            }
        }
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
        let kept = shared.joints.join(arrived);
        // What is joined moves something all the same, and is walked through once less.
        shared.frames.count(&arrived[..kept]);
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
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut shared = self.lock();
        let size = slices.iter().map(|slice| slice.len()).sum();
        if shared.farewell {
            return Poll::Ready(Ok(size));
        }
        let mut left = size;
        if size < LARGE && shared.output.len() + size <= FLUSH_AT {
            for slice in slices {
                shared.output.extend_from_slice(slice);
            }
        } else {
            left = ready!(shared.poll_write_behind(slices, cx))?;
        }
        let written = left;
        for slice in slices {
            let part = left.min(slice.len());
            shared.frames.count_sent(&slice[..part]);
            left -= part;
        }
        Poll::Ready(Ok(written))
    }

    /// h2 then gives a frame's header together with what is in it.
    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The driver flushes, when there is nothing else to do.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut shared = self.lock();
        ready!(shared.poll_write_all(cx))?;
        Pin::new(&mut shared.socket).poll_shutdown(cx)
    }
}
