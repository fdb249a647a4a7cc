//! The proxy of the examples, with our client before it and our server behind it: nothing may be
//! lost on the way, and nothing added.

use std::time::Duration;

use bytes::Bytes;
use polyport::codegen::buffa_types::google::protobuf::StringValue;
use polyport::service::UnknownHandler;
use polyport::{Client, Code, Context, Server, Sink, Status, StatusKind, Streaming, Transport};
use polyport_tests::demo::{
    ECHO, EchoArgs, FACTS, FAIL, FailError, NotFound, Nothing, TELL, TextArgs, WAIT, demo,
};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams::{self, JOIN, SPLIT, THRIFT_ECHO, UNARY, text};
use tokio::sync::mpsc;

use crate::client;

#[path = "../../../examples/proxy.rs"]
#[expect(dead_code, reason = "the example's own start is not needed")]
mod example;

/// A server, and the proxy before it.
async fn start(server: Server) -> (Serving, Serving) {
    let behind = Serving::start(server).await;
    let proxy = example::Proxy::new(behind.address.to_string());
    let before = Serving::start(Server::new().unknown(proxy)).await;
    (behind, before)
}

fn every_transport() -> impl Iterator<Item = Transport> {
    Transport::ALL.into_iter().chain([Transport::Grpc])
}

#[tokio::test]
async fn results_and_failures() {
    let (_behind, proxy) = start(Server::new().add(demo().0)).await;
    for transport in every_transport() {
        let client = client(&proxy, transport).await;
        let echo = EchoArgs {
            text: "hi".to_owned(),
        };
        let answer = client.call(&ECHO, echo).answer().await;
        assert_eq!(answer.result.unwrap(), "hi");
        let echoed = transport.carries_service_name().then_some("hi");
        assert_eq!(answer.metadata.get("echoed"), echoed, "{transport}");

        let fail = async |how| client.call(&FAIL, TextArgs::new(how)).await.unwrap_err();
        let key = "k".to_owned();
        assert_eq!(fail("missing").await, FailError::Missing(NotFound { key }));
        let FailError::Status(status) = fail("typed").await else {
            panic!("a typed error is not declared");
        };
        assert_eq!(status.message(), "special [biz error]");
        match transport {
            Transport::Grpc => assert_eq!(status.code(), Some(Code(1900))),
            _ => assert_eq!(*status.kind(), StatusKind::Remote(1900)),
        }
        let FailError::Status(status) = fail("biz with extra").await else {
            panic!("a business status is not declared");
        };
        if transport.carries_service_name() {
            assert_eq!(status.biz().unwrap().extra["shelf"], "<7 & \"8\" für>");
        } else {
            assert_eq!(status.message(), "biz error: code=-1, msg=not found");
        }
    }
}

#[tokio::test]
async fn what_the_server_knows_of_the_call() {
    let (_behind, proxy) = start(Server::new().add(demo().0)).await;
    for transport in every_transport().filter(|transport| transport.carries_service_name()) {
        let options = Client::options(proxy.address.to_string()).transport(transport);
        let client = options.caller("shop").connect().await.unwrap();
        let facts = client
            .call(&FACTS, Nothing)
            .metadata("TENANT", "7")
            .persistent("TRACE", "abc")
            .timeout(Duration::from_secs(30));
        let facts = facts.await.unwrap();
        for (fact, expected) in [
            ("service", "Demo"),
            ("method", "facts"),
            ("reason", "named"),
            ("caller", "shop"),
            ("transient TENANT", "7"),
            ("persistent TRACE", "abc"),
        ] {
            assert_eq!(facts[fact], expected, "{fact} over {transport}");
        }
        assert_eq!(facts["transport"], transport.to_string());
        let left: u64 = facts["milliseconds left"].parse().unwrap();
        assert!((1..=30_000).contains(&left), "{left} ms left");
    }
}

#[tokio::test]
async fn a_call_that_names_no_service_names_none_behind() {
    let (_behind, proxy) = start(Server::new().add(demo().0)).await;
    let options = Client::options(proxy.address.to_string()).without_service_name();
    let client = options.connect().await.unwrap();
    let facts = client.call(&FACTS, Nothing).await.unwrap();
    assert_eq!(facts["reason"], "method");
}

#[tokio::test]
async fn what_nobody_has_is_unknown_in_the_servers_words() {
    let (_behind, proxy) = start(Server::new().add(demo().0)).await;
    for (transport, service, type_id, text) in [
        (
            Transport::TtHeader,
            "Nope",
            20,
            "unknown service Nope, method say",
        ),
        (
            Transport::TtHeader,
            "Demo",
            1,
            "unknown method say (service Demo)",
        ),
        (Transport::Framed, "", 20, "unknown service , method say"),
    ] {
        let client = client(&proxy, transport).await;
        let call = client.raw(service, "say").call(Bytes::from_static(&[0]));
        let status = call.await.unwrap_err();
        assert_eq!(
            (status.kind(), status.message()),
            (&StatusKind::Remote(type_id), text)
        );
    }
    let client = client(&proxy, Transport::Grpc).await;
    let call = client.raw("Demo", "say").call(Bytes::from_static(&[0]));
    let status = call.await.unwrap_err();
    assert_eq!(status.code(), Some(Code::UNIMPLEMENTED));
    assert_eq!(status.message(), "unknown method say");
}

