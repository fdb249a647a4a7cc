//! Requests in any framing, in any pieces, are answered in order.

use bytes::BytesMut;
use hex_literal::hex;
use polyport::{Server, Transport};
use polyport_tests::demo::demo;
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;

async fn demo_serving() -> Serving {
    Serving::start(Server::new().add(demo().0)).await
}

#[tokio::test]
async fn every_framing_on_one_connection_and_each_answered_in_its_own() {
    let serving = demo_serving().await;
    let mut peer = serving.connect().await;
    for round in 0..3 {
        for transport in Transport::ALL {
            let text = format!("{transport} {round}");
            let request = Request::new(transport, "echo").text(&text).sequence(round);
            let response = peer.call(&request).await;
            assert_eq!(response.text(), text);
            assert_eq!(response.transport, transport);
            assert_eq!(response.sequence, round);
            assert_eq!(response.method, "echo");
        }
    }
}

#[tokio::test]
async fn the_bytes_of_each_framing() {
    let serving = demo_serving().await;
    // Args { 1: "hi" }, and the result struct { 0: "hi" }.
    let rows: &[(&[u8], &[u8])] = &[
        (
            &hex!("80010001 00000004 6563686f 00000005 0b0001 00000002 6869 00"),
            &hex!("80010002 00000004 6563686f 00000005 0b0000 00000002 6869 00"),
        ),
        (
            &hex!("0000001a 80010001 00000004 6563686f 00000005 0b0001 00000002 6869 00"),
            &hex!("0000001a 80010002 00000004 6563686f 00000005 0b0000 00000002 6869 00"),
        ),
        // A MeshHeader, which no reply has: one pair, a = b.
        (
            &hex!(
                "ffaf 0008 0001 0001 61 0001 62"
                "0000001a 80010001 00000004 6563686f 00000005 0b0001 00000002 6869 00"
            ),
            &hex!("0000001a 80010002 00000004 6563686f 00000005 0b0000 00000002 6869 00"),
        ),
        // The reply has echo's metadata, `echoed` = `hi`, and int key 22 = `2`.
        (
            &hex!(
                "00000028 1000 0000 00000005 0001 00 00 0000"
                "80010001 00000004 6563686f 00000005 0b0001 00000002 6869 00"
            ),
            &hex!(
                "00000040 1000 0000 00000005 0007 00 00"
                "01 0001 0006 6563686f6564 0002 6869"
                "10 0001 0016 0001 32"
                "000000"
                "80010002 00000004 6563686f 00000005 0b0000 00000002 6869 00"
            ),
        ),
    ];
    for (request, reply) in rows {
        let mut peer = serving.connect().await;
        peer.send(request).await;
        peer.finish().await;
        assert_eq!(peer.rest().await, reply, "{request:02x?}");
    }
}

#[tokio::test]
async fn a_mesh_header_names_the_service() {
    let serving = demo_serving().await;
    let mut peer = serving.connect().await;
    let message = Request::new(Transport::Framed, "echo").text("hi").encode();
    // One pair, isn = Nope; then, isn = Demo.
    peer.send(hex!("ffaf 000d 0001 0003 69736e 0004 44656d6f"))
        .await;
    peer.send(&message).await;
    assert_eq!(peer.response().await.text(), "hi");
    peer.send(hex!("ffaf 000d 0001 0003 69736e 0004 4e6f7065"))
        .await;
    peer.send(Request::new(Transport::Framed, "nope").encode())
        .await;
    let text = "unknown service Nope, method nope";
    assert_eq!(peer.response().await.exception(), (20, text.to_owned()));
}

#[tokio::test]
async fn a_hundred_requests_in_one_write_are_answered_in_order() {
    let serving = demo_serving().await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        let mut requests = BytesMut::new();
        for number in 0..100 {
            let request = Request::new(transport, "echo").sequence(number);
            requests.extend_from_slice(&request.text(&number.to_string()).encode());
        }
        peer.send(&requests).await;
        for number in 0..100 {
            let response = peer.response().await;
            assert_eq!(response.sequence, number);
            assert_eq!(response.text(), number.to_string());
        }
        peer.finish().await;
        peer.ended().await;
    }
}

