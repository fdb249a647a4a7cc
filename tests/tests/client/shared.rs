//! Connections that calls share, or that serve one call, or of which there are not many.

use std::collections::HashSet;
use std::future::IntoFuture;
use std::io::ErrorKind;
use std::time::Duration;

use hex_literal::hex;
use polyport::client::Connections;
use polyport::{Client, Limits, Server, StatusKind, Transport};
use polyport_tests::demo::{ECHO, EchoArgs, FAIL, TELL, TextArgs, WAIT, demo};
use polyport_tests::peer::{Peer, Request, Response};
use polyport_tests::serving::Serving;
use polyport_tests::{exception, named, soon};
use polyport_wire::thrift::MessageType;
use polyport_wire::ttheader::flags;
use tokio::task::{JoinHandle, JoinSet};

use crate::Fake;

const TTHEADER: [Transport; 2] = [Transport::TtHeader, Transport::TtHeaderFramed];
const ONE: Connections = Connections::Multiplexed { connections: 1 };

type Calling = JoinHandle<Result<String, polyport::Status>>;

fn call(client: &Client, text: &str) -> Calling {
    let client = client.clone();
    let text = text.to_owned();
    tokio::spawn(async move { client.call(&ECHO, EchoArgs { text }).await })
}

fn reply(request: &Response, text: &str) -> Request {
    let reply = Request::new(request.transport, &request.method).kind(MessageType::Reply);
    reply
        .sequence(request.sequence)
        .arguments(named::result(text))
}

async fn shared(fake: &Fake, transport: Transport) -> (Client, Peer) {
    let options = fake.options(transport).connections(ONE);
    let client = options.connect().await.unwrap();
    (client, fake.accept().await)
}

