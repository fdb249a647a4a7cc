//! Requests that say that their replies may come in any order are served concurrently.

use bytes::BytesMut;
use polyport::{Limits, Server, Transport};
use polyport_tests::demo::{Watch, demo};
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_wire::thrift::MessageType;
use polyport_wire::ttheader::keys;

const TTHEADER: [Transport; 2] = [Transport::TtHeader, Transport::TtHeaderFramed];

async fn start() -> (Serving, Watch) {
    let (service, watch) = demo();
    (Serving::start(Server::new().add(service)).await, watch)
}

fn request(transport: Transport, method: &str, text: &str) -> Request {
    Request::new(transport, method).text(text).multiplexed()
}

#[tokio::test]
async fn a_slow_call_keeps_no_other_waiting() {
    let (serving, mut watch) = start().await;
    for transport in TTHEADER {
        let mut peer = serving.connect().await;
        for number in 1..=3 {
            let slow = request(transport, "wait", "slow").sequence(number);
            peer.send(slow.encode()).await;
            assert_eq!(watch.event().await, "waiting slow");
        }
        let response = peer
            .call(&request(transport, "echo", "fast").sequence(4))
            .await;
        assert_eq!((&*response.text(), response.sequence), ("fast", 4));
        assert_eq!(response.header.unwrap().flags, 0);
        let mut numbers = Vec::new();
        for _ in 1..=3 {
            watch.let_one_go();
            let response = peer.response().await;
            assert_eq!(response.text(), "slow");
            assert!(!response.resets());
            numbers.push(response.sequence);
        }
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3]);
        watch.events();
    }
}

#[tokio::test]
async fn calls_without_the_flag_keep_their_order_beside_those_with_it() {
    let (serving, mut watch) = start().await;
    let mut peer = serving.connect().await;
    let transport = Transport::TtHeader;
    peer.send(request(transport, "wait", "flagged").sequence(1).encode())
        .await;
    assert_eq!(watch.event().await, "waiting flagged");
    let ordered = Request::new(transport, "wait").text("ordered").sequence(2);
    peer.send(ordered.encode()).await;
    assert_eq!(watch.event().await, "waiting ordered");
    let behind = Request::new(transport, "echo").text("behind").sequence(3);
    peer.send(behind.encode()).await;
    watch.let_one_go();
    watch.let_one_go();
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(peer.response().await.sequence);
    }
    let place = |number| numbers.iter().position(|other| *other == number).unwrap();
    assert!(place(2) < place(3), "{numbers:?}");
    assert!(numbers.contains(&1));
}

#[tokio::test]
async fn the_header_has_its_own_number() {
    let (serving, _watch) = start().await;
    let mut peer = serving.connect().await;
    for transport in TTHEADER {
        for (method, text) in [("echo", "hi"), ("fail", "error"), ("nope", "")] {
            let request = request(transport, method, text)
                .sequence(9)
                .header_sequence(5);
            let response = peer.call(&request).await;
            assert_eq!(response.sequence, 9, "{method}");
            assert_eq!(response.header.unwrap().sequence, 5, "{method}");
        }
    }
}

#[tokio::test]
async fn an_error_answer_to_one_call_keeps_the_connection_of_the_others() {
    let (serving, mut watch) = start().await;
    for transport in TTHEADER {
        let mut peer = serving.connect().await;
        peer.send(request(transport, "wait", "x").sequence(1).encode())
            .await;
        assert_eq!(watch.event().await, "waiting x");
        let rows = [
            (request(transport, "nope", ""), 20),
            (request(transport, "nope", "").service("Demo"), 1),
            (request(transport, "echo", "").arguments(&[0][..]), 7),
            (request(transport, "echo", "").kind(MessageType::Reply), 2),
            (request(transport, "", ""), 1),
            (request(transport, "fail", "error"), 6),
            (request(transport, "fail", "panic"), 6),
        ];
        for (request, type_id) in rows {
            let response = peer.call(&request.sequence(2)).await;
            assert_eq!(response.exception().0, type_id);
            assert_eq!(response.sequence, 2);
            assert_eq!(response.int(keys::MESSAGE_TYPE), Some("3"));
            assert!(!response.resets());
        }
        watch.let_one_go();
        let response = peer.response().await;
        assert_eq!((&*response.text(), response.sequence), ("x", 1));
        watch.events();
    }
}

#[tokio::test]
async fn oneway_calls_are_not_answered() {
    let (serving, mut watch) = start().await;
    let mut peer = serving.connect().await;
    for transport in TTHEADER {
        for text in ["fine", "error", "panic"] {
            peer.send(request(transport, "tell", text).encode()).await;
            assert_eq!(watch.event().await, format!("told {text}"));
        }
        let response = peer.call(&request(transport, "echo", "next")).await;
        assert_eq!(response.text(), "next");
        watch.events();
    }
}

