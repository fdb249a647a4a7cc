//! Floods of requests and of connections, beside a neighbour who means no harm: `cargo run --release -p
//! polyport-tests --example flood -- [requests] [connections]`.
//!
//! The server is a process of its own with one thread, which everybody shares, and with short limits.
//! The program fails when a reply is wrong, a connection stays, the server's memory grows by more than
//! what was announced, or the neighbour must wait for more than a second.

#![expect(clippy::unwrap_used, reason = "a broken rule ends the program")]

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use polyport::{Limits, Server, Transport};
use polyport_tests::peer::{Peer, Request};
use polyport_tests::process::{Process, serve};
use polyport_tests::soon;
use polyport_tests::types::several;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

const LIMITS: [(&str, Duration); 3] = [
    ("detection", Duration::from_secs(2)),
    ("message", Duration::from_secs(3)),
    ("idle", Duration::from_secs(5)),
];

/// What the server's memory may grow by, in KiB: for everything, and for each connection with nothing
/// or a part of a message.
const ROOM: usize = 4 * 1024;
const EACH: usize = 16;

/// Connections that are made at the same time, so that none is lost before the server accepts it.
const CONNECTING: usize = 200;

const WAIT: Duration = Duration::from_secs(1);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "serve") {
        let [detection, message, idle] = LIMITS.map(|(_, limit)| limit);
        let limits = Limits {
            detection,
            message,
            idle,
            ..Limits::default()
        };
        let server = Server::new().add_all(several()).limits(limits);
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        return runtime.unwrap().block_on(serve(server));
    }
    let mut numbers = arguments.iter().map(|text| text.parse().unwrap());
    let requests = numbers.next().unwrap_or(1_000_000);
    let connections = numbers.next().unwrap_or(10_000);
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(flood(requests, connections));
}

async fn flood(requests: usize, connections: usize) {
    let scene = Scene::start().await;
    println!("limits: {LIMITS:?}");
    let address = scene.server.address;
    let quiet = async {
        tokio::time::sleep(2 * WAIT).await;
        "nothing happens".to_owned()
    };
    scene.play("quiet", 0, quiet).await;
    scene.play("pipeline", 0, pipeline(address, requests)).await;
    scene.play("unread", 0, unread(address)).await;
    let request = question("0123456789").encode();
    let half = request.len() / 2;
    for (name, first, rest) in [
        ("half a frame", half, half),
        ("a byte a second", 1, request.len()),
        ("a byte a second, behind the first 8", 8, request.len()),
        ("silence", 0, 0),
    ] {
        let (first, rest) = (request.slice(..first), request.slice(first..rest));
        let crowd = crowd(address, connections, first, rest);
        scene.play(name, connections, crowd).await;
    }
}

/// A server and its neighbour.
struct Scene {
    server: Process,
}

impl Scene {
    async fn start() -> Self {
        let server = Process::start();
        // What the first requests take once is nobody's.
        pipeline(server.address, 10_000).await;
        Self { server }
    }

    /// Has something happen to the server, and says what came of it.
    async fn play(&self, name: &str, connections: usize, event: impl Future<Output = String>) {
        let (server, before) = (&self.server, self.server.memory());
        let _earlier = (server.peak(), server.lines());
        let neighbour = Neighbour::start(server.address);
        let outcome = event.await;
        let latencies = neighbour.stop();
        let [half, most, longest] = [50, 99, 100].map(|percent| {
            let at = (latencies.len() * percent / 100).min(latencies.len() - 1);
            latencies[at]
        });
        let peak = server.peak();
        println!("\n{name}: {outcome}");
        println!(
            "    memory: {before} KiB before, at most {peak}, {} after",
            server.memory()
        );
        println!(
            "    neighbour: {} right answers; p50 {half:.1?}, p99 {most:.1?}, max {longest:.1?}",
            latencies.len()
        );
        let lines = server.lines();
        println!("    log: {} lines{}", lines.len(), example(&lines));
        let allowed = before + ROOM + EACH * connections;
        assert!(peak <= allowed, "{peak} KiB, {allowed} are allowed");
        assert!(longest <= WAIT, "the neighbour waited for {longest:?}");
        assert!(lines.len() <= connections + 1, "too much is logged");
    }
}

fn example(lines: &[String]) -> String {
    lines.first().map_or_else(String::new, |line| {
        let text = line
            .split_once(" WARN ")
            .map_or(&line[..], |(_, text)| text);
        format!(", such as `{text}`")
    })
}

/// Somebody who calls a thousand times a second, from a thread of its own.
struct Neighbour {
    stop: Arc<AtomicBool>,
    calling: thread::JoinHandle<Vec<Duration>>,
}