async fn serving(connections: Connections) -> (Client, Serving, polyport_tests::demo::Watch) {
    let (service, watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    let options = Client::options(serving.address.to_string()).connections(connections);
    (options.connect().await.unwrap(), serving, watch)
}

#[tokio::test]
async fn replies_find_their_calls_in_any_order() {
    let fake = Fake::start().await;
    for transport in TTHEADER {
        let (client, mut peer) = shared(&fake, transport).await;
        let mut callings = Vec::new();
        let mut requests = Vec::new();
        for number in 0..10 {
            callings.push(call(&client, &number.to_string()));
            let request = peer.response().await;
            let header = request.header.as_ref().unwrap();
            assert_eq!(header.flags, flags::OUT_OF_ORDER);
            assert_eq!(header.sequence, request.sequence);
            requests.push(request);
        }
        for (number, request) in requests.iter().enumerate().rev() {
            peer.send(reply(request, &number.to_string()).encode())
                .await;
        }
        for (number, calling) in callings.into_iter().enumerate() {
            assert_eq!(soon(calling).await.unwrap().unwrap(), number.to_string());
        }
        assert!(!fake.accepted().await);
    }
}

#[tokio::test]
async fn a_slow_call_keeps_no_other_waiting() {
    let (client, _serving, mut watch) = serving(ONE).await;
    let slow = {
        let client = client.clone();
        tokio::spawn(async move { client.call(&WAIT, TextArgs::new("slow")).await })
    };
    assert_eq!(watch.event().await, "waiting slow");
    for _ in 0..10 {
        assert_eq!(soon(call(&client, "fast")).await.unwrap().unwrap(), "fast");
    }
    client.call(&TELL, TextArgs::new("oneway")).await.unwrap();
    // An error of one call is none of the others.
    client
        .call(&FAIL, TextArgs::new("panic"))
        .await
        .unwrap_err();
    watch.let_one_go();
    assert_eq!(soon(slow).await.unwrap().unwrap(), "slow");
}

#[tokio::test]
async fn many_calls_over_few_connections() {
    for connections in [1, 3] {
        let connections = Connections::Multiplexed { connections };
        let (client, _serving, _watch) = serving(connections).await;
        let mut calls = JoinSet::new();
        for number in 0..500 {
            let calling = call(&client, &number.to_string());
            calls.spawn(async move { (number, calling.await.unwrap().unwrap()) });
        }
        while let Some(done) = soon(calls.join_next()).await {
            let (number, text) = done.unwrap();
            assert_eq!(text, number.to_string());
        }
    }
}

#[tokio::test]
async fn connections_are_used_in_turn() {
    let fake = Fake::start().await;
    let connections = Connections::Multiplexed { connections: 3 };
    let client = fake.options(Transport::TtHeader).connections(connections);
    let client = client.connect().await.unwrap();
    let mut peers = vec![fake.accept().await];
    let mut seen = HashSet::new();
    for number in 0..6 {
        let calling = call(&client, "x");
        if (1..3).contains(&number) {
            peers.push(fake.accept().await);
        }
        let peer = &mut peers[number % 3];
        let request = peer.response().await;
        assert!(seen.insert(request.sequence));
        peer.send(reply(&request, "ok").encode()).await;
        assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    }
    assert!(!fake.accepted().await);
}

#[tokio::test]
async fn a_call_that_is_given_up_disturbs_no_other() {
    let fake = Fake::start().await;
    let (client, mut peer) = shared(&fake, Transport::TtHeader).await;
    let given_up = call(&client, "given up");
    let first = peer.response().await;
    given_up.abort();
    assert!(soon(given_up).await.unwrap_err().is_cancelled());
    let text = "late".to_owned();
    let late = client
        .call(&ECHO, EchoArgs { text })
        .timeout(Duration::from_millis(30));
    assert!(late.await.unwrap_err().is_timeout());
    let second = peer.response().await;
    let calling = call(&client, "third");
    let third = peer.response().await;
    for (request, text) in [(&first, "1"), (&second, "2"), (&third, "3")] {
        peer.send(reply(request, text).encode()).await;
    }
    assert_eq!(soon(calling).await.unwrap().unwrap(), "3");
    assert!(!fake.accepted().await);
}

#[tokio::test]
async fn when_the_connection_ends_the_calls_on_it_fail_and_the_next_one_connects_anew() {
    let fake = Fake::start().await;
    let (client, mut peer) = shared(&fake, Transport::TtHeader).await;
    for _ in 0..3 {
        let callings: Vec<_> = (0..3).map(|_| call(&client, "lost")).collect();
        for _ in 0..3 {
            peer.response().await;
        }
        drop(peer);
        for calling in callings {
            let status = soon(calling).await.unwrap().unwrap_err();
            assert_eq!(*status.kind(), StatusKind::Transport, "{status}");
        }
        let calling = call(&client, "next");
        peer = fake.accept().await;
        let request = peer.response().await;
        peer.send(reply(&request, "ok").encode()).await;
        assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    }
}

#[tokio::test]
async fn what_was_answered_before_the_connection_broke_is_not_lost() {
    let fake = Fake::start().await;
    // It depends on luck whether the reply or the failure is seen first.
    for _ in 0..30 {
        let (client, mut peer) = shared(&fake, Transport::TtHeader).await;
        let answered = call(&client, "answered");
        let request = peer.response().await;
        let cut = call(&client, &"x".repeat(8 * 1024 * 1024));
        soon(peer.stream.readable()).await.unwrap();
        peer.send(reply(&request, "answered").encode()).await;
        // What is not read makes it a reset.
        drop(peer);
        assert_eq!(soon(answered).await.unwrap().unwrap(), "answered");
        assert!(soon(cut).await.unwrap().unwrap_err().is_transport());
    }
}

#[tokio::test]
async fn when_the_end_is_announced_the_next_call_waits_for_no_other() {
    let fake = Fake::start().await;
    let (client, mut peer) = shared(&fake, Transport::TtHeader).await;
    let slow = call(&client, "slow");
    let slow_request = peer.response().await;
    let told = call(&client, "told");
    let request = peer.response().await;
    peer.send(reply(&request, "ok").string(b"crrst", "1").encode())
        .await;
    assert_eq!(soon(told).await.unwrap().unwrap(), "ok");
    // What comes now goes to another connection, though a reply is outstanding here.
    let next = call(&client, "next");
    let mut second = fake.accept().await;
    let request = second.response().await;
    second.send(reply(&request, "new").encode()).await;
    assert_eq!(soon(next).await.unwrap().unwrap(), "new");
    peer.send(reply(&slow_request, "late").encode()).await;
    assert_eq!(soon(slow).await.unwrap().unwrap(), "late");
    peer.ended().await;
}

#[tokio::test]
async fn garbage_ends_the_connection() {
    let fake = Fake::start().await;
    for garbage in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        // A reply without a header.
        b"\0\0\0\x11\x80\x01\0\x02\0\0\0\x04echo\0\0\0\x01\0",
    ] {
        let (client, mut peer) = shared(&fake, Transport::TtHeader).await;
        let calling = call(&client, "lost");
        peer.response().await;
        peer.send(garbage).await;
        let status = soon(calling).await.unwrap().unwrap_err();
        assert!(status.is_transport(), "{status}");
        peer.rest().await;
    }
}

