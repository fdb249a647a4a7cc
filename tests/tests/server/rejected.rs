//! Requests that cannot be served: the answer always arrives, then the connection ends.

use bytes::BytesMut;
use hex_literal::hex;
use polyport::{Server, Transport};
use polyport_tests::demo::{Watch, demo};
use polyport_tests::named;
use polyport_tests::peer::{Request, Response};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_wire::thrift::MessageType;
use polyport_wire::ttheader::keys;

async fn start() -> (Serving, Watch) {
    let (service, watch) = demo();
    (Serving::start(Server::new().add(service)).await, watch)
}

async fn rejected(serving: &Serving, request: &[u8]) -> Response {
    let mut peer = serving.connect().await;
    peer.send(request).await;
    let response = peer.response().await;
    assert_eq!(response.kind, MessageType::Exception);
    if response.transport.carries_service_name() {
        assert!(response.resets());
        assert_eq!(response.int(keys::MESSAGE_TYPE), Some("3"));
    }
    peer.ended().await;
    response
}

#[tokio::test]
async fn arguments_that_cannot_be_decoded() {
    let (serving, mut watch) = start().await;
    let rows: &[(&[u8], &str)] = &[
        (&hex!("00"), "required field text is not set"),
        (
            &hex!("0b0001 00000001 ff 00"),
            "EchoArgs.text: text is not UTF-8",
        ),
        // A text where another type stands is another field.
        (
            &hex!("080001 00000001 00"),
            "required field text is not set",
        ),
    ];
    for transport in Transport::ALL {
        for (arguments, text) in rows {
            let request = Request::new(transport, "echo").arguments(arguments.to_vec());
            let response = rejected(&serving, &request.sequence(3).encode()).await;
            assert_eq!(response.exception(), (7, (*text).to_owned()));
            assert_eq!((&*response.method, response.sequence), ("echo", 3));
        }
    }
    assert!(watch.events().is_empty());
}

#[tokio::test]
async fn arguments_that_are_broken() {
    let (serving, _watch) = start().await;
    let rows: &[&[u8]] = &[
        // A length that is negative, or longer than the message; a type that Thrift does not have;
        // a list of more elements than there are bytes.
        &hex!("0b0001 ffffffff 00"),
        &hex!("0b0001 7fffffff 00"),
        &hex!("010001 00"),
        &hex!("0f0009 0a 7fffffff 00"),
        &hex!("0d0009 0b0b 7fffffff 00"),
    ];
    for arguments in rows {
        let request = |transport| {
            let request = Request::new(transport, "echo").arguments(arguments.to_vec());
            request.encode()
        };
        for transport in Transport::ALL {
            let response = rejected(&serving, &request(transport)).await;
            assert_eq!(response.exception().0, 7, "{arguments:02x?}");
        }
    }
}

#[tokio::test]
async fn arguments_that_do_not_end() {
    let (serving, _watch) = start().await;
    let request = |transport| {
        let arguments = hex!("0b0001 00000002 6869").to_vec();
        Request::new(transport, "echo")
            .arguments(arguments)
            .encode()
    };
    for transport in Transport::ALL {
        if transport == Transport::Buffered {
            // More of it may come, until nothing does.
            let mut peer = serving.connect().await;
            peer.send(request(transport)).await;
            peer.finish().await;
            peer.ended().await;
        } else {
            let response = rejected(&serving, &request(transport)).await;
            assert_eq!(response.exception().0, 7);
        }
    }
}

