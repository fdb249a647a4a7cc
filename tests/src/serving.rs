//! A server in the background.

use std::net::SocketAddr;

use polyport::Server;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::peer::Peer;
use crate::soon;

/// A server that listens on a port of its own.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<usize>,
}

impl Serving {
    /// Starts a server.
    pub async fn start(server: Server) -> Self {
        let listening = server.bind("127.0.0.1:0").await.unwrap();
        let address = listening.address();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(listening.serve_until(async {
            // A server that nobody stops serves to the end of the test.
            if stopped.await.is_err() {
                std::future::pending().await
            }
        }));
        Self {
            address,
            stop,
            served,
        }
    }

    /// A connection to it.
    pub async fn connect(&self) -> Peer {
        Peer::connect(self.address).await
    }

    /// Asks it to stop; gives what it will say at the end.
    #[must_use]
    pub fn stop(self) -> JoinHandle<usize> {
        self.stop.send(()).unwrap();
        self.served
    }

    /// Stops it; gives the number of connections that it cut.
    pub async fn stopped(self) -> usize {
        soon(self.stop()).await.unwrap()
    }
}
