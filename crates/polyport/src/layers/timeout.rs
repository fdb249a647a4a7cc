//! A layer that does not wait for ever.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::call::{Call, Reply};
use crate::layer::{Layer, Next};
use crate::status::Status;

/// Ends what stands behind it after a time, as a deadline that the caller set would.
///
/// [`MethodOptions::timeout`](crate::service::MethodOptions::timeout) is for the whole call and costs
/// less; this is for the part of it that stands behind the layer, also when another layer waits there,
/// and those around it have time to do something about it.
#[derive(Clone, Copy, Debug)]
pub struct Timeout(Duration);

impl Timeout {
    /// Ends calls that take longer.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self(timeout)
    }
}

impl Layer for Timeout {
    async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
        let Some(own) = Instant::now().checked_add(self.0) else {
            return next.call(call).await;
        };
        let deadline = call
            .context
            .facts
            .deadline
            .map_or(own, |until| until.min(own));
        call.context.facts.deadline = Some(deadline);
        timeout_at(deadline, next.call(call))
            .await
            .unwrap_or_else(|_| Status::deadline().into())
    }
}
