//! The load: calls from many connections, as a plan has them.

mod crew;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::bench::load::crew::{Crew, Job};
use crate::bench::progress::Progress;
use crate::bench::schedule::{Pacer, Plan, Schedule};
use crate::bench::tally::{Failed, Tally};
use crate::failure::Failure;

/// How often the progress is shown.
const TICK: Duration = Duration::from_millis(100);

/// What there is to connect to.
pub(super) trait Callee: Clone + Send + Sync + 'static {
    /// What was connected.
    type Connection: Connection;

    /// Opens a connection.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Failure>> + Send;
}

/// A connection, on which calls can be made.
pub(super) trait Connection: Send + Sync + 'static {
    /// Makes a call, and gives how many messages the answer has.
    fn call(&self) -> impl Future<Output = Result<u64, Failed>> + Send;
}

/// Who calls.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Callers {
    pub(super) threads: usize,
    pub(super) connections: usize,
    /// How many calls are made at the same time on each connection.
    pub(super) in_flight: usize,
}

/// What came of a load.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) end: End,
    /// Until the last call ended, or until the load was interrupted.
    pub(super) elapsed: Duration,
    pub(super) tally: Tally,
    /// Calls that had begun and not ended when the load was interrupted.
    pub(super) cut_off: u64,
    /// Calls that were due by then and did not begin, because nobody was free in time.
    pub(super) not_begun: u64,
}

/// What ended a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum End {
    /// All calls were made.
    Calls,
    /// Their time was over.
    Time,
    /// Somebody did not want to wait for it.
    Interrupted,
}

/// Connects, puts the load on for `warm_up` without counting, and then as the plan says. Whatever
/// `interrupt` waits for ends it, with what came of it until then.
pub(super) async fn put<C: Callee>(
    callee: &C,
    callers: Callers,
    (warm_up, plan): (Option<Duration>, Plan),
    interrupt: impl Future<Output = ()>,
) -> Result<Outcome, Failure> {
    let mut interrupt = pin!(interrupt);
    let crew = select! {
        crew = Crew::connect(callee, callers) => crew?,
        () = &mut interrupt => {
            let problem = "interrupted before there were connections";
            return Err(Failure::Other(problem.to_owned()));
        }
    };
    if let Some(time) = warm_up {
        let calls = u64::MAX;
        let warm_up = Plan {
            calls,
            time,
            ..plan
        };
        let progress = Progress::new("warming up");
        let outcome = run(&crew, warm_up, &progress, interrupt.as_mut()).await?;
        if outcome.end == End::Interrupted {
            return Ok(Outcome {
                tally: Tally::new(),
                cut_off: 0,
                not_begun: 0,
                ..outcome
            });
        }
    }
    run(&crew, plan, &Progress::new("calling"), interrupt).await
}

/// Has a plan's calls made.
async fn run(
    crew: &Crew,
    plan: Plan,
    progress: &Progress,
    mut interrupt: Pin<&mut impl Future<Output = ()>>,
) -> Result<Outcome, Failure> {
    let schedule = Arc::new(Schedule::new(plan));
    let (cut, cutting) = watch::channel(false);
    let _pacer = Pacer::new(&schedule);
    let job = Job {
        schedule: Arc::clone(&schedule),
        cut: cutting,
    };
    let mut calling = pin!(crew.make_calls(&job));
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut interrupted = None;
    let tally = loop {
        select! {
            tally = &mut calling => break tally?,
            () = &mut interrupt, if interrupted.is_none() => {
                interrupted = Some(Instant::now());
                cut.send_replace(true);
            }
            _ = ticks.tick(), if progress.is_shown() => {
                progress.show(&schedule, crew.ended());
            }
        }
    };
    Ok(outcome(&schedule, tally, interrupted))
}

fn outcome(schedule: &Schedule, tally: Tally, interrupted: Option<Instant>) -> Outcome {
    let end = match interrupted {
        Some(_) => End::Interrupted,
        None if schedule.is_used_up() => End::Calls,
        None => End::Time,
    };
    let ended = tally.answered() + tally.failed();
    let until = interrupted.or(tally.last).unwrap_or_else(Instant::now);
    let due = match end {
        End::Calls => 0,
        End::Time => schedule.due_by(Instant::now()),
        End::Interrupted => schedule.due_by(until),
    };
    Outcome {
        end,
        elapsed: until.saturating_duration_since(schedule.start()),
        tally,
        cut_off: schedule.begun() - ended,
        not_begun: due.saturating_sub(schedule.begun()),
    }
}

#[cfg(test)]
mod tests;
