//! Crowds of calls, and calls that are given up at any moment.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use polyport::client::Connections;
use polyport::{Client, Limits, Server, Status, Transport};
use polyport_tests::demo::{ECHO, EchoArgs, demo};
use polyport_tests::peer::{Peer, Request, Response};
use polyport_tests::serving::Serving;
use polyport_tests::{named, soon};
use polyport_wire::thrift::MessageType;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::{JoinSet, yield_now};

use crate::Fake;

const CROWD: usize = 1000;

fn echo(text: &str) -> EchoArgs {
    let text = text.to_owned();
    EchoArgs { text }
}

fn pooled(open: usize) -> Connections {
    Connections::Pooled {
        idle: open,
        idle_timeout: Duration::from_secs(30),
        open: Some(open),
    }
}

fn reply(request: &Response, text: &str) -> Request {
    let reply = Request::new(request.transport, &request.method).kind(MessageType::Reply);
    reply
        .sequence(request.sequence)
        .arguments(named::result(text))
}

/// A server that takes its time to accept, and counts what it accepts.
async fn counting() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            for _ in 0..100 {
                yield_now().await;
            }
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            let mut peer = Peer::new(stream);
            tokio::spawn(async move {
                while let Some(request) = peer.next().await {
                    let answer = reply(&request, "ok");
                    peer.send(answer.encode()).await;
                }
            });
        }
    });
    (address, accepted)
}

#[tokio::test]
async fn a_crowd_opens_no_more_connections_than_are_allowed() {
    for (connections, allowed) in [
        (pooled(1), 1),
        (pooled(8), 8),
        (Connections::Multiplexed { connections: 1 }, 1),
        (Connections::Multiplexed { connections: 3 }, 3),
    ] {
        let (address, accepted) = counting().await;
        let client = Client::options(address).connections(connections);
        let client = client.connect().await.unwrap();
        let mut calls = JoinSet::new();
        for number in 0..CROWD {
            calls.spawn(client.call(&ECHO, echo(&number.to_string())).into_future());
        }
        while let Some(call) = soon(calls.join_next()).await {
            assert_eq!(call.unwrap().unwrap(), "ok");
        }
        assert_eq!(accepted.load(Ordering::Relaxed), allowed, "{connections:?}");
    }
}

#[tokio::test]
async fn a_crowd_that_finds_nobody_makes_one_try() {
    let fake = Fake::start().await;
    let connections = Connections::Multiplexed { connections: 1 };
    let options = fake.options(Transport::TtHeader).connections(connections);
    let client = options.connect().await.unwrap();
    drop(fake.accept().await);
    drop(fake);
    // The client finds out that its connection has ended.
    soon(client.call(&ECHO, echo("lost")).into_future())
        .await
        .unwrap_err();
    let mut calls = JoinSet::new();
    for number in 0..CROWD {
        calls.spawn(client.call(&ECHO, echo(&number.to_string())).into_future());
    }
    while let Some(call) = soon(calls.join_next()).await {
        let status = call.unwrap().unwrap_err();
        assert!(status.is_transport(), "{status}");
    }
}

#[tokio::test]
async fn who_waits_for_a_connection_is_served_in_turn() {
    let fake = Fake::start().await;
    let options = fake.options(Transport::Framed).connections(pooled(1));
    let client = options.connect().await.unwrap();
    let mut peer = fake.accept().await;
    let mut calls = Vec::new();
    for number in 0..10 {
        let mut call = Box::pin(client.call(&ECHO, echo(&number.to_string())).into_future());
        assert!(!polled(&mut call).await);
        calls.push(call);
    }
    // One that gives up leaves nothing behind.
    drop(calls.remove(5));
    for call in calls {
        let calling = tokio::spawn(call);
        let request = peer.response().await;
        peer.send(reply(&request, "ok").encode()).await;
        assert_eq!(soon(calling).await.unwrap().unwrap(), "ok");
    }
    assert!(!fake.accepted().await);
}

/// Polls once; gives whether the call is done.
async fn polled<T>(call: &mut Pin<Box<impl Future<Output = T> + ?Sized>>) -> bool {
    tokio::select! {
        biased;
        _ = call => true,
        () = std::future::ready(()) => false,
    }
}

