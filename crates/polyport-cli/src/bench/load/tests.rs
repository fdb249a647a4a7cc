//! A load on callees that do as they are told.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::*;
use crate::bench::schedule::Rate;

const LONG: Duration = Duration::from_secs(1000);

/// Answers as it is told, and keeps count.
#[derive(Clone, Default)]
struct Fake {
    counts: Arc<Counts>,
    answer: Answer,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    calls: AtomicU64,
    /// At the same time, now and at most.
    now: AtomicU64,
    most: AtomicU64,
}

#[derive(Clone, Copy, Default)]
enum Answer {
    #[default]
    AtOnce,
    /// Every so many calls, one fails.
    Fails(u64),
    /// The first call of all takes so long.
    StallsFirst(Duration),
    Never,
}

impl Callee for Fake {
    type Connection = Self;

    async fn connect(&self) -> Result<Self, Failure> {
        self.counts.connections.fetch_add(1, Ordering::SeqCst);
        Ok(self.clone())
    }
}

impl Connection for Fake {
    async fn call(&self) -> Result<u64, Failed> {
        let now = self.counts.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.counts.most.fetch_max(now, Ordering::SeqCst);
        let outcome = self.answer().await;
        self.counts.now.fetch_sub(1, Ordering::SeqCst);
        outcome
    }
}

impl Fake {
    fn new(answer: Answer) -> Self {
        Self {
            answer,
            ..Self::default()
        }
    }

    async fn answer(&self) -> Result<u64, Failed> {
        let number = self.counts.calls.fetch_add(1, Ordering::SeqCst);
        match self.answer {
            Answer::StallsFirst(time) if number == 0 => sleep(time).await,
            Answer::Never => std::future::pending().await,
            // As one that waits for a socket.
            _ => yield_now().await,
        }
        match self.answer {
            Answer::Fails(every) if number.is_multiple_of(every) => Err(Failed {
                kind: "exception 6".to_owned(),
                text: format!("call {number}"),
            }),
            _ => Ok(1),
        }
    }

    fn calls(&self) -> u64 {
        self.counts.calls.load(Ordering::SeqCst)
    }
}

fn callers(threads: usize, connections: usize, in_flight: usize) -> Callers {
    Callers {
        threads,
        connections,
        in_flight,
    }
}

fn so_many(calls: u64) -> Plan {
    Plan {
        calls,
        time: LONG,
        rate: None,
    }
}

/// Puts a load on without an interruption.
async fn load(fake: &Fake, callers: Callers, plan: Plan) -> Outcome {
    let forever = std::future::pending();
    put(fake, callers, (None, plan), forever).await.unwrap()
}

#[tokio::test]
async fn as_many_calls_are_made_as_were_asked_for() {
    for (threads, connections, in_flight) in [(1, 1, 1), (2, 3, 4), (4, 4, 1), (9, 2, 50)] {
        let fake = Fake::default();
        let callers = callers(threads, connections, in_flight);
        let outcome = load(&fake, callers, so_many(1000)).await;
        assert_eq!(fake.calls(), 1000);
        assert_eq!(outcome.tally.answered(), 1000);
        assert_eq!(outcome.end, End::Calls);
        assert_eq!((outcome.cut_off, outcome.not_begun), (0, 0));
        let opened = fake.counts.connections.load(Ordering::SeqCst);
        assert_eq!(opened, connections as u64);
        let most = fake.counts.most.load(Ordering::SeqCst);
        assert!(most <= (connections * in_flight) as u64, "{most}");
    }
}

#[tokio::test]
async fn failures_are_counted_apart() {
    let fake = Fake::new(Answer::Fails(4));
    let outcome = load(&fake, callers(2, 2, 2), so_many(100)).await;
    assert_eq!(outcome.tally.answered(), 75);
    let kind = &outcome.tally.failures["exception 6"];
    assert_eq!(kind.count, 25);
    assert!(kind.example.starts_with("call "), "{}", kind.example);
}

