//! What the client's timeout does to a handler.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use polyport::codegen::{Method, ServiceBuilder};
use polyport::{Call, CallKind, Client, Code, Layer, Next, Reply, Server, Status, Transport};
use polyport_tests::demo::{TextArgs, WAIT, Watch, demo};
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_tests::streams::{self, embedded, text};
use polyport_wire::ttheader::keys;

const TTHEADER: [Transport; 2] = [Transport::TtHeader, Transport::TtHeaderFramed];

async fn start() -> (Serving, Watch) {
    let (service, watch) = demo();
    (Serving::start(Server::new().add(service)).await, watch)
}

fn wait(transport: Transport, timeout: &str) -> Request {
    Request::new(transport, "wait")
        .text("x")
        .int(keys::RPC_TIMEOUT, timeout)
}

#[tokio::test]
async fn a_handler_is_dropped_when_nobody_waits_for_it_any_more() {
    let (serving, mut watch) = start().await;
    for transport in TTHEADER {
        let mut peer = serving.connect().await;
        let response = peer.call(&wait(transport, "30")).await;
        assert_eq!(watch.event().await, "waiting x");
        assert_eq!(watch.event().await, "dropped x");
        let text = "biz error: context deadline exceeded";
        assert_eq!(response.exception(), (6, text.to_owned()));
        assert!(!response.resets());
        // The connection serves on.
        watch.let_one_go();
        assert_eq!(peer.call(&wait(transport, "60000")).await.text(), "x");
        assert_eq!(watch.events(), ["waiting x", "done x"]);
    }
}

#[tokio::test]
async fn what_is_no_timeout_is_none() {
    let (serving, mut watch) = start().await;
    for text in [
        "",
        "0",
        "-5",
        "soon",
        "1.5",
        "99999999999999999999",
        "18446744073709551615",
    ] {
        let mut peer = serving.connect().await;
        watch.let_one_go();
        let response = peer.call(&wait(Transport::TtHeader, text)).await;
        assert_eq!(response.text(), "x", "{text:?}");
    }
    assert!(
        watch
            .events()
            .iter()
            .all(|event| !event.starts_with("dropped"))
    );
}

/// Notes how calls end, and signs their replies.
#[derive(Clone, Default)]
struct Note(Arc<Mutex<Vec<String>>>);

impl Layer for Note {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        let method = call.context.method().to_owned();
        let mut reply = next.call(call).await;
        let timed_out = reply.outcome.as_ref().is_err_and(Status::is_timeout);
        self.0.lock().unwrap().push(format!("{method} {timed_out}"));
        reply.metadata.insert("seen", "yes");
        reply
    }
}

impl Note {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test]
async fn layers_see_that_a_deadline_has_passed() {
    let note = Note::default();
    let (service, mut watch) = demo();
    let streams = streams::protobuf().0.timeout(Duration::from_millis(20));
    let server = Server::new().layer(note.clone()).layer(note.clone());
    let serving = Serving::start(server.add(service).add(streams)).await;
    for transport in TTHEADER {
        let mut peer = serving.connect().await;
        let response = peer.call(&wait(transport, "30")).await;
        let text = "biz error: context deadline exceeded";
        assert_eq!(response.exception(), (6, text.to_owned()));
        assert_eq!(response.string(b"seen"), Some("yes"));
        assert_eq!(note.take(), ["wait true"; 2]);
        assert_eq!(watch.event().await, "waiting x");
        assert_eq!(watch.event().await, "dropped x");
    }
    let options = Client::options(serving.address.to_string());
    let client = options.transport(Transport::Grpc).connect().await.unwrap();
    let status = client.call(&streams::UNARY, text("wait")).await;
    assert_eq!(status.unwrap_err().code(), Some(Code::DEADLINE_EXCEEDED));
    assert_eq!(note.take(), ["Unary true"; 2]);
    let (_requests, mut answers) = client.bidirectional(&streams::ECHO).await.unwrap();
    let status = answers.receive().await.unwrap_err();
    assert_eq!(status.code(), Some(Code::DEADLINE_EXCEEDED));
    assert_eq!(note.take(), ["Echo true"; 2]);
    // A deadline that does not pass is none of their business.
    watch.let_one_go();
    let call = client.call(&WAIT, TextArgs::new("x"));
    let fine = call.timeout(Duration::from_secs(60)).await;
    assert_eq!(fine.unwrap(), "x");
    assert_eq!(note.take(), ["wait false"; 2]);
}

#[tokio::test]
async fn a_deadline_ends_a_layer_as_well() {
    /// Never comes to an end.
    struct Endless;

    impl Layer for Endless {
        async fn call(&self, call: Call, next: Next<'_>) -> Reply {
            assert!(call.context.deadline().is_some());
            next.call(call).await;
            std::future::pending().await
        }
    }

    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service).layer(Endless)).await;
    let mut peer = serving.connect().await;
    let request = Request::new(Transport::TtHeader, "echo").text("hi");
    let response = peer.call(&request.int(keys::RPC_TIMEOUT, "30")).await;
    let text = "biz error: context deadline exceeded";
    assert_eq!(response.exception(), (6, text.to_owned()));
    assert_eq!(watch.events(), ["echo hi"]);
}

#[tokio::test]
async fn what_a_handler_calls_does_not_tell_of_the_deadline_in_its_place() {
    static PASS_ON: Method<TextArgs, String> =
        Method::new("Middle", "wait", CallKind::Unary).package("test");

    let (back, _watch) = start().await;
    for onward in [Transport::TtHeader, Transport::Grpc] {
        let onward = Client::options(back.address.to_string()).transport(onward);
        let onward = Arc::new(onward.connect().await.unwrap());
        let service = ServiceBuilder::new(embedded("test"), "test", "Middle", onward)
            .method(&PASS_ON, |onward, cx, arguments| async move {
                let outcome = onward.call(&WAIT, arguments).within(&cx).await;
                (cx, outcome)
            })
            .build();
        let middle = Serving::start(Server::new().add(service)).await;
        let mut peer = middle.connect().await;
        let response = peer.call(&wait(Transport::TtHeader, "30")).await;
        let text = "biz error: context deadline exceeded";
        assert_eq!(response.exception(), (6, text.to_owned()));
    }
}
