//! Who asks for much at once takes turns with the others.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use polyport::{Server, Transport};
use polyport_tests::named;
use polyport_tests::peer::Request;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::yield_now;

const REQUESTS: usize = 20_000;

#[tokio::test]
async fn a_long_pipeline_lets_neighbours_have_their_turns() {
    for multiplexed in [false, true] {
        let request = Request::new(Transport::TtHeader, "ping");
        let request = if multiplexed {
            request.multiplexed()
        } else {
            request
        };
        let server = Server::new().add(named::service("Test", &["ping"]));
        let local = server.local().unwrap();
        let mut pipeline = Pipeline {
            requests: request.encode().repeat(REQUESTS).into(),
            written: 0,
        };
        let mut turns = 0;
        let neighbour = async {
            loop {
                turns += 1;
                yield_now().await;
            }
        };
        tokio::select! {
            () = local.serve_connection(&mut pipeline) => {}
            () = neighbour => {}
        }
        assert!(pipeline.written > REQUESTS, "all are answered");
        assert!(turns > REQUESTS / 1000, "{turns} turns");
    }
}

/// A connection on which everything has arrived, and which takes everything.
struct Pipeline {
    requests: Bytes,
    written: usize,
}

impl AsyncRead for Pipeline {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let len = into.remaining().min(self.requests.len());
        into.put_slice(&self.requests.split_to(len));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipeline {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written += bytes.len();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
