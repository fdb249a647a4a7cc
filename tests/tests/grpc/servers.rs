//! Servers that do not do as they should, frame by frame.

use std::time::Duration;

use polyport::{Client, Code, Transport};
use polyport_tests::frames::{END_HEADERS, END_STREAM, FramePeer, frame, header, kind};
use polyport_tests::streams::{ECHO, JOIN, SPLIT, UNARY, text};
use polyport_tests::{PATIENCE, soon};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

const SHORT: Duration = Duration::from_millis(100);

pub(crate) async fn accept(listener: &TcpListener) -> FramePeer {
    let (socket, _) = soon(listener.accept()).await.unwrap();
    let mut peer = FramePeer::new(socket);
    soon(peer.skip_preface()).await;
    peer.send(&frame(kind::SETTINGS, 0, 0, &[])).await;
    peer
}

/// A client, and its first connection.
pub(crate) async fn connect(listener: &TcpListener) -> (Client, FramePeer) {
    let options = Client::options(listener.local_addr().unwrap().to_string());
    let connecting = options.transport(Transport::Grpc).connect();
    let (client, first) = tokio::join!(connecting, accept(listener));
    (client.unwrap(), first)
}

/// The answer `hi`, whole.
pub(crate) fn hi(stream: u32) -> Vec<u8> {
    let head = [&[0x88][..], &header("content-type", "application/grpc")].concat();
    let trailers = header("grpc-status", "0");
    [
        frame(kind::HEADERS, END_HEADERS, stream, &head),
        frame(kind::DATA, 0, stream, b"\0\0\0\0\x04\x0a\x02hi"),
        frame(kind::HEADERS, END_HEADERS | END_STREAM, stream, &trailers),
    ]
    .concat()
}

/// Goes away before it has looked at a request, and answers the one that comes then.
async fn go_away_first(mut first: FramePeer, listener: &TcpListener) -> FramePeer {
    first.next_of(kind::HEADERS).await.unwrap();
    first.send(&frame(kind::GOAWAY, 0, 0, &[0; 8])).await;
    let mut second = accept(listener).await;
    let stream = second.next_of(kind::HEADERS).await.unwrap().stream;
    second.send(&hi(stream)).await;
    second
}

#[tokio::test]
async fn a_call_that_a_goaway_left_untouched_is_made_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, first) = connect(&listener).await;
    let serving = go_away_first(first, &listener);
    let (answer, _second) = tokio::join!(client.call(&UNARY, text("hi")).into_future(), serving);
    assert_eq!(answer.unwrap(), text("hi"));
}

#[tokio::test]
async fn a_stream_of_answers_that_a_goaway_left_untouched_is_asked_for_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, first) = connect(&listener).await;
    let call = client.server_stream(&SPLIT, text("hi"));
    let mut answers = call.timeout(PATIENCE).await.unwrap();
    let serving = go_away_first(first, &listener);
    let (answer, _second) = tokio::join!(answers.receive(), serving);
    assert_eq!(answer.unwrap(), Some(text("hi")));
    assert_eq!(soon(answers.receive()).await.unwrap(), None);
}

