//! Connections that are kept for the next call.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::client::connection::Connection;
use crate::client::options::ClientOptions;
use crate::error::Error;
use crate::limits::Limits;

/// The idle connections to one address, the last used first.
#[derive(Debug)]
pub(super) struct Pool {
    address: String,
    connect_timeout: Duration,
    limits: Limits,
    max_idle: usize,
    idle_timeout: Duration,
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(super) fn new(options: &ClientOptions) -> Self {
        Self {
            address: options.address.clone(),
            connect_timeout: options.connect_timeout,
            limits: options.limits,
            max_idle: options.max_idle,
            idle_timeout: options.idle_timeout,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// A connection that was idle, else a new one.
    pub(super) async fn take(&self) -> Result<Connection, Error> {
        while let Some(mut connection) = self.take_idle() {
            if connection.is_usable() {
                return Ok(connection);
            }
        }
        self.connect().await
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.lock();
        let last = idle.pop()?;
        if last.since.elapsed() < self.idle_timeout {
            return Some(last.connection);
        }
        // The others have been idle for even longer.
        idle.clear();
        None
    }

    /// Keeps a connection on which nothing is outstanding.
    pub(super) fn put_back(&self, connection: Connection) {
        let mut idle = self.lock();
        let outdated = idle
            .iter()
            .take_while(|idle| idle.since.elapsed() >= self.idle_timeout)
            .count();
        idle.drain(..outdated);
        if idle.len() < self.max_idle {
            idle.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
    }

    pub(super) async fn connect(&self) -> Result<Connection, Error> {
        let connecting = TcpStream::connect(&self.address);
        let stream = timeout(self.connect_timeout, connecting)
            .await
            .map_err(|_| Error::connect_timeout(&self.address))?
            .map_err(|cause| Error::connect(&self.address, cause))?;
        stream
            .set_nodelay(true)
            .map_err(|cause| Error::connect(&self.address, cause))?;
        Ok(Connection::new(stream, self.limits))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        // Nothing here can be left half-done by a panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
