//! A timer that is cheap to set again for every message.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Ends a wait at a moment that moves.
///
/// Setting a timer of the runtime takes a lock, and for a busy connection nearly every one of them
/// would be for nothing. So a moment that moves away only takes a note of it: the timer goes off
/// at the earlier moment, sees the note, and is set again then.
#[derive(Debug)]
pub(super) struct Stopwatch {
    until: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Stopwatch {
    pub(super) fn new(after: Duration) -> Self {
        let until = later(after);
        Self {
            until,
            timer: Box::pin(sleep_until(until)),
        }
    }

    /// Moves the moment to `after` from now.
    pub(super) fn set(&mut self, after: Duration) {
        self.until = later(after);
        if self.until < self.timer.deadline() {
            self.timer.as_mut().reset(self.until);
        }
    }

    /// Waits for the moment.
    pub(super) async fn elapsed(&mut self) {
        poll_fn(|cx| self.poll_elapsed(cx)).await;
    }

    fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if self.until <= self.timer.deadline() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(self.until);
        }
    }
}

/// A moment that far away, or so far that nobody waits for it.
fn later(after: Duration) -> Instant {
    let now = Instant::now();
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    now.checked_add(after).unwrap_or(now + YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_moment_can_move_both_ways() {
        let start = Instant::now();
        let mut stopwatch = Stopwatch::new(Duration::from_secs(10));
        stopwatch.set(Duration::from_secs(60));
        stopwatch.elapsed().await;
        assert_eq!(start.elapsed().as_secs(), 60);
        stopwatch.set(Duration::from_secs(100));
        stopwatch.set(Duration::from_secs(1));
        stopwatch.elapsed().await;
        assert_eq!(start.elapsed().as_secs(), 61);
    }
}
