//! gRPC's health checking: which services can be called now.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use tokio::sync::watch;

use crate::built_in::generated::grpc::health::v1::health_check_response::ServingStatus;
use crate::built_in::generated::grpc::health::v1::{
    Health as HealthHandler, HealthCheckRequest, HealthCheckResponse, HealthServer,
};
use crate::code::Code;
use crate::context::Context;
use crate::service::Service;
use crate::status::Status;
use crate::stream::Sink;

/// What a server says about its health to those who ask by `grpc.health.v1.Health`.
///
/// A server that is [given](crate::Server::health) one says of each of its services, by the full
/// name, and of itself, by the empty name, that it serves, until it stops. What is set here goes
/// before that.
///
/// # Examples
///
/// ```
/// use polyport::{Health, Server};
///
/// let health = Health::new();
/// let server = Server::new().health(&health);
/// // While the database is away:
/// health.set("shop.v1.Orders", false);
/// ```
#[derive(Clone)]
pub struct Health {
    statuses: watch::Sender<Statuses>,
}

/// Whether the services serve, by their full names.
#[derive(Debug, Default)]
struct Statuses {
    serving: HashMap<String, bool>,
    stopped: bool,
}

impl Health {
    /// Nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self {
            statuses: watch::Sender::default(),
        }
    }

    /// Says whether a service can be called now; the empty name is the whole server.
    pub fn set(&self, service: &str, serving: bool) {
        self.statuses.send_modify(|statuses| {
            statuses.serving.insert(service.to_owned(), serving);
        });
    }

    /// Says that these serve of which nothing was said before, and the server.
    pub(crate) fn begin(&self, services: impl Iterator<Item = String>) {
        self.statuses.send_modify(|statuses| {
            statuses.stopped = false;
            for name in services.chain([String::new()]) {
                statuses.serving.entry(name).or_insert(true);
            }
        });
    }

    /// Forgets the services that are gone, and says that the new ones serve.
    pub(crate) fn follow(&self, before: &BTreeSet<String>, after: BTreeSet<String>) {
        self.statuses.send_modify(|statuses| {
            for gone in before.difference(&after) {
                statuses.serving.remove(gone);
            }
            for name in after {
                statuses.serving.entry(name).or_insert(true);
            }
        });
    }

    /// Says that nothing serves any more.
    pub(crate) fn stop(&self) {
        self.statuses
            .send_modify(|statuses| statuses.stopped = true);
    }

    /// The service that answers.
    pub(crate) fn service(&self) -> Service {
        HealthServer::new(self.clone()).built_in()
    }
}

impl Statuses {
    fn of(&self, service: &str) -> Option<ServingStatus> {
        let serving = self.serving.get(service)?;
        Some(if *serving && !self.stopped {
            ServingStatus::SERVING
        } else {
            ServingStatus::NOT_SERVING
        })
    }
}

impl HealthHandler for Health {
    async fn check(
        &self,
        _cx: &mut Context,
        request: HealthCheckRequest,
    ) -> Result<HealthCheckResponse, Status> {
        let status = self.statuses.borrow().of(&request.service);
        let unknown = || told(Code::NOT_FOUND, "unknown service");
        status.map(response).ok_or_else(unknown)
    }

    async fn watch(
        &self,
        _cx: &mut Context,
        request: HealthCheckRequest,
        mut output: Sink<HealthCheckResponse>,
    ) -> Result<(), Status> {
        let mut statuses = self.statuses.subscribe();
        let mut last = None;
        loop {
            let (status, stopped) = {
                let statuses = statuses.borrow_and_update();
                let status = statuses.of(&request.service);
                (
                    status.unwrap_or(ServingStatus::SERVICE_UNKNOWN),
                    statuses.stopped,
                )
            };
            if last != Some(status) {
                last = Some(status);
                output.send(response(status)).await?;
            }
            if stopped || statuses.changed().await.is_err() {
                // Who watches is not to hold up the stop.
                return Err(told(Code::UNAVAILABLE, "the server stops"));
            }
        }
    }
}

/// What those who ask are told: in grpc-go's words where it has some, and not as the error of a
/// handler, because it is none of the application's.
fn told(code: Code, text: &'static str) -> Status {
    Status::with_code(code, text).forwarded()
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Health")
            .field(&*self.statuses.borrow())
            .finish()
    }
}
