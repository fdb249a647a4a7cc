//! Connections are used again when they can be, and only then.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use polyport::client::Connections;
use polyport::{Client, Limits, Server, Transport};
use polyport_tests::demo::{ECHO, EchoArgs, TELL, TextArgs, WAIT, demo};
use polyport_tests::peer::{Peer, Request, Response};
use polyport_tests::serving::Serving;
use polyport_tests::{named, soon};
use polyport_wire::thrift::MessageType;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::{Fake, answer};

fn echo(text: &str) -> EchoArgs {
    EchoArgs {
        text: text.to_owned(),
    }
}

/// The reply that a server of `echo` gives.
fn reply(request: &Response) -> Vec<u8> {
    let reply = Request::new(request.transport, "echo").kind(MessageType::Reply);
    let reply = reply
        .sequence(request.sequence)
        .arguments(named::result("ok"));
    reply.encode().to_vec()
}

/// Calls in the background, so that the test can play the server.
async fn call(client: &Client, peer: &mut Peer) {
    let client = client.clone();
    let calling = tokio::spawn(async move { client.call(&ECHO, echo("hi")).await });
    answer(peer, reply).await;
    assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
}

#[tokio::test]
async fn one_connection_serves_call_after_call() {
    let fake = Fake::start().await;
    for transport in Transport::ALL {
        let (client, mut peer) = fake.client(transport).await;
        for _ in 0..5 {
            call(&client, &mut peer).await;
        }
        assert!(!fake.accepted().await);
    }
}

