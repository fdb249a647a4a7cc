//! Admission: what is asked of a call before its message is decoded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use polyport_wire::transport::Transport;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::code::Code;
use crate::status::Status;

/// Which calls of a server, a service or a method are served at all, and how many.
///
/// It is asked when the method is known and before the message is decoded, first the server's, then
/// the service's, then the method's. A call that is refused gets an answer in its own protocol, its
/// connection goes on, and no layer sees it:
///
/// | limit | as an exception | on gRPC |
/// | --- | --- | --- |
/// | `transports` | 6 `request forbidden: it is not served over T` | 7 |
/// | `message_size` | 6 `request over limit: a message of N bytes, M are allowed` | 8 |
/// | `shed_above` | 6 `request over limit: the server is overloaded` | 14 |
/// | `rate` | 6 `request over limit: request too frequent` | 8 |
/// | `concurrency` | 6 `request over limit: too many calls at the same time` | 8 |
///
/// A one-way call that is refused is dropped, because nobody waits for its answer. What is refused by
/// one limit is not counted by another. A stream counts as one call, from its first request to its end;
/// the size is that of each of its messages.
///
/// # Examples
///
/// ```
/// # use polyport::{Service, service::RawHandler};
/// # fn add(handler: impl RawHandler) -> Service {
/// use polyport::admission::Admission;
///
/// Service::raw("Reports", ["daily", "yearly"], handler)
///     .admit(Admission::new().message_size(64 * 1024).rate(100))
///     .for_method("yearly", |yearly| {
///         // Two at a time; ten more wait for their turn.
///         yearly.admit(Admission::new().concurrency(2).waiting(10))
///     })
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Admission {
    transports: Option<Vec<Transport>>,
    message_size: Option<usize>,
    shed_above: Option<usize>,
    rate: Option<u32>,
    burst: Option<u32>,
    concurrency: Option<usize>,
    waiting: usize,
}

impl Admission {
    /// Admits everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Admits calls over these transports.
    ///
    /// A service that is served over [`Transport::Grpc`] alone takes no part in what is decided
    /// without a service's name, because gRPC calls have one: its methods conflict with nobody's.
    #[must_use]
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.transports = Some(transports.into_iter().collect());
        self
    }

    /// Admits messages of so many bytes and no more. They are smaller than what the server's
    /// [`Limits`](crate::Limits) allow, or it has no effect.
    #[must_use]
    pub fn message_size(mut self, bytes: usize) -> Self {
        self.message_size = Some(bytes);
        self
    }

    /// Refuses calls while the whole server serves this many, so that there is room for what matters
    /// more.
    #[must_use]
    pub fn shed_above(mut self, calls: usize) -> Self {
        self.shed_above = Some(calls);
        self
    }

    /// Admits so many calls a second, at least one; see [`burst`](Self::burst).
    #[must_use]
    pub fn rate(mut self, per_second: u32) -> Self {
        self.rate = Some(per_second);
        self
    }

    /// How many calls of the [`rate`](Self::rate) may come at once; as many as in a second, if
    /// nothing is said.
    #[must_use]
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = Some(calls);
        self
    }

    /// Admits so many calls at the same time; see [`waiting`](Self::waiting).
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = Some(calls);
        self
    }

    /// How many calls may wait when [`concurrency`](Self::concurrency) leaves no room, until their
    /// deadlines pass; none, if nothing is said.
    #[must_use]
    pub fn waiting(mut self, calls: usize) -> Self {
        self.waiting = calls;
        self
    }
}

/// An [`Admission`] at work, for all the calls that it is about.
#[derive(Debug)]
pub(crate) struct Gate {
    transports: Option<Vec<Transport>>,
    message_size: usize,
    shed_above: Option<usize>,
    rate: Option<Bucket>,
    room: Option<Room>,
}

/// What a gate looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor {
    pub(crate) transport: Transport,
    /// Bytes of the message, if there is one already.
    pub(crate) size: usize,
}

