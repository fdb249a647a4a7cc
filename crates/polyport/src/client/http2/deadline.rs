//! When a call that streams must be done.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use crate::status::Status;

/// The end of a call's time, and what the caller is told then. Each side of a stream has one.
#[derive(Debug)]
pub(in crate::client) struct Deadline {
    at: Instant,
    late: Status,
    /// Made when something is waited for.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    pub(in crate::client) fn new(at: Instant, late: Status) -> Self {
        Self {
            at,
            late,
            sleep: None,
        }
    }

    pub(super) fn at(&self) -> Instant {
        self.at
    }

    pub(super) fn has_passed(&self) -> bool {
        self.at <= Instant::now()
    }

    /// What the caller is told.
    pub(super) fn late(&self) -> Status {
        self.late.clone()
    }

    /// Ready when it has passed.
    pub(super) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let at = self.at;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        sleep.as_mut().poll(cx).map(|()| self.late.clone())
    }
}

/// What comes of it, if it comes before the deadline.
pub(super) async fn in_time<T>(
    deadline: Option<&Deadline>,
    coming: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match deadline {
        None => coming.await,
        Some(deadline) => timeout_at(deadline.at, coming)
            .await
            .unwrap_or_else(|_| Err(deadline.late())),
    }
}

impl Clone for Deadline {
    fn clone(&self) -> Self {
        Self::new(self.at, self.late.clone())
    }
}
