//! Requests frame by frame, and what the server makes of them.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hex_literal::hex;
use polyport::codegen::ServiceBuilder;
use polyport::method::Method;
use polyport::{CallKind, Limits, Server};
use polyport_tests::demo::TextArgs;
use polyport_tests::frames::{
    END_HEADERS, END_STREAM, Frame, FramePeer, PREFACE, frame, header, kind, request_head,
};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams::{self, UNARY, embedded, text};

use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::client;

const UNARY_PATH: &str = "/test.v1.Streams/Unary";

async fn connect(serving: &Serving) -> FramePeer {
    let mut peer = FramePeer::connect(serving.address).await;
    peer.send(PREFACE).await;
    peer.send(&frame(kind::SETTINGS, 0, 0, &[])).await;
    peer
}

/// The frames of an answer, to its end.
async fn answer(peer: &mut FramePeer) -> Vec<Frame> {
    let mut answer = Vec::new();
    loop {
        let frame = peer.next().await.unwrap();
        if frame.stream != 0 {
            answer.push(frame);
        }
        if answer
            .last()
            .is_some_and(|last| last.flags & END_STREAM != 0)
        {
            return answer;
        }
    }
}

#[tokio::test]
async fn an_answer_to_head_is_but_a_head() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    for (method, frames) in [("GET", 2), ("HEAD", 1)] {
        let mut peer = connect(&serving).await;
        let head = [(":method", method), (":scheme", "http"), (":path", "/")];
        let head = head.map(|(name, value)| header(name, value)).concat();
        peer.send(&frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &head))
            .await;
        assert_eq!(answer(&mut peer).await.len(), frames, "{method}");
    }
}

