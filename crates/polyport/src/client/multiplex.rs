//! Connections that many calls share: requests go out as they come, and replies are told apart by
//! the header's sequence number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, BytesMut};
use polyport_wire::frame::{Frame, FrameDecoder};
use polyport_wire::ttheader::keys;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::client::link::Request;
use crate::client::options::ClientOptions;
use crate::client::pool::connect;
use crate::error::Error;
use crate::limits::Limits;
use crate::status::Status;

/// Requests that wait to be written; more callers wait for room.
const QUEUE: usize = 256;

/// No more requests are taken into the buffer while there are as many bytes of them.
const WRITE_AHEAD: usize = 256 * 1024;

/// A few connections, used in turn, each made again when it has ended.
#[derive(Debug)]
pub(super) struct Multiplexed {
    options: ClientOptions,
    /// The lock is held while connecting, so that a crowd of callers makes one connection.
    connections: Vec<Mutex<Option<mpsc::Sender<Job>>>>,
    next: AtomicUsize,
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
    /// The connection ended before the request was written: it can be sent on another one.
    NotSent(Request),
    Failed(Status),
}

impl Multiplexed {
    /// The first connection is made at once, others when they are used.
    pub(super) async fn connect(
        options: &ClientOptions,
        connections: usize,
    ) -> Result<Self, Error> {
        let connections = (0..connections.max(1)).map(|_| Mutex::new(None)).collect();
        let link = Self {
            options: options.clone(),
            connections,
            next: AtomicUsize::new(0),
        };
        link.sender(0).await?;
        Ok(link)
    }

    /// Sends a request and waits for its reply.
    pub(super) async fn exchange(&self, mut request: Request) -> Result<Option<Frame>, Status> {
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        loop {
            let sender = self.sender(index).await?;
            let (done, outcome) = oneshot::channel();
            if let Err(unsent) = sender.send(Job { request, done }).await {
                request = unsent.0.request;
                continue;
            }
            match outcome.await {
                Ok(Outcome::Done(frame)) => return Ok(frame),
                Ok(Outcome::NotSent(unsent)) => request = unsent,
                Ok(Outcome::Failed(status)) => return Err(status),
                Err(_) => return Err(Status::transport("the connection's task has ended")),
            }
        }
    }

    /// The way to a connection that takes requests.
    async fn sender(&self, index: usize) -> Result<mpsc::Sender<Job>, Error> {
        let mut slot = self.connections[index].lock().await;
        if let Some(sender) = slot.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        let stream = connect(&self.options).await?;
        let (sender, jobs) = mpsc::channel(QUEUE);
        let connection = Connection::new(stream, jobs, self.options.limits);
        tokio::spawn(connection.run());
        *slot = Some(sender.clone());
        Ok(sender)
    }
}

/// One shared connection, in a task of its own.
struct Connection {
    stream: TcpStream,
    jobs: mpsc::Receiver<Job>,
    waiting: Waiting,
    output: BytesMut,
    input: BytesMut,
    decoder: FrameDecoder,
    /// No request goes out any more: the server said so, or nobody can send one.
    ending: bool,
    /// Nothing comes out of `jobs` any more.
    jobs_ended: bool,
}

/// The requests whose replies are outstanding, by sequence number.
#[derive(Debug, Default)]
struct Waiting {
    replies: HashMap<i32, oneshot::Sender<Outcome>>,
    /// When there are as many, those that nobody waits for any more are taken out.
    sweep_at: usize,
}

impl Connection {
    fn new(stream: TcpStream, jobs: mpsc::Receiver<Job>, limits: Limits) -> Self {
        Self {
            stream,
            jobs,
            waiting: Waiting::default(),
            output: BytesMut::new(),
            input: BytesMut::new(),
            decoder: FrameDecoder::new(limits.wire()),
            ending: false,
            jobs_ended: false,
        }
    }

    /// Carries requests and replies until the connection ends.
    async fn run(mut self) {
        let reason = loop {
            if self.ending && self.waiting.replies.is_empty() && self.output.is_empty() {
                break Status::transport("the connection has ended");
            }
            if let Err(status) = self.step().await {
                break status;
            }
        };
        self.jobs.close();
        for (_, waiting) in self.waiting.replies.drain() {
            let _ = waiting.send(Outcome::Failed(reason.clone()));
        }
        while let Some(job) = self.jobs.recv().await {
            let _ = job.done.send(Outcome::NotSent(job.request));
        }
    }

    /// Takes a request, writes some bytes, or reads some.
    async fn step(&mut self) -> Result<(), Status> {
        let broken = |error: std::io::Error| Status::transport(format!("the connection: {error}"));
        let takes_jobs = !self.jobs_ended && (self.ending || self.output.len() < WRITE_AHEAD);
        self.input
            .reserve(self.decoder.missing(self.input.len()).max(16 * 1024));
        let (mut reader, mut writer) = self.stream.split();
        tokio::select! {
            job = self.jobs.recv(), if takes_jobs => {
                match job {
                    None => {
                        self.ending = true;
                        self.jobs_ended = true;
                    }
                    Some(job) => self.take(job),
                }
                while self.output.len() < WRITE_AHEAD
                    && let Ok(job) = self.jobs.try_recv()
                {
                    self.take(job);
                }
                Ok(())
            }
            written = writer.write(&self.output), if !self.output.is_empty() => {
                self.output.advance(written.map_err(broken)?);
                Ok(())
            }
            read = reader.read_buf(&mut self.input) => {
                if read.map_err(broken)? == 0 {
                    let text = "the server closed the connection without a reply";
                    return Err(Status::transport(text));
                }
                self.hand_out()
            }
        }
    }

    /// Puts a request into the buffer, or sends it to another connection.
    fn take(&mut self, job: Job) {
        let Job { request, done } = job;
        if done.is_closed() {
            return;
        }
        if self.ending {
            let _ = done.send(Outcome::NotSent(request));
            return;
        }
        self.output.extend_from_slice(&request.bytes);
        if request.oneway {
            let _ = done.send(Outcome::Done(None));
        } else {
            self.waiting.add(request.sequence, done);
        }
    }

    /// Gives every reply that has arrived to the call that waits for it.
    fn hand_out(&mut self) -> Result<(), Status> {
        loop {
            let frame = self
                .decoder
                .decode(&mut self.input)
                .map_err(|error| Status::transport(format!("the reply is broken: {error}")))?;
            let Some(frame) = frame else {
                return Ok(());
            };
            let Some(header) = &frame.header else {
                let text =
                    "the server answers without TTHeader, so that replies cannot be told apart";
                return Err(Status::transport(text));
            };
            if header.string(keys::CONNECTION_RESET).is_some() {
                // Calls that come now must not wait for the replies that are outstanding.
                self.ending = true;
                self.jobs.close();
            }
            // The call may have been given up; a server that multiplexes, too, announces its end
            // by a reply to no call.
            if let Some(done) = self.waiting.replies.remove(&header.sequence) {
                let _ = done.send(Outcome::Done(Some(frame)));
            }
        }
    }
}

impl Waiting {
    fn add(&mut self, sequence: i32, done: oneshot::Sender<Outcome>) {
        if self.replies.len() >= self.sweep_at.max(1024) {
            self.replies.retain(|_, done| !done.is_closed());
            self.sweep_at = 2 * self.replies.len();
        }
        self.replies.insert(sequence, done);
    }
}
