//! Calls that end well.

use std::future::IntoFuture;

use polyport::codegen::StreamMethod;
use polyport::{Client, Code, Server, Streaming, Transport};
use polyport_tests::demo::{
    self, EchoArgs, FACTS, FAIL, FailError, NotFound, Nothing, TELL, TextArgs,
};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams::{
    self, ECHO, JOIN, SPLIT, THRIFT_ECHO, THRIFT_JOIN, THRIFT_SPLIT, UNARY, text,
};

use crate::client;

async fn all<T>(answers: &mut Streaming<T>) -> Vec<T> {
    let mut all = Vec::new();
    while let Some(answer) = answers.receive().await.unwrap() {
        all.push(answer);
    }
    all
}

pub(crate) async fn every_kind<T: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static>(
    client: &Client,
    methods: [&'static StreamMethod<T, T>; 3],
    make: fn(&str) -> T,
) {
    let [join, split, echo] = methods;
    for count in [0, 1, 100] {
        let mut joining = client.client_stream(join).await.unwrap();
        for _ in 0..count {
            joining.send(make("x")).await.unwrap();
        }
        assert_eq!(
            joining.finish().await.unwrap(),
            make(&vec!["x"; count].join(","))
        );
    }
    let mut words = client.server_stream(split, make("a b c")).await.unwrap();
    assert_eq!(all(&mut words).await, ["a", "b", "c"].map(make));
    let (mut requests, mut answers) = client.bidirectional(echo).await.unwrap();
    for word in ["one", "two"] {
        requests.send(make(word)).await.unwrap();
        assert_eq!(answers.receive().await.unwrap(), Some(make(word)));
    }
    requests.finish().unwrap();
    assert_eq!(answers.receive().await.unwrap(), None);
}

#[tokio::test]
async fn every_kind_of_call_in_both_codecs_on_one_port() {
    let server = Server::new()
        .add(streams::protobuf().0)
        .add(streams::thrift().0)
        .add(demo::demo().0);
    let serving = Serving::start(server).await;
    let client = client(&serving).await;
    assert_eq!(client.call(&UNARY, text("hi")).await.unwrap(), text("hi"));
    every_kind(&client, [&JOIN, &SPLIT, &ECHO], text).await;
    every_kind(
        &client,
        [&THRIFT_JOIN, &THRIFT_SPLIT, &THRIFT_ECHO],
        str::to_owned,
    )
    .await;
    let arguments = EchoArgs {
        text: "Grüße".to_owned(),
    };
    assert_eq!(client.call(&demo::ECHO, arguments).await.unwrap(), "Grüße");
}

#[tokio::test]
async fn a_thrift_service_is_the_same_over_http2() {
    let serving = Serving::start(Server::new().add(demo::demo().0)).await;
    let client = client(&serving).await;
    let missing = client.call(&FAIL, TextArgs::new("missing")).await;
    let key = "k".to_owned();
    assert_eq!(missing, Err(FailError::Missing(NotFound { key })));
    let facts = client
        .call(&FACTS, Nothing)
        .metadata("Tenant", "7")
        .await
        .unwrap();
    let facts = [
        "service",
        "kind",
        "reason",
        "transport",
        "codec",
        "transient TENANT",
    ]
    .map(|fact| facts[fact].as_str());
    assert_eq!(facts, ["Demo", "unary", "named", "GRPC", "Thrift", "7"]);
}

#[tokio::test]
async fn a_protobuf_service_is_the_same_without_http2() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    for transport in Transport::ALL {
        let options = Client::options(serving.address.to_string()).transport(transport);
        let client = options.connect().await.unwrap();
        assert_eq!(client.call(&UNARY, text("hi")).await.unwrap(), text("hi"));
        let error = client.call(&UNARY, text("error")).await.unwrap_err();
        assert_eq!(
            (error.type_id(), error.message()),
            (Some(6), "biz error: bad")
        );
    }
}

#[tokio::test]
async fn messages_larger_than_every_window() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&serving).await;
    let large = text(&"x".repeat(10_000_000));
    assert_eq!(client.call(&UNARY, large.clone()).await.unwrap(), large);
    let (mut requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
    for _ in 0..5 {
        requests.send(large.clone()).await.unwrap();
        assert_eq!(answers.receive().await.unwrap().as_ref(), Some(&large));
    }
}