#[tokio::test]
async fn an_idle_connection_may_be_kept_for_ever() {
    let (service, _watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    let connections = Connections::Pooled {
        idle: 1,
        idle_timeout: Duration::MAX,
        open: None,
    };
    let options = Client::options(serving.address.to_string()).connections(connections);
    let client = options.connect().await.unwrap();
    for _ in 0..2 {
        assert_eq!(client.call(&ECHO, echo("hi")).await.unwrap(), "hi");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_replaced() {
    let fake = Fake::start().await;
    let (client, mut peer) = fake.client(Transport::TtHeader).await;
    for _ in 0..5 {
        call(&client, &mut peer).await;
        drop(peer);
        // The runtime gets to look at its sockets.
        tokio::task::yield_now().await;
        let calling = {
            let client = client.clone();
            tokio::spawn(async move { client.call(&ECHO, echo("hi")).await })
        };
        peer = fake.accept().await;
        answer(&mut peer, reply).await;
        assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    }
}

#[tokio::test]
async fn our_server_closes_an_idle_connection_and_the_client_connects_anew() {
    let limits = Limits {
        idle: Duration::from_millis(20),
        ..Limits::default()
    };
    let (service, _watch) = demo();
    let serving = Serving::start(Server::new().add(service).limits(limits)).await;
    let client = Client::connect(serving.address.to_string()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(client.call(&ECHO, echo("hi")).await.unwrap(), "hi");
        // This one was opened later and so is closed later.
        serving.connect().await.ended().await;
    }
}

#[tokio::test]
async fn a_connection_that_says_something_unasked_is_not_used() {
    let fake = Fake::start().await;
    let (client, mut peer) = fake.client(Transport::Framed).await;
    let calling = {
        let client = client.clone();
        tokio::spawn(async move { client.call(&ECHO, echo("hi")).await })
    };
    answer(&mut peer, |request| {
        [reply(request), reply(request)].concat()
    })
    .await;
    assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    let calling = tokio::spawn(async move { client.call(&ECHO, echo("hi")).await });
    let mut second = fake.accept().await;
    answer(&mut second, reply).await;
    assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    peer.rest().await;
}

#[tokio::test]
async fn a_connection_that_the_server_announces_to_end_is_not_used() {
    let fake = Fake::start().await;
    let (client, mut peer) = fake.client(Transport::TtHeader).await;
    let calling = {
        let client = client.clone();
        tokio::spawn(async move { client.call(&ECHO, echo("hi")).await })
    };
    let request = peer.response().await;
    let reply = Request::new(request.transport, "echo")
        .kind(MessageType::Reply)
        .sequence(request.sequence)
        .string(b"crrst", "1")
        .arguments(named::result("ok"));
    peer.send(reply.encode()).await;
    assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    peer.ended().await;
    let calling = tokio::spawn(async move { client.call(&ECHO, echo("hi")).await });
    answer(&mut fake.accept().await, self::reply).await;
    assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
}

#[tokio::test]
async fn a_stopping_server_takes_its_clients_leave_in_order() {
    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = Client::connect(serving.address.to_string()).await.unwrap();
    let calling = {
        let client = client.clone();
        tokio::spawn(async move { client.call(&WAIT, TextArgs::new("x")).await })
    };
    assert_eq!(watch.event().await, "waiting x");
    let stopped = serving.stop();
    tokio::task::yield_now().await;
    watch.let_one_go();
    assert_eq!(soon(calling).await.unwrap().unwrap(), "x");
    // Nothing of the client's keeps the server from its end.
    assert_eq!(soon(stopped).await.unwrap(), 0);
    let status = client.call(&ECHO, echo("hi")).await.unwrap_err();
    assert!(status.is_transport(), "{status}");
}

#[tokio::test]
async fn a_call_that_is_given_up_takes_its_connection_with_it() {
    let fake = Fake::start().await;
    for transport in Transport::ALL {
        let (client, mut peer) = fake.client(transport).await;
        let calling = {
            let client = client.clone();
            tokio::spawn(async move { client.call(&ECHO, echo("first")).await })
        };
        let first = peer.response().await;
        calling.abort();
        assert!(soon(calling).await.unwrap_err().is_cancelled());
        // The answer comes too late, and must not be taken for the next call's.
        let _ = peer.stream.try_write(&reply(&first));
        let calling = {
            let client = client.clone();
            tokio::spawn(async move { client.call(&ECHO, echo("second")).await })
        };
        answer(&mut fake.accept().await, reply).await;
        assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    }
}

#[tokio::test]
async fn ten_idle_connections_are_kept() {
    const CALLS: usize = 12;
    let fake = Fake::start().await;
    let (client, first) = fake.client(Transport::Framed).await;
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let client = client.clone();
        calls.spawn(async move { client.call(&ECHO, echo("hi")).await });
    }
    // Nobody is answered before all of them are there.
    let all_there = Arc::new(Barrier::new(CALLS));
    let mut servers = JoinSet::new();
    let mut next = Some(first);
    for _ in 0..CALLS {
        let mut peer = match next.take() {
            Some(first) => first,
            None => fake.accept().await,
        };
        let all_there = Arc::clone(&all_there);
        servers.spawn(async move {
            let request = peer.response().await;
            all_there.wait().await;
            peer.send(reply(&request)).await;
            while let Some(request) = peer.next().await {
                peer.send(reply(&request)).await;
            }
        });
    }
    while let Some(call) = soon(calls.join_next()).await {
        assert_eq!(call.unwrap().unwrap(), "ok");
    }
    for _ in 10..CALLS {
        soon(servers.join_next()).await.unwrap().unwrap();
    }
    for _ in 0..20 {
        assert_eq!(client.call(&ECHO, echo("hi")).await.unwrap(), "ok");
    }
    assert_eq!(servers.len(), 10);
    assert!(servers.try_join_next().is_none());
    assert!(!fake.accepted().await);
}

#[tokio::test]
async fn idle_connections_are_closed_in_time_though_nobody_calls() {
    let fake = Fake::start().await;
    let connections = Connections::Pooled {
        idle: 10,
        idle_timeout: Duration::from_millis(50),
        open: None,
    };
    let options = fake.options(Transport::TtHeader).connections(connections);
    let client = options.connect().await.unwrap();
    fake.accept().await.ended().await;
    // Again, because who closed the last one had nothing more to do.
    for _ in 0..2 {
        let calling = tokio::spawn(client.call(&ECHO, echo("hi")).into_future());
        let mut peer = fake.accept().await;
        answer(&mut peer, reply).await;
        assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
        peer.ended().await;
    }
}

#[tokio::test]
async fn an_answer_to_a_oneway_call_is_not_taken_for_the_next_ones() {
    let fake = Fake::start().await;
    for transport in Transport::ALL {
        let (client, mut peer) = fake.client(transport).await;
        client.call(&TELL, TextArgs::new("hi")).await.unwrap();
        let oneway = peer.response().await;
        // The server knows no such method, and says so although nobody waits for it.
        let exception = polyport_tests::exception(20, "unknown service Demo, method tell");
        let refusal = Request::new(transport, "tell").kind(MessageType::Exception);
        let refusal = refusal.sequence(oneway.sequence).arguments(exception);
        let _ = peer.stream.try_write(&refusal.encode());
        // The runtime gets to look at its sockets.
        tokio::task::yield_now().await;
        let calling = tokio::spawn(async move { client.call(&ECHO, echo("hi")).await });
        answer(&mut fake.accept().await, reply).await;
        assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    }
}
