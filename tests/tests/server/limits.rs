//! What a peer may ask for, with limits small enough to meet.

use std::time::Duration;

use bytes::BytesMut;
use hex_literal::hex;
use polyport::{Limits, Server, Transport};
use polyport_tests::demo::demo;
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_wire::thrift::MessageType;

const SHORT: Duration = Duration::from_millis(30);

async fn start(limits: Limits) -> Serving {
    Serving::start(Server::new().add(demo().0).limits(limits)).await
}

#[tokio::test]
async fn a_frame_may_be_as_long_as_the_limit_and_no_longer() {
    for transport in Transport::ALL {
        let sized = |text: usize| {
            let text = "x".repeat(text);
            Request::new(transport, "tell").text(&text).encode()
        };
        let largest = 2000 - sized(0).len();
        let (service, mut watch) = demo();
        let limits = Limits {
            frame: 2000,
            ..Limits::default()
        };
        let serving = Serving::start(Server::new().add(service).limits(limits)).await;
        let mut peer = serving.connect().await;
        peer.send(sized(largest)).await;
        assert_eq!(watch.event().await.len(), "told ".len() + largest);
        peer.send(sized(largest + 1)).await;
        let (type_id, text) = peer.response().await.exception();
        assert_eq!(type_id, 7);
        assert!(
            text.ends_with(" of 2001 is over the limit of 2000"),
            "{text}"
        );
        peer.ended().await;
        assert!(watch.events().is_empty());
    }
}

#[tokio::test]
async fn a_frame_over_the_limit_is_refused_by_its_announcement() {
    let serving = start(Limits {
        frame: 2000,
        ..Limits::default()
    })
    .await;
    // Nothing can be answered before the method is known.
    for bytes in [
        &hex!("000007cd 80010001 00000001")[..],
        &hex!("000007cd 1000 0000 00000005 0001"),
    ] {
        let mut peer = serving.connect().await;
        peer.send(bytes).await;
        peer.ended().await;
    }
    let mut peer = serving.connect().await;
    peer.send(hex!("80010001 00000001 61 00000001 0b0001 000007d0"))
        .await;
    assert_eq!(peer.response().await.exception().0, 7);
    peer.ended().await;
}

#[tokio::test]
async fn the_sender_of_a_frame_over_the_limit_is_told_though_it_sends_all_of_it() {
    let serving = start(Limits {
        frame: 2000,
        ..Limits::default()
    })
    .await;
    for transport in Transport::ALL {
        let text = "x".repeat(20_000_000);
        let mut peer = serving.connect().await;
        // As clients do that write their request before they read.
        peer.send(Request::new(transport, "echo").text(&text).encode())
            .await;
        assert_eq!(peer.response().await.exception().0, 7);
        peer.ended().await;
    }
}

#[tokio::test]
async fn a_one_way_call_over_the_limit_is_not_answered() {
    let serving = start(Limits {
        frame: 2000,
        ..Limits::default()
    })
    .await;
    for transport in Transport::ALL {
        let request = Request::new(transport, "tell").kind(MessageType::Oneway);
        let mut peer = serving.connect().await;
        peer.send(request.text(&"x".repeat(2000)).encode()).await;
        peer.ended().await;
    }
}

#[tokio::test]
async fn a_header_may_be_as_long_as_the_limit_and_no_longer() {
    let serving = start(Limits {
        header: 200,
        ..Limits::default()
    })
    .await;
    let request = |value: usize| {
        let value = "x".repeat(value);
        Request::new(Transport::TtHeader, "echo")
            .text("hi")
            .string(b"key", &value)
    };
    // Protocol, transforms, section, count, two lengths, the key.
    let largest = 200 - 2 - 1 - 2 - 4 - 3;
    let mut peer = serving.connect().await;
    assert_eq!(peer.call(&request(largest)).await.text(), "hi");
    let response = peer.call(&request(largest + 1)).await;
    let text = "TTHeader section of 204 is over the limit of 200";
    assert_eq!(response.exception(), (7, text.to_owned()));
    peer.ended().await;
}

