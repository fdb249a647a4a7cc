//! Finding out that nobody answers any more, though the connection stands.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// For how long nothing has come while calls waited, and whether that is suspicious: a call was
/// given up after nothing had come for a while.
///
/// That calls take long is no reason for suspicion as long as some are answered, and that nothing
/// comes is none as long as all are patient.
#[derive(Debug)]
pub(super) struct Silence {
    limit: Duration,
    /// The clock begins here.
    start: Instant,
    /// Milliseconds from the start to the last sign of life.
    since: AtomicU64,
    suspicious: AtomicBool,
}

/// A call that waits. When it is dropped before it has ended, it was given up.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    silence: Option<&'a Silence>,
}

impl Silence {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            start: Instant::now(),
            since: AtomicU64::new(0),
            suspicious: AtomicBool::new(false),
        }
    }

    pub(super) fn is_suspicious(&self) -> bool {
        self.suspicious.load(Ordering::Relaxed)
    }

    /// Something has come, or the first of several calls begins to wait.
    pub(super) fn ends(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
        if self.is_suspicious() {
            self.suspicious.store(false, Ordering::Relaxed);
        }
    }

    pub(super) fn wait(&self) -> Waiting<'_> {
        Waiting {
            silence: Some(self),
        }
    }

    fn given_up(&self) {
        let silent = self
            .now()
            .saturating_sub(self.since.load(Ordering::Relaxed));
        if Duration::from_millis(silent) >= self.limit {
            self.suspicious.store(true, Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Waiting<'_> {
    pub(super) fn ended(mut self) {
        self.silence = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(silence) = self.silence {
            silence.given_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_given_up_in_long_silence_makes_it_suspicious() {
        let silence = Silence::new(LIMIT);
        silence.ends();
        for _ in 0..9 {
            let waiting = silence.wait();
            advance(LIMIT / 10).await;
            drop(waiting);
            assert!(!silence.is_suspicious());
        }
        let waiting = silence.wait();
        advance(LIMIT / 10).await;
        drop(waiting);
        assert!(silence.is_suspicious());
        // A late reply shows that it was wrong.
        silence.ends();
        assert!(!silence.is_suspicious());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_given_up_while_others_are_answered_do_not() {
        let silence = Silence::new(LIMIT);
        let given_up = silence.wait();
        let answered = silence.wait();
        advance(3 * LIMIT).await;
        answered.ended();
        assert!(!silence.is_suspicious());
        silence.ends();
        drop(given_up);
        assert!(!silence.is_suspicious());
    }
}
