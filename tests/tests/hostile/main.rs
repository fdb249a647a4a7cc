//! Peers that mean harm: what each is told, what the log says of it, and that nobody else notices.
//!
//! One test, because memory is counted for the whole process.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod rows;
mod bytes;

use std::fmt::Write as _;
use std::net::SocketAddr;

use bytes::call;
use peak_alloc::PeakAlloc;
use polyport::{Server, Transport};
use polyport_tests::demo::{Watch, demo};
use polyport_tests::log::{Line, Log};
use polyport_tests::peer::{Peer, Request};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::types::types;
use polyport_wire::thrift::MessageType;
use rows::{Ending, Outcome, Row};
use tokio::io::AsyncWriteExt;
use tracing::Level;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const KIB: usize = 1024;

/// What one connection may cost beside what it sends: buffers of both ends, and a thread's stack of
/// small things.
const ROOM: usize = 256 * KIB;

#[tokio::test]
async fn every_row_of_the_table() {
    let (log, _guard) = Log::capture();
    let mut scene = Scene::start(log).await;
    let rows = rows::all();
    let mut complaints = String::new();
    let mut live = Vec::new();
    for round in 0..3 {
        for row in &rows {
            for place in [Place::First, Place::BehindACall] {
                if let Err(complaint) = scene.play(row, place).await {
                    writeln!(complaints, "round {round}, {place:?}, {complaint}").unwrap();
                }
            }
        }
        live.push(MEMORY.current_usage());
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    let [_, second, third] = live[..] else {
        panic!("three rounds");
    };
    assert!(
        third <= second + 16 * KIB,
        "memory grows with every round: {second}, then {third}"
    );
    scene.end().await;
}

/// Where in its connection a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    BehindACall,
}

/// A server, and a connection to it that lives through everything that others do.
struct Scene {
    serving: Serving,
    watch: Watch,
    log: Log,
    waiting: Peer,
    bystander: Peer,
    calls: i32,
}

impl Scene {
    async fn start(log: Log) -> Self {
        let (service, mut watch) = demo();
        let server = Server::new().add(service.fallback()).add(types());
        let serving = Serving::start(server).await;
        let mut waiting = serving.connect().await;
        // A call that is in flight all the time.
        let request = Request::new(Transport::Framed, "wait").text("x");
        waiting.send(request.encode()).await;
        assert_eq!(watch.event().await, "waiting x");
        let bystander = serving.connect().await;
        let _listening = log.take();
        Self {
            serving,
            watch,
            log,
            waiting,
            bystander,
            calls: 0,
        }
    }

    /// A call of somebody who means no harm.
    async fn good_call(&mut self) {
        self.calls += 1;
        let text = format!("call {}", self.calls);
        let request = Request::new(Transport::TtHeader, "echo").text(&text);
        let response = self.bystander.call(&request.sequence(self.calls)).await;
        assert_eq!((response.text(), response.sequence), (text, self.calls));
        let _noted = self.watch.events();
    }

    async fn play(&mut self, row: &Row, place: Place) -> Result<(), String> {
        let complain = |what: String| Err(format!("{}: {what}", row.what));
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let mut peer = self.serving.connect().await;
        let address = peer.stream.local_addr().unwrap();
        if place == Place::BehindACall {
            let request = Request::new(Transport::Framed, "echo").text("first");
            assert_eq!(peer.call(&request).await.text(), "first");
        }
        // A server that has seen enough may be gone before everything is sent.
        let _ = soon(peer.stream.write_all(&row.bytes)).await;
        match row.ending {
            Ending::Open => {}
            Ending::Finish => {
                let _ = soon(peer.stream.shutdown()).await;
            }
            Ending::Reset => peer.stream.set_zero_linger().unwrap(),
        }
        self.good_call().await;
        if row.ending == Ending::Reset {
            drop(peer);
        } else {
            let expected = match (&row.outcome, place) {
                // It has spoken Thrift, and is told nothing in HTTP any more.
                (Outcome::Says(_), Place::BehindACall) => &Outcome::Closed,
                (outcome, _) => outcome,
            };
            let outcome = observe(&mut peer, expected).await;
            if outcome != *expected {
                return complain(format!("{outcome:?} instead of {expected:?}"));
            }
            drop(peer);
        }
        self.good_call().await;
        let peak = MEMORY.peak_usage().saturating_sub(before);
        let allowed = 6 * row.bytes.len() + ROOM;
        if peak > allowed {
            return complain(format!("{peak} bytes of memory, {allowed} are allowed"));
        }
        match self.lines(row, address).await {
            Ok(()) => Ok(()),
            Err(lines) => complain(format!("the log says {lines:?} instead of {:?}", row.log)),
        }
    }

    /// Holds the log against what the row wants.
    async fn lines(&mut self, row: &Row, address: SocketAddr) -> Result<(), Vec<Line>> {
        let mut lines = self.log.take();
        // The server says nothing more of a connection after it has noticed its end.
        for _ in 0..20 {
            if lines.len() >= row.log.iter().len() {
                break;
            }
            self.good_call().await;
            lines.extend(self.log.take());
        }
        let peer = format!("peer={address}");
        let fits = match (&row.log, &lines[..]) {
            (None, []) => true,
            (Some((level, says)), [line]) => {
                line.level == *level && line.text.contains(says) && line.text.contains(&peer)
            }
            _ => false,
        };
        if fits { Ok(()) } else { Err(lines) }
    }

    async fn end(mut self) {
        self.watch.let_one_go();
        assert_eq!(self.waiting.response().await.text(), "x");
        drop((self.waiting, self.bystander));
        assert_eq!(self.serving.stopped().await, 0);
        let late: Vec<Line> = self.log.take();
        let worth_it = |line: &&Line| line.level <= Level::WARN;
        assert_eq!(late.iter().find(worth_it), None, "said afterwards");
    }
}

/// What came back before the server ended the connection by itself.
async fn observe(peer: &mut Peer, expected: &Outcome) -> Outcome {
    let unexpected = |what: &dyn std::fmt::Debug| Outcome::Unexpected(format!("{what:?}"));
    match *expected {
        Outcome::Closed | Outcome::Unexpected(_) => match peer.rest().await {
            rest if rest.is_empty() => Outcome::Closed,
            rest => unexpected(&rest),
        },
        Outcome::Says(part) => match peer.rest().await {
            rest if String::from_utf8_lossy(&rest).contains(part) => expected.clone(),
            rest => unexpected(&rest),
        },
        Outcome::Exception(type_id, part) => match peer.next().await {
            Some(response) if response.kind == MessageType::Exception => {
                let exception = response.exception();
                match (
                    exception.0 == type_id && exception.1.contains(part),
                    peer.next().await,
                ) {
                    (true, None) => expected.clone(),
                    (_, more) => unexpected(&(exception, more)),
                }
            }
            other => unexpected(&other),
        },
        Outcome::Echo => match (peer.next().await, peer.next().await) {
            (Some(response), None) if response.text() == "hi" => Outcome::Echo,
            other => unexpected(&other),
        },
    }
}

#[test]
fn the_good_request_is_what_it_seems() {
    let request = Request::new(Transport::Framed, "echo").text("hi").encode();
    assert_eq!(call(Transport::Framed, "echo", bytes::HI), request);
}