impl Neighbour {
    fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let calling = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(call_until(&stopped, address))
        });
        Self { stop, calling }
    }

    /// What its calls took, the shortest first.
    fn stop(self) -> Vec<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        let mut latencies = self.calling.join().unwrap();
        latencies.sort_unstable();
        latencies
    }
}

async fn call_until(stop: &AtomicBool, address: SocketAddr) -> Vec<Duration> {
    let mut peer = Peer::connect(address).await;
    let mut pace = interval(Duration::from_millis(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut latencies = Vec::new();
    while latencies.is_empty() || !stop.load(Ordering::Relaxed) {
        pace.tick().await;
        let text = format!("call {}", latencies.len());
        let begin = Instant::now();
        let response = peer.call(&question(&text)).await;
        latencies.push(begin.elapsed());
        assert!(
            response
                .body
                .ends_with(&[text.as_bytes(), &[0, 0]].concat())
        );
    }
    latencies
}

/// A call of a method that returns the text.
fn question(text: &str) -> Request {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    let arguments = [
        b"\x0c\0\x01\x0b\0\x01",
        &length[..],
        text.as_bytes(),
        &[0, 0],
    ]
    .concat();
    Request::new(Transport::Framed, "onlyA").arguments(arguments)
}

/// Requests on one connection, as fast as they are taken; all replies are read meanwhile.
async fn pipeline(address: SocketAddr, requests: usize) -> String {
    const AT_ONCE: usize = 1000;
    let question = question("pipelined").encode();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&question).await.unwrap();
    let reply = reply(&mut stream).await;
    let (questions, replies) = (question.repeat(AT_ONCE), reply.repeat(AT_ONCE));
    let begin = Instant::now();
    let (mut from, mut to) = stream.split();
    let ask = async {
        for _ in 0..requests / AT_ONCE {
            to.write_all(&questions).await.unwrap();
        }
    };
    let listen = async {
        let mut buffer = vec![0; replies.len()];
        for _ in 0..requests / AT_ONCE {
            soon(from.read_exact(&mut buffer)).await.unwrap();
            assert!(buffer == replies, "a reply is wrong");
        }
    };
    tokio::join!(ask, listen);
    format!("{requests} right replies in {:.1?}", begin.elapsed())
}

async fn reply(stream: &mut TcpStream) -> Vec<u8> {
    let length = stream.read_u32().await.unwrap();
    let mut reply = length.to_be_bytes().to_vec();
    reply.resize(4 + usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut reply[4..]).await.unwrap();
    reply
}

/// Requests for as long as they are taken, of which no reply is read.
async fn unread(address: SocketAddr) -> String {
    let question = question("pipelined").encode();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let begin = Instant::now();
    let mut sent = 0;
    loop {
        if let Err(error) = soon(stream.write_all(&question)).await {
            let time = begin.elapsed();
            return format!("{sent} requests were taken, then closed after {time:.1?}: {error}");
        }
        sent += 1;
    }
}

/// Connections that are all there at once, each with as little to say as [`dawdle`]s.
async fn crowd(address: SocketAddr, count: usize, first: Bytes, rest: Bytes) -> String {
    let connecting = Arc::new(Semaphore::new(CONNECTING));
    let open = Arc::new(AtomicUsize::new(0));
    let mut crowd = JoinSet::new();
    for _ in 0..count {
        let (connecting, open) = (Arc::clone(&connecting), Arc::clone(&open));
        let (first, rest) = (first.clone(), rest.clone());
        crowd.spawn(async move {
            let permit = connecting.acquire().await.unwrap();
            let stream = TcpStream::connect(address).await.unwrap();
            drop(permit);
            let others = open.fetch_add(1, Ordering::Relaxed);
            let time = dawdle(stream, &first, &rest).await;
            open.fetch_sub(1, Ordering::Relaxed);
            (time, others + 1)
        });
    }
    let (times, open): (Vec<_>, Vec<_>) = crowd.join_all().await.into_iter().unzip();
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    let open = open.iter().max().unwrap();
    format!("{count} connections, {open} at once, closed after {least:.1?} to {most:.1?}")
}

/// Says something, then more of it with a byte a second, until the server closes the connection
/// without an answer.
async fn dawdle(mut stream: TcpStream, first: &[u8], rest: &[u8]) -> Duration {
    let begin = Instant::now();
    stream.write_all(first).await.unwrap();
    let (mut from, mut to) = stream.split();
    let say = async {
        let mut pace = interval(Duration::from_secs(1));
        for byte in rest {
            pace.tick().await;
            let _ = to.write_all(&[*byte]).await;
        }
        pending().await
    };
    let mut answer = Vec::new();
    let closed = async {
        let _ = from.read_to_end(&mut answer).await;
    };
    tokio::select! {
        () = soon(closed) => {}
        () = say => {}
    }
    assert!(answer.is_empty(), "{answer:?}");
    begin.elapsed()
}
