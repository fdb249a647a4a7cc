//! One connection in memory, on a clock that stands still while anybody has something to do.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hex_literal::hex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream, DuplexStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::connection::{Connection, serve_detected};
use super::{Listening, Phase, Server, Shared};
use crate::context::Context;
use crate::limits::Limits;
use crate::service::{RawHandler, Service};
use crate::status::Status;

/// A framed call of `ping`, and its reply.
const CALL: [u8; 21] = hex!("00000011 80010001 00000004 70696e67 00000001 00");
const REPLY: [u8; 21] = hex!("00000011 80010002 00000004 70696e67 00000001 00");

/// A framed call of `slow`, which takes a minute, and its reply.
const SLOW_CALL: [u8; 21] = hex!("00000011 80010001 00000004 736c6f77 00000001 00");
const SLOW_REPLY: [u8; 21] = hex!("00000011 80010002 00000004 736c6f77 00000001 00");

/// What an HTTP/2 connection begins with, settings and all.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// `slow` on it: `:method: POST`, `:scheme: http` and two names are numbers (RFC 7541, appendix A).
const SLOW_REQUEST: [&[u8]; 5] = [
    &hex!("000028 01 04 00000001 83 86 04 0a"),
    b"/Test/slow",
    &hex!("0f10 17"),
    b"application/grpc+thrift",
    &hex!("000006 00 01 00000001 00 00000001 00"),
];

const SECOND: Duration = Duration::from_secs(1);

/// The answer of `large`.
const LARGE: usize = 1024 * 1024;

/// Answers everything with an empty result, but for `large`.
struct Empty;

impl RawHandler for Empty {
    async fn call(&self, cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
        if cx.method() == "slow" {
            sleep(60 * SECOND).await;
        }
        if cx.method() == "large" {
            return Ok(Bytes::from_static(&[0; LARGE]));
        }
        Ok(Bytes::from_static(&[0]))
    }
}

