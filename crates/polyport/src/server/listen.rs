//! The gate: accepts connections, counts them, and waits for them at the end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time;

use crate::server::{Phase, Shared, connection};

/// How long to wait after an accept error that will not go away by itself, such as having no file
/// descriptors left.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How many connections are let in after the stop: about as many as a kernel keeps for a port. Who
/// connects on and on must not keep the server from its end.
const MAX_WAITING: usize = 4096;

/// Serves until `stop`, then drains; gives the number of connections that had to be cut.
pub(super) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: impl Future<Output = ()>,
) -> usize {
    let limit = shared.limits.drain;
    let (phase, phases) = watch::channel(Phase::Serving);
    let mut gate = Gate::new(Arc::clone(&shared), phases);
    let mut stop = pin!(stop);
    let mut failing = false;
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = gate.connections.join_next(), if !gate.connections.is_empty() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the task of a connection failed");
                }
            }
            (stream, peer) = accept(&listener, &mut failing) => gate.admit(stream, peer),
        }
    }
    gate.admit_waiting(listener);
    shared.catalog.stop();
    phase.send_replace(Phase::Draining);
    if !gate.all_end_within(limit / 2).await {
        phase.send_replace(Phase::Leaving);
        gate.all_end_within(limit - limit / 2).await;
    }
    let cut = gate.connections.len();
    if cut > 0 {
        tracing::warn!(
            cut,
            "connections were still busy after {limit:?} and are cut"
        );
    }
    cut
}

/// The connections that were let in.
struct Gate {
    shared: Arc<Shared>,
    phases: watch::Receiver<Phase>,
    connections: JoinSet<()>,
    door: Door,
}

impl Gate {
    fn new(shared: Arc<Shared>, phases: watch::Receiver<Phase>) -> Self {
        let door = Door::new(shared.limits.connections);
        Self {
            shared,
            phases,
            connections: JoinSet::new(),
            door,
        }
    }

    /// Serves a connection in a task of its own, if there may be another one.
    fn admit(&mut self, stream: TcpStream, peer: SocketAddr) {
        let Some(permit) = self.door.admit(peer) else {
            return;
        };
        let serving =
            connection::serve(stream, peer, Arc::clone(&self.shared), self.phases.clone());
        self.connections.spawn(async move {
            serving.await;
            drop(permit);
        });
    }

    /// Closes the port. Connections that the kernel has made already are let in before: their
    /// clients may have sent requests, and closing would reset them.
    fn admit_waiting(&mut self, listener: TcpListener) {
        // The runtime's own listener knows of a connection only after it has looked at its sockets.
        let Ok(listener) = listener.into_std() else {
            return;
        };
        for _ in 0..MAX_WAITING {
            let (stream, peer) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if concerns_one_connection(&error) => continue,
                Err(_) => return,
            };
            let stream = stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream));
            match stream {
                Ok(stream) => self.admit(stream, peer),
                Err(error) => tracing::warn!(%peer, %error, "a last connection is lost"),
            }
        }
    }

    /// Waits for the connections to end, and says whether all have.
    async fn all_end_within(&mut self, time: Duration) -> bool {
        let all_ended = async { while self.connections.join_next().await.is_some() {} };
        let _ = time::timeout(time, all_ended).await;
        // Some may have ended together with the time.
        while self.connections.try_join_next().is_some() {}
        self.connections.is_empty()
    }
}

/// Who holds it has a place for a connection, one of a number or one of as many as there may be.
type Permit = Option<OwnedSemaphorePermit>;

/// Lets in as many connections as there may be.
struct Door {
    places: Option<(usize, Arc<Semaphore>)>,
    /// How many were turned away since the last one that was let in.
    refused: usize,
}

impl Door {
    fn new(limit: Option<usize>) -> Self {
        Self {
            places: limit.map(|limit| (limit, Arc::new(Semaphore::new(limit)))),
            refused: 0,
        }
    }

    /// A place for a connection, if there is one. The log has one line for all that are turned away
    /// together, because it must not grow as fast as anybody can connect.
    fn admit(&mut self, peer: SocketAddr) -> Option<Permit> {
        let Some((limit, places)) = &self.places else {
            return Some(None);
        };
        let Ok(place) = Arc::clone(places).try_acquire_owned() else {
            if self.refused == 0 {
                tracing::warn!(
                    %peer,
                    "a connection is closed, and so are others until there is room: all {limit} \
                     that there may be are open (Limits::connections)",
                );
            }
            self.refused += 1;
            return None;
        };
        if self.refused > 0 {
            let refused = std::mem::take(&mut self.refused);
            tracing::info!(refused, "there is room for connections again");
        }
        Some(Some(place))
    }
}

/// The next connection, however many errors come before it. The log has a line for the first of
/// those that last, which `failing` keeps when something else comes first.
async fn accept(listener: &TcpListener, failing: &mut bool) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                if std::mem::take(failing) {
                    tracing::info!("connections can be accepted again");
                }
                return accepted;
            }
            Err(error) if concerns_one_connection(&error) => {
                tracing::debug!(%error, "a connection failed while it was accepted");
            }
            Err(error) => {
                if !std::mem::replace(failing, true) {
                    tracing::warn!(
                        "no connection can be accepted, which is tried again and again: {error}"
                    );
                }
                time::sleep(BACK_OFF).await;
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}
