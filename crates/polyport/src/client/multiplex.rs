//! Connections that many calls share: requests go out as they come, and replies are told apart by
//! the header's sequence number.

mod connection;
mod silence;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use polyport_wire::frame::Frame;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::client::link::Request;
use crate::client::multiplex::connection::Connection;
use crate::client::multiplex::silence::Silence;
use crate::client::options::ClientOptions;
use crate::client::pool::connect;
use crate::error::Error;
use crate::status::Status;

/// Requests that wait to be written; more callers wait for room.
const QUEUE: usize = 256;

/// How many connections may end before a request is written, until the call fails.
const TRIES: usize = 3;

/// A few connections, used in turn, each made again when it takes no more calls.
#[derive(Debug)]
pub(super) struct Multiplexed {
    options: ClientOptions,
    slots: Vec<Mutex<Option<Arc<Shared>>>>,
    next: AtomicUsize,
}

/// What the calls of one connection share. When nobody has it any more, the connection ends.
#[derive(Debug)]
struct Shared {
    jobs: mpsc::Sender<Job>,
    state: Arc<State>,
    /// Its other end sees when this is dropped.
    _alive: oneshot::Sender<()>,
}

/// What a connection's task shares with the calls.
#[derive(Debug)]
struct State {
    /// One permit for each call that may be under way; closed when the connection has ended.
    permits: Semaphore,
    silence: Silence,
    /// Why no connection could be made.
    failure: OnceLock<Status>,
}

/// A request on its way to a connection, and where its outcome goes.
#[derive(Debug)]
struct Job {
    request: Request,
    done: oneshot::Sender<Outcome>,
}

#[derive(Debug)]
enum Outcome {
    /// The reply, or none for a one-way request that was written.
    Done(Option<Frame>),
    /// Nothing of the request was written: it can be sent on another connection.
    NotSent,
    /// Another call that waits has the request's number.
    NumberTaken,
    Failed(Status),
}

impl Multiplexed {
    /// The first connection is made at once, others when they are used.
    pub(super) async fn connect(
        options: &ClientOptions,
        connections: usize,
    ) -> Result<Self, Error> {
        let link = Self {
            options: options.clone(),
            slots: (0..connections.max(1)).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
        };
        let stream = connect(options).await?;
        let first = link.start(async { Ok(stream) });
        link.slots[0]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(first);
        Ok(link)
    }

    /// Sends a request and waits for its reply. The request is made again, with another number, for
    /// each connection that it is to be sent on.
    pub(super) async fn exchange(
        &self,
        request: impl Fn() -> Result<Request, Status>,
    ) -> Result<(i32, Option<Frame>), Status> {
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.slots.len();
        let mut ended = 0;
        while ended < TRIES {
            match self.connection(index).exchange(&request).await? {
                (number, Outcome::Done(frame)) => return Ok((number, frame)),
                (_, Outcome::Failed(status)) => return Err(status),
                (_, Outcome::NumberTaken) => {}
                (_, Outcome::NotSent) => ended += 1,
            }
        }
        let text = format!("{TRIES} connections have ended before the request could be sent");
        Err(Status::transport(text))
    }

    /// A connection that takes calls, or that will when it is made. Nothing is waited for here, so
    /// that a crowd of calls makes one connection, and one that is given up does not undo it.
    fn connection(&self, index: usize) -> Arc<Shared> {
        let slot = &self.slots[index];
        // Nothing here can be left half-done by a panic.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(connection) if connection.takes_calls() => Arc::clone(connection),
            _ => {
                let options = self.options.clone();
                let made = self.start(async move { connect(&options).await });
                Arc::clone(slot.insert(made))
            }
        }
    }

    /// Starts the task of a connection.
    fn start(
        &self,
        connecting: impl Future<Output = Result<TcpStream, Error>> + Send + 'static,
    ) -> Arc<Shared> {
        let (sender, jobs) = mpsc::channel(QUEUE);
        let (alive, abandoned) = oneshot::channel();
        let limits = self.options.limits;
        let state = Arc::new(State {
            permits: Semaphore::new(limits.calls.clamp(1, Semaphore::MAX_PERMITS)),
            silence: Silence::new(self.options.connect_timeout),
            failure: OnceLock::new(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            match connecting.await {
                Ok(stream) => {
                    let connection = Connection::new(stream, jobs, abandoned, shared, limits);
                    connection.run().await;
                }
                Err(error) => {
                    // Before the channel is closed, so that whoever sees that finds the reason.
                    let _ = shared.failure.set(error.into());
                    shared.permits.close();
                }
            }
        });
        Arc::new(Shared {
            jobs: sender,
            state,
            _alive: alive,
        })
    }
}

impl Shared {
    /// Whether another call may use the connection.
    fn takes_calls(&self) -> bool {
        !self.jobs.is_closed() && !self.state.silence.is_suspicious()
    }

    /// Makes the request, and waits for what comes of it.
    async fn exchange(
        &self,
        request: impl FnOnce() -> Result<Request, Status>,
    ) -> Result<(i32, Outcome), Status> {
        let waiting = self.state.silence.wait();
        let outcome = self.try_exchange(request).await;
        waiting.ended();
        outcome
    }

    async fn try_exchange(
        &self,
        request: impl FnOnce() -> Result<Request, Status>,
    ) -> Result<(i32, Outcome), Status> {
        let Ok(_permit) = self.state.permits.acquire().await else {
            return self.ended(0);
        };
        let request = request()?;
        let number = request.sequence;
        let (done, outcome) = oneshot::channel();
        if self.jobs.send(Job { request, done }).await.is_err() {
            return self.ended(number);
        }
        match outcome.await {
            Ok(outcome) => Ok((number, outcome)),
            Err(_) => Err(self.lost()),
        }
    }

    /// What a call is told whose request the connection has taken without a word of what became of
    /// it: it may have been sent.
    fn lost(&self) -> Status {
        let failure = self.state.failure.get().cloned();
        failure.unwrap_or_else(|| {
            Status::transport("the connection's task has ended before it had an answer")
        })
    }

    /// What becomes of a call that the connection has not taken.
    fn ended(&self, number: i32) -> Result<(i32, Outcome), Status> {
        match self.state.failure.get() {
            Some(status) => Err(status.clone()),
            None => Ok((number, Outcome::NotSent)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_whose_task_is_gone_is_not_sent_again() {
        let (sender, mut jobs) = mpsc::channel::<Job>(1);
        let shared = Shared {
            jobs: sender,
            state: Arc::new(State {
                permits: Semaphore::new(1),
                silence: Silence::new(std::time::Duration::from_secs(1)),
                failure: OnceLock::new(),
            }),
            _alive: oneshot::channel().0,
        };
        let request = || {
            Ok(Request {
                bytes: bytes::BytesMut::new(),
                sequence: 1,
                oneway: false,
            })
        };
        // As in a task that panics, all that it has is dropped.
        let task = async { drop(jobs.recv().await) };
        let (outcome, ()) = tokio::join!(shared.exchange(request), task);
        assert!(outcome.unwrap_err().is_transport());
        drop(jobs);
        let outcome = shared.exchange(request).await;
        assert!(matches!(outcome, Ok((1, Outcome::NotSent))));
    }
}