#[tokio::test]
async fn one_way_calls_arrive_and_deadlines_end_calls_behind() {
    let (service, mut watch) = demo();
    let (_behind, proxy) = start(Server::new().add(service)).await;
    for transport in every_transport() {
        let client = client(&proxy, transport).await;
        client.call(&TELL, TextArgs::new("fine")).await.unwrap();
        assert_eq!(watch.event().await, "told fine");
    }
    for transport in every_transport().filter(|transport| transport.carries_service_name()) {
        let client = client(&proxy, transport).await;
        let call = client
            .call(&WAIT, TextArgs::new("x"))
            .timeout(Duration::from_millis(200));
        assert!(call.await.unwrap_err().is_timeout());
        assert_eq!(watch.event().await, "waiting x");
        // Nobody else tells the handler.
        assert_eq!(watch.event().await, "dropped x");
    }
}

async fn all<T>(answers: &mut Streaming<T>) -> Vec<T> {
    let mut all = Vec::new();
    while let Some(answer) = answers.receive().await.unwrap() {
        all.push(answer);
    }
    all
}

#[tokio::test]
async fn streams_of_every_kind() {
    let server = Server::new()
        .add(streams::protobuf().0)
        .add(streams::thrift().0);
    let (_behind, proxy) = start(server).await;
    let client = client(&proxy, Transport::Grpc).await;
    assert_eq!(client.call(&UNARY, text("hi")).await.unwrap(), text("hi"));

    let mut joining = client.client_stream(&JOIN).await.unwrap();
    for word in ["a", "b"] {
        joining.send(text(word)).await.unwrap();
    }
    assert_eq!(joining.finish().await.unwrap(), text("a,b"));

    let mut words = client.server_stream(&SPLIT, text("a b c")).await.unwrap();
    assert_eq!(all(&mut words).await, ["a", "b", "c"].map(text));

    let (mut requests, mut answers) = client.bidirectional(&THRIFT_ECHO).await.unwrap();
    for word in ["headers", "trailers", "x"] {
        requests.send(word.to_owned()).await.unwrap();
        assert_eq!(answers.receive().await.unwrap().as_deref(), Some(word));
    }
    assert_eq!(answers.headers().await.unwrap().get("mode"), Some("echo"));
    requests.finish().unwrap();
    assert_eq!(answers.receive().await.unwrap(), None);
    let trailers = answers.trailers().unwrap();
    assert_eq!(trailers.bytes("checksum-bin").unwrap(), &[0, 255][..]);
}

#[tokio::test]
async fn a_stream_that_fails_keeps_its_status() {
    let (_behind, proxy) = start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&proxy, Transport::Grpc).await;
    for (request, code, message, details) in [
        ("code", Code::NOT_FOUND, "not here [biz error]", "details"),
        ("error", Code::INTERNAL, "bad [biz error]", ""),
    ] {
        let status = client.call(&UNARY, text(request)).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Some(code), message));
        assert_eq!(status.details(), details);

        let words = text(&format!("a {request}"));
        let mut words = client.server_stream(&SPLIT, words).await.unwrap();
        assert_eq!(words.receive().await.unwrap(), Some(text("a")));
        let status = words.receive().await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Some(code), message));
    }
}

#[tokio::test]
async fn who_gives_up_a_stream_gives_it_up_behind() {
    let (service, mut events) = streams::protobuf();
    let (_behind, proxy) = start(Server::new().add(service)).await;
    let client = client(&proxy, Transport::Grpc).await;
    let (mut requests, answers) = client.bidirectional(&streams::ECHO).await.unwrap();
    requests.send(text("wait")).await.unwrap();
    assert_eq!(events.next().await, "waiting");
    drop((requests, answers));
    assert_eq!(events.next().await, "ended");
}

/// Says when a call's first request is there, and how its requests end: all there, or broken off.
struct Ends(mpsc::UnboundedSender<Option<bool>>);

struct End<'e>(&'e Ends, bool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let Self(Ends(ends), is_whole) = self;
        // The test may be over.
        let _ = ends.send(Some(*is_whole));
    }
}

impl UnknownHandler for Ends {
    async fn call(&self, _cx: &mut Context, request: Bytes) -> Result<Bytes, Status> {
        Ok(request)
    }

    async fn stream(
        &self,
        _cx: &mut Context,
        mut requests: Streaming<Bytes>,
        _answers: Sink<Bytes>,
    ) -> Result<(), Status> {
        let mut end = End(self, false);
        requests.receive().await?;
        // The same.
        let _ = self.0.send(None);
        while requests.receive().await?.is_some() {}
        end.1 = true;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_broken_off_before_never_looks_complete_behind() {
    let (ends, mut ended) = mpsc::unbounded_channel();
    let (_behind, proxy) = start(Server::new().unknown(Ends(ends))).await;
    let client = client(&proxy, Transport::Grpc).await;
    for _ in 0..300 {
        let mut upload = client.client_stream(&JOIN).await.unwrap();
        upload.send(text("half")).await.unwrap();
        assert_eq!(soon(ended.recv()).await.unwrap(), None);
        drop(upload);
        assert_eq!(soon(ended.recv()).await.unwrap(), Some(false));
    }
}

#[tokio::test]
async fn many_large_messages_pass_both_ways_at_once() {
    let (_behind, proxy) = start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&proxy, Transport::Grpc).await;
    let (mut requests, mut answers) = client.bidirectional(&streams::ECHO).await.unwrap();
    let message: StringValue = text(&"x".repeat(1 << 20));
    let count = 30;
    let sending = tokio::spawn(async move {
        for _ in 0..count {
            requests.send(message.clone()).await.unwrap();
        }
        requests.finish().unwrap();
    });
    let received = soon(all(&mut answers)).await;
    assert_eq!(received.len(), count);
    sending.await.unwrap();
}
