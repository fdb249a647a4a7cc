//! When calls begin, and when no more do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How many calls to make, for how long, and how fast: whichever ends first ends all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) calls: u64,
    pub(super) time: Duration,
    /// Without one, the next call begins when one has ended.
    pub(super) rate: Option<Rate>,
}

/// How often a call is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    /// From one call to the next.
    picoseconds: u128,
}

/// A plan that has begun, which gives its calls to whoever is free to make them.
#[derive(Debug)]
pub(super) struct Schedule {
    plan: Plan,
    start: Instant,
    /// How many calls were asked for, beyond those of the plan too.
    taken: AtomicU64,
    /// One permit for each call that is due; closed when there are no more.
    due: Option<Semaphore>,
}

/// Makes calls due in time, until it is dropped.
///
/// It is a thread of its own, because a runtime's timers are too coarse by a millisecond.
#[derive(Debug)]
pub(super) struct Pacer {
    _stop: mpsc::Sender<()>,
}

impl Schedule {
    /// Begins now.
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            start: Instant::now(),
            taken: AtomicU64::new(0),
            due: plan.rate.map(|_| Semaphore::new(0)),
        }
    }

    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// Waits for the next call, and gives the time at which it should begin; `None` when no more
    /// are to be made.
    ///
    /// At a rate that is earlier than now, if everybody was busy: what a call had to wait for that
    /// belongs to what its caller waited for.
    pub(super) async fn next(&self) -> Option<Instant> {
        if let Some(due) = &self.due {
            due.acquire().await.ok()?.forget();
        }
        let now = Instant::now();
        if now.duration_since(self.start) >= self.plan.time {
            return None;
        }
        let index = self.taken.fetch_add(1, Ordering::Relaxed);
        if index >= self.plan.calls {
            return None;
        }
        match (&self.due, self.plan.rate) {
            (Some(due), Some(rate)) => {
                if index + 1 == self.plan.calls {
                    due.close();
                }
                Some(self.start + rate.time_of(index))
            }
            _ => Some(now),
        }
    }

    /// How many calls have begun.
    pub(super) fn begun(&self) -> u64 {
        self.taken.load(Ordering::Relaxed).min(self.plan.calls)
    }

    /// Whether as many calls as the plan has have begun.
    pub(super) fn is_used_up(&self) -> bool {
        self.begun() == self.plan.calls
    }

    /// How many calls should have begun until then; at no rate there is none that should.
    pub(super) fn due_by(&self, now: Instant) -> u64 {
        let elapsed = now.duration_since(self.start);
        match self.plan.rate {
            None => 0,
            // What is due in the last moment is not.
            Some(rate) if elapsed >= self.plan.time => rate.due_before(self.plan.time),
            Some(rate) => rate.due_by(elapsed),
        }
        .min(self.plan.calls)
    }

    /// How far the plan is, from 0 to 1.
    pub(super) fn progress(&self, ended: u64) -> f64 {
        let time = self.start.elapsed().as_secs_f64() / self.plan.time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "it is for people's eyes")]
        let calls = ended as f64 / self.plan.calls as f64;
        time.max(calls).min(1.0)
    }
}

impl Pacer {
    /// Paces a schedule, if it has a rate.
    pub(super) fn new(schedule: &Arc<Schedule>) -> Self {
        let (stop, stopped) = mpsc::channel();
        if schedule.due.is_some() {
            let schedule = Arc::clone(schedule);
            thread::spawn(move || schedule.pace(&stopped));
        }
        Self { _stop: stop }
    }
}

impl Schedule {
    /// Makes calls due as their time comes, until there are no more or nobody wants them.
    fn pace(&self, stopped: &mpsc::Receiver<()>) {
        let (Some(due), Some(rate)) = (&self.due, self.plan.rate) else {
            return;
        };
        let mut released = 0;
        loop {
            let now = Instant::now();
            let by_now = self.due_by(now);
            due.add_permits(usize::try_from(by_now - released).unwrap_or(Semaphore::MAX_PERMITS));
            released = by_now;
            let is_over = now.duration_since(self.start) >= self.plan.time;
            if is_over || released == self.plan.calls {
                break;
            }
            let next = self.start + rate.time_of(released).min(self.plan.time);
            match stopped.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return due.close(),
            }
        }
        if released < self.plan.calls {
            due.close();
        }
    }
}