/// The client's end of a connection to a server.
struct Client {
    io: DuplexStream,
    start: Instant,
    phase: watch::Sender<Phase>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Client {
    /// A connection that takes up so many bytes each way.
    fn connect(room: usize) -> Self {
        Self::connect_within(room, Limits::default())
    }

    fn connect_within(room: usize, limits: Limits) -> Self {
        let (io, served) = tokio::io::duplex(room);
        let (phase, phases) = watch::channel(Phase::Serving);
        let service = Service::raw("Test", ["ping", "slow", "large"], Empty);
        let shared = Shared {
            limits,
            ..Arc::into_inner(Server::new().add(service).into_shared().unwrap()).unwrap()
        };
        let connection = Connection::new(served, None, limits, phases);
        Self {
            io,
            start: Instant::now(),
            phase,
            serving: tokio::spawn(serve_detected(connection, shared.into())),
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.unwrap();
    }

    async fn expect(&mut self, reply: &[u8]) {
        let mut got = vec![0; reply.len()];
        self.io.read_exact(&mut got).await.unwrap();
        assert_eq!(got, reply);
    }

    /// Waits for the end, before which nothing else comes; gives the time since the start.
    async fn ended(self) -> Duration {
        let (rest, time) = self.rest().await;
        assert_eq!(rest, b"");
        time
    }

    /// What still comes, and the time from the start to the end.
    async fn rest(mut self) -> (Vec<u8>, Duration) {
        let mut rest = Vec::new();
        self.io.read_to_end(&mut rest).await.unwrap();
        // The timers of the runtime count milliseconds.
        let time = self.start.elapsed().as_millis().try_into().unwrap();
        (rest, Duration::from_millis(time))
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_idle() {
    assert_eq!(Client::connect(64).ended().await, 600 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn what_a_connection_speaks_must_be_clear_in_time() {
    for bytes in [&CALL[..1], b"PRI * H", &hex!("16 03 01")] {
        let mut client = Client::connect(64);
        sleep(100 * SECOND).await;
        client.send(bytes).await;
        assert_eq!(client.ended().await, 105 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_must_come_in_time_however_its_bytes_drip() {
    for piece in [1, 4] {
        let mut client = Client::connect(64);
        let mut sent = 0;
        for bytes in CALL[..CALL.len() - 1].chunks(piece) {
            client.send(bytes).await;
            sent += bytes.len();
            if sent >= 6 {
                sleep(2 * SECOND).await;
            }
            if client.serving.is_finished() {
                break;
            }
        }
        assert_eq!(client.ended().await, 30 * SECOND, "{piece} bytes at a time");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_message_has_as_long_as_every_other() {
    let mut client = Client::connect(64);
    client.send(&CALL[..1]).await;
    sleep(4 * SECOND).await;
    client.send(&CALL[1..10]).await;
    sleep(25 * SECOND).await;
    client.send(&CALL[10..]).await;
    client.expect(&REPLY).await;
    client.send(&CALL[..10]).await;
    sleep(29 * SECOND).await;
    client.send(&CALL[10..]).await;
    client.expect(&REPLY).await;
    client.send(&CALL[..10]).await;
    assert_eq!(client.ended().await, (29 + 29 + 30) * SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_message_is_not_used_up_by_the_one_before() {
    let mut client = Client::connect(64);
    client.send(&SLOW_CALL).await;
    client.send(&CALL[..10]).await;
    client.expect(&SLOW_REPLY).await;
    sleep(29 * SECOND).await;
    client.send(&CALL[10..]).await;
    client.expect(&REPLY).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_never_empty_lives_as_long_as_its_messages_come() {
    let mut client = Client::connect(64);
    client.send(&CALL[..10]).await;
    for _ in 0..100 {
        sleep(SECOND).await;
        // The end of one message and the start of the next.
        client.send(&CALL[10..]).await;
        client.send(&CALL[..10]).await;
        client.expect(&REPLY).await;
    }
}

#[tokio::test(start_paused = true)]
async fn idleness_starts_anew_with_each_message() {
    let mut client = Client::connect(64);
    for _ in 0..3 {
        sleep(599 * SECOND).await;
        client.send(&CALL).await;
        client.expect(&REPLY).await;
    }
    assert_eq!(client.ended().await, (3 * 599 + 600) * SECOND);
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_answers_is_given_up() {
    let mut client = Client::connect(16);
    client.send(&CALL).await;
    let error = (&mut client.serving).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(client.start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_handler_takes_as_long_as_it_takes() {
    let mut client = Client::connect(64);
    for _ in 0..20 {
        client.send(&SLOW_CALL).await;
        client.expect(&SLOW_REPLY).await;
    }
    assert_eq!(client.start.elapsed().as_secs(), 20 * 60);
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_a_call_is_not_idle() {
    // A TTHeader with the flag for replies in any order, then `SLOW_CALL`.
    let flagged = hex!("00000023 1000 0001 00000001 0001 00 00 0000");
    let limits = Limits {
        idle: 25 * SECOND,
        ..Limits::default()
    };
    let mut client = Client::connect_within(64, limits);
    client.send(&[&flagged[..], &SLOW_CALL].concat()).await;
    let mut reply = [0; 80];
    let len = client.io.read(&mut reply).await.unwrap();
    assert!(reply[..len].ends_with(&SLOW_REPLY[4..]));
    assert_eq!(client.start.elapsed().as_secs(), 60);
    assert_eq!(client.ended().await, 85 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn answers_do_not_wait_for_a_handler_behind_them() {
    let mut client = Client::connect(1024);
    client.send(&[CALL, CALL, SLOW_CALL, CALL].concat()).await;
    client.expect(&[REPLY, REPLY].concat()).await;
    assert_eq!(client.start.elapsed().as_secs(), 0);
    client.expect(&[SLOW_REPLY, REPLY].concat()).await;
    assert_eq!(client.start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_stop_closes_a_connection_when_it_has_been_quiet() {
    const MILLISECOND: Duration = Duration::from_millis(1);
    let mut client = Client::connect(64);
    client.phase.send_replace(Phase::Draining);
    for _ in 0..5 {
        sleep(99 * MILLISECOND).await;
        client.send(&CALL).await;
        client.expect(&REPLY).await;
    }
    // A message that has begun is waited for.
    client.send(&CALL[..10]).await;
    sleep(10 * SECOND).await;
    client.send(&CALL[10..]).await;
    client.expect(&REPLY).await;
    let quiet_since = client.start.elapsed();
    let ended = client.ended().await;
    assert_eq!((ended - quiet_since).as_millis(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_a_call_is_seen_after_it() {
    let mut client = Client::connect(64);
    client.send(&SLOW_CALL).await;
    sleep(SECOND).await;
    client.phase.send_replace(Phase::Draining);
    client.expect(&SLOW_REPLY).await;
    assert_eq!(client.ended().await.as_millis(), 60_100);
}

#[tokio::test(start_paused = true)]
async fn a_large_message_leaves_no_large_buffer() {
    let (mut io, served) = tokio::io::duplex(64 * 1024);
    let (_phase, phases) = watch::channel(Phase::Serving);
    let mut connection = Connection::new(served, None, Limits::default(), phases);
    let (sizes, mut seen) = mpsc::unbounded_channel();
    let reading = tokio::spawn(async move {
        for _ in 0..40 {
            connection.read(256 * 1024).await.unwrap();
        }
        sizes.send(connection.input.capacity()).unwrap();
        let frame = connection.input.split();
        drop(frame);
        connection.read(0).await.unwrap();
        sizes.send(connection.input.capacity()).unwrap();
    });
    for _ in 0..40 {
        io.write_all(&BytesMut::zeroed(64 * 1024)).await.unwrap();
    }
    let before = seen.recv().await.unwrap();
    assert!(before > 1024 * 1024, "{before}");
    io.write_all(&[0]).await.unwrap();
    let after = seen.recv().await.unwrap();
    assert!(after <= 256 * 1024, "{after}");
    reading.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn answers_go_through_streams_that_collect_what_is_written() {
    let listening = listening().await;
    let (mut io, served) = tokio::io::duplex(1024);
    tokio::spawn(async move {
        listening
            .in_memory()
            .serve_connection(BufStream::new(served))
            .await
    });
    let start = Instant::now();
    for _ in 0..3 {
        io.write_all(&CALL).await.unwrap();
        let mut reply = [0; REPLY.len()];
        io.read_exact(&mut reply).await.unwrap();
        assert_eq!(reply, REPLY);
    }
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
}

/// The ping with the farewell has as long as any other.
#[tokio::test(start_paused = true)]
async fn a_silent_http2_connection_is_idle() {
    const GOAWAY: &[u8] = &hex!("000008 07 00 00000000 7fffffff 00000000");
    let mut client = Client::connect(64 * 1024);
    client.send(HTTP2).await;
    let (said, time) = client.rest().await;
    assert!(said.windows(GOAWAY.len()).any(|part| part == GOAWAY));
    assert_eq!(time, 620 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_http2_connection_with_a_call_must_give_a_sign_of_life() {
    let limits = Limits {
        idle: 25 * SECOND,
        ..Limits::default()
    };
    let mut silent = Client::connect_within(64 * 1024, limits);
    silent.send(HTTP2).await;
    silent.send(&SLOW_REQUEST.concat()).await;
    let (said, time) = silent.rest().await;
    assert!(said.windows(5).any(|part| part == hex!("000008 06 00")));
    assert_eq!(time, 45 * SECOND);

    // It is looked for after a time of its own, which may be longer than a connection may be silent.
    for idle in [25, 5] {
        let limits = Limits {
            idle: idle * SECOND,
            ..limits
        };
        let Client { io, start, .. } = Client::connect_within(64 * 1024, limits);
        assert_eq!(called(io, "slow").await.status(), 200);
        assert_eq!(start.elapsed().as_secs(), 60);
    }
}

/// The answer to a call over HTTP/2 by a client that does as it should.
async fn called(io: DuplexStream, method: &str) -> http::Response<h2::RecvStream> {
    let (mut client, connection) = h2::client::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://localhost/Test/{method}"))
        .header("content-type", "application/grpc+thrift");
    let (answer, mut body) = client
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    body.send_data(Bytes::from_static(b"\0\0\0\0\x01\0"), true)
        .unwrap();
    answer.await.unwrap()
}

/// Who takes a large answer, however slowly, is not one who does not.
#[tokio::test(start_paused = true)]
async fn a_large_answer_over_http2_has_its_time_for_each_part() {
    let limits = Limits::default();
    let Client { io, start, .. } = Client::connect_within(64 * 1024, limits);
    let mut answer = called(io, "large").await.into_body();
    let mut size = 0;
    while let Some(part) = answer.data().await {
        let part = part.unwrap();
        size += part.len();
        sleep(limits.message / 8).await;
        answer.flow_control().release_capacity(part.len()).unwrap();
    }
    assert_eq!(size, 5 + LARGE);
    let trailers = answer.trailers().await.unwrap().unwrap();
    assert_eq!(trailers["grpc-status"], "0");
    assert!(start.elapsed() > 4 * limits.message);
}

#[tokio::test(start_paused = true)]
async fn http2_goes_on_when_nobody_can_stop_it_any_more() {
    let listening = listening().await;
    let (io, served) = tokio::io::duplex(64 * 1024);
    let (phase, phases) = watch::channel(Phase::Serving);
    let shared = Arc::clone(&listening.shared);
    tokio::spawn(super::connection::serve_stream(
        served, None, shared, phases,
    ));
    drop(phase);
    three_calls_over_http2(io).await;
}

#[tokio::test(start_paused = true)]
async fn http2_beside_the_port_goes_on_after_its_first_request() {
    let listening = listening().await;
    let (io, served) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { listening.in_memory().serve_connection(served).await });
    three_calls_over_http2(io).await;
}

async fn three_calls_over_http2(io: DuplexStream) {
    let (client, connection) = h2::client::handshake(io).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    for _ in 0..3 {
        let request = http::Request::post("http://localhost/Nobody/nothing")
            .header("content-type", "application/grpc")
            .body(())
            .unwrap();
        let (response, _) = client.send_request(request, true).unwrap();
        let response = response.await.unwrap();
        assert_eq!(response.headers()["grpc-status"], "12");
        client = client.ready().await.unwrap();
        assert!(!connection.is_finished());
    }
}

/// A server that serves connections beside its port.
async fn listening() -> Listening {
    let service = Service::raw("Test", ["ping", "slow", "large"], Empty);
    let server = Server::new().add(service);
    server.bind("127.0.0.1:0").await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_last_word_of_http2_is_not_destroyed_by_what_comes_behind_it() {
    const GOAWAY: u8 = 7;
    let listening = listening().await;
    let (mut io, served) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { listening.in_memory().serve_connection(served).await });
    io.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    io.write_all(&hex!("000000 04 00 00000000")).await.unwrap();
    let garbage = [0xa5; 1000];
    io.write_all(&garbage).await.unwrap();
    // To the end of our side, which says why.
    let mut said = Vec::new();
    io.read_to_end(&mut said).await.unwrap();
    let goaway = [0, 0, 8, GOAWAY];
    assert!(said.windows(4).any(|frame| frame == goaway), "{said:x?}");
    for _ in 0..1000 {
        io.write_all(&garbage).await.unwrap();
    }
}
