//! Connections that serve one call at a time and are kept for the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::client::connection::Connection;
use crate::client::options::{ClientOptions, Connections};
use crate::error::Error;

/// The connections to one address, of which the last used is the first to be used again.
#[derive(Debug)]
pub(super) struct Pool {
    options: ClientOptions,
    idle: Arc<IdleConnections>,
    /// One permit for each call that may be under way.
    permits: Option<Arc<Semaphore>>,
}

#[derive(Debug)]
struct IdleConnections {
    most: usize,
    timeout: Duration,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Those that have been idle for the longest are first.
    connections: Vec<Idle>,
    /// Closes those that have been idle for too long; there is one while any is idle that is not
    /// kept for ever.
    timer: Option<AbortHandle>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

/// A connection that serves one call; it is closed unless it is put back.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) connection: Connection,
    idle: Arc<IdleConnections>,
    /// Given back after the connection: what is open is either idle or has a permit, and a call
    /// opens one only when none is idle, so that there are never more than permits.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    /// Keeps the connection for other calls.
    pub(super) fn put_back(self) {
        self.idle.put(self.connection);
    }
}

impl Pool {
    /// A pool that has connected once.
    pub(super) async fn connect(options: &ClientOptions) -> Result<Self, Error> {
        let (most, idle_timeout, open) = match options.connections {
            Connections::Pooled {
                idle,
                idle_timeout,
                open,
            } => (idle, idle_timeout, open),
            Connections::Short | Connections::Multiplexed { .. } => (0, Duration::ZERO, None),
        };
        let pool = Self {
            options: options.clone(),
            idle: Arc::new(IdleConnections {
                most,
                timeout: idle_timeout,
                kept: Mutex::default(),
            }),
            permits: open.map(|open| Arc::new(Semaphore::new(open.max(1)))),
        };
        pool.take().await?.put_back();
        Ok(pool)
    }

    /// A connection that was idle, else a new one; waits while too many calls are under way.
    pub(super) async fn take(&self) -> Result<Lease, Error> {
        let permit = match &self.permits {
            None => None,
            // The semaphore is never closed.
            Some(permits) => Arc::clone(permits).acquire_owned().await.ok(),
        };
        let connection = match self.idle.take() {
            Some(connection) => connection,
            None => Connection::new(connect(&self.options).await?, self.options.limits),
        };
        Ok(Lease {
            connection,
            idle: Arc::clone(&self.idle),
            _permit: permit,
        })
    }
}

/// Opens a connection, within the options' time for it.
pub(super) async fn connect(options: &ClientOptions) -> Result<TcpStream, Error> {
    let address = &*options.address;
    let stream = timeout(options.connect_timeout, TcpStream::connect(address))
        .await
        .map_err(|_| Error::connect_timeout(address))?
        .map_err(|cause| Error::connect(address, cause))?;
    stream
        .set_nodelay(true)
        .map_err(|cause| Error::connect(address, cause))?;
    Ok(stream)
}

impl IdleConnections {
    fn take(&self) -> Option<Connection> {
        loop {
            let mut last = self.pop()?;
            if last.is_usable() {
                return Some(last);
            }
        }
    }

    fn pop(&self) -> Option<Connection> {
        let mut kept = self.lock();
        let last = kept.connections.pop()?;
        if last.since.elapsed() < self.timeout {
            return Some(last.connection);
        }
        // The others have been idle for even longer.
        kept.connections.clear();
        None
    }

    fn put(self: &Arc<Self>, mut connection: Connection) {
        if self.most == 0 {
            return;
        }
        connection.give_back_memory();
        let since = Instant::now();
        let mut kept = self.lock();
        if kept.connections.len() >= self.most {
            return;
        }
        kept.connections.push(Idle { connection, since });
        if kept.timer.is_none()
            && let Some(end) = since.checked_add(self.timeout)
        {
            let timer = close_in_time(Arc::downgrade(self), end);
            kept.timer = Some(tokio::spawn(timer).abort_handle());
        }
    }

    /// Closes what has been idle for too long; gives the time to look again, if anything is left.
    fn close_outdated(&self) -> Option<Instant> {
        let mut kept = self.lock();
        let outdated = kept
            .connections
            .iter()
            .take_while(|idle| idle.since.elapsed() >= self.timeout)
            .count();
        kept.connections.drain(..outdated);
        let next = kept
            .connections
            .first()
            .and_then(|idle| idle.since.checked_add(self.timeout));
        if next.is_none() {
            kept.timer = None;
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing here can be left half-done by a panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections as their time is over, until none is idle. The pool does not live for longer
/// because of that.
async fn close_in_time(idle: Weak<IdleConnections>, first: Instant) {
    let mut next = Some(first);
    while let Some(at) = next {
        sleep_until(at).await;
        next = idle.upgrade().and_then(|idle| idle.close_outdated());
    }
}

impl Drop for IdleConnections {
    fn drop(&mut self) {
        if let Some(timer) = self.lock().timer.take() {
            timer.abort();
        }
    }
}