#[tokio::test]
async fn w14_what_stands_in_an_intact_frame_is_answered() {
    let (serving, _watch) = start().await;
    for transport in Transport::ALL {
        for (number, kind) in [(2, MessageType::Reply), (3, MessageType::Exception)] {
            let request = Request::new(transport, "echo").kind(kind).encode();
            let response = rejected(&serving, &request).await;
            let text =
                format!("invalid message type {number}: a request is a call (1) or one-way (4)");
            assert_eq!(response.exception(), (2, text));
            assert_eq!((&*response.method, response.sequence), ("echo", 7));
        }
        let response = rejected(&serving, &Request::new(transport, "").encode()).await;
        let text = "method name that receive is empty";
        assert_eq!(response.exception(), (1, text.to_owned()));
        assert_eq!((&*response.method, response.sequence), ("", 7));
    }
    // Message type 9; then an old message without a version: name, type, number.
    let response = rejected(&serving, &hex!("0000000e 80010009 00000001 61 00000005 00")).await;
    assert_eq!(response.exception().0, 2);
    let response = rejected(&serving, &hex!("0000000b 00000001 61 01 00000005 00")).await;
    assert_eq!(response.exception().0, 7);
    assert_eq!((&*response.method, response.sequence), ("a", 5));
}

#[tokio::test]
async fn where_the_number_of_the_message_is_unknown_that_of_the_header_is_answered() {
    let (serving, _watch) = start().await;
    // The message in the frame ends inside of its method's name.
    let frame = hex!("00000016 1000 0000 0000002a 0001 00 00 0000 80010001 00000009");
    let response = rejected(&serving, &frame).await;
    assert_eq!(response.exception().0, 7);
    assert_eq!(response.header.unwrap().sequence, 42);
}

#[tokio::test]
async fn a_service_name_that_is_no_text_is_an_unknown_one() {
    let services = [
        named::service("A", &["m"]).fallback(),
        named::service("B", &["m"]),
    ];
    let serving = Serving::start(Server::new().add_all(services)).await;
    // isn = ff, and three bytes of padding.
    let mut frame = BytesMut::from(
        &hex!("00000000 1000 0000 00000007 0004 00 00 01 0001 0003 69736e 0001 ff")[..],
    );
    frame.resize(14 + 16, 0);
    frame.extend_from_slice(&Request::new(Transport::Buffered, "m").encode());
    let length = u8::try_from(frame.len() - 4).unwrap();
    frame[3] = length;
    let response = rejected(&serving, &frame).await;
    let text = "unknown service \u{fffd}, method m";
    assert_eq!(response.exception(), (20, text.to_owned()));
}

#[tokio::test]
async fn nothing_behind_a_rejected_request_is_served() {
    let (serving, mut watch) = start().await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        let mut requests = BytesMut::new();
        let echo = |text| Request::new(transport, "echo").text(text).encode();
        requests.extend_from_slice(&echo("before"));
        requests.extend_from_slice(&Request::new(transport, "nope").encode());
        requests.extend_from_slice(&echo("behind"));
        peer.send(&requests).await;
        assert_eq!(peer.response().await.text(), "before");
        assert_eq!(peer.response().await.exception().0, 20);
        peer.ended().await;
        assert_eq!(watch.events(), ["echo before"]);
    }
}

#[tokio::test]
async fn the_answer_arrives_though_much_more_was_sent() {
    let (serving, _watch) = start().await;
    for _ in 0..20 {
        for transport in Transport::ALL {
            let mut peer = serving.connect().await;
            let mut requests = BytesMut::from(&Request::new(transport, "nope").encode()[..]);
            let large = "x".repeat(60_000);
            for _ in 0..8 {
                requests.extend_from_slice(&Request::new(transport, "echo").text(&large).encode());
            }
            peer.send(&requests).await;
            assert_eq!(peer.response().await.exception().0, 20);
            peer.ended().await;
        }
    }
}

#[tokio::test]
async fn who_is_still_sending_is_not_cut_off() {
    let (serving, _watch) = start().await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        peer.send(Request::new(transport, "nope").encode()).await;
        soon(peer.stream.readable()).await.unwrap();
        // The server has answered and will read nothing more of this, but takes it.
        for _ in 0..16 {
            peer.send([0; 1024]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(peer.response().await.exception().0, 20);
        peer.ended().await;
    }
}
