//! Our client and our server, over every transport.

use std::collections::HashSet;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use polyport::{Call, Client, Layer, Next, Reply, Server, StatusKind, Transport};
use polyport_tests::demo::{
    BLOB, ECHO, EchoArgs, FACTS, FAIL, FailError, NotFound, Nothing, TELL, TextArgs, demo,
};
use polyport_tests::serving::Serving;
use polyport_tests::{named, soon};

async fn client(serving: &Serving, transport: Transport) -> Client {
    let options = Client::options(serving.address.to_string());
    options.transport(transport).connect().await.unwrap()
}

fn echo(text: &str) -> EchoArgs {
    EchoArgs {
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn results() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in Transport::ALL {
        let client = client(&serving, transport).await;
        for text in ["", "hi", "Grüße"] {
            assert_eq!(client.call(&ECHO, echo(text)).await.unwrap(), text);
        }
        let bytes = client.call(&BLOB, TextArgs::new("3000000")).await.unwrap();
        assert_eq!(bytes, vec![0; 3_000_000]);
    }
}

#[tokio::test]
async fn a_call_can_be_made_in_a_task_of_its_own() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let client = client(&serving, Transport::TtHeader).await;
    let calling = tokio::spawn(client.call(&ECHO, echo("hi")).into_future());
    drop(client);
    assert_eq!(soon(calling).await.unwrap().unwrap(), "hi");
}

/// Notes from where calls come.
#[derive(Clone, Default)]
struct Peers(Arc<Mutex<HashSet<Option<SocketAddr>>>>);

impl Layer for Peers {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        self.0.lock().unwrap().insert(call.context.peer());
        next.call(call).await
    }
}

#[tokio::test]
async fn failures() {
    let peers = Peers::default();
    let serving = Serving::start(Server::new().add(demo().0).layer(peers.clone())).await;
    for transport in Transport::ALL {
        let client = client(&serving, transport).await;
        let fail = async |how| client.call(&FAIL, TextArgs::new(how)).await.unwrap_err();

        let key = "k".to_owned();
        assert_eq!(fail("missing").await, FailError::Missing(NotFound { key }));

        for (how, type_id, text) in [
            ("error", 6, "biz error: bad"),
            ("typed", 1900, "special [biz error]"),
            (
                "panic",
                6,
                "panic: [happened in biz handler, method=Demo.fail, please check the panic at \
                 the server side] boom",
            ),
        ] {
            let FailError::Status(status) = fail(how).await else {
                panic!("{how} is not declared");
            };
            assert_eq!(*status.kind(), StatusKind::Remote(type_id));
            assert_eq!(status.message(), text);
            assert!(!status.is_timeout() && !status.is_transport());
        }

        let FailError::Status(status) = fail("biz with extra").await else {
            panic!("a business status is not declared");
        };
        if transport.carries_service_name() {
            let biz = status.biz().unwrap();
            assert_eq!((biz.code, &*biz.message), (-1, "not found"));
            assert_eq!(biz.extra["shelf"], "<7 & \"8\" für>");
        } else {
            assert_eq!(status.type_id(), Some(6));
            assert_eq!(status.message(), "biz error: code=-1, msg=not found");
        }
        // The client goes on after all of that, on the same connection.
        assert_eq!(client.call(&ECHO, echo("hi")).await.unwrap(), "hi");
        assert_eq!(std::mem::take(&mut *peers.0.lock().unwrap()).len(), 1);
    }
}

#[tokio::test]
async fn oneway() {
    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    for transport in Transport::ALL {
        let client = client(&serving, transport).await;
        for text in ["fine", "error", "panic"] {
            client.call(&TELL, TextArgs::new(text)).await.unwrap();
            assert_eq!(watch.event().await, format!("told {text}"));
            assert_eq!(client.call(&ECHO, echo("next")).await.unwrap(), "next");
            assert_eq!(watch.event().await, "echo next");
        }
    }
}

#[tokio::test]
async fn many_at_once() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in Transport::ALL {
        let client = client(&serving, transport).await;
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..50 {
            let client = client.clone();
            calls.spawn(async move {
                let text = number.to_string();
                assert_eq!(client.call(&ECHO, echo(&text)).await.unwrap(), text);
            });
        }
        while let Some(call) = calls.join_next().await {
            call.unwrap();
        }
    }
}

#[tokio::test]
async fn the_service_name_decides_and_can_be_left_out() {
    // Both have a method `echo`; this one is the fallback.
    let other = named::service("Other", &["echo", "facts"]).fallback();
    let server = Server::new().add(other).add(demo().0);
    let serving = Serving::start(server).await;
    for transport in Transport::ALL {
        let options = || Client::options(serving.address.to_string()).transport(transport);
        let named = options().connect().await.unwrap();
        let nameless = options().without_service_name().connect().await.unwrap();
        let with_name = named.call(&ECHO, echo("hi")).await.unwrap();
        let without = nameless.call(&ECHO, echo("hi")).await.unwrap();
        let expected = match transport.carries_service_name() {
            true => "hi",
            false => "Other.echo",
        };
        assert_eq!((&*with_name, &*without), (expected, "Other.echo"));
    }
}

#[tokio::test]
async fn what_the_server_does_not_know_is_told_and_the_next_call_connects_anew() {
    let serving = Serving::start(Server::new().add(named::service("Other", &["m"]))).await;
    for transport in Transport::ALL {
        let client = client(&serving, transport).await;
        for _ in 0..3 {
            let status = client.call(&ECHO, echo("hi")).await.unwrap_err();
            assert_eq!(*status.kind(), StatusKind::Remote(20), "{status}");
            let name = match transport.carries_service_name() {
                true => "Demo",
                false => "",
            };
            assert_eq!(
                status.message(),
                format!("unknown service {name}, method echo")
            );
        }
    }
}

#[tokio::test]
async fn the_server_is_told_who_calls() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in [Transport::TtHeader, Transport::TtHeaderFramed] {
        let options = Client::options(serving.address.to_string()).transport(transport);
        let client = options.caller("shop").connect().await.unwrap();
        let facts = client.call(&FACTS, Nothing).await.unwrap();
        assert_eq!(facts["caller"], "shop");
        assert_eq!(facts["reason"], "named");
        assert_eq!(facts["transport"], transport.to_string());
    }
}

#[tokio::test]
async fn nobody_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = Client::connect(address.clone()).await.unwrap_err();
    assert!(error.is_connect() && !error.is_timeout());
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot connect to {address}: "))
    );
}

#[tokio::test]
async fn names_in_front_of_methods() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in [Transport::Buffered, Transport::Framed] {
        let options = || Client::options(serving.address.to_string()).transport(transport);
        for (options, reason) in [
            (options(), "method"),
            (options().multiplexed_names(), "named"),
            (
                options().multiplexed_names().without_service_name(),
                "method",
            ),
        ] {
            let client = options.connect().await.unwrap();
            let facts = client.call(&FACTS, Nothing).await.unwrap();
            assert_eq!((&*facts["reason"], &*facts["method"]), (reason, "facts"));
            client.call(&TELL, TextArgs::new("x")).await.unwrap();
        }
    }
    let refused = Client::options(serving.address.to_string()).multiplexed_names();
    let error = refused.connect().await.unwrap_err().to_string();
    assert!(
        error.contains("multiplexed names are for Buffered and Framed"),
        "{error}"
    );
}
