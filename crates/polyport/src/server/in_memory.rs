//! A server without a port: bytes in, bytes out, and connections in memory.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::watch;

use crate::error::Error;
use crate::in_process::InProcess;
use crate::server::connection::{Connection, serve_stream};
use crate::server::ping_pong::PingPong;
use crate::server::{Listening, Phase, Server, Shared};

/// What a connection in memory holds until its other end reads.
const PIPE: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct InMemory {
    shared: Arc<Shared>,
    phases: watch::Receiver<Phase>,
    /// Nobody tells it to stop, which is something else than that nobody can.
    _phase: watch::Sender<Phase>,
}

impl Server {
    /// The server without a port.
    pub(crate) fn in_memory(self) -> Result<InMemory, Error> {
        self.into_shared().map(InMemory::new)
    }
}

impl Listening {
    /// The same server beside its port.
    pub(crate) fn in_memory(&self) -> InMemory {
        InMemory::new(Arc::clone(&self.shared))
    }
}

impl InMemory {
    fn new(shared: Arc<Shared>) -> Self {
        let (_phase, phases) = watch::channel(Phase::Serving);
        Self {
            shared,
            phases,
            _phase,
        }
    }

    pub(crate) async fn serve_connection(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let (shared, phases) = (Arc::clone(&self.shared), self.phases.clone());
        serve_stream(stream, None, shared, phases).await;
    }
}

impl InProcess for InMemory {
    /// A connection on which everything has arrived, and that ends behind it.
    fn invoke(&self, requests: BytesMut) -> Pin<Box<dyn Future<Output = BytesMut> + Send>> {
        let (shared, phases) = (Arc::clone(&self.shared), self.phases.clone());
        Box::pin(async move {
            let mut answers = Answers::default();
            let mut connection = Connection::new(&mut answers, None, shared.limits, phases);
            connection.input = requests;
            let serving = PingPong::new(connection, shared.validators.clone());
            // Memory takes everything.
            let _ = serving.serve(&shared).await;
            answers.0
        })
    }

    fn connect(&self) -> DuplexStream {
        let (ours, theirs) = duplex(PIPE);
        let (shared, phases) = (Arc::clone(&self.shared), self.phases.clone());
        tokio::spawn(serve_stream(theirs, None, shared, phases));
        ours
    }
}

/// Takes what is written, and has nothing to read.
#[derive(Default)]
struct Answers(BytesMut);

impl AsyncRead for Answers {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        _buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Answers {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