/// What a call holds as long as it is served.
#[derive(Debug, Default)]
pub(crate) struct Ticket<'g> {
    _permits: [Option<SemaphorePermit<'g>>; 3],
    _seat: Option<Place<'g>>,
}

/// Asks all gates, of which there are at most as many as levels of options.
pub(crate) async fn enter<'g>(
    gates: &'g [Arc<Gate>],
    load: &'g Load,
    visitor: Visitor,
) -> Result<Ticket<'g>, Status> {
    for gate in gates {
        gate.check(load, visitor)?;
    }
    let mut turns = [const { None }; 3];
    for (gate, turn) in gates.iter().zip(&mut turns) {
        *turn = gate.take_turn()?;
    }
    let mut permits = [const { None }; 3];
    // The innermost first: who waits for a method's room keeps nobody out of other methods.
    for (gate, permit) in gates.iter().rev().zip(&mut permits) {
        *permit = match &gate.room {
            Some(room) => Some(room.take().await?),
            None => None,
        };
    }
    // A call that comes so far has had its turn.
    turns.into_iter().flatten().for_each(Turn::keep);
    Ok(Ticket {
        _permits: permits,
        _seat: load.enter(),
    })
}

impl Gate {
    pub(crate) fn new(admission: Admission) -> Self {
        let Admission {
            transports,
            message_size,
            shed_above,
            rate,
            burst,
            concurrency,
            waiting,
        } = admission;
        Self {
            transports,
            message_size: message_size.unwrap_or(usize::MAX),
            shed_above,
            rate: rate.map(|rate| Bucket::new(rate, burst.unwrap_or(rate))),
            room: concurrency.map(|calls| Room {
                calls: Semaphore::new(calls.min(Semaphore::MAX_PERMITS)),
                waiting: AtomicUsize::new(0),
                max_waiting: waiting,
            }),
        }
    }

    /// Whether nothing but gRPC calls come through.
    pub(crate) fn is_grpc_only(&self) -> bool {
        let transports = self.transports.as_deref().unwrap_or_default();
        !transports.is_empty() && transports.iter().all(|one| *one == Transport::Grpc)
    }

    pub(crate) fn message_size(&self) -> usize {
        self.message_size
    }

    pub(crate) fn sheds(&self) -> bool {
        self.shed_above.is_some()
    }

    fn check(&self, load: &Load, visitor: Visitor) -> Result<(), Status> {
        let Visitor { transport, size } = visitor;
        if let Some(transports) = &self.transports
            && !transports.contains(&transport)
        {
            let text = format!("request forbidden: it is not served over {transport}");
            return Err(Status::refused(Code::PERMISSION_DENIED, text));
        }
        if size > self.message_size {
            let allowed = self.message_size;
            let text = format!("a message of {size} bytes, {allowed} are allowed");
            return Err(over(&text));
        }
        if self.shed_above.is_some_and(|most| load.calls() >= most) {
            let text = "request over limit: the server is overloaded";
            return Err(Status::refused(Code::UNAVAILABLE, text));
        }
        Ok(())
    }

    fn take_turn(&self) -> Result<Option<Turn<'_>>, Status> {
        match &self.rate {
            Some(bucket) if bucket.take() => Ok(Some(Turn(Some(bucket)))),
            Some(_) => Err(over("request too frequent")),
            None => Ok(None),
        }
    }
}

/// Kitex's words for a limit (kitex pkg/kerrors).
#[cold]
fn over(what: &str) -> Status {
    let text = format!("request over limit: {what}");
    Status::refused(Code::RESOURCE_EXHAUSTED, text)
}

/// A token bucket, which keeps but the time when it would be full.
#[derive(Debug)]
struct Bucket {
    start: Instant,
    /// Nanoseconds for one token.
    interval: u64,
    /// Nanoseconds for all but one.
    capacity: u64,
    /// Nanoseconds from the start until all tokens are back.
    full: AtomicU64,
}

impl Bucket {
    fn new(per_second: u32, burst: u32) -> Self {
        let interval = 1_000_000_000 / u64::from(per_second.max(1));
        Self {
            start: Instant::now(),
            interval,
            capacity: interval * u64::from(burst.saturating_sub(1)),
            full: AtomicU64::new(0),
        }
    }

