//! The hook that sees each failure before it goes out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use polyport::admission::Admission;
use polyport::{Call, Client, Code, Layer, Next, Reply, Server, Status, StatusKind, Transport};
use polyport_tests::demo::demo;
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_tests::streams::{self, JOIN, UNARY, text};

type Seen = Arc<Mutex<Vec<String>>>;

/// Notes what it sees; hides what is typed.
fn hook(seen: &Seen) -> impl Fn(&polyport::Context, Status) -> Status + Send + Sync + 'static {
    let seen = Arc::clone(seen);
    move |cx, status| {
        let line = format!("{} {}: {status}", cx.transport(), cx.method());
        seen.lock().unwrap().push(line);
        match status.kind() {
            StatusKind::Typed(_) => Status::with_code(Code::NOT_FOUND, "hidden"),
            StatusKind::Panic => Status::error("internal error"),
            _ => status,
        }
    }
}

/// Fails, or panics, when it is told to.
struct Fail;

impl Layer for Fail {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        match call.context.metadata().get("layer") {
            Some("fail") => Status::error("a layer's").into(),
            Some("panic") => panic!("a layer's panic"),
            _ => next.call(call).await,
        }
    }
}

#[tokio::test]
async fn every_failure_is_seen_once_and_may_be_replaced() {
    let seen = Seen::default();
    let service = demo().0;
    let service = service
        .for_method("blob", |blob| blob.admit(Admission::new().message_size(4)))
        .for_method("wait", |wait| wait.timeout(Duration::from_millis(10)));
    let server = Server::new().layer(Fail).add(service).on_error(hook(&seen));
    let serving = Serving::start(server).await;
    let mut peer = serving.connect().await;
    let over = "request over limit: a message of 9 bytes, 4 are allowed";
    let panic = "panic: [happened in middleware, method=Demo.echo, please check the panic at the \
                 server side] a layer's panic";
    let fail = |how| Request::new(Transport::TtHeader, "fail").text(how);
    let echo = |how| {
        Request::new(Transport::TtHeader, "echo")
            .text("x")
            .string(b"RPC_TRANSIT_layer", how)
    };
    for (request, expected, told) in [
        (fail("error"), "fail: bad", "biz error: bad"),
        (
            fail("typed"),
            "fail: special",
            "rpc error: code = 5 desc = hidden",
        ),
        (echo("fail"), "echo: a layer's", "a layer's"),
        (echo("panic"), &format!("echo: {panic}"), "internal error"),
        (
            Request::new(Transport::TtHeader, "blob").text("7"),
            &format!("blob: {over}"),
            over,
        ),
        (
            Request::new(Transport::TtHeader, "wait").text("x"),
            "wait: context deadline exceeded",
            "biz error: context deadline exceeded",
        ),
    ] {
        let response = peer.call(&request).await;
        assert_eq!(response.exception(), (6, told.to_owned()));
        let expected = format!("TTHeader {expected}");
        assert_eq!(seen.lock().unwrap().split_off(0), [expected]);
    }
    let response = peer.call(&fail("panic")).await;
    assert_eq!(response.exception(), (6, "internal error".to_owned()));
    assert_eq!(seen.lock().unwrap().split_off(0).len(), 1);
}

#[tokio::test]
async fn what_is_no_failure_is_not_seen() {
    let seen = Seen::default();
    let serving = Serving::start(Server::new().add(demo().0).on_error(hook(&seen))).await;
    let mut peer = serving.connect().await;
    for (method, how) in [("echo", "x"), ("fail", "biz"), ("fail", "missing")] {
        peer.call(&Request::new(Transport::TtHeader, method).text(how))
            .await;
    }
    assert!(seen.lock().unwrap().is_empty(), "{seen:?}");
}

#[tokio::test]
async fn failures_over_http2_are_seen_too() {
    let seen = Seen::default();
    let server = Server::new()
        .add(streams::protobuf().0)
        .on_error(hook(&seen));
    let serving = Serving::start(server).await;
    let options = Client::options(serving.address.to_string());
    let client = options.transport(Transport::Grpc).connect().await.unwrap();
    let status = client.call(&UNARY, text("panic")).await.unwrap_err();
    assert_eq!(
        (status.code().unwrap().0, status.message()),
        (13, "internal error")
    );
    let mut join = client.client_stream(&JOIN).await.unwrap();
    join.send(text("code")).await.unwrap();
    assert!(join.finish().await.is_err());
    let lines = seen.lock().unwrap().split_off(0);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[1], "GRPC Join: not here");
}

#[tokio::test]
async fn a_hook_that_panics_is_an_answer() {
    let server = Server::new().add(demo().0).add(streams::protobuf().0);
    let serving = Serving::start(server.on_error(|_, _| panic!("the hook's"))).await;
    let words = "panic: [happened in error handler, method=Demo.fail, please check the panic at the \
                server side] the hook's";
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        for _ in 0..2 {
            let response = peer
                .call(&Request::new(transport, "fail").text("error"))
                .await;
            assert_eq!(response.exception(), (6, words.to_owned()));
        }
    }
    let options = Client::options(serving.address.to_string()).transport(Transport::Grpc);
    let client = options.connect().await.unwrap();
    let status = client.call(&UNARY, text("error")).await.unwrap_err();
    assert_eq!(status.code(), Some(Code::INTERNAL));
}