/// Numbers that look random, the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005);
        self.0 = self.0.wrapping_add(1442695040888963407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[tokio::test]
async fn calls_that_are_given_up_at_any_moment_spoil_no_other() {
    const ROUNDS: usize = 1000;
    const OPEN: usize = 3;
    for (seed, connections) in [
        (1, pooled(OPEN)),
        (2, Connections::default()),
        (3, Connections::Short),
        (4, Connections::Multiplexed { connections: 2 }),
    ] {
        let (service, _watch) = demo();
        let serving = Serving::start(Server::new().add(service)).await;
        let options = Client::options(serving.address.to_string()).connections(connections);
        let client = options.connect().await.unwrap();
        let mut numbers = Numbers(seed);
        let mut running = Vec::new();
        for round in 0..ROUNDS {
            let call = client.call(&ECHO, echo(&round.to_string())).into_future();
            running.push((round, call));
            let chosen = numbers.below(running.len());
            let (round, mut call) = running.swap_remove(chosen);
            match numbers.below(4) {
                0 => assert_own(round, soon(call).await),
                1 => {}
                polls => {
                    for _ in 0..polls * numbers.below(4) {
                        let outcome = tokio::select! {
                            biased;
                            outcome = &mut call => Some(outcome),
                            () = yield_now() => None,
                        };
                        if let Some(outcome) = outcome {
                            assert_own(round, outcome);
                            break;
                        }
                    }
                }
            }
        }
        drop(running);
        // Whatever was given up has left its place to others.
        let mut calls = JoinSet::new();
        for number in 0..10 * OPEN {
            calls.spawn(client.call(&ECHO, echo(&number.to_string())).into_future());
        }
        while let Some(call) = soon(calls.join_next()).await {
            call.unwrap().unwrap();
        }
    }
}

#[track_caller]
fn assert_own(round: usize, outcome: Result<String, Status>) {
    assert_eq!(outcome.unwrap(), round.to_string());
}

#[tokio::test]
async fn nothing_runs_on_when_a_client_is_dropped() {
    let fake = Fake::start().await;
    for connections in [
        Connections::default(),
        Connections::Short,
        Connections::Multiplexed { connections: 1 },
    ] {
        let options = fake.options(Transport::TtHeader).connections(connections);
        let client = options.connect().await.unwrap();
        let mut peer = fake.accept().await;
        // A reply is outstanding, for which nobody waits.
        let call = client.call(&ECHO, echo("late"));
        let call = call.timeout(Duration::from_millis(20));
        assert!(call.await.unwrap_err().is_timeout());
        drop(client);
        if connections == Connections::Short {
            fake.accept().await.rest().await;
        } else if peer.next().await.is_some() {
            peer.ended().await;
        }
        soon(async {
            while Handle::current().metrics().num_alive_tasks() > 0 {
                yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_server_that_comes_back_is_found() {
    for connections in [
        Connections::default(),
        Connections::Short,
        Connections::Multiplexed { connections: 2 },
    ] {
        let serving = Serving::start(Server::new().add(demo().0)).await;
        let address = serving.address;
        let options = Client::options(address.to_string()).connections(connections);
        let client = options.connect().await.unwrap();
        assert_eq!(client.call(&ECHO, echo("hi")).await.unwrap(), "hi");
        assert_eq!(serving.stopped().await, 0);
        for _ in 0..5 {
            let status = client.call(&ECHO, echo("hi")).await.unwrap_err();
            assert!(status.is_transport(), "{status}");
        }
        let listening = Server::new().add(demo().0).bind(address).await.unwrap();
        let serving = tokio::spawn(listening.serve_until(std::future::pending()));
        for _ in 0..5 {
            assert_eq!(client.call(&ECHO, echo("hi")).await.unwrap(), "hi");
        }
        serving.abort();
    }
}

#[tokio::test]
async fn a_stop_under_load_loses_no_call() {
    for connections in [
        Connections::default(),
        Connections::Short,
        Connections::Multiplexed { connections: 2 },
    ] {
        let limits = Limits {
            quiet: Duration::from_millis(300),
            ..Limits::default()
        };
        let (service, mut watch) = demo();
        let serving = Serving::start(Server::new().add(service).limits(limits)).await;
        let options = Client::options(serving.address.to_string()).connections(connections);
        let client = options.connect().await.unwrap();
        let mut callers = JoinSet::new();
        for caller in 0..16 {
            let client = client.clone();
            callers.spawn(async move {
                for count in 0.. {
                    let text = format!("{caller}-{count}");
                    match client.call(&ECHO, echo(&text)).await {
                        Ok(answer) => assert_eq!(answer, text),
                        Err(status) => return (count, status),
                    }
                }
                unreachable!("there are enough numbers")
            });
        }
        for _ in 0..1000 {
            watch.event().await;
        }
        let stopped = serving.stop();
        let mut answered = 0;
        while let Some(caller) = soon(callers.join_next()).await {
            let (count, status) = caller.unwrap();
            answered += count;
            assert!(status.to_string().contains("cannot connect"), "{status}");
        }
        assert_eq!(answered, 1000 + watch.events().len());
        drop(client);
        assert_eq!(soon(stopped).await.unwrap(), 0);
    }
}
