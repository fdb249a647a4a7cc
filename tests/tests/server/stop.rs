//! A graceful stop: calls in flight are answered, nothing new begins, and it comes to an end.

use std::io::ErrorKind;
use std::time::Duration;

use polyport::{Limits, Server, Transport};
use polyport_tests::demo::demo;
use polyport_tests::peer::{Peer, Request};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use tokio::net::TcpStream;

fn wait(transport: Transport) -> Request {
    Request::new(transport, "wait").text("x")
}

#[tokio::test]
async fn a_call_in_flight_is_answered_with_the_notice_of_the_end() {
    for transport in Transport::ALL {
        let (service, mut watch) = demo();
        let serving = Serving::start(Server::new().add(service)).await;
        let mut peer = serving.connect().await;
        peer.send(wait(transport).encode()).await;
        assert_eq!(watch.event().await, "waiting x");
        let address = serving.address;
        let stopped = serving.stop();
        // The stop has begun when the port is closed.
        refused(address).await;
        assert!(!stopped.is_finished());
        watch.let_one_go();
        let response = peer.response().await;
        assert_eq!(response.text(), "x");
        assert_eq!(response.resets(), transport.carries_service_name());
        peer.ended().await;
        drop(peer);
        assert_eq!(soon(stopped).await.unwrap(), 0);
        assert_eq!(watch.events(), ["done x"]);
    }
}

#[tokio::test]
async fn a_connection_that_waits_to_be_accepted_is_served() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    // The server runs in this thread, and so sees all of this at once: a connection that the kernel
    // has made, and the stop.
    let waiting = std::net::TcpStream::connect(serving.address).unwrap();
    let stopped = serving.stop();
    waiting.set_nonblocking(true).unwrap();
    let mut peer = Peer::new(TcpStream::from_std(waiting).unwrap());
    let request = Request::new(Transport::TtHeader, "echo").text("hi");
    let response = peer.call(&request).await;
    assert_eq!(response.text(), "hi");
    assert!(response.resets());
    peer.ended().await;
    drop(peer);
    assert_eq!(soon(stopped).await.unwrap(), 0);
}

#[tokio::test]
async fn clients_that_go_on_are_left_when_what_was_read_is_answered() {
    for multiplexed in [false, true] {
        let (service, mut watch) = demo();
        let limits = Limits {
            // Nobody is ever silent for so long.
            quiet: Duration::from_secs(600),
            drain: Duration::from_secs(1),
            ..Limits::default()
        };
        let serving = Serving::start(Server::new().add(service).limits(limits)).await;
        let marked = |request: Request| match multiplexed {
            false => request,
            true => request.multiplexed(),
        };
        let mut slow = serving.connect().await;
        slow.send(marked(wait(Transport::TtHeader)).encode()).await;
        assert_eq!(watch.event().await, "waiting x");
        let mut busy = serving.connect().await;
        let stopped = serving.stop();
        let echo = marked(Request::new(Transport::TtHeader, "echo").text("hi"));
        while let Some(response) = busy.try_call(&echo).await {
            assert_eq!(response.text(), "hi");
        }
        // The other connection is as little read now, but its call is under way.
        assert!(!stopped.is_finished());
        watch.let_one_go();
        assert_eq!(slow.response().await.text(), "x");
        slow.ended().await;
        drop((busy, slow));
        assert_eq!(soon(stopped).await.unwrap(), 0);
    }
}

/// Waits until nobody listens there.
async fn refused(address: std::net::SocketAddr) {
    soon(async {
        loop {
            match TcpStream::connect(address).await {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
                _ => tokio::task::yield_now().await,
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_client_still_sends_is_answered_with_the_notice() {
    let (service, mut watch) = demo();
    let limits = Limits {
        // Nothing but the client ends the connection.
        quiet: Duration::from_secs(600),
        drain: Duration::from_secs(600),
        ..Limits::default()
    };
    let serving = Serving::start(Server::new().add(service).limits(limits)).await;
    let mut peer = serving.connect().await;
    peer.send(wait(Transport::TtHeader).encode()).await;
    assert_eq!(watch.event().await, "waiting x");
    let address = serving.address;
    let stopped = serving.stop();
    refused(address).await;
    watch.let_one_go();
    assert!(peer.response().await.resets());
    for text in ["one", "two"] {
        let response = peer
            .call(&Request::new(Transport::TtHeader, "echo").text(text))
            .await;
        assert_eq!(response.text(), text);
        assert!(response.resets());
    }
    assert!(!stopped.is_finished());
    drop(peer);
    assert_eq!(soon(stopped).await.unwrap(), 0);
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let mut silent = serving.connect().await;
    let mut idle = serving.connect().await;
    let request = Request::new(Transport::TtHeader, "echo").text("hi");
    let response = idle.call(&request).await;
    assert!(!response.resets());
    let stopped = serving.stop();
    silent.ended().await;
    idle.ended().await;
    drop((silent, idle));
    assert_eq!(soon(stopped).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_not_done_in_time_is_cut_and_counted() {
    let (service, mut watch) = demo();
    let limits = Limits {
        drain: Duration::from_millis(50),
        quiet: Duration::from_millis(1),
        ..Limits::default()
    };
    let serving = Serving::start(Server::new().add(service).limits(limits)).await;
    let mut peers = Vec::new();
    for _ in 0..3 {
        let mut peer = serving.connect().await;
        peer.send(wait(Transport::TtHeader).encode()).await;
        assert_eq!(watch.event().await, "waiting x");
        peers.push(peer);
    }
    let mut idle = serving.connect().await;
    let request = Request::new(Transport::TtHeader, "echo").text("hi");
    assert_eq!(idle.call(&request).await.text(), "hi");
    assert_eq!(watch.event().await, "echo hi");
    let stopped = serving.stop();
    idle.ended().await;
    drop(idle);
    assert_eq!(soon(stopped).await.unwrap(), 3);
    for mut peer in peers {
        assert_eq!(peer.rest().await, "");
        assert_eq!(watch.event().await, "dropped x");
    }
}

#[tokio::test]
async fn a_server_without_connections_stops_at_once() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    assert_eq!(serving.stopped().await, 0);
    // Also when the stop was there first.
    let listening = Server::new()
        .add(demo().0)
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = listening.address();
    assert_eq!(soon(listening.serve_until(async {})).await, 0);
    refused(address).await;
}

#[tokio::test]
async fn a_server_that_is_dropped_takes_its_connections_with_it() {
    let (service, mut watch) = demo();
    let listening = Server::new()
        .add(service)
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = listening.address();
    let serving = tokio::spawn(listening.serve_until(std::future::pending()));
    let mut peer = Peer::connect(address).await;
    peer.send(wait(Transport::Framed).encode()).await;
    assert_eq!(watch.event().await, "waiting x");
    serving.abort();
    assert!(soon(serving).await.unwrap_err().is_cancelled());
    assert_eq!(watch.event().await, "dropped x");
    assert_eq!(peer.rest().await, "");
    refused(address).await;
}
