//! Compressed messages, and what is said about them in headers.

use std::future::IntoFuture;

use bytes::{Bytes, BytesMut};
use hex_literal::hex;
use http::{HeaderMap, Request};
use polyport::client::Compression;
use polyport::{Call, Client, Code, Layer, Limits, Next, Reply, Server, Transport};
use polyport_tests::frames::kind;
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams::{self, ECHO, JOIN, SPLIT, UNARY, text};
use tokio::net::{TcpListener, TcpStream};

use crate::calls::every_kind;
use crate::servers::accept;

/// `hi` as the field of a message.
const PLAIN: &[u8] = &hex!("0a026869");
const GZIPPED: &[u8] = &hex!("1f8b0800000000000203e362cac8040045d337d404000000");

const ALL: &[Compression] = &[
    Compression::Gzip,
    #[cfg(feature = "zstd")]
    Compression::Zstd,
];

/// What came back: headers, messages, trailers.
struct Answer {
    headers: HeaderMap,
    messages: BytesMut,
    trailers: HeaderMap,
}

fn message(flag: u8, bytes: &[u8]) -> Bytes {
    let length = u32::try_from(bytes.len()).unwrap();
    [&[flag], &length.to_be_bytes()[..], bytes].concat().into()
}

/// Asks with these headers for what is echoed.
async fn ask(serving: &Serving, headers: &[(&'static str, &str)], message: Bytes) -> Answer {
    let socket = TcpStream::connect(serving.address).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(socket).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = Request::post("http://test/test.v1.Streams/Unary")
        .header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (response, mut stream) = sender
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    stream.send_data(message, true).unwrap();
    let (parts, mut body) = soon(response).await.unwrap().into_parts();
    let mut messages = BytesMut::new();
    while let Some(data) = soon(body.data()).await {
        messages.extend_from_slice(&data.unwrap());
    }
    let trailers = soon(body.trailers()).await.unwrap();
    connection.abort();
    Answer {
        trailers: trailers.unwrap_or_else(|| parts.headers.clone()),
        headers: parts.headers,
        messages,
    }
}

async fn serving() -> Serving {
    Serving::start(Server::new().add(streams::protobuf().0)).await
}

#[tokio::test]
async fn an_answer_is_compressed_as_its_request_is() {
    let serving = serving().await;
    let headers = [
        ("grpc-encoding", "gzip"),
        ("grpc-accept-encoding", "deflate, gzip"),
    ];
    let answer = ask(&serving, &headers, message(1, GZIPPED)).await;
    assert_eq!(answer.headers["grpc-encoding"], "gzip");
    assert_eq!(
        (answer.messages[0], &answer.messages[5..7]),
        (1, &GZIPPED[..2])
    );
    assert_eq!(answer.trailers["grpc-status"], "0");
    // The name counts, also when this message is not compressed.
    let answer = ask(&serving, &headers, message(0, PLAIN)).await;
    assert_eq!(
        (answer.messages[0], &answer.messages[5..7]),
        (1, &GZIPPED[..2])
    );
}

#[tokio::test]
async fn an_answer_is_plain_for_a_client_that_takes_nothing_else() {
    let serving = serving().await;
    let headers = [
        ("grpc-encoding", "gzip"),
        ("grpc-accept-encoding", "identity"),
    ];
    for headers in [&headers[..], &headers[..1]] {
        let answer = ask(&serving, headers, message(1, GZIPPED)).await;
        assert!(!answer.headers.contains_key("grpc-encoding"));
        assert_eq!(answer.messages, message(0, PLAIN));
    }
    let answer = ask(&serving, &headers[1..], message(0, PLAIN)).await;
    assert_eq!(answer.messages, message(0, PLAIN));
}

#[tokio::test]
async fn an_unknown_compression_is_told_what_is_known() {
    let answer = ask(
        &serving().await,
        &[("grpc-encoding", "snappy")],
        message(1, PLAIN),
    )
    .await;
    assert_eq!(answer.trailers["grpc-status"], "12");
    let accepted = match cfg!(feature = "zstd") {
        true => "identity,gzip,zstd",
        false => "identity,gzip",
    };
    assert_eq!(answer.trailers["grpc-accept-encoding"], accepted);
}

#[tokio::test]
async fn a_compressed_message_needs_a_name_for_how() {
    for headers in [&[][..], &[("grpc-encoding", "identity")]] {
        let answer = ask(&serving().await, headers, message(1, GZIPPED)).await;
        assert_eq!(answer.trailers["grpc-status"], "13");
    }
}

#[cfg(feature = "zstd")]
#[tokio::test]
async fn zstd_is_negotiated_as_gzip_is() {
    // Magic number, one segment of four bytes, the last block as it is (RFC 8878).
    const ZSTD: &[u8] = &hex!("28b52ffd 20 04 210000 0a026869");
    let serving = serving().await;
    let headers = [
        ("grpc-encoding", "zstd"),
        ("grpc-accept-encoding", "gzip,zstd"),
    ];
    let answer = ask(&serving, &headers, message(1, ZSTD)).await;
    assert_eq!(answer.headers["grpc-encoding"], "zstd");
    assert_eq!(
        (answer.messages[0], &answer.messages[5..9]),
        (1, &ZSTD[..4])
    );
    let answer = ask(&serving, &headers[..1], message(1, ZSTD)).await;
    assert_eq!(answer.messages, message(0, PLAIN));
}

#[cfg(feature = "zstd")]
#[tokio::test]
async fn a_zstd_window_is_not_as_large_as_a_frame_wants() {
    // A window of 2 GiB, before one block of four bytes.
    const WIDE: &[u8] = &hex!("28b52ffd 00 a8 210000 0a026869");
    let answer = ask(
        &serving().await,
        &[("grpc-encoding", "zstd")],
        message(1, WIDE),
    )
    .await;
    assert_eq!(answer.trailers["grpc-status"], "13");
}

fn options(serving: &Serving) -> polyport::client::ClientOptions {
    Client::options(serving.address.to_string()).transport(Transport::Grpc)
}

#[tokio::test]
async fn every_kind_of_call_is_compressed_both_ways() {
    let serving = serving().await;
    for compression in ALL {
        let client = options(&serving)
            .compress(*compression)
            .connect()
            .await
            .unwrap();
        every_kind(&client, [&JOIN, &SPLIT, &ECHO], text).await;
        let layered = options(&serving).compress(*compression).layer(Through);
        every_kind(
            &layered.connect().await.unwrap(),
            [&JOIN, &SPLIT, &ECHO],
            text,
        )
        .await;
        let long = text(&"long ".repeat(100_000));
        assert_eq!(client.call(&UNARY, long.clone()).await.unwrap(), long);
    }
}

#[tokio::test]
async fn a_bomb_is_no_larger_than_the_limit() {
    let limits = Limits {
        grpc_message: 100_000,
        ..Limits::default()
    };
    let server = Server::new().limits(limits).add(streams::protobuf().0);
    let serving = Serving::start(server).await;
    for compression in ALL {
        let client = options(&serving)
            .compress(*compression)
            .connect()
            .await
            .unwrap();
        let call = client.call(&UNARY, text(&"x".repeat(1_000_000)));
        let status = call.await.unwrap_err();
        assert_eq!(status.code(), Some(Code::RESOURCE_EXHAUSTED), "{status}");
    }
}

/// Does nothing.
struct Through;

impl Layer for Through {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        next.call(call).await
    }
}

#[tokio::test]
async fn a_call_says_otherwise_than_its_client() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Client::options(listener.local_addr().unwrap().to_string());
    let (client, mut server) = tokio::join!(
        options
            .transport(Transport::Grpc)
            .compress(Compression::Gzip)
            .connect(),
        accept(&listener)
    );
    let client = client.unwrap();
    let unary = || client.call(&UNARY, text("hi"));
    for (call, sent) in [
        (unary(), message(1, GZIPPED)),
        (unary().layer(Through), message(1, GZIPPED)),
        (unary().compress(Compression::Identity), message(0, PLAIN)),
        (
            unary().layer(Through).compress(Compression::Identity),
            message(0, PLAIN),
        ),
    ] {
        let calling = tokio::spawn(call.into_future());
        let data = server.next_of(kind::DATA).await.unwrap();
        assert_eq!(data.payload[..7], sent[..7]);
        calling.abort();
    }
}