#[tokio::test]
async fn values_may_be_nested_as_deep_as_the_limit_and_no_deeper() {
    let serving = start(Limits {
        depth: 8,
        ..Limits::default()
    })
    .await;
    let request = |transport, depth: usize| {
        // Field 1, and in field 2 a struct in a struct in a struct.
        let mut arguments = BytesMut::from(&hex!("0b0001 00000002 6869")[..]);
        (1..depth).for_each(|_| arguments.extend_from_slice(&hex!("0c0002")));
        arguments.resize(arguments.len() + depth, 0);
        Request::new(transport, "echo").arguments(arguments)
    };
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        assert_eq!(peer.call(&request(transport, 8)).await.text(), "hi");
        let response = peer.call(&request(transport, 9)).await;
        let text = "nested deeper than 8 levels";
        assert_eq!(response.exception(), (7, text.to_owned()));
        peer.ended().await;
    }
}

#[tokio::test]
async fn who_says_too_little_is_closed_in_time() {
    let serving = start(Limits {
        detection: SHORT,
        ..Limits::default()
    })
    .await;
    let mut peer = serving.connect().await;
    peer.send([0]).await;
    peer.ended().await;

    let serving = start(Limits {
        message: SHORT,
        ..Limits::default()
    })
    .await;
    for transport in Transport::ALL {
        let request = Request::new(transport, "echo").text("hi").encode();
        let mut peer = serving.connect().await;
        peer.send(&request[..request.len() - 1]).await;
        peer.ended().await;
        let mut peer = serving.connect().await;
        peer.send(&request).await;
        assert_eq!(peer.response().await.text(), "hi");
        peer.send(&request[..1]).await;
        peer.ended().await;
    }
}

#[tokio::test]
async fn who_says_nothing_is_closed_in_time() {
    let serving = start(Limits {
        idle: SHORT,
        ..Limits::default()
    })
    .await;
    let mut silent = serving.connect().await;
    silent.ended().await;
    let mut peer = serving.connect().await;
    let request = Request::new(Transport::Framed, "echo").text("hi");
    assert_eq!(peer.call(&request).await.text(), "hi");
    peer.ended().await;
}

#[tokio::test]
async fn who_never_reads_is_closed_in_time() {
    let serving = start(Limits {
        message: SHORT,
        ..Limits::default()
    })
    .await;
    let mut peer = serving.connect().await;
    let request = Request::new(Transport::Framed, "blob")
        .text("50000000")
        .encode();
    peer.send(&request).await;
    // Nothing but an error makes it unwritable before the kernel's buffers are full.
    let error = soon(async {
        loop {
            peer.stream.writable().await.unwrap();
            if let Err(error) = peer.stream.try_write(&request)
                && error.kind() != std::io::ErrorKind::WouldBlock
            {
                break error;
            }
        }
    })
    .await;
    assert!(
        matches!(
            error.kind(),
            std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe
        ),
        "{error}"
    );
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_room_is_used_again() {
    let serving = start(Limits {
        connections: Some(2),
        ..Limits::default()
    })
    .await;
    let request = Request::new(Transport::Framed, "echo").text("hi");
    let mut first = serving.connect().await;
    let mut second = serving.connect().await;
    assert_eq!(first.call(&request).await.text(), "hi");
    assert_eq!(second.call(&request).await.text(), "hi");
    let mut third = serving.connect().await;
    third.ended().await;
    assert_eq!(first.call(&request).await.text(), "hi");
    second.finish().await;
    second.ended().await;
    drop(second);
    // The place is free when the server has noticed, which nothing tells us.
    let reply = soon(async {
        loop {
            if let Some(response) = serving.connect().await.try_call(&request).await {
                return response;
            }
        }
    })
    .await;
    assert_eq!(reply.text(), "hi");
}