#[tokio::test]
async fn headers_and_trailers() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&serving).await;
    let call = client.call(&UNARY, text("headers"));
    let answer = call.header("Keep-Alive", "5").answer().await;
    assert_eq!(answer.result, Ok(text("headers")));
    assert_eq!(answer.metadata.get("served-by"), Some("replica 3"));
    let answer = client.call(&UNARY, text("trailers")).answer().await;
    assert_eq!(
        answer.metadata.bytes("checksum-bin").unwrap(),
        &[0, 255][..]
    );

    let (mut requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
    requests.send(text("trailers")).await.unwrap();
    let headers = answers.headers().await.unwrap();
    assert_eq!(headers.get("mode"), Some("echo"));
    assert!(answers.trailers().is_none());
    assert_eq!(answers.receive().await.unwrap(), Some(text("trailers")));
    requests.finish().unwrap();
    assert_eq!(answers.receive().await.unwrap(), None);
    let trailers = answers.trailers().unwrap();
    assert_eq!(trailers.bytes("checksum-bin").unwrap(), &[0, 255][..]);
}

#[tokio::test]
async fn headers_and_trailers_of_streams_in_one_direction() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&serving).await;
    let mut joining = client.client_stream(&JOIN).await.unwrap();
    joining.send(text("headers")).await.unwrap();
    joining.send(text("trailers")).await.unwrap();
    let answer = joining.answer().await;
    assert_eq!(answer.result, Ok(text("headers,trailers")));
    assert_eq!(answer.metadata.get("served-by"), Some("replica 3"));
    assert_eq!(
        answer.metadata.bytes("checksum-bin").unwrap(),
        &[0, 255][..]
    );
    // Beside a failure as well.
    let mut joining = client.client_stream(&JOIN).await.unwrap();
    joining.send(text("headers")).await.unwrap();
    joining.send(text("error")).await.unwrap();
    let answer = joining.answer().await;
    assert_eq!(answer.result.unwrap_err().code(), Some(Code::INTERNAL));
    assert_eq!(answer.metadata.get("served-by"), Some("replica 3"));

    let call = client.server_stream(&SPLIT, text("headers a trailers"));
    let mut words = call.await.unwrap();
    assert!(words.trailers().is_none());
    assert_eq!(all(&mut words).await.len(), 3);
    let trailers = words.trailers().unwrap();
    // The handler said so when the headers were out.
    assert_eq!(trailers.get("served-by"), Some("replica 3"));
    assert_eq!(trailers.bytes("checksum-bin").unwrap(), &[0, 255][..]);
}

#[tokio::test]
async fn a_thousand_streams_at_a_time() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&serving).await;
    let mut open = Vec::new();
    for _ in 0..1000 {
        open.push(client.bidirectional(&ECHO).await.unwrap());
    }
    for (requests, answers) in &mut open {
        requests.send(text("hi")).await.unwrap();
        assert_eq!(answers.receive().await.unwrap(), Some(text("hi")));
    }
}

#[tokio::test]
async fn streams_that_no_handler_reads_hold_up_no_other_call() {
    let (service, mut events) = streams::protobuf();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    let large = text(&"x".repeat(600_000));
    let small = text(&"x".repeat(10_000));
    let mut unread = Vec::new();
    for _ in 0..100 {
        let (mut requests, answers) = client.bidirectional(&ECHO).await.unwrap();
        requests.send(text("wait")).await.unwrap();
        assert_eq!(events.next().await, "waiting");
        requests.send(large.clone()).await.unwrap();
        unread.push((requests, answers));
        let answer = soon(client.call(&UNARY, small.clone()).into_future()).await;
        assert_eq!(answer.unwrap(), small);
    }
}

#[tokio::test]
async fn streams_that_nobody_reads_hold_up_no_other_call() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&serving).await;
    let mut unread = Vec::new();
    for _ in 0..20 {
        let mut words = client
            .server_stream(&SPLIT, text(&format!("first {}", "x".repeat(2_000_000))))
            .await
            .unwrap();
        assert_eq!(soon(words.receive()).await.unwrap(), Some(text("first")));
        unread.push(words);
    }
    let large = text(&"x".repeat(500_000));
    let answer = soon(client.call(&UNARY, large.clone()).into_future()).await;
    assert_eq!(answer.unwrap(), large);
}

#[tokio::test]
async fn a_one_way_call_is_not_waited_for_and_not_lost() {
    let (service, mut watch) = demo::demo();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    client.call(&TELL, TextArgs::new("hi")).await.unwrap();
    assert_eq!(watch.event().await, "told hi");
    // What its handler fails with is nobody's business.
    client.call(&TELL, TextArgs::new("error")).await.unwrap();
    assert_eq!(watch.event().await, "told error");
}