#[tokio::test]
async fn each_call_has_its_own_deadline() {
    let (serving, mut watch) = start().await;
    let mut peer = serving.connect().await;
    for transport in TTHEADER {
        let patient = request(transport, "wait", "patient").sequence(1);
        peer.send(patient.encode()).await;
        assert_eq!(watch.event().await, "waiting patient");
        let hasty = request(transport, "wait", "hasty").sequence(2);
        let response = peer.call(&hasty.int(keys::RPC_TIMEOUT, "30")).await;
        assert_eq!(response.sequence, 2);
        assert_eq!(
            response.exception().1,
            "biz error: context deadline exceeded"
        );
        watch.let_one_go();
        assert_eq!(peer.response().await.sequence, 1);
        let events = watch.events();
        assert_eq!(events, ["waiting hasty", "dropped hasty", "done patient"]);
    }
}

#[tokio::test]
async fn no_more_calls_are_served_at_a_time_than_the_limit_says() {
    for calls in [1, 2, 4] {
        let (service, mut watch) = demo();
        let limits = Limits {
            calls,
            ..Limits::default()
        };
        let serving = Serving::start(Server::new().add(service).limits(limits)).await;
        let mut peer = serving.connect().await;
        let mut requests = BytesMut::new();
        for number in 0..10 {
            let request = request(Transport::TtHeader, "wait", "x").sequence(number);
            requests.extend_from_slice(&request.encode());
        }
        peer.send(&requests).await;
        for _ in 0..calls {
            assert_eq!(watch.event().await, "waiting x");
        }
        let mut numbers = Vec::new();
        for served in 1..=10 {
            // Whatever could run has run.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            assert!(watch.events().is_empty(), "more than {calls} at a time");
            watch.let_one_go();
            assert_eq!(watch.event().await, "done x");
            if served + calls <= 10 {
                assert_eq!(watch.event().await, "waiting x");
            }
            numbers.push(peer.response().await.sequence);
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_limit_of_no_calls_is_one_of_one_call() {
    let limits = Limits {
        calls: 0,
        ..Limits::default()
    };
    let serving = Serving::start(Server::new().add(demo().0).limits(limits)).await;
    let mut peer = serving.connect().await;
    for transport in TTHEADER {
        assert_eq!(
            peer.call(&request(transport, "echo", "hi")).await.text(),
            "hi"
        );
        let request = Request::new(transport, "echo").text("hi");
        assert_eq!(peer.call(&request).await.text(), "hi");
    }
}

#[tokio::test]
async fn who_sends_no_more_still_gets_the_replies() {
    let (serving, mut watch) = start().await;
    let mut peer = serving.connect().await;
    for number in 1..=3 {
        let request = request(Transport::TtHeader, "wait", "x").sequence(number);
        peer.send(request.encode()).await;
        assert_eq!(watch.event().await, "waiting x");
    }
    peer.finish().await;
    for _ in 1..=3 {
        watch.let_one_go();
        assert_eq!(peer.response().await.text(), "x");
    }
    peer.ended().await;
}

#[tokio::test]
async fn a_stop_waits_for_all_of_them_and_gives_notice() {
    let (serving, mut watch) = start().await;
    let mut peer = serving.connect().await;
    for number in 1..=3 {
        let request = request(Transport::TtHeader, "wait", "x").sequence(number);
        peer.send(request.encode()).await;
        assert_eq!(watch.event().await, "waiting x");
    }
    let stopped = serving.stop();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    for _ in 1..=3 {
        watch.let_one_go();
        let response = peer.response().await;
        assert_eq!(response.text(), "x");
        assert!(response.resets());
    }
    peer.ended().await;
    drop(peer);
    assert_eq!(soon(stopped).await.unwrap(), 0);
}

#[tokio::test]
async fn a_connection_that_is_cut_takes_its_calls_with_it() {
    let (service, mut watch) = demo();
    let limits = Limits {
        drain: std::time::Duration::from_millis(50),
        ..Limits::default()
    };
    let serving = Serving::start(Server::new().add(service).limits(limits)).await;
    let mut peer = serving.connect().await;
    for _ in 1..=3 {
        peer.send(request(Transport::TtHeader, "wait", "x").encode())
            .await;
        assert_eq!(watch.event().await, "waiting x");
    }
    assert_eq!(serving.stopped().await, 1);
    for _ in 1..=3 {
        assert_eq!(watch.event().await, "dropped x");
    }
    assert_eq!(peer.rest().await, "");
}