impl Rate {
    /// So many calls a second, if that is a number of calls that can be made.
    pub(super) fn per_second(calls: f64) -> Option<Self> {
        if !(0.001..=1e9).contains(&calls) {
            return None;
        }
        // A thousand of them in nanoseconds is one in picoseconds.
        let thousand = Duration::from_secs_f64(1000.0 / calls);
        Some(Self {
            picoseconds: thousand.as_nanos(),
        })
    }

    /// When a call is due, the first of which is number 0.
    fn time_of(self, index: u64) -> Duration {
        let nanoseconds = (u128::from(index) * self.picoseconds).div_ceil(1000);
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// How many calls are due then.
    fn due_by(self, elapsed: Duration) -> u64 {
        let calls = elapsed.as_nanos() * 1000 / self.picoseconds + 1;
        u64::try_from(calls).unwrap_or(u64::MAX)
    }

    /// The same without one that is due in that very moment.
    fn due_before(self, elapsed: Duration) -> u64 {
        let calls = (elapsed.as_nanos() * 1000).div_ceil(self.picoseconds);
        u64::try_from(calls).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1000);

    fn rate(calls: f64) -> Rate {
        Rate::per_second(calls).unwrap()
    }

    #[test]
    fn calls_are_due_at_equal_distances() {
        for calls in [0.5, 3.0, 7.0, 1000.0, 333_333.0, 1e9] {
            let rate = rate(calls);
            assert_eq!(rate.time_of(0), Duration::ZERO);
            for index in [0, 1, 2, 999, 1_000_000] {
                let time = rate.time_of(index);
                assert_eq!(rate.due_by(time), index + 1, "{calls} {index}");
                assert_eq!(rate.due_before(time + Duration::from_nanos(1)), index + 1);
                if calls < 1e6 && index > 0 {
                    assert_eq!(rate.due_by(time - Duration::from_nanos(1)), index);
                }
            }
        }
        // Roundings do not add up to more than a call in a million seconds.
        let long = Duration::from_secs(1_000_000);
        assert!((3_000_000..=3_000_001).contains(&rate(3.0).due_before(long)));
        assert_eq!(rate(1000.0).due_before(Duration::from_secs(10)), 10_000);
    }

    #[test]
    fn what_is_no_rate_is_none() {
        for calls in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9, 1e10] {
            assert_eq!(Rate::per_second(calls), None, "{calls}");
        }
    }

    #[tokio::test]
    async fn no_call_is_made_beyond_the_plan() {
        for rate in [None, Rate::per_second(100_000.0)] {
            let plan = Plan {
                calls: 3,
                time: LONG,
                rate,
            };
            let schedule = Arc::new(Schedule::new(plan));
            let _pacer = Pacer::new(&schedule);
            let mut times = Vec::new();
            while let Some(time) = schedule.next().await {
                times.push(time);
            }
            assert_eq!(times.len(), 3);
            assert!(times.is_sorted());
            assert!(schedule.is_used_up());
            assert_eq!(schedule.next().await, None);
            assert_eq!(schedule.begun(), 3);
        }
    }

    #[tokio::test]
    async fn who_comes_late_is_told_when_it_should_have_been() {
        let plan = Plan {
            calls: 100,
            time: LONG,
            rate: Rate::per_second(1000.0),
        };
        let schedule = Arc::new(Schedule::new(plan));
        let _pacer = Pacer::new(&schedule);
        for index in 0..100 {
            let expected = schedule.start() + Duration::from_millis(index);
            assert_eq!(schedule.next().await, Some(expected));
            assert!(Instant::now() >= expected);
        }
    }

    #[tokio::test]
    async fn time_ends_what_calls_do_not() {
        for rate in [None, Rate::per_second(2.0), Rate::per_second(1e6)] {
            let plan = Plan {
                calls: u64::MAX,
                time: Duration::from_millis(20),
                rate,
            };
            let schedule = Arc::new(Schedule::new(plan));
            let _pacer = Pacer::new(&schedule);
            while schedule.next().await.is_some() {}
            assert!(schedule.start().elapsed() >= plan.time);
            assert!(!schedule.is_used_up());
            let due = schedule.due_by(Instant::now());
            assert_eq!(due, rate.map_or(0, |rate| rate.due_before(plan.time)));
        }
    }

    #[tokio::test]
    async fn without_its_pacer_a_schedule_ends() {
        let plan = Plan {
            calls: u64::MAX,
            time: LONG,
            rate: Rate::per_second(0.01),
        };
        let schedule = Arc::new(Schedule::new(plan));
        let pacer = Pacer::new(&schedule);
        assert_eq!(schedule.next().await, Some(schedule.start()));
        drop(pacer);
        assert_eq!(schedule.next().await, None);
    }
}
