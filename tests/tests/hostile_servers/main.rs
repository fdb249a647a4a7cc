//! HTTP/2 servers that mean harm, or are none: what a call of each kind is told within its time, what
//! that costs, and that the next call gets a connection of its own.
//!
//! One test, because memory is counted for the whole process.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod rows;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use peak_alloc::PeakAlloc;
use polyport::{Client, Limits, Status, Transport};
use polyport_tests::frames::{FramePeer, frame, kind};
use polyport_tests::soon;
use polyport_tests::streams::{SPLIT, UNARY, text};
use rows::{Ends, Row, hi};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What one connection may cost, whatever comes on it.
const ROOM: usize = 20 * 1024 * 1024;

/// How long a call may take, and connecting.
const TIME: Duration = Duration::from_millis(400);

#[tokio::test]
async fn every_row_of_the_table() {
    let mut complaints = String::new();
    for row in rows::all() {
        for streams in [false, true] {
            if let Err(complaint) = play(&row, streams).await {
                writeln!(complaints, "{}, {streams}: {complaint}", row.what).unwrap();
            }
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

async fn play(row: &Row, streams: bool) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(listener.local_addr().unwrap()).await;
    let (socket, _) = soon(listener.accept()).await.unwrap();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let serving = serve(FramePeer::new(socket), row);
    let start = Instant::now();
    let outcome = call(&client, streams).await;
    let peak = MEMORY.peak_usage().saturating_sub(before);
    if start.elapsed() > 2 * TIME {
        return Err(format!("only after {:?}: {outcome:?}", start.elapsed()));
    }
    if peak > ROOM {
        return Err(format!("{peak} bytes of memory"));
    }
    check(row, outcome)?;
    serving.abort();
    let _ = serving.await;
    // Whatever has happened, a good server is found, if need be after the bad one was noticed.
    let good = tokio::spawn(serve_well(listener));
    let latest = Instant::now() + polyport_tests::PATIENCE;
    while call(&client, streams).await.is_err() {
        if Instant::now() > latest {
            return Err("no call succeeds any more".to_owned());
        }
    }
    good.abort();
    Ok(())
}

fn check(row: &Row, outcome: Result<(), Status>) -> Result<(), String> {
    let Err(status) = outcome else {
        return Err("a success".to_owned());
    };
    let kind = match row.ends {
        Ends::Late => status.is_timeout(),
        Ends::Broken => status.is_transport(),
        Ends::Code(code) => status.code() == Some(code),
    };
    if kind && status.message().contains(row.says) {
        return Ok(());
    }
    Err(format!(
        "{status:?} instead of {:?} {:?}",
        row.ends, row.says
    ))
}

async fn client(address: SocketAddr) -> Client {
    let options = Client::options(address.to_string())
        .transport(Transport::Grpc)
        .limits(Limits {
            grpc_message: 8 * 1024 * 1024,
            ..Limits::default()
        })
        .connect_timeout(TIME)
        .timeout(TIME);
    options.connect().await.unwrap()
}

/// A unary call, or one that streams.
async fn call(client: &Client, streams: bool) -> Result<(), Status> {
    if !streams {
        return soon(client.call(&UNARY, text("hi")).into_future())
            .await
            .map(drop);
    }
    let mut answers = soon(client.server_stream(&SPLIT, text("hi")).into_future()).await?;
    while soon(answers.receive()).await?.is_some() {}
    Ok(())
}

/// Says what a row says, on every stream that is opened.
fn serve(mut peer: FramePeer, row: &Row) -> JoinHandle<()> {
    let (at_once, answer, closes) = (row.at_once.clone(), row.answer, row.closes);
    tokio::spawn(async move {
        peer.skip_preface().await;
        peer.send(&at_once).await;
        while let Some(frame) = peer.next().await {
            if frame.kind == kind::HEADERS {
                peer.send(&answer(frame.stream)).await;
                if closes {
                    return;
                }
            }
        }
    })
}

/// Answers every call on every connection.
async fn serve_well(listener: TcpListener) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut peer = FramePeer::new(socket);
            peer.skip_preface().await;
            peer.send(&frame(kind::SETTINGS, 0, 0, &[])).await;
            while let Some(frame) = peer.next().await {
                if frame.kind == kind::HEADERS {
                    peer.send(&hi(frame.stream)).await;
                }
            }
        });
    }
}
