//! Time that runs out is told apart from everything else.

use std::time::Duration;

use polyport::{Client, Server, StatusKind, Transport};
use polyport_tests::demo::{ECHO, EchoArgs, FACTS, Nothing, RELAY, TextArgs, WAIT, demo, relaying};
use polyport_tests::serving::Serving;
use polyport_tests::soon;

use crate::Fake;

const SHORT: Duration = Duration::from_millis(30);

#[tokio::test]
async fn a_server_that_says_nothing() {
    let fake = Fake::start().await;
    for transport in Transport::ALL {
        let (client, mut peer) = fake.client(transport).await;
        let text = "hi".to_owned();
        let status = client
            .call(&ECHO, EchoArgs { text })
            .timeout(SHORT)
            .await
            .unwrap_err();
        assert!(status.is_timeout() && !status.is_transport(), "{status}");
        assert_eq!(status.type_id(), None);
        let expected = format!(
            "rpc timeout: no answer from Demo/echo at {} in 30ms",
            fake.address
        );
        assert_eq!(status.message(), expected);
        // The connection is given up: what comes on it now is nobody's reply.
        assert_eq!(peer.response().await.method, "echo");
        peer.ended().await;
    }
}

#[tokio::test]
async fn the_default_and_the_one_of_a_call() {
    let fake = Fake::start().await;
    let options = fake.options(Transport::TtHeader).timeout(SHORT);
    let client = options.connect().await.unwrap();
    let text = String::new();
    let call = client.call(&ECHO, EchoArgs { text });
    assert!(soon(call.into_future()).await.unwrap_err().is_timeout());

    let client = fake
        .options(Transport::TtHeader)
        .timeout(Duration::from_secs(600));
    let client = client.connect().await.unwrap();
    let text = String::new();
    let call = client.call(&ECHO, EchoArgs { text }).timeout(SHORT);
    assert!(soon(call.into_future()).await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_dropped_and_the_next_call_is_served() {
    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    for transport in [Transport::TtHeader, Transport::TtHeaderFramed] {
        let options = Client::options(serving.address.to_string()).transport(transport);
        let client = options.connect().await.unwrap();
        let call = client.call(&WAIT, TextArgs::new("x")).timeout(SHORT);
        // Whoever is the quicker: the client's own clock, or the server's answer.
        let status = call.await.unwrap_err();
        assert!(
            status.is_timeout() || status.message() == "biz error: context deadline exceeded",
            "{status}"
        );
        assert_eq!(watch.event().await, "waiting x");
        assert_eq!(watch.event().await, "dropped x");
        watch.let_one_go();
        let text = client.call(&WAIT, TextArgs::new("y")).await.unwrap();
        assert_eq!(text, "y");
        assert_eq!(watch.events(), ["waiting y", "done y"]);
    }
}

#[tokio::test]
async fn no_time_at_all_sends_nothing() {
    let fake = Fake::start().await;
    let (client, mut peer) = fake.client(Transport::TtHeader).await;
    let call = client.call(&FACTS, Nothing).timeout(Duration::ZERO);
    let status = call.await.unwrap_err();
    assert!(status.is_timeout(), "{status}");
    // Its connection is as it was.
    drop(client);
    peer.ended().await;
}

#[tokio::test]
async fn a_call_within_another_ends_with_it() {
    let fake = Fake::start().await;
    let onward = fake.options(Transport::TtHeader).connect().await.unwrap();
    let mut peer = fake.accept().await;
    let middle = Serving::start(Server::new().add(relaying(Some(onward)).0)).await;
    let client = Client::connect(middle.address.to_string()).await.unwrap();
    let status = client
        .call(&RELAY, Nothing)
        .timeout(SHORT)
        .await
        .unwrap_err();
    assert!(
        status.is_timeout() || *status.kind() == StatusKind::Remote(6),
        "{status}"
    );
    let request = peer.response().await;
    let timeout: u64 = request.int(12).unwrap().parse().unwrap();
    assert!((1..=30).contains(&timeout), "{timeout}");
    peer.ended().await;
}

#[tokio::test]
async fn a_failed_transport_is_no_timeout() {
    let fake = Fake::start().await;
    let options = fake
        .options(Transport::Framed)
        .timeout(Duration::from_secs(600));
    let client = options.connect().await.unwrap();
    let mut peer = fake.accept().await;
    let calling = tokio::spawn(async move {
        let text = "hi".to_owned();
        client.call(&ECHO, EchoArgs { text }).await.unwrap_err()
    });
    peer.response().await;
    drop(peer);
    let status = soon(calling).await.unwrap();
    assert!(status.is_transport() && !status.is_timeout());
    assert_eq!(
        status.message(),
        "the server closed the connection without a reply"
    );
}
