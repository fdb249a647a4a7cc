//! What a client can be told, and its defaults.

use std::time::Duration;

use polyport_wire::transport::Transport;

use crate::client::Client;
use crate::error::Error;
use crate::limits::Limits;

/// The options of a [`Client`].
///
/// | option | default |
/// | --- | --- |
/// | transport | TTHeader |
/// | service name | sent |
/// | caller | empty |
/// | timeout of a call | none |
/// | timeout of connecting | 1 s |
/// | idle connections | 10, each for 30 s, less than servers keep theirs |
#[derive(Clone, Debug)]
pub struct ClientOptions {
    pub(super) address: String,
    pub(super) transport: Transport,
    pub(super) service_name: bool,
    pub(super) caller: String,
    pub(super) timeout: Option<Duration>,
    pub(super) connect_timeout: Duration,
    pub(super) max_idle: usize,
    pub(super) idle_timeout: Duration,
    pub(super) limits: Limits,
}

impl ClientOptions {
    pub(super) fn new(address: String) -> Self {
        Self {
            address,
            transport: Transport::TtHeader,
            service_name: true,
            caller: String::new(),
            timeout: None,
            connect_timeout: Duration::from_secs(1),
            max_idle: 10,
            idle_timeout: Duration::from_secs(30),
            limits: Limits::default(),
        }
    }

    /// How messages are cut. Buffered and Framed carry neither a service name nor metadata.
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Leaves out what a Kitex client without its TTHeader handler leaves out: the service's name,
    /// the caller, the method and the timeouts. The server must then guess.
    #[must_use]
    pub fn without_service_name(mut self) -> Self {
        self.service_name = false;
        self
    }

    /// The name of this client, which servers see as the caller.
    #[must_use]
    pub fn caller(mut self, name: impl Into<String>) -> Self {
        self.caller = name.into();
        self
    }

    /// How long each call may take, connecting included, unless the call says otherwise. The
    /// server is told.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long connecting may take.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How many connections are kept for later calls, and for how long.
    #[must_use]
    pub fn idle(mut self, connections: usize, timeout: Duration) -> Self {
        self.max_idle = connections;
        self.idle_timeout = timeout;
        self
    }

    /// The limits that replies meet; of the times, none is used.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Makes the client, with a first connection.
    ///
    /// # Errors
    ///
    /// When no connection can be made.
    pub async fn connect(self) -> Result<Client, Error> {
        Client::new(self).await
    }
}
