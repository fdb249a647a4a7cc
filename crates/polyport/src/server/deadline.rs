//! The end of a call whose time is over: its handler is dropped, and the layers around it see that.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::task::unconstrained;
use tokio::time::{Instant, timeout_at};

use crate::call::{Call, Reply};
use crate::layer::End;
use crate::status::Status;

/// Whether the time of a call is over.
#[derive(Debug, Default)]
pub(super) struct Over(AtomicBool);

impl Over {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// What comes of `serving` until the deadline. Then the handler gives up, and what the layers
    /// make of that counts if they make it at once.
    pub(super) async fn at<T>(
        &self,
        deadline: Instant,
        mut serving: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        if let Ok(served) = timeout_at(deadline, serving.as_mut()).await {
            return Some(served);
        }
        self.0.store(true, Ordering::Relaxed);
        // Whatever this turn of the task has spent: it is the last one.
        let mut serving = pin!(unconstrained(serving));
        match poll_fn(|cx| Poll::Ready(serving.as_mut().poll(cx))).await {
            Poll::Ready(served) => Some(served),
            Poll::Pending => None,
        }
    }
}

/// A handler that gives up when time is over.
pub(super) struct Timed<'e> {
    handler: &'e dyn End,
    over: &'e Over,
}

impl<'e> Timed<'e> {
    pub(super) fn new(handler: &'e dyn End, over: &'e Over) -> Self {
        Self { handler, over }
    }
}

impl End for Timed<'_> {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        let mut serving = self.handler.call(call);
        Box::pin(poll_fn(move |cx| {
            if self.over.is_set() {
                return Poll::Ready(Status::deadline().into());
            }
            serving.as_mut().poll(cx)
        }))
    }
}
