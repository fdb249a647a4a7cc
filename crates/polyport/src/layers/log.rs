//! A line in the log for each call.

use std::net::SocketAddr;
use std::sync::Arc;

use polyport_wire::transport::Transport;
use tokio::time::Instant;

use crate::call::{Call, Reply};
use crate::context::Context;
use crate::layer::{Layer, Next};
use crate::route::{MethodInfo, RouteReason};

/// Writes an event of the level INFO and the target `polyport::access` for each call, when it has
/// ended: service, method, transport, the [reason](RouteReason) of the route, the caller's name, the
/// peer, how it ended and how many microseconds it took.
///
/// It sees what stands behind it, so it is mostly the first layer of a server. A call that is dropped
/// before it ends, because its caller gave it up or because a layer behind this one still waits at
/// the deadline, ends as `dropped`. Where nobody listens to such events it costs next to nothing.
#[derive(Clone, Copy, Debug)]
pub struct AccessLog;

impl Layer for AccessLog {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        if !tracing::enabled!(target: "polyport::access", tracing::Level::INFO) {
            return next.call(call).await;
        }
        let mut line = Line::new(&call.context);
        let reply = next.call(call).await;
        line.outcome = match &reply.outcome {
            Ok(_) => "ok".to_owned(),
            Err(status) => status.to_string(),
        };
        reply
    }
}

/// What will be written when it is dropped.
struct Line {
    target: Arc<MethodInfo>,
    transport: Transport,
    reason: RouteReason,
    caller: String,
    peer: Option<SocketAddr>,
    start: Instant,
    outcome: String,
}

impl Line {
    fn new(context: &Context) -> Self {
        Self {
            target: Arc::clone(&context.facts.target),
            transport: context.facts.transport,
            reason: context.facts.reason,
            caller: context.caller().to_owned(),
            peer: context.facts.peer,
            start: Instant::now(),
            outcome: "dropped".to_owned(),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // Names and texts may be the peer's own, so they are quoted.
        tracing::info!(
            target: "polyport::access",
            service = ?self.target.service,
            method = ?self.target.method,
            transport = %self.transport,
            reason = %self.reason,
            caller = ?self.caller,
            peer = self.peer.map(tracing::field::display),
            outcome = ?self.outcome,
            microseconds = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
            "a call has ended"
        );
    }
}
