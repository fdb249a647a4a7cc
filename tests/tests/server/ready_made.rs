//! The layers that come with the crate, and what layers leave for those behind them.

use std::time::Duration;

use polyport::layers::{AccessControl, AccessLog, Timeout};
use polyport::{Call, Client, Layer, Next, Reply, Server, Transport};
use polyport_tests::demo::{ECHO, EchoArgs, TextArgs, WAIT, demo};
use polyport_tests::log::Log;
use polyport_tests::named;
use polyport_tests::peer::{Peer, Request};
use polyport_tests::serving::Serving;
use polyport_wire::thrift::MessageType;
use polyport_wire::ttheader::keys;

fn request(method: &str, caller: &str) -> Request {
    let request = Request::new(Transport::TtHeader, method).text("x");
    request.int(keys::FROM_SERVICE, caller)
}

#[tokio::test]
async fn callers_call_what_they_may() {
    let access = AccessControl::new()
        .anyone(["facts"])
        .allow("billing", ["Demo.echo"])
        .allow("billing", ["blob"])
        .allow("other", ["Other.echo"])
        .allow_everything("admin");
    let server = Server::new().add(demo().0.layer(access));
    let serving = Serving::start(server.add(named::service("Free", &["free"]))).await;
    let mut peer = serving.connect().await;
    let mut may = async |method: &str, caller: &str| {
        let response = peer.call(&request(method, caller)).await;
        if response.kind == MessageType::Reply {
            return true;
        }
        let who = match caller {
            "" => "who gives no name",
            caller => caller,
        };
        let told = format!("request forbidden: {who} may not call Demo.{method}");
        assert_eq!(response.exception(), (6, told));
        false
    };
    for (method, caller, expected) in [
        ("facts", "", true),
        ("facts", "billing", true),
        ("echo", "billing", true),
        ("echo", "other", false),
        ("echo", "", false),
        ("echo", "admin", true),
        ("fail", "billing", false),
        ("free", "", true),
    ] {
        assert_eq!(
            may(method, caller).await,
            expected,
            "{method} by {caller:?}"
        );
    }
    let options = Client::options(serving.address.to_string());
    let client = options.transport(Transport::Grpc).connect().await.unwrap();
    let text = "x".to_owned();
    let status = client.call(&ECHO, EchoArgs { text }).await.unwrap_err();
    assert_eq!(status.code().unwrap().0, 7, "{status}");
}

#[tokio::test]
async fn the_access_log_says_who_called_what_by_which_route_and_how_it_ended() {
    let (log, _guard) = Log::capture();
    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().layer(AccessLog).add(service)).await;
    let mut peer: Peer = serving.connect().await;
    peer.call(&request("echo", "a\n\"b").service("Demo")).await;
    peer.call(&Request::new(Transport::Framed, "fail").text("error"))
        .await;
    let slow = request("wait", "c").int(keys::RPC_TIMEOUT, "20");
    peer.call(&slow).await;
    assert_eq!(watch.events(), ["echo x", "waiting x", "dropped x"]);
    let options = Client::options(serving.address.to_string());
    let client = options.transport(Transport::Grpc).connect().await.unwrap();
    let gone = tokio::spawn(async move { client.call(&WAIT, TextArgs::new("y")).await });
    assert_eq!(watch.event().await, "waiting y");
    gone.abort();
    assert_eq!(watch.event().await, "dropped y");
    let lines = log.take().into_iter().map(|line| line.text);
    let lines: Vec<_> = lines
        .filter(|line| line.starts_with("a call has ended"))
        .collect();
    let expected = [
        "service=\"Demo\" method=\"echo\" transport=TTHeader reason=named caller=\"a\\n\\\"b\" peer=127.0.0.1:",
        "service=\"Demo\" method=\"fail\" transport=Framed reason=method caller=\"\" peer=127.0.0.1:",
        "service=\"Demo\" method=\"wait\" transport=TTHeader reason=method caller=\"c\" peer=127.0.0.1:",
        "service=\"Demo\" method=\"wait\" transport=GRPC reason=named caller=\"\" peer=127.0.0.1:",
    ];
    let outcomes = ["ok", "bad", "context deadline exceeded", "dropped"];
    assert_eq!(lines.len(), 4, "{lines:#?}");
    for ((line, start), outcome) in lines.iter().zip(expected).zip(outcomes) {
        assert!(line.contains(start), "{line}");
        assert!(
            line.contains(&format!("outcome=\"{outcome}\" microseconds=")),
            "{line}"
        );
    }
}

#[tokio::test]
async fn what_a_timeout_ends_is_seen_around_it() {
    /// Tells what came of a call behind it.
    struct Tell;

    impl Layer for Tell {
        async fn call(&self, call: Call, next: Next<'_>) -> Reply {
            let mut reply = next.call(call).await;
            let is_timeout = reply
                .outcome
                .as_ref()
                .is_err_and(polyport::Status::is_timeout);
            reply.metadata.insert("timed-out", is_timeout.to_string());
            reply
        }
    }

    let (service, mut watch) = demo();
    let service = service
        .layer(Tell)
        .layer(Timeout::new(Duration::from_millis(20)));
    let serving = Serving::start(Server::new().add(service)).await;
    let mut peer = serving.connect().await;
    let response = peer.call(&request("wait", "")).await;
    assert_eq!(response.string(b"timed-out"), Some("true"));
    let told = "biz error: context deadline exceeded".to_owned();
    assert_eq!(response.exception(), (6, told));
    assert_eq!(watch.event().await, "waiting x");
    assert_eq!(watch.event().await, "dropped x");
    let response = peer.call(&request("echo", "")).await;
    assert_eq!(response.string(b"timed-out"), Some("false"));
}

#[tokio::test]
async fn layers_leave_things_for_those_behind_them() {
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct User(String);

    /// Finds out who calls.
    struct Find;

    impl Layer for Find {
        async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
            assert!(call.context.extensions().is_empty());
            let user = User(call.context.caller().to_owned());
            call.context.extensions_mut().insert(user);
            next.call(call).await
        }
    }

    /// Uses it.
    struct Use;

    impl Layer for Use {
        async fn call(&self, call: Call, next: Next<'_>) -> Reply {
            let user = call.context.extensions().get::<User>().cloned();
            let mut reply = next.call(call).await;
            reply.metadata.insert("user", user.unwrap().0);
            reply
        }
    }

    let service = demo().0.layer(Use);
    let serving = Serving::start(Server::new().layer(Find).add(service)).await;
    let mut peer = serving.connect().await;
    for caller in ["ada", "bob"] {
        let response = peer.call(&request("echo", caller)).await;
        assert_eq!(response.string(b"user"), Some(caller));
    }
}
