//! HTTP/2 peers that mean harm: what each is told, what the log says of it, what it costs, and that
//! nobody else notices.
//!
//! One test, because memory is counted for the whole process.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod crowd;
mod requests;
mod rows;

use std::fmt::Write as _;
use std::time::Duration;

use peak_alloc::PeakAlloc;
use polyport::{Client, Limits, Server, Transport};
use polyport_tests::frames::{END_STREAM, Frame, FramePeer, frame, kind};
use polyport_tests::log::{Line, Log};
use polyport_tests::serving::Serving;
use polyport_tests::streams::{self, UNARY, text};
use polyport_tests::{PATIENCE, soon};
use rows::{Outcome, Row};
use tokio::time::{Instant, timeout};
use tracing::Level;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What one connection may cost, whatever it sends.
const ROOM: usize = 20 * 1024 * 1024;

/// Short enough to be waited for.
fn limits() -> Limits {
    Limits {
        detection: Duration::from_millis(300),
        message: Duration::from_millis(300),
        ..Limits::default()
    }
}

#[tokio::test]
async fn every_row_of_the_table() {
    let (log, _guard) = Log::capture();
    let server = Server::new().limits(limits()).add(streams::protobuf().0);
    let serving = Serving::start(server).await;
    let options = Client::options(serving.address.to_string()).transport(Transport::Grpc);
    let bystander = options.connect().await.unwrap();
    good_call(&bystander).await;
    let mut complaints = String::new();
    for row in rows::all() {
        let _said = log.take();
        if let Err(complaint) = play(&row, &serving, &bystander, &log).await {
            writeln!(complaints, "{}: {complaint}", row.what).unwrap();
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    crowd::of_large_messages().await;
    requests::all(&log).await;
}

/// The word that the server's settings hold.
fn acknowledged() -> Vec<u8> {
    frame(kind::SETTINGS, END_STREAM, 0, &[])
}

/// A call of somebody who means no harm.
async fn good_call(client: &Client) {
    assert_eq!(
        soon(client.call(&UNARY, text("hi")).into_future())
            .await
            .unwrap(),
        text("hi")
    );
}

async fn play(row: &Row, serving: &Serving, bystander: &Client, log: &Log) -> Result<(), String> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut peer = FramePeer::connect(serving.address).await;
    let address = peer.socket.local_addr().unwrap();
    for bytes in &row.bytes {
        peer.send(bytes).await;
        good_call(bystander).await;
    }
    let outcome = match row.outcome {
        // It reads nothing; what the server does of it stands in the log.
        Outcome::Cut => Outcome::Cut,
        _ => timeout(PATIENCE / 4, observe(&mut peer, &row.outcome))
            .await
            .unwrap_or_else(|_| Outcome::Unexpected("nothing".to_owned())),
    };
    good_call(bystander).await;
    let peak = MEMORY.peak_usage().saturating_sub(before);
    if outcome != row.outcome {
        return Err(format!("{outcome:?} instead of {:?}", row.outcome));
    }
    if peak > ROOM {
        return Err(format!("{peak} bytes of memory"));
    }
    let name = format!("peer={address}");
    let mut lines = warnings(log);
    // The server says nothing more of a connection after it has noticed its end.
    let latest = Instant::now() + PATIENCE;
    while lines.is_empty() && row.says.is_some() && Instant::now() < latest {
        good_call(bystander).await;
        lines.extend(warnings(log));
    }
    drop(peer);
    match (row.says, &lines[..]) {
        (None, []) => Ok(()),
        (Some(says), [line]) if line.text.contains(says) && line.text.contains(&name) => Ok(()),
        _ => Err(format!("the log says {lines:?} instead of {:?}", row.says)),
    }
}

fn warnings(log: &Log) -> Vec<Line> {
    let lines = log.take().into_iter();
    lines.filter(|line| line.level <= Level::WARN).collect()
}

/// What came back.
async fn observe(peer: &mut FramePeer, expected: &Outcome) -> Outcome {
    match expected {
        Outcome::Reset(..) => match peer.next_of(kind::RST_STREAM).await {
            Some(frame) => {
                let code = u32::from_be_bytes(frame.payload[..].try_into().unwrap());
                Outcome::Reset(frame.stream, code)
            }
            None => Outcome::Closed,
        },
        Outcome::Answer(_) => loop {
            match peer.next().await {
                Some(frame) if frame.kind == kind::HEADERS => break Outcome::Answer(frame.stream),
                Some(frame) if frame.kind == kind::GOAWAY => break end(peer, &frame).await,
                Some(_) => {}
                None => break Outcome::Closed,
            }
        },
        _ => match peer.next_of(kind::GOAWAY).await {
            Some(frame) => end(peer, &frame).await,
            None => Outcome::Closed,
        },
    }
}

/// The connection's last word, and its end.
async fn end(peer: &mut FramePeer, goaway: &Frame) -> Outcome {
    let code = u32::from_be_bytes(goaway.payload[4..8].try_into().unwrap());
    let word = String::from_utf8_lossy(&goaway.payload[8..]).into_owned();
    while peer.next().await.is_some() {}
    Outcome::GoAway(code, word)
}