#[tokio::test]
async fn a_reply_does_not_wait_for_a_handler_behind_it() {
    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        let echo = Request::new(transport, "echo").text("first").encode();
        let wait = Request::new(transport, "wait").text("second").encode();
        peer.send([echo, wait].concat()).await;
        assert_eq!(peer.response().await.text(), "first");
        watch.let_one_go();
        assert_eq!(peer.response().await.text(), "second");
        watch.events();
    }
}

#[tokio::test]
async fn one_byte_at_a_time() {
    let serving = demo_serving().await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        for text in ["one", "two"] {
            for byte in Request::new(transport, "echo").text(text).encode() {
                peer.send([byte]).await;
                tokio::task::yield_now().await;
            }
            assert_eq!(peer.response().await.text(), text);
        }
    }
}

#[tokio::test]
async fn who_sends_no_more_still_gets_the_replies() {
    let serving = demo_serving().await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        for text in ["one", "two"] {
            peer.send(Request::new(transport, "echo").text(text).encode())
                .await;
        }
        peer.finish().await;
        assert_eq!(peer.response().await.text(), "one");
        assert_eq!(peer.response().await.text(), "two");
        peer.ended().await;
    }
}

#[tokio::test]
async fn half_a_message_before_the_end_is_no_message() {
    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    for transport in Transport::ALL {
        let request = Request::new(transport, "echo").text("hi").encode();
        for end in 0..request.len() {
            let mut peer = serving.connect().await;
            peer.send(&request[..end]).await;
            peer.finish().await;
            peer.ended().await;
        }
    }
    assert!(watch.events().is_empty());
}

#[tokio::test]
async fn a_large_message_there_and_back() {
    let serving = demo_serving().await;
    const SIZE: usize = 3 * 1024 * 1024;
    // 1: the size of what comes back; 2: what the service does not know, and skips.
    let mut arguments = BytesMut::from(&hex!("0b0001 00000007")[..]);
    arguments.extend_from_slice(SIZE.to_string().as_bytes());
    arguments.extend_from_slice(&hex!("0b0002 00300000"));
    arguments.resize(arguments.len() + SIZE, b'x');
    arguments.extend_from_slice(&[0]);
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        let request = Request::new(transport, "blob").arguments(arguments.clone());
        for _ in 0..2 {
            let response = peer.call(&request).await;
            // The head of field 0, its length, and the end.
            assert_eq!(response.body.len(), 3 + 4 + SIZE + 1);
            assert_eq!(response.body[..7], hex!("0b0000 00300000"));
        }
    }
}

#[tokio::test]
async fn bytes_behind_the_arguments_in_a_frame_are_ignored() {
    let serving = demo_serving().await;
    for transport in [
        Transport::Framed,
        Transport::TtHeader,
        Transport::TtHeaderFramed,
    ] {
        let mut peer = serving.connect().await;
        let arguments = hex!("0b0001 00000002 6869 00 ff ff ff");
        let request = Request::new(transport, "echo").arguments(arguments.to_vec());
        assert_eq!(peer.call(&request).await.text(), "hi");
        assert_eq!(peer.call(&request).await.text(), "hi");
    }
}

#[tokio::test]
async fn fields_that_the_service_does_not_know_are_skipped() {
    let serving = demo_serving().await;
    let mut peer = serving.connect().await;
    // 9: [{1: 7}], 1: "hi", and another 1 that is no text.
    let arguments =
        hex!("0f0009 0c 00000001 080001 00000007 00  0b0001 00000002 6869 080001 00000001 00");
    for transport in Transport::ALL {
        let request = Request::new(transport, "echo").arguments(arguments.to_vec());
        assert_eq!(peer.call(&request).await.text(), "hi");
    }
}
