//! The threads that make the calls, each with its share of the connections and a runtime of its own,
//! so that they have nothing in common but the schedule.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{io, mem, thread};

use tokio::runtime::{Builder, Runtime};
use tokio::select;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::bench::load::{Callee, Callers, Connection};
use crate::bench::schedule::Schedule;
use crate::bench::tally::Tally;
use crate::failure::Failure;

/// How many connections a thread opens at the same time.
const CONNECTING: usize = 16;

/// Threads that wait for work; they end when this is dropped.
#[derive(Debug)]
pub(super) struct Crew {
    members: Vec<mpsc::UnboundedSender<Order>>,
    ended: Arc<AtomicU64>,
}

/// Calls to be made.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) schedule: Arc<Schedule>,
    /// Whether to let go of all calls.
    pub(super) cut: watch::Receiver<bool>,
}

#[derive(Debug)]
struct Order {
    job: Job,
    done: oneshot::Sender<Tally>,
}

/// What one thread has.
struct Member<C> {
    connections: Vec<Arc<C>>,
    in_flight: usize,
    ended: Arc<AtomicU64>,
}

impl Crew {
    /// Starts the threads and opens all connections.
    pub(super) async fn connect<C: Callee>(callee: &C, callers: Callers) -> Result<Self, Failure> {
        let threads = callers.threads.clamp(1, callers.connections);
        let ended = Arc::new(AtomicU64::new(0));
        let mut members = Vec::new();
        let mut connecting = Vec::new();
        for index in 0..threads {
            let share =
                (index + 1) * callers.connections / threads - index * callers.connections / threads;
            let runtime = runtime()?;
            let (orders, received) = mpsc::unbounded_channel();
            let (ready, connected) = oneshot::channel();
            let (callee, ended) = (callee.clone(), Arc::clone(&ended));
            thread::spawn(move || {
                runtime.block_on(async {
                    match open(&callee, share).await {
                        Err(failure) => drop(ready.send(Err(failure))),
                        Ok(connections) => {
                            let member = Member {
                                connections,
                                in_flight: callers.in_flight,
                                ended,
                            };
                            let _ = ready.send(Ok(()));
                            member.work(received).await;
                        }
                    }
                });
            });
            members.push(orders);
            connecting.push(connected);
        }
        for connected in connecting {
            connected.await.map_err(|_| lost())??;
        }
        Ok(Self { members, ended })
    }

    /// Has the calls of a job made, and gives what came of them.
    pub(super) async fn make_calls(&self, job: &Job) -> Result<Tally, Failure> {
        self.ended.store(0, Ordering::Relaxed);
        let mut waiting = Vec::new();
        for orders in &self.members {
            let (done, tally) = oneshot::channel();
            let job = job.clone();
            orders.send(Order { job, done }).map_err(|_| lost())?;
            waiting.push(tally);
        }
        let mut all = Tally::new();
        for tally in waiting {
            all.add(tally.await.map_err(|_| lost())?);
        }
        Ok(all)
    }

    /// How many calls of the job have ended.
    pub(super) fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// A thread has panicked, which has printed why.
fn lost() -> Failure {
    Failure::Other("a thread that made calls is gone".to_owned())
}

/// Opens so many connections.
async fn open<C: Callee>(callee: &C, count: usize) -> Result<Vec<Arc<C::Connection>>, Failure> {
    let mut connections = Vec::with_capacity(count);
    let mut connecting = JoinSet::new();
    while connections.len() < count {
        while connecting.len() < CONNECTING.min(count - connections.len()) {
            let callee = callee.clone();
            connecting.spawn(async move { callee.connect().await });
        }
        if let Some(connected) = connecting.join_next().await {
            connections.push(Arc::new(connected.map_err(|_| lost())??));
        }
    }
    Ok(connections)
}

impl<C: Connection> Member<C> {
    /// Carries out orders until there are no more.
    async fn work(self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while let Some(Order { mut job, done }) = orders.recv().await {
            let tally = Arc::new(Mutex::new(Tally::new()));
            let mut callers = JoinSet::new();
            for connection in &self.connections {
                for _ in 0..self.in_flight {
                    let caller = Caller {
                        connection: Arc::clone(connection),
                        schedule: Arc::clone(&job.schedule),
                        tally: Arc::clone(&tally),
                        ended: Arc::clone(&self.ended),
                    };
                    callers.spawn(caller.call());
                }
            }
            select! {
                () = async { while callers.join_next().await.is_some() {} } => {}
                _ = job.cut.wait_for(|cut| *cut) => callers.shutdown().await,
            }
            let tally = mem::replace(&mut *lock(&tally), Tally::new());
            let _ = done.send(tally);
        }
    }
}

/// Makes one call at a time.
struct Caller<C> {
    connection: Arc<C>,
    schedule: Arc<Schedule>,
    /// The thread's, which nobody else has in the same moment.
    tally: Arc<Mutex<Tally>>,
    /// All threads'.
    ended: Arc<AtomicU64>,
}

impl<C: Connection> Caller<C> {
    async fn call(self) {
        while let Some(intended) = self.schedule.next().await {
            let outcome = self.connection.call().await;
            lock(&self.tally).count(intended, outcome);
            self.ended.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What is counted is counted at once, so that no panic leaves it half-done.
fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}
