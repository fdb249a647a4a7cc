//! One shared connection, in a task of its own.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use polyport_wire::frame::{Frame, FrameDecoder};
use polyport_wire::ttheader::keys;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use super::{Job, Outcome, State};
use crate::client::connection::KEEP_BUFFER;
use crate::limits::Limits;
use crate::status::Status;

/// No more requests are taken into the buffer while there are as many bytes of them.
const WRITE_AHEAD: usize = 256 * 1024;

/// The least that one read asks for.
const MIN_READ: usize = 16 * 1024;

pub(super) struct Connection {
    stream: TcpStream,
    jobs: mpsc::Receiver<Job>,
    /// Ready when nobody has the connection any more, and so no call waits.
    abandoned: oneshot::Receiver<()>,
    state: Arc<State>,
    waiting: Waiting,
    output: BytesMut,
    /// How many bytes have been written before those in the output.
    written: u64,
    input: BytesMut,
    decoder: FrameDecoder,
    /// No request goes out any more, because the server said so.
    ending: bool,
    /// Nothing comes out of `jobs` any more.
    jobs_ended: bool,
    /// Why nothing can be written any more, though there may be replies to read.
    unwritable: Option<Status>,
}

impl Connection {
    pub(super) fn new(
        stream: TcpStream,
        jobs: mpsc::Receiver<Job>,
        abandoned: oneshot::Receiver<()>,
        state: Arc<State>,
        limits: Limits,
    ) -> Self {
        Self {
            stream,
            jobs,
            abandoned,
            state,
            waiting: Waiting::default(),
            output: BytesMut::new(),
            written: 0,
            input: BytesMut::new(),
            decoder: FrameDecoder::new(limits.wire()),
            ending: false,
            jobs_ended: false,
            unwritable: None,
        }
    }

    /// Carries requests and replies until the connection ends.
    pub(super) async fn run(mut self) {
        let reason = loop {
            if self.ending && self.output.is_empty() && self.waiting.is_empty() {
                break Status::transport("the connection has ended");
            }
            if let Err(status) = self.step().await {
                break status;
            }
        };
        self.end();
        self.waiting.release_unwritten(self.written);
        self.waiting.fail(&self.unwritable.take().unwrap_or(reason));
        while let Some(job) = self.jobs.recv().await {
            let _ = job.done.send(Outcome::NotSent);
        }
    }

    /// Sends the calls that come now to another connection.
    fn end(&mut self) {
        self.ending = true;
        self.jobs.close();
        self.state.permits.close();
    }

