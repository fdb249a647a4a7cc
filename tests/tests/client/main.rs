//! A client from outside: against our server, and against one that says what a test wants.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod calls;
mod facts;
mod layers;
mod local;
mod raw;
mod metadata;
mod timeouts;
mod within;
mod pool;
mod replies;
mod shared;
mod storms;

use std::net::SocketAddr;

use polyport::client::ClientOptions;
use polyport::{Client, Transport};
use polyport_tests::peer::{Peer, Response};
use polyport_tests::soon;
use tokio::net::TcpListener;

/// A server that a test plays: it accepts connections one by one.
struct Fake {
    listener: TcpListener,
    address: SocketAddr,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    fn options(&self, transport: Transport) -> ClientOptions {
        Client::options(self.address.to_string()).transport(transport)
    }

    /// A client, and its first connection.
    async fn client(&self, transport: Transport) -> (Client, Peer) {
        let client = self.options(transport).connect().await.unwrap();
        (client, self.accept().await)
    }

    async fn accept(&self) -> Peer {
        let (stream, _) = soon(self.listener.accept()).await.unwrap();
        Peer::new(stream)
    }

    /// The next connection, if there is one already.
    async fn accepted(&self) -> bool {
        tokio::select! {
            biased;
            accepted = self.listener.accept() => accepted.is_ok(),
            () = tokio::task::yield_now() => false,
        }
    }
}

/// Answers the next request with what `reply` makes of it.
async fn answer(peer: &mut Peer, reply: impl FnOnce(&Response) -> Vec<u8>) {
    let request = peer.response().await;
    peer.send(reply(&request)).await;
}