    fn take(&self) -> bool {
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let taken = |full: u64| {
            let full = full.max(now);
            (full - now <= self.capacity).then(|| full.saturating_add(self.interval))
        };
        self.full
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }
}

/// A token, which is back when this is dropped, unless the call was admitted after all.
struct Turn<'b>(Option<&'b Bucket>);

impl Turn<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(Bucket { full, interval, .. }) = self.0 {
            full.fetch_sub(*interval, Ordering::Relaxed);
        }
    }
}

/// Room for some calls, before which others wait.
#[derive(Debug)]
struct Room {
    calls: Semaphore,
    waiting: AtomicUsize,
    max_waiting: usize,
}

impl Room {
    async fn take(&self) -> Result<SemaphorePermit<'_>, Status> {
        if let Ok(permit) = self.calls.try_acquire() {
            return Ok(permit);
        }
        let full = || over("too many calls at the same time");
        let place = Place::take(&self.waiting, self.max_waiting).ok_or_else(full)?;
        let permit = self.calls.acquire().await.map_err(|_| full());
        drop(place);
        permit
    }
}

/// A place in a count, given back when it is dropped.
#[derive(Debug)]
struct Place<'c>(&'c AtomicUsize);

impl<'c> Place<'c> {
    fn take(count: &'c AtomicUsize, most: usize) -> Option<Self> {
        if count.fetch_add(1, Ordering::Relaxed) < most {
            return Some(Self(count));
        }
        count.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The calls that a server serves, counted from when somebody wants to know.
#[derive(Debug, Default)]
pub(crate) struct Load {
    watched: AtomicBool,
    calls: AtomicUsize,
}

impl Load {
    /// Begins to count. Otherwise the threads of a server would share a number for nothing.
    pub(crate) fn watch(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn enter(&self) -> Option<Place<'_>> {
        let watched = self.watched.load(Ordering::Relaxed);
        watched.then(|| Place::take(&self.calls, usize::MAX))?
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_an_inner_limit_refuses_costs_the_outer_one_nothing() {
        let gate = |admission| Arc::new(Gate::new(admission));
        let outer = Admission::new().rate(1).burst(5);
        let inner = Admission::new().concurrency(1).waiting(1);
        let gates = [
            gate(outer),
            gate(Admission::new().rate(1).burst(3)),
            gate(inner),
        ];
        let load = Load::default();
        let visitor = Visitor {
            transport: Transport::Framed,
            size: 0,
        };
        let first = enter(&gates, &load, visitor).await.unwrap();
        let mut waiting = Box::pin(enter(&gates, &load, visitor));
        let entered = timeout(Duration::ZERO, waiting.as_mut()).await;
        assert!(entered.is_err());
        for _ in 0..10 {
            let refused = enter(&gates, &load, visitor).await.unwrap_err();
            assert!(refused.message().ends_with("at the same time"), "{refused}");
        }
        // Who gives up waiting has not been admitted.
        drop((first, waiting));
        for text in ["", "", "request over limit: request too frequent"] {
            let outcome = enter(&gates, &load, visitor).await;
            let told = outcome.map_err(|status| status.message().to_owned());
            assert_eq!(told.err().unwrap_or_default(), text);
        }
        // The middle one refused that, and the outer one has two left.
        let taken = std::iter::from_fn(|| gates[0].take_turn().unwrap_or(None));
        assert_eq!(taken.map(Turn::keep).count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_fills_at_its_rate_and_no_higher_than_it_is() {
        let bucket = Bucket::new(10, 3);
        let taken = || std::iter::from_fn(|| bucket.take().then_some(())).count();
        assert_eq!(taken(), 3);
        for (milliseconds, expected) in [(99, 0), (1, 1), (250, 2), (50, 1), (3_600_000, 3)] {
            tokio::time::advance(Duration::from_millis(milliseconds)).await;
            assert_eq!(taken(), expected, "after {milliseconds} ms more");
        }
    }
}
