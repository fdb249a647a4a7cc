//! What comes of an answer that a server spells in another way than ours, or wrongly.

use std::fmt::Write as _;
use std::future::IntoFuture;

use polyport::codegen::buffa_types::google::protobuf::StringValue;
use polyport::{Code, Status};
use polyport_tests::frames::{END_HEADERS, END_STREAM, FramePeer, frame, header, kind};
use polyport_tests::soon;
use polyport_tests::streams::{ECHO, JOIN, UNARY, text};
use tokio::net::TcpListener;

use crate::servers::{accept, connect, hi};

/// The message `hi`, with its prefix.
const HI: &[u8] = b"\0\0\0\0\x04\x0a\x02hi";

type Headers<'h> = &'h [(&'h str, &'h str)];

/// `:status: 200` and gRPC's content type.
const BEGIN: Headers<'_> = &[(":status", "200"), ("content-type", "application/grpc")];

const OK: Headers<'_> = &[("grpc-status", "0")];

fn headers(flags: u8, headers: Headers<'_>) -> Vec<u8> {
    let block: Vec<u8> = headers
        .iter()
        .flat_map(|(name, value)| header(name, value))
        .collect();
    frame(kind::HEADERS, END_HEADERS | flags, 1, &block)
}

fn only(all: Headers<'_>) -> Vec<u8> {
    headers(END_STREAM, all)
}

fn answer(begin: Headers<'_>, messages: &[u8], end: Headers<'_>) -> Vec<u8> {
    let messages = frame(kind::DATA, 0, 1, messages);
    [headers(0, begin), messages, only(end)].concat()
}

/// What is answered, and the code and a part of the text that the caller gets; no text: success.
type Row = (&'static str, Vec<u8>, u32, &'static str);

fn statuses() -> Vec<Row> {
    const NOT_HERE: Headers<'_> = &[
        (":status", "200"),
        ("grpc-status", "5"),
        ("grpc-message", "100%25 %e6%97%a5 %zz %"),
    ];
    const FULL: Headers<'_> = &[
        (":status", "503"),
        ("content-type", "text/plain"),
        ("grpc-status", "8"),
        ("grpc-message", "full"),
    ];
    let page = [
        headers(0, &[(":status", "404"), ("content-type", "text/html")]),
        frame(kind::DATA, END_STREAM, 1, b"<html>"),
    ];
    let hints = [headers(0, &[(":status", "103"), ("link", "a")]), hi(1)];
    vec![
        ("hints before the headers", hints.concat(), 0, ""),
        ("a page", page.concat(), 12, "HTTP status 404"),
        // What gRPC says counts more (grpc doc/http-grpc-status-mapping.md).
        ("a status beside that of HTTP", only(FULL), 8, "full"),
        ("a status and no type", only(NOT_HERE), 5, "100% 日 %zz %"),
        (
            "success alone",
            only(&[BEGIN, OK].concat()),
            13,
            "no message",
        ),
    ]
}

fn messages() -> Vec<Row> {
    const JSON: Headers<'_> = &[
        (":status", "200"),
        ("content-type", "application/grpc+json"),
    ];
    let packed = [&[1], &HI[1..]].concat();
    let deflate = [BEGIN, &[("grpc-encoding", "deflate")]].concat();
    let large = header("large", &"x".repeat(15_000));
    let endless = [
        headers(0, BEGIN),
        frame(kind::DATA, 0, 1, HI),
        frame(kind::HEADERS, END_STREAM, 1, &header("a", "b")),
        frame(kind::CONTINUATION, 0, 1, &large).repeat(1000),
    ];
    let unknown = answer(&deflate, &packed, OK);
    let unnamed = answer(BEGIN, &packed, OK);
    let two = answer(BEGIN, &[HI, HI].concat(), OK);
    let flagged = answer(BEGIN, b"\x04\0\0\0\0", OK);
    let endless = endless.concat();
    vec![
        ("another codec's name", answer(JSON, HI, OK), 0, ""),
        ("deflate, not used", answer(&deflate, HI, OK), 0, ""),
        ("deflate", unknown, 13, "not spoken here"),
        ("compressed by nothing", unnamed, 13, "no grpc-encoding"),
        ("no flag of a message", flagged, 13, "compressed flag"),
        ("two messages", two, 13, "more than one message"),
        ("no message", answer(BEGIN, b"", OK), 13, "no message"),
        ("endless trailers", endless, 8, "too_many_continuations"),
    ]
}