#[tokio::test]
async fn a_stall_counts_for_every_call_that_should_have_begun_in_it() {
    let stall = Duration::from_secs(1);
    let fake = Fake::new(Answer::StallsFirst(stall));
    let plan = Plan {
        rate: Rate::per_second(100.0),
        ..so_many(20)
    };
    let outcome = load(&fake, callers(1, 1, 1), plan).await;
    // All twenty are due before the first is answered, and the last 190 ms after it.
    let fastest = Duration::from_nanos(outcome.tally.latencies.min());
    assert!(fastest >= Duration::from_millis(808), "{fastest:?}");
    assert!(outcome.elapsed >= stall);
    // Who only looks at the calls that are made sees one that is slow.
    let fake = Fake::new(Answer::StallsFirst(stall));
    let outcome = load(&fake, callers(1, 1, 1), so_many(20)).await;
    let slow = outcome.tally.latencies.count_between(808_000_000, u64::MAX);
    assert_eq!(slow, 1);
}

#[tokio::test]
async fn calls_at_a_rate_take_their_time() {
    let fake = Fake::default();
    let plan = Plan {
        rate: Rate::per_second(1000.0),
        ..so_many(101)
    };
    let outcome = load(&fake, callers(2, 4, 2), plan).await;
    assert_eq!(fake.calls(), 101);
    assert!(outcome.elapsed >= Duration::from_millis(100));
}

#[tokio::test]
async fn who_cannot_keep_up_is_told_how_much_is_missing() {
    let fake = Fake::new(Answer::StallsFirst(Duration::from_millis(700)));
    let plan = Plan {
        calls: u64::MAX,
        time: Duration::from_millis(500),
        rate: Rate::per_second(1000.0),
    };
    let outcome = load(&fake, callers(1, 1, 1), plan).await;
    assert_eq!(outcome.end, End::Time);
    assert_eq!(fake.calls(), 1);
    // The call under way when the time was over was waited for.
    assert_eq!(outcome.tally.answered(), 1);
    assert_eq!(outcome.not_begun, 499);
}

#[tokio::test]
async fn an_interruption_cuts_off_what_is_under_way() {
    let fake = Fake::new(Answer::Never);
    let (interrupt, interrupted) = oneshot::channel();
    let watched = fake.clone();
    let watching = tokio::spawn(async move {
        while watched.calls() < 6 {
            yield_now().await;
        }
        let _ = interrupt.send(());
    });
    let interrupted = async { interrupted.await.unwrap() };
    let plan = (None, so_many(1000));
    let outcome = put(&fake, callers(2, 3, 2), plan, interrupted)
        .await
        .unwrap();
    watching.await.unwrap();
    assert_eq!(outcome.end, End::Interrupted);
    assert_eq!((outcome.tally.answered(), outcome.cut_off), (0, 6));
}

#[tokio::test]
async fn what_is_called_to_warm_up_is_not_counted() {
    // On a busy machine nobody may come to call within so short a time.
    for milliseconds in [5, 500, 50_000] {
        let fake = Fake::new(Answer::Fails(u64::MAX));
        let warm_up = Some(Duration::from_millis(milliseconds));
        let forever = std::future::pending();
        let plan = (warm_up, so_many(10));
        let outcome = put(&fake, callers(1, 1, 1), plan, forever).await.unwrap();
        // The first call of all fails.
        let first = u64::from(fake.calls() == 10);
        let counted = (outcome.tally.answered(), outcome.tally.failed());
        assert_eq!(counted, (10 - first, first));
        if fake.calls() > 10 {
            break;
        }
        assert!(milliseconds < 50_000, "nothing was called to warm up");
    }

    let fake = Fake::default();
    let plan = (Some(LONG), so_many(10));
    let outcome = put(&fake, callers(1, 1, 1), plan, ready(())).await;
    let outcome = outcome.map_or(End::Interrupted, |outcome| outcome.end);
    assert_eq!(outcome, End::Interrupted);
}

#[tokio::test]
async fn without_a_connection_nothing_is_called() {
    #[derive(Clone)]
    struct Unreachable;

    impl Callee for Unreachable {
        type Connection = Fake;

        async fn connect(&self) -> Result<Fake, Failure> {
            Err(Failure::Other("nobody is there".to_owned()))
        }
    }

    let forever = std::future::pending();
    let plan = (None, so_many(10));
    let outcome = put(&Unreachable, callers(2, 4, 1), plan, forever).await;
    assert!(matches!(outcome, Err(Failure::Other(text)) if text == "nobody is there"));
}