/// What tracers of gRPC send has names that begin as its own do.
#[tokio::test]
async fn a_tracers_headers_are_metadata() {
    let service = ServiceBuilder::new(embedded("test.v1"), "test.v1", "Streams", Arc::new(()))
        .method(&UNARY, |_, mut cx, _| async move {
            let trace = cx.metadata().bytes("grpc-trace-bin").cloned();
            let tags = cx.metadata().get("grpc-tags-bin").map(str::to_owned);
            let own = cx.metadata().get("grpc-encoding").is_some();
            cx.reply_metadata()
                .insert_header("grpc-trace-bin", trace.clone().unwrap_or_default());
            (cx, Ok(text(&format!("{trace:?} {tags:?} {own}"))))
        })
        .build();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    let call = client
        .call(&UNARY, text(""))
        .header("grpc-trace-bin", &[0, 1][..])
        .header("grpc-tags-bin", "tags");
    let answer = soon(call.answer()).await;
    assert_eq!(
        answer.result.unwrap(),
        text(r#"Some(b"\0\x01") Some("tags") false"#)
    );
    let trace = answer.metadata.bytes("grpc-trace-bin").unwrap();
    assert_eq!(trace[..], [0, 1]);
}

/// An answer is taken when there is room for its last byte, and the client need not offer more.
#[tokio::test]
async fn a_large_answer_takes_no_more_room_than_it_needs() {
    const SIZE: u16 = 8000;
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    for first in [1, 100, SIZE - 1, SIZE] {
        let mut peer = connect(&serving).await;
        let closed = [0, 4, 0, 0, 0, 0];
        peer.send(&frame(kind::SETTINGS, 0, 0, &closed)).await;
        peer.send(&frame(
            kind::HEADERS,
            END_HEADERS,
            1,
            &request_head(UNARY_PATH),
        ))
        .await;
        // A field of 3 bytes before its 7992 bytes, behind the prefix.
        let message = [
            &[0, 0, 0][..],
            &(SIZE - 5).to_be_bytes(),
            &[0x0a, 0xb8, 0x3e],
        ];
        let message = [&message.concat()[..], &[b'x'; 7992]].concat();
        assert_eq!(message.len(), usize::from(SIZE));
        peer.send(&frame(kind::DATA, END_STREAM, 1, &message)).await;
        peer.next_of(kind::HEADERS).await.unwrap();
        for room in [first, SIZE - first].into_iter().filter(|room| *room > 0) {
            let room = u32::from(room).to_be_bytes();
            peer.send(&frame(kind::WINDOW_UPDATE, 0, 1, &room)).await;
        }
        let answer = answer(&mut peer).await;
        let data: Vec<u8> = answer
            .iter()
            .filter(|frame| frame.kind == kind::DATA)
            .flat_map(|frame| frame.payload.to_vec())
            .collect();
        assert_eq!(data, message);
    }
}

static NOTE: Method<TextArgs, ()> =
    Method::new("Streams", "note", CallKind::Oneway).package("test.v1");

/// Serves one-way calls, of which the first is under way until the gate is opened and all others for
/// ever: they tell whether they have a deadline, before and after.
async fn noting(limits: Limits) -> (Serving, oneshot::Sender<()>, mpsc::UnboundedReceiver<bool>) {
    let (gate, opened) = oneshot::channel();
    let (events, noted) = mpsc::unbounded_channel();
    let handler = Arc::new((Mutex::new(Some(opened)), events));
    let service = ServiceBuilder::new(embedded("test.v1"), "test.v1", "Streams", handler)
        .method(&NOTE, |handler, cx, _| async move {
            let (gate, events) = &*handler;
            let opened = gate.lock().unwrap().take();
            events.send(cx.deadline().is_some()).unwrap();
            match opened {
                Some(opened) => opened.await.unwrap(),
                None => pending().await,
            }
            events.send(cx.deadline().is_some()).unwrap();
            (cx, Ok(()))
        })
        .build();
    let serving = Serving::start(Server::new().add(service).limits(limits)).await;
    (serving, gate, noted)
}

/// A one-way call with the least time there is.
async fn note(peer: &mut FramePeer, stream: u32) {
    const STRUCT: &[u8] = &hex!("00 0000000a 0b0001 00000002 6869 00");

    let mut head = request_head("/test.v1.Streams/note");
    head.extend(header("grpc-timeout", "1n"));
    let protobuf = head
        .windows(16)
        .position(|part| part == b"application/grpc")
        .unwrap();
    let thrift = *b"\x17application/grpc+thrift";
    head.splice(protobuf - 1..protobuf + 16, thrift);
    peer.send(&frame(kind::HEADERS, END_HEADERS, stream, &head))
        .await;
    peer.send(&frame(kind::DATA, END_STREAM, stream, STRUCT))
        .await;
}

/// Nobody waits for a one-way call, so neither the client's time nor its end is the end of it.
#[tokio::test]
async fn a_one_way_call_is_served_to_its_end() {
    let (serving, gate, mut noted) = noting(Limits::default()).await;
    let mut peer = connect(&serving).await;
    note(&mut peer, 1).await;
    assert_eq!(soon(noted.recv()).await, Some(false));
    peer.send(&frame(kind::RST_STREAM, 0, 1, &[0, 0, 0, 8]))
        .await;
    peer.send(&frame(kind::PING, 0, 0, &[1; 8])).await;
    while peer.next_of(kind::PING).await.unwrap().payload[..] != [1; 8] {}
    drop(peer);
    // The stop waits for it, too.
    let address = serving.address;
    let stopped = tokio::spawn(serving.stopped());
    soon(async { while TcpStream::connect(address).await.is_ok() {} }).await;
    assert!(!stopped.is_finished());
    gate.send(()).unwrap();
    assert_eq!(soon(noted.recv()).await, Some(false));
    assert_eq!(stopped.await.unwrap(), 0);
}

/// A stream that is reset makes room for another one, but its one-way call goes on.
#[tokio::test]
async fn one_way_calls_on_streams_that_are_reset_are_not_without_limit() {
    let limits = Limits {
        streams: 1,
        ..Limits::default()
    };
    let (serving, _gate, mut noted) = noting(limits).await;
    let mut peer = connect(&serving).await;
    for stream in [1, 3] {
        note(&mut peer, stream).await;
        assert_eq!(soon(noted.recv()).await, Some(false));
        let no_more = [0, 0, 0, 8];
        peer.send(&frame(kind::RST_STREAM, 0, stream, &no_more))
            .await;
    }
    note(&mut peer, 5).await;
    let refused = peer.next_of(kind::RST_STREAM).await.unwrap();
    assert_eq!(
        (refused.stream, &refused.payload[..]),
        (5, &[0, 0, 0, 7][..])
    );
}

#[tokio::test]
async fn a_one_way_call_that_never_ends_is_dropped_with_its_server() {
    for client_stays in [true, false] {
        let limits = Limits {
            drain: Duration::from_millis(50),
            ..Limits::default()
        };
        let (serving, mut gate, mut noted) = noting(limits).await;
        let mut peer = connect(&serving).await;
        note(&mut peer, 1).await;
        assert_eq!(soon(noted.recv()).await, Some(false));
        let peer = client_stays.then_some(peer);
        assert_eq!(
            serving.stopped().await,
            1,
            "the client stays: {client_stays}"
        );
        soon(gate.closed()).await;
        drop(peer);
    }
}

#[tokio::test]
async fn handlers_that_never_end_are_dropped_with_their_server() {
    let (service, mut events) = streams::protobuf();
    let limits = Limits {
        drain: Duration::from_millis(50),
        ..Limits::default()
    };
    let serving = Serving::start(Server::new().add(service).limits(limits)).await;
    let mut peer = connect(&serving).await;
    let wait = b"\0\0\0\0\x06\x0a\x04wait";
    peer.send(&frame(
        kind::HEADERS,
        END_HEADERS,
        1,
        &request_head(UNARY_PATH),
    ))
    .await;
    peer.send(&frame(kind::DATA, END_STREAM, 1, wait)).await;
    assert_eq!(events.next().await, "waiting");
    assert_eq!(serving.stopped().await, 1);
    assert_eq!(events.next().await, "ended");
}
