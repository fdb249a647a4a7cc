//! The gate: accepts connections, counts them, and waits for them at the end.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time;

use crate::server::{Shared, connection};

/// How long to wait after an accept error that will not go away by itself, such as having no file
/// descriptors left.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Serves until `stop`, then drains; gives the number of connections that had to be cut.
pub(super) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: impl Future<Output = ()>,
) -> usize {
    let (draining, drain) = watch::channel(false);
    let mut connections = JoinSet::new();
    let permits = shared
        .limits
        .connections
        .map(|max| Arc::new(Semaphore::new(max)));
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the task of a connection failed");
                }
                continue;
            }
            accepted = accept(&listener) => accepted,
        };
        let permit = match &permits {
            None => None,
            Some(permits) => match Arc::clone(permits).try_acquire_owned() {
                Ok(permit) => Some(permit),
                Err(_) => {
                    tracing::warn!("a connection was closed: the limit of connections is reached");
                    continue;
                }
            },
        };
        let serving = connection::serve(stream, Arc::clone(&shared), drain.clone());
        connections.spawn(async move {
            serving.await;
            drop(permit);
        });
    }
    drop(listener);
    draining.send_replace(true);
    let limit = shared.limits.drain;
    let _ = time::timeout(limit, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    // Some may have ended together with the time.
    while connections.try_join_next().is_some() {}
    let cut = connections.len();
    if cut > 0 {
        tracing::warn!(
            cut,
            "connections were still busy after {limit:?} and are cut"
        );
    }
    cut
}

/// The next connection, however many errors come before it.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if concerns_one_connection(&error) => {
                tracing::debug!(%error, "a connection failed while it was accepted");
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections, trying again");
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
