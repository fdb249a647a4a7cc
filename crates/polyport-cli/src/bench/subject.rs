//! A method that is called with the same bytes again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use polyport::client::{ClientOptions, Connections, RawMethod};
use polyport::generic::{self, Method};
use polyport::wire::limits::Limits;
use polyport::{CallKind, Codec, Status, StatusKind};

use crate::bench::load::{Callee, Connection};
use crate::bench::tally::Failed;
use crate::failure::{Failure, numbered};
use crate::target::Target;

/// What is called, and how.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: Target,
    options: ClientOptions,
    requests: InTurn,
    /// How many messages a call of a method that takes many sends.
    messages: u64,
}

/// Arguments as they are on the wire, or messages of streams, one after the other and then the first
/// again.
#[derive(Debug)]
struct InTurn {
    requests: Vec<Bytes>,
    next: AtomicUsize,
}

impl InTurn {
    fn next(&self) -> Bytes {
        match &self.requests[..] {
            // Whose turn it is needs no asking.
            [only] => only.clone(),
            all => all[self.next.fetch_add(1, Ordering::Relaxed) % all.len()].clone(),
        }
    }
}

/// A client that has one connection.
#[derive(Debug)]
pub(super) struct Line {
    method: RawMethod,
    shared: Arc<Shared>,
}

impl Subject {
    /// The method of the target, which is called so many times at once on each connection.
    pub(super) fn new(
        target: Target,
        options: ClientOptions,
        (requests, messages): (Vec<Bytes>, u64),
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                target,
                options,
                requests: InTurn {
                    requests,
                    next: AtomicUsize::new(0),
                },
                messages,
            }),
        }
    }
}

/// One connection of a client, for so many calls at a time.
pub(super) fn one_connection(in_flight: usize) -> Connections {
    match in_flight {
        // A short break of the server's is no reason to connect again.
        1 => Connections::Pooled {
            idle: 1,
            idle_timeout: Duration::from_secs(3600),
            open: Some(1),
        },
        _ => Connections::Multiplexed { connections: 1 },
    }
}

impl Callee for Subject {
    type Connection = Line;

    async fn connect(&self) -> Result<Line, Failure> {
        let client = self.shared.options.clone().connect().await;
        let client = client.map_err(|error| Failure::Other(error.to_string()))?;
        Ok(Line {
            method: client.raw_method(self.shared.target.method().info().clone()),
            shared: Arc::clone(&self.shared),
        })
    }
}

impl Connection for Line {
    async fn call(&self) -> Result<u64, Failed> {
        match self.shared.target.method().info().kind.is_streaming() {
            true => self.stream().await,
            false => self.ask().await,
        }
    }
}

impl Line {
    async fn ask(&self) -> Result<u64, Failed> {
        let (target, requests) = (&self.shared.target, &self.shared.requests);
        let call = target.raw(self.method.clone(), requests.next());
        let answer = call.answer().await.result?;
        check(target.method(), &answer)?;
        Ok(1)
    }

    /// Sends all messages, and counts those that come back until the server ends the stream.
    async fn stream(&self) -> Result<u64, Failed> {
        let call = self.shared.target.raw_stream(self.method.clone());
        let (mut requests, mut answers) = call.await?;
        let send = async {
            for _ in 0..self.shared.messages {
                requests.send(self.shared.requests.next()).await?;
            }
            requests.finish()
        };
        let receive = async {
            let mut messages = 0;
            while answers.receive().await?.is_some() {
                messages += 1;
            }
            Ok::<u64, Status>(messages)
        };
        // A server may have enough before it has taken everything: its last word counts.
        let (_, received) = tokio::join!(send, receive);
        Ok(received?)
    }
}

/// Tells a result from what else an answer may hold, by its first bytes.
fn check(method: &Method, answer: &Bytes) -> Result<(), Failed> {
    let info = method.info();
    if info.codec != Codec::ThriftBinary || info.kind == CallKind::Oneway {
        return Ok(());
    }
    let has_result = method.description().result.is_some();
    match answer[..] {
        // The result is field 0 of its struct, after whose number more must come than an end.
        [kind, 0, 0, ..] if kind != 0 && has_result => return Ok(()),
        [] | [0] if !has_result => return Ok(()),
        _ => {}
    }
    // Anything else is rare, and people want to know what it says.
    let Err(failure) = method.decode_result(answer, &Limits::default()) else {
        return Ok(());
    };
    let kind = match &failure {
        generic::Failure::Exception { name, .. } => format!("thrown {name}"),
        generic::Failure::Status(status) => kind(status),
        _ => "broken result".to_owned(),
    };
    let text = failure.to_string();
    Err(Failed { kind, text })
}

impl From<Status> for Failed {
    fn from(status: Status) -> Self {
        Self {
            kind: kind(&status),
            text: status.to_string(),
        }
    }
}

fn kind(status: &Status) -> String {
    match status.kind() {
        StatusKind::Timeout => "timeout".to_owned(),
        StatusKind::Transport => "connection".to_owned(),
        StatusKind::Remote(id) => format!("exception {id}"),
        StatusKind::Code(code) => numbered(*code),
        StatusKind::Biz(biz) => format!("business status {}", biz.code),
        _ => "error".to_owned(),
    }
}
