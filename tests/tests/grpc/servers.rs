//! Servers that do not do as they should, frame by frame.

use std::time::Duration;

use polyport::{Client, Transport};
use polyport_tests::frames::{END_HEADERS, END_STREAM, FramePeer, frame, header, kind};
use polyport_tests::soon;
use polyport_tests::streams::{UNARY, text};
use tokio::net::TcpListener;

async fn accept(listener: &TcpListener) -> FramePeer {
    let (socket, _) = soon(listener.accept()).await.unwrap();
    let mut peer = FramePeer::new(socket);
    soon(peer.skip_preface()).await;
    peer.send(&frame(kind::SETTINGS, 0, 0, &[])).await;
    peer
}

#[tokio::test]
async fn a_call_that_a_goaway_left_untouched_is_made_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Client::options(listener.local_addr().unwrap().to_string());
    let (client, first) = tokio::join!(
        options.transport(Transport::Grpc).connect(),
        accept(&listener)
    );
    let (client, mut first) = (client.unwrap(), first);
    let serving = async {
        first.next_of(kind::HEADERS).await.unwrap();
        first.send(&frame(kind::GOAWAY, 0, 0, &[0; 8])).await;
        let mut second = accept(&listener).await;
        let stream = second.next_of(kind::HEADERS).await.unwrap().stream;
        let head = [&[0x88][..], &header("content-type", "application/grpc")].concat();
        let answer = [
            frame(kind::HEADERS, END_HEADERS, stream, &head),
            frame(kind::DATA, 0, stream, b"\0\0\0\0\x04\x0a\x02hi"),
            frame(
                kind::HEADERS,
                END_HEADERS | END_STREAM,
                stream,
                &header("grpc-status", "0"),
            ),
        ];
        second.send(&answer.concat()).await;
        second
    };
    let (answer, _second) = tokio::join!(client.call(&UNARY, text("hi")).into_future(), serving);
    assert_eq!(answer.unwrap(), text("hi"));
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
