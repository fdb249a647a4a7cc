//! Methods that the IDL calls one-way are not answered, whatever the request calls itself.

use hex_literal::hex;
use polyport::{Server, Transport};
use polyport_tests::demo::{Watch, demo};
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_wire::thrift::MessageType;

async fn start() -> (Serving, Watch) {
    let (service, watch) = demo();
    (Serving::start(Server::new().add(service)).await, watch)
}

#[tokio::test]
async fn a_oneway_call_is_not_answered_and_the_next_one_is() {
    let (serving, mut watch) = start().await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        for kind in [MessageType::Oneway, MessageType::Call] {
            for text in ["fine", "error", "panic"] {
                let oneway = Request::new(transport, "tell").text(text).kind(kind);
                peer.send(oneway.encode()).await;
                assert_eq!(watch.event().await, format!("told {text}"));
                let echo = Request::new(transport, "echo").text("next");
                assert_eq!(peer.call(&echo).await.text(), "next");
                assert_eq!(watch.event().await, "echo next");
            }
        }
    }
}

#[tokio::test]
async fn a_two_way_method_is_answered_whatever_the_request_calls_itself() {
    let (serving, _watch) = start().await;
    let mut peer = serving.connect().await;
    for transport in Transport::ALL {
        for kind in [MessageType::Oneway, MessageType::Stream] {
            let request = Request::new(transport, "echo").text("hi").kind(kind);
            let response = peer.call(&request).await;
            assert_eq!(response.kind, MessageType::Reply);
            assert_eq!(response.text(), "hi");
        }
    }
}

#[tokio::test]
async fn a_oneway_call_that_cannot_be_decoded_ends_the_connection_without_a_word() {
    let (serving, mut watch) = start().await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        let request = Request::new(transport, "tell").kind(MessageType::Oneway);
        peer.send(
            request
                .arguments(hex!("0b0001 00000001 ff 00").to_vec())
                .encode(),
        )
        .await;
        peer.send(Request::new(transport, "echo").text("lost").encode())
            .await;
        peer.ended().await;
    }
    assert!(watch.events().is_empty());
}

#[tokio::test]
async fn a_oneway_call_that_nobody_knows_is_answered() {
    let (serving, _watch) = start().await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        let request = Request::new(transport, "nope").kind(MessageType::Oneway);
        let text = "unknown service , method nope";
        assert_eq!(peer.call(&request).await.exception(), (20, text.to_owned()));
        peer.ended().await;
    }
}