    /// Takes a request, writes some bytes, or reads some.
    async fn step(&mut self) -> Result<(), Status> {
        let broken = |error: std::io::Error| Status::transport(format!("the connection: {error}"));
        let takes_jobs = !self.jobs_ended && (self.ending || self.output.len() < WRITE_AHEAD);
        self.input
            .reserve(self.decoder.missing(self.input.len()).max(MIN_READ));
        let (mut reader, mut writer) = self.stream.split();
        tokio::select! {
            _ = &mut self.abandoned => Err(Status::transport("nobody uses the connection")),
            job = self.jobs.recv(), if takes_jobs => {
                match job {
                    None => self.jobs_ended = true,
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
                match written {
                    Ok(bytes) => self.note_written(bytes),
                    Err(error) => self.write_no_more(broken(error)),
                }
                Ok(())
            }
            read = reader.read_buf(&mut self.input) => {
                if read.map_err(broken)? == 0 {
                    let text = "the server closed the connection without a reply";
                    return Err(Status::transport(text));
                }
                self.state.silence.ends();
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
            let _ = done.send(Outcome::NotSent);
            return;
        }
        if self.waiting.is_empty() {
            self.state.silence.ends();
        }
        let start = self.written + self.output.len() as u64;
        let end = start + request.bytes.len() as u64;
        let call = Call { start, done };
        let taken = if request.oneway {
            self.waiting.for_writing.push_back((end, call));
            Ok(())
        } else {
            self.waiting.add(request.sequence, call)
        };
        match taken {
            Ok(()) => self.output.extend_from_slice(&request.bytes),
            Err(call) => {
                let _ = call.done.send(Outcome::NumberTaken);
            }
        }
    }

    /// Takes note that the first bytes of the output are written.
    fn note_written(&mut self, bytes: usize) {
        self.output.advance(bytes);
        self.written += bytes as u64;
        if self.output.is_empty() && self.output.try_reclaim(KEEP_BUFFER + 1) {
            self.output = BytesMut::new();
        }
        self.waiting.note_written(self.written);
    }

    /// Sends what was not written to another connection. Replies that have arrived are still read.
    fn write_no_more(&mut self, reason: Status) {
        self.unwritable = Some(reason);
        self.end();
        self.output.clear();
        self.waiting.release_unwritten(self.written);
    }

    /// Gives every reply that has arrived to the call that waits for it.
    fn hand_out(&mut self) -> Result<(), Status> {
        let mut large = false;
        loop {
            let frame = self
                .decoder
                .decode(&mut self.input)
                .map_err(|error| Status::transport(format!("the reply is broken: {error}")))?;
            let Some(frame) = frame else {
                break;
            };
            let Some(header) = &frame.header else {
                let text =
                    "the server answers without TTHeader, so that replies cannot be told apart";
                return Err(Status::transport(text));
            };
            large |= frame.body.len() > KEEP_BUFFER;
            if header.string(keys::CONNECTION_RESET).is_some() {
                // Calls that come now must not wait for the replies that are outstanding.
                self.end();
            }
            // The call may have been given up; a server that multiplexes, too, announces its end
            // by a reply to no call.
            self.waiting.reply(header.sequence, frame);
        }
        if large && self.input.is_empty() {
            self.input = BytesMut::new();
        }
        Ok(())
    }
}

/// The calls whose outcomes are outstanding.
#[derive(Debug, Default)]
struct Waiting {
    /// By sequence number.
    for_replies: HashMap<i32, Call>,
    /// One-way calls, which are done when they are written: up to which byte, in order.
    for_writing: VecDeque<(u64, Call)>,
    /// When as many wait for replies, those that were given up are taken out.
    sweep_at: usize,
}

#[derive(Debug)]
struct Call {
    /// How many bytes are written before the request.
    start: u64,
    done: oneshot::Sender<Outcome>,
}

impl Waiting {
    /// Whether no call waits; finding that out takes out those that were given up.
    fn is_empty(&mut self) -> bool {
        if self.for_replies.values().all(|call| call.done.is_closed()) {
            self.for_replies.clear();
        }
        self.for_replies.is_empty() && self.for_writing.is_empty()
    }

    /// Gives the call back when another one has that number.
    fn add(&mut self, number: i32, call: Call) -> Result<(), Call> {
        if self.for_replies.len() >= self.sweep_at.max(1024) {
            self.for_replies.retain(|_, call| !call.done.is_closed());
            self.sweep_at = 2 * self.for_replies.len();
        }
        if self.for_replies.contains_key(&number) {
            return Err(call);
        }
        self.for_replies.insert(number, call);
        Ok(())
    }

    fn reply(&mut self, number: i32, frame: Frame) {
        if let Some(call) = self.for_replies.remove(&number) {
            let _ = call.done.send(Outcome::Done(Some(frame)));
        }
    }

    fn note_written(&mut self, written: u64) {
        while self
            .for_writing
            .front()
            .is_some_and(|(end, _)| *end <= written)
        {
            if let Some((_, call)) = self.for_writing.pop_front() {
                let _ = call.done.send(Outcome::Done(None));
            }
        }
    }

    /// Lets go of the calls of which nothing was among the bytes that were written.
    fn release_unwritten(&mut self, written: u64) {
        let is_begun = |call: &Call| call.start < written;
        for (number, call) in mem::take(&mut self.for_replies) {
            if is_begun(&call) {
                self.for_replies.insert(number, call);
            } else {
                let _ = call.done.send(Outcome::NotSent);
            }
        }
        let begun = self.for_writing.partition_point(|(_, call)| is_begun(call));
        for (_, call) in self.for_writing.drain(begun..) {
            let _ = call.done.send(Outcome::NotSent);
        }
    }

    /// Tells all calls that the connection has ended.
    fn fail(&mut self, reason: &Status) {
        let for_replies = self.for_replies.drain().map(|(_, call)| call);
        let for_writing = self.for_writing.drain(..).map(|(_, call)| call);
        for call in for_replies.chain(for_writing) {
            let _ = call.done.send(Outcome::Failed(reason.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(start: u64) -> (Call, oneshot::Receiver<Outcome>) {
        let (done, outcome) = oneshot::channel();
        (Call { start, done }, outcome)
    }

    #[test]
    fn no_two_calls_wait_under_one_number() {
        let mut waiting = Waiting::default();
        let (first, outcome) = call(0);
        assert!(waiting.add(7, first).is_ok());
        assert!(waiting.add(7, call(10).0).is_err());
        assert!(!waiting.is_empty());
        drop(outcome);
        assert!(waiting.is_empty());
        assert!(waiting.add(7, call(20).0).is_ok());
    }

    #[test]
    fn only_what_was_not_begun_to_be_written_can_be_sent_again() {
        let mut waiting = Waiting::default();
        let (begun, mut failed) = call(0);
        let (unwritten, mut again) = call(10);
        let (oneway, mut again_too) = call(20);
        assert!(waiting.add(1, begun).is_ok());
        assert!(waiting.add(2, unwritten).is_ok());
        waiting.for_writing.push_back((30, oneway));
        waiting.note_written(10);
        waiting.release_unwritten(10);
        waiting.fail(&Status::transport("gone"));
        assert!(matches!(failed.try_recv(), Ok(Outcome::Failed(_))));
        assert!(matches!(again.try_recv(), Ok(Outcome::NotSent)));
        assert!(matches!(again_too.try_recv(), Ok(Outcome::NotSent)));
    }
}
