//! Bytes that are no request, and what stands around them: answers keep their exact form.

use bytes::BytesMut;
use hex_literal::hex;
use polyport::{Server, Transport};
use polyport_tests::demo::{Watch, demo};
use polyport_tests::peer::{Peer, Request};
use polyport_tests::serving::Serving;

/// A server, and a connection to it that lives through everything that others do.
struct Bystander {
    serving: Serving,
    peer: Peer,
    watch: Watch,
}

impl Bystander {
    async fn start() -> Self {
        let (service, mut watch) = demo();
        let serving = Serving::start(Server::new().add(service)).await;
        let mut peer = serving.connect().await;
        // A call that is in flight all the time.
        peer.send(Request::new(Transport::Framed, "wait").text("x").encode())
            .await;
        assert_eq!(watch.event().await, "waiting x");
        Self {
            serving,
            peer,
            watch,
        }
    }

    /// What the server answers to these bytes, before it ends the connection by itself.
    async fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut peer = self.serving.connect().await;
        peer.send(bytes).await;
        peer.rest().await.to_vec()
    }

    async fn unharmed(mut self) {
        self.watch.let_one_go();
        assert_eq!(self.peer.response().await.text(), "x");
        assert_eq!(self.watch.events(), ["done x"]);
    }
}

#[tokio::test]
async fn a_stream_is_told_that_streams_are_not_served() {
    let mut bystander = Bystander::start().await;
    // The first frame of a stream: flag 2, stream 7, frame type 2, method `chat`.
    let opening = hex!(
        "00000022 1000 0002 00000007 0006 10 00 10 0002 001b 0001 32 0009 0004 63686174"
        "00000000 0000"
    );
    let answer = bystander.answer(&opening).await;
    let trailer = hex!("1000 0002 00000007 0005 10 00 10 0002 001b 0001 34 0009 0004 63686174");
    assert_eq!(answer[4..4 + trailer.len()], trailer);
    let exception = hex!("80010003 00000004 63686174 00000007 0b0001");
    let message = &answer[34..34 + exception.len()];
    assert_eq!(message, exception, "{answer:02x?}");
    bystander.unharmed().await;
}

#[tokio::test]
async fn http1_is_told_what_this_port_speaks() {
    let mut bystander = Bystander::start().await;
    for request in [
        "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "POST /Demo/echo HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}",
        "PUT /",
        "HEAD / HTTP/1.0\r\n\r\n",
    ] {
        let answer = bystander.answer(request.as_bytes()).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 421 Misdirected Request\r\n"),
            "{head}"
        );
        assert!(head.contains("\r\nconnection: close"), "{head}");
        assert!(
            head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())),
            "{head}"
        );
        assert!(body.contains("TTHeader, Framed and Buffered"), "{body}");
    }
    bystander.unharmed().await;
}

#[tokio::test]
async fn garbage_behind_a_request_does_not_take_its_answer() {
    let bystander = Bystander::start().await;
    for transport in Transport::ALL {
        let request = Request::new(transport, "blob").text("5");
        let mut peer = bystander.serving.connect().await;
        let reply = peer.call(&request).await;
        let mut bytes = BytesMut::from(&request.encode()[..]);
        bytes.extend_from_slice(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
        peer.send(&bytes).await;
        assert_eq!(peer.response().await.body, reply.body);
        peer.ended().await;
    }
    bystander.unharmed().await;
}

#[tokio::test]
async fn a_reset_concerns_one_connection() {
    let bystander = Bystander::start().await;
    for transport in Transport::ALL {
        let mut peer = bystander.serving.connect().await;
        peer.send(Request::new(transport, "blob").text("1000000").encode())
            .await;
        // Closing with unread input resets the connection.
        peer.stream.readable().await.unwrap();
        drop(peer);
    }
    bystander.unharmed().await;
}
