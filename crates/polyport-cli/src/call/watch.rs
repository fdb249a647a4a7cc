//! What goes over the wire during a call, for people to read.
//!
//! The client talks to the server through a relay on this machine, which shows what it passes on:
//! frames as `polyport decode` does, and of HTTP/2 what gRPC puts in it, headers and messages.

mod http2;
mod frames;
mod log;

use std::sync::Arc;

use polyport::reflection::Reflection;
use polyport::{Client, Transport};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::call::watch::log::Log;
use crate::failure::Failure;
use crate::target::Target;

/// A relay between a client and a server.
#[derive(Debug)]
pub(super) struct Watch<'t> {
    target: &'t Target,
    /// Where the relay listens, which errors name in the place of the server.
    pub(super) address: String,
    log: Arc<Log>,
    relaying: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

impl<'t> Watch<'t> {
    /// Starts the relay, and gives a client that talks through it.
    pub(super) async fn begin(target: &'t Target) -> Result<(Self, Client), Failure> {
        let log = Arc::new(Log::new(target)?);
        log.note(&format!(
            "{:?} at {} over {}, described by {}",
            target.method(),
            target.address(),
            target.transport(),
            target.origin()
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let connecting = target.options(&address).connect();
        let (client, accepted) = tokio::join!(connecting, listener.accept());
        let client = client.map_err(|error| Failure::Other(error.to_string()))?;
        let (stop, stopped) = oneshot::channel();
        let relay = Relay {
            server: target.address().to_owned(),
            transport: target.transport(),
            log: Arc::clone(&log),
            connections: JoinSet::new(),
        };
        let watch = Self {
            target,
            address,
            log,
            relaying: tokio::spawn(relay.run(accepted?.0, listener, stopped)),
            stop: Some(stop),
        };
        Ok((watch, client))
    }

    /// Shows the rest of what came, and says where the call went.
    pub(super) async fn end(mut self) {
        drop(self.stop.take());
        let _ = timeout(self.target.patience(), &mut self.relaying).await;
        self.log.rest();
        let sent = self.sent();
        match self.route().await {
            Some(route) => self.log.note(&format!("route: {route}")),
            None => self.log.note(&format!(
                "route: {sent}; the server does not say where that leads, having no reflection over \
                 Thrift"
            )),
        }
    }

    /// What the call says of its service.
    fn sent(&self) -> String {
        let (method, transport) = (&self.target.method().info().method, self.target.transport());
        match self.target.named_service() {
            Some(service) => format!("{method} over {transport} for {service}"),
            None => format!("{method} over {transport} without a service name"),
        }
    }

    /// Where the server says that the call leads, if it says.
    async fn route(&self) -> Option<String> {
        let info = self.target.method().info();
        let service = self.target.named_service();
        let asking = async {
            let options = self.target.options(self.target.address());
            let client = options
                .transport(Transport::TtHeader)
                .connect()
                .await
                .ok()?;
            let reflection = Reflection::new(&client);
            let transport = self.target.transport();
            let route = reflection.route(transport, info.codec, service.as_deref(), &info.method);
            Some(route.await.ok()?.to_string())
        };
        timeout(self.target.patience(), asking).await.ok()?
    }
}

/// What passes on connections.
struct Relay {
    server: String,
    transport: Transport,
    log: Arc<Log>,
    connections: JoinSet<()>,
}

impl Relay {
    /// Passes on what comes on this connection and on further ones; when it is stopped, all that they
    /// still have.
    async fn run(
        mut self,
        first: TcpStream,
        listener: TcpListener,
        mut stop: oneshot::Receiver<()>,
    ) {
        self.pass(first);
        loop {
            tokio::select! {
                Ok((client, _)) = listener.accept() => self.pass(client),
                _ = &mut stop => break,
            }
        }
        self.connections.join_all().await;
    }

    fn pass(&mut self, client: TcpStream) {
        let (server, log) = (self.server.clone(), Arc::clone(&self.log));
        let transport = self.transport;
        self.connections.spawn(async move {
            let Ok(stream) = TcpStream::connect(&server).await else {
                return;
            };
            let _ = stream.set_nodelay(true);
            match transport {
                Transport::Grpc => http2::pass(client, stream, &server, &log).await,
                _ => frames::pass(client, stream, &log).await,
            }
        });
    }
}