#[tokio::test]
async fn streams_that_a_goaway_left_untouched_are_told_from_those_that_it_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // It has looked at no stream, or at all of them.
    for last in [0, 0xff] {
        let (client, mut first) = connect(&listener).await;
        let (requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
        let upload = client.client_stream(&JOIN).await.unwrap();
        for _ in 0..2 {
            first.next_of(kind::HEADERS).await.unwrap();
        }
        let payload = [0, 0, 0, last, 0, 0, 0, 0];
        first.send(&frame(kind::GOAWAY, 0, 0, &payload)).await;
        drop(first);
        let statuses = [
            soon(answers.receive()).await.unwrap_err(),
            soon(upload.finish()).await.unwrap_err(),
        ];
        for status in statuses {
            let untouched = status.code() == Some(Code::UNAVAILABLE);
            assert_eq!(untouched, last == 0, "{status:?}");
            assert_eq!(status.is_transport(), last != 0, "{status:?}");
        }
        drop(requests);
        // The next call is made elsewhere.
        let serving = async {
            let mut second = accept(&listener).await;
            let stream = second.next_of(kind::HEADERS).await.unwrap().stream;
            second.send(&hi(stream)).await;
            second
        };
        let call = client.call(&UNARY, text("hi")).into_future();
        let (answer, _second) = tokio::join!(call, serving);
        assert_eq!(answer.unwrap(), text("hi"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_dropped_never_looks_complete() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, mut server) = connect(&listener).await;
    let uploading = tokio::spawn(async move {
        for _ in 0..200 {
            let mut upload = client.client_stream(&JOIN).await.unwrap();
            soon(upload.send(text("half"))).await.unwrap();
            drop(upload);
            let (mut requests, answers) = client.bidirectional(&ECHO).await.unwrap();
            soon(requests.send(text("half"))).await.unwrap();
            drop(answers);
            drop(requests);
        }
        client
    });
    for ended in 0..400 {
        let reset = loop {
            let frame = server.next().await.unwrap();
            assert!(
                frame.kind != kind::DATA || frame.flags & END_STREAM == 0,
                "{ended}"
            );
            if frame.kind == kind::RST_STREAM {
                break frame;
            }
        };
        assert_eq!(reset.payload[..], [0, 0, 0, 8]);
    }
    uploading.await.unwrap();
}

#[tokio::test]
async fn a_sink_that_is_dropped_before_its_answers_is_finished() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, mut server) = connect(&listener).await;
    let (requests, _answers) = client.bidirectional(&ECHO).await.unwrap();
    drop(requests);
    let end = server.next_of(kind::DATA).await.unwrap();
    assert_eq!((end.flags, end.payload.len()), (END_STREAM, 0));
}

#[tokio::test]
async fn a_sink_waits_no_longer_than_the_call_may_take() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, mut server) = connect(&listener).await;
    let call = client.client_stream(&JOIN).timeout(SHORT);
    let mut upload = call.await.unwrap();
    // The server takes no more than it must.
    let status = soon(async {
        loop {
            if let Err(status) = upload.send(text(&"x".repeat(10_000))).await {
                break status;
            }
        }
    });
    let status = status.await;
    assert!(status.is_timeout(), "{status:?}");
    let reset = server.next_of(kind::RST_STREAM).await.unwrap();
    assert_eq!(reset.payload[..], [0, 0, 0, 8]);
}

#[tokio::test]
async fn a_server_that_gives_no_sign_of_life_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let soon_after = Duration::from_millis(50);
    let options = Client::options(listener.local_addr().unwrap().to_string())
        .transport(Transport::Grpc)
        .connect_timeout(Duration::from_millis(200))
        .keep_alive(soon_after, soon_after);
    let (client, _silent) = tokio::join!(options.connect(), accept(&listener));
    let call = client.unwrap().call(&UNARY, text("hi")).into_future().await;
    let said = call.unwrap_err().to_string();
    assert!(said.contains("the connection failed"), "{said}");
}

#[tokio::test]
async fn a_crowd_waits_together_for_a_connection_that_is_not_to_be_had() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let patience = Duration::from_millis(300);
    let options = Client::options(address.to_string()).transport(Transport::Grpc);
    let options = options.connect_timeout(patience);
    let (client, peer) = tokio::join!(options.connect(), accept(&listener));
    let client = client.unwrap();
    drop(peer);
    // Connections that nobody accepts, until the kernel takes no more.
    let mut waiting = Vec::new();
    while let Ok(connected) = timeout(patience, TcpStream::connect(address)).await {
        waiting.push(connected);
    }
    let begun = Instant::now();
    let crowd: Vec<_> = std::iter::repeat_with(|| {
        let call = client.call(&UNARY, text("hi"));
        tokio::spawn(call.into_future())
    })
    .take(20)
    .collect();
    for call in crowd {
        assert!(soon(call).await.unwrap().unwrap_err().is_timeout());
    }
    assert!(begun.elapsed() < patience * 10, "{:?}", begun.elapsed());
}