#[tokio::test]
async fn an_exception_is_its_calls_alone() {
    let fake = Fake::start().await;
    let (client, mut peer) = shared(&fake, Transport::TtHeader).await;
    let one = call(&client, "one");
    let first = peer.response().await;
    let other = call(&client, "other");
    let second = peer.response().await;
    let thrown = reply(&first, "").kind(MessageType::Exception);
    peer.send(thrown.arguments(exception(20, "unknown service")).encode())
        .await;
    let status = soon(one).await.unwrap().unwrap_err();
    assert_eq!(*status.kind(), StatusKind::Remote(20));
    peer.send(reply(&second, "ok").encode()).await;
    assert_eq!(soon(other).await.unwrap().unwrap(), "ok");
    assert!(!fake.accepted().await);
}

#[tokio::test]
async fn without_a_header_calls_cannot_share_a_connection() {
    let fake = Fake::start().await;
    for transport in [Transport::Buffered, Transport::Framed] {
        let options = fake.options(transport).connections(ONE);
        let error = options.connect().await.unwrap_err();
        assert!(!error.is_connect(), "{error}");
        assert!(
            error
                .to_string()
                .contains("multiplexed connections need TTHeader")
        );
    }
    assert!(!fake.accepted().await);
}

#[tokio::test]
async fn a_client_that_is_dropped_closes_its_connection_after_the_last_reply() {
    let fake = Fake::start().await;
    let (client, mut peer) = shared(&fake, Transport::TtHeader).await;
    let calling = call(&client, "last");
    drop(client);
    let request = peer.response().await;
    peer.send(reply(&request, "ok").encode()).await;
    assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    peer.ended().await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_comes_any_more_is_replaced() {
    let fake = Fake::start().await;
    let options = fake.options(Transport::TtHeader).connections(ONE);
    // For so long nothing may come.
    let options = options.connect_timeout(Duration::from_millis(200));
    let client = options.connect().await.unwrap();
    let mut silent = fake.accept().await;
    let patient = call(&client, "patient");
    let patient_request = silent.response().await;
    let give_up = async {
        loop {
            let text = "given up".to_owned();
            let call = client.call(&ECHO, EchoArgs { text });
            let call = call.timeout(Duration::from_millis(50));
            match call.await {
                Ok(answer) => break answer,
                Err(status) => assert!(status.is_timeout(), "{status}"),
            }
        }
    };
    let answer = async {
        let mut peer = fake.accept().await;
        while let Some(request) = peer.next().await {
            peer.send(reply(&request, "new").encode()).await;
        }
    };
    tokio::select! {
        text = soon(give_up) => assert_eq!(text, "new"),
        () = answer => panic!("the new connection has ended"),
    }
    // Who is patient may still be answered, and then nobody has the connection any more.
    silent.send(reply(&patient_request, "late").encode()).await;
    assert_eq!(soon(patient).await.unwrap().unwrap(), "late");
    while silent.next().await.is_some() {}
}

#[tokio::test]
async fn a_oneway_call_is_done_when_it_is_written() {
    let fake = Fake::start().await;
    let (client, mut peer) = shared(&fake, Transport::TtHeader).await;
    // More than the kernel takes while nobody reads.
    let text = TextArgs::new(&"x".repeat(16 * 1024 * 1024));
    let telling = tokio::spawn(client.call(&TELL, text).into_future());
    let mut first = [0];
    soon(peer.stream.peek(&mut first)).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!telling.is_finished());
    assert_eq!(peer.response().await.method, "tell");
    soon(telling).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_is_not_tried_for_ever() {
    let fake = Fake::start().await;
    let (client, peer) = shared(&fake, Transport::TtHeader).await;
    drop(peer);
    let calling = call(&client, "lost");
    let accepting = async {
        loop {
            drop(fake.accept().await);
        }
    };
    tokio::select! {
        outcome = soon(calling) => {
            let status = outcome.unwrap().unwrap_err();
            assert!(status.is_transport(), "{status}");
        }
        () = accepting => {}
    }
}

#[tokio::test]
async fn kitex_announces_the_end_by_a_reply_to_no_call() {
    let fake = Fake::start().await;
    let (client, mut peer) = shared(&fake, Transport::TtHeader).await;
    let slow = call(&client, "slow");
    let slow_request = peer.response().await;
    // kitex pkg/remote/trans/netpollmux/control_frame.go
    peer.send(hex!(
        "0000002b 1000 0000 00000000 0004 00 00 01 0001 0005 6372727374 0001 31 00"
        "80010002 00000004 6e6f6e65 00000000 00"
    ))
    .await;
    peer.send(reply(&slow_request, "ok").encode()).await;
    assert_eq!(soon(slow).await.unwrap().unwrap(), "ok");
    peer.ended().await;
    let next = call(&client, "next");
    let mut second = fake.accept().await;
    let request = second.response().await;
    second.send(reply(&request, "new").encode()).await;
    assert_eq!(soon(next).await.unwrap().unwrap(), "new");
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_the_limit_says() {
    let fake = Fake::start().await;
    let limits = Limits {
        calls: 2,
        ..Limits::default()
    };
    let options = fake.options(Transport::TtHeader).connections(ONE);
    let client = options.limits(limits).connect().await.unwrap();
    let mut peer = fake.accept().await;
    let calls: Vec<_> = (0..5).map(|_| call(&client, "x")).collect();
    let mut waiting = vec![peer.response().await, peer.response().await];
    for left in (0..5).rev() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let nothing = peer.stream.try_read(&mut [0]);
        assert_eq!(nothing.unwrap_err().kind(), ErrorKind::WouldBlock);
        peer.send(reply(&waiting.remove(0), "ok").encode()).await;
        if left >= 2 {
            waiting.push(peer.response().await);
        }
    }
    for call in calls {
        assert_eq!(soon(call).await.unwrap().unwrap(), "ok");
    }
}

#[tokio::test]
async fn each_call_has_a_connection_of_its_own() {
    let fake = Fake::start().await;
    for transport in Transport::ALL {
        let options = fake.options(transport).connections(Connections::Short);
        let client = options.connect().await.unwrap();
        // That there is a server was found out by a connection as well.
        fake.accept().await.ended().await;
        for _ in 0..3 {
            let calling = call(&client, "hi");
            let mut peer = fake.accept().await;
            let request = peer.response().await;
            peer.send(reply(&request, "ok").encode()).await;
            assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
            peer.ended().await;
        }
    }
}

#[tokio::test]
async fn no_more_connections_are_open_than_the_limit_says() {
    let connections = Connections::Pooled {
        idle: 2,
        idle_timeout: Duration::from_secs(30),
        open: Some(2),
    };
    let (service, mut watch) = demo();
    // The server would close a third one.
    let limits = Limits {
        connections: Some(2),
        ..Limits::default()
    };
    let serving = Serving::start(Server::new().add(service).limits(limits)).await;
    let options = Client::options(serving.address.to_string()).connections(connections);
    let client = options.connect().await.unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        calls.spawn(async move { client.call(&WAIT, TextArgs::new("x")).await });
    }
    assert_eq!(watch.event().await, "waiting x");
    assert_eq!(watch.event().await, "waiting x");
    // A call that is given up while it waits takes nothing with it.
    let text = TextArgs::new("given up");
    let given_up = client.call(&WAIT, text).timeout(Duration::from_millis(20));
    assert!(given_up.await.unwrap_err().is_timeout());
    assert!(watch.events().is_empty());
    for _ in 0..20 {
        watch.let_one_go();
    }
    while let Some(call) = soon(calls.join_next()).await {
        assert_eq!(call.unwrap().unwrap(), "x");
    }
}