/// How a stream's end tells what went wrong (grpc doc/PROTOCOL-HTTP2.md, errors).
fn resets() -> Vec<(u32, u32)> {
    let internal = [0, 1, 2, 3, 4, 6, 9, 10, 13, 0x7777].map(|reason| (reason, 13));
    // The last is Kitex's.
    let others = [(8, 1), (11, 8), (12, 7), (1000, 14)];
    [&internal[..], &others].concat()
}

/// A call, and what the server answers it with.
async fn told(bytes: &[u8]) -> Result<StringValue, Status> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, mut server) = connect(&listener).await;
    let serving = async {
        server.next_of(kind::DATA).await.unwrap();
        server.send(bytes).await;
        server
    };
    let call = client.call(&UNARY, text("hi")).into_future();
    let (outcome, _server) = tokio::join!(soon(call), serving);
    outcome
}

#[tokio::test]
async fn every_row_of_the_table() {
    let mut complaints = String::new();
    for (what, bytes, code, says) in statuses().into_iter().chain(messages()) {
        let outcome = told(&bytes).await;
        let is_right = match &outcome {
            Ok(answer) => code == 0 && *answer == text("hi"),
            Err(status) => status.code() == Some(Code(code)) && status.message().contains(says),
        };
        if !is_right {
            writeln!(complaints, "{what}: {outcome:?} instead of {code} {says:?}").unwrap();
        }
    }
    for (reason, code) in resets() {
        let reset = frame(kind::RST_STREAM, 0, 1, &reason.to_be_bytes());
        let outcome = told(&reset).await;
        if outcome.as_ref().err().and_then(Status::code) != Some(Code(code)) {
            writeln!(complaints, "reset {reason}: {outcome:?} instead of {code}").unwrap();
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[tokio::test]
async fn details_may_have_padding() {
    let details = [("grpc-status", "5"), ("grpc-status-details-bin", "aGk=")];
    let status = told(&only(&[BEGIN, &details].concat())).await.unwrap_err();
    assert_eq!(status.details(), "hi");
}

/// A call that a server may have served is not made again, however the connection ends.
#[tokio::test]
async fn a_call_is_not_made_again_when_a_goaway_counts_it_in() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for reason in [0, 2, 11] {
        let (client, mut first) = connect(&listener).await;
        let serving = async {
            let stream = first.next_of(kind::HEADERS).await.unwrap().stream;
            let payload = [stream.to_be_bytes(), [0, 0, 0, reason]].concat();
            first.send(&frame(kind::GOAWAY, 0, 0, &payload)).await;
            drop(first);
        };
        let call = client.call(&UNARY, text("hi")).into_future();
        let (outcome, ()) = tokio::join!(soon(call), serving);
        assert!(outcome.as_ref().unwrap_err().is_transport(), "{outcome:?}");
        // Nobody has connected for it: who does is the next call.
        let next = answer_next(&listener, "next");
        let call = client.call(&UNARY, text("next")).into_future();
        let (outcome, _server) = tokio::join!(soon(call), next);
        assert_eq!(outcome.unwrap(), text("hi"));
    }
}

/// Answers the first call of a new connection, which must be this one.
async fn answer_next(listener: &TcpListener, asked: &str) -> FramePeer {
    let mut server = accept(listener).await;
    let message = server.next_of(kind::DATA).await.unwrap();
    assert!(message.payload.ends_with(asked.as_bytes()));
    server.send(&hi(message.stream)).await;
    server
}

/// A server may say how a call ends before it has all requests.
#[tokio::test]
async fn an_answer_before_the_last_request_ends_the_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, mut server) = connect(&listener).await;
    let mut upload = client.client_stream(&JOIN).await.unwrap();
    upload.send(text("one")).await.unwrap();
    let stream = server.next_of(kind::DATA).await.unwrap().stream;
    server.send(&hi(stream)).await;
    let no_error = frame(kind::RST_STREAM, 0, stream, &[0; 4]);
    server.send(&no_error).await;
    soon(upload.headers()).await.unwrap();
    assert_eq!(soon(upload.finish()).await.unwrap(), text("hi"));
}

/// What a call did not finish before its server ended it, it need not finish: the answers say how.
#[tokio::test]
async fn a_sink_can_be_finished_after_the_call_has_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for refused in [
        only(&[BEGIN, &[("grpc-status", "7")]].concat()),
        frame(kind::RST_STREAM, 0, 1, &[0, 0, 0, 8]),
    ] {
        let (client, mut server) = connect(&listener).await;
        let (requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
        server.next_of(kind::HEADERS).await.unwrap();
        server.send(&refused).await;
        let status = soon(answers.receive()).await.unwrap_err();
        assert_eq!(requests.finish(), Ok(()), "{status:?}");
    }
}
