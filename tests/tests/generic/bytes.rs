//! Services of bytes, by their descriptions.

use bytes::Bytes;
use polyport::service::{RawHandler, UnknownHandler};
use polyport::{CallKind, Codec, Context, Server, Service, Sink, Status, Streaming, Transport};
use polyport_tests::serving::Serving;
use polyport_tests::soon;

use crate::{client, services};

/// Gives back what it gets: each, or the last one where one answer is given.
struct Echo;

impl RawHandler for Echo {
    async fn call(&self, _cx: &mut Context, request: Bytes) -> Result<Bytes, Status> {
        Ok(request)
    }

    async fn stream(
        &self,
        cx: &mut Context,
        mut requests: Streaming<Bytes>,
        mut answers: Sink<Bytes>,
    ) -> Result<(), Status> {
        let mut last = None;
        while let Some(request) = requests.receive().await? {
            if cx.kind() != CallKind::ClientStream {
                answers.send(request.clone()).await?;
            }
            last = Some(request);
        }
        match last {
            Some(last) if cx.kind() == CallKind::ClientStream => answers.send(last).await,
            _ => Ok(()),
        }
    }
}

impl UnknownHandler for Echo {
    async fn call(&self, _cx: &mut Context, request: Bytes) -> Result<Bytes, Status> {
        Ok(request)
    }
}

/// Only single messages.
struct Single;

impl RawHandler for Single {
    async fn call(&self, _cx: &mut Context, request: Bytes) -> Result<Bytes, Status> {
        Ok(request)
    }
}

#[tokio::test]
async fn messages_and_streams_of_every_kind() {
    let services = services(&["multi.proto", "streams.thrift"]);
    let of = |name| services.schema().service(name).unwrap();
    let server = Server::new()
        .add(Service::raw_of(of("multi.v1.Streams"), Echo))
        .add(Service::raw_of(of("streams.Streams"), Echo));
    let serving = Serving::start(server).await;
    let client = client(&serving, Transport::Grpc).await;
    let message = Bytes::from_static;
    for (service, codec, names) in [
        (
            "multi.v1.Streams",
            Codec::Protobuf,
            ["Bidirectional", "Client", "Server"],
        ),
        (
            "streams.Streams",
            Codec::ThriftBinary,
            ["bidirectional", "client", "server"],
        ),
    ] {
        for (name, sent, expected) in [
            (names[0], vec!["a", "b"], vec!["a", "b"]),
            (names[1], vec!["a", "b"], vec!["b"]),
            (names[2], vec!["a"], vec!["a"]),
        ] {
            let call = client.raw(service, name).codec(codec).stream();
            let (mut requests, mut answers) = call.await.unwrap();
            for text in sent {
                requests.send(message(text.as_bytes())).await.unwrap();
            }
            requests.finish().unwrap();
            let mut found = Vec::new();
            while let Some(answer) = soon(answers.receive()).await.unwrap() {
                found.push(answer);
            }
            assert_eq!(found, expected, "{service}/{name}");
        }
    }
    let single = client.raw("streams.Streams", "pingPong");
    assert_eq!(single.call(message(&[0])).await, Ok(message(&[0])));
}

#[tokio::test]
async fn an_empty_message_of_protobuf_is_no_bytes() {
    let services = services(&["multi.proto"]);
    let description = services.schema().service("ServiceA").unwrap();
    let server = Server::new()
        .add(Service::raw_of(description, Single))
        .unknown(Echo);
    let serving = Serving::start(server).await;
    for transport in [
        Transport::TtHeader,
        Transport::TtHeaderFramed,
        Transport::Grpc,
    ] {
        let client = client(&serving, transport).await;
        for service in ["multi.v1.ServiceA", "multi.v1.Nobody"] {
            let method = client.raw(service, "OnlyA").codec(Codec::Protobuf);
            let answer = method.call(Bytes::new()).await;
            assert_eq!(answer, Ok(Bytes::new()), "{service} by {transport}");
        }
    }
}

#[tokio::test]
async fn a_handler_without_streams_says_so() {
    let services = services(&["multi.proto"]);
    let description = services.schema().service("Streams").unwrap();
    let server = Server::new().add(Service::raw_of(description, Single));
    let serving = Serving::start(server).await;
    let client = client(&serving, Transport::Grpc).await;
    let method = client
        .raw("multi.v1.Streams", "Server")
        .codec(Codec::Protobuf);
    let (mut requests, mut answers) = method.stream().await.unwrap();
    requests.send(Bytes::new()).await.unwrap();
    requests.finish().unwrap();
    let status = soon(answers.receive()).await.unwrap_err();
    let expected = "Streams/Server streams, which is not served here";
    assert!(status.message().contains(expected), "{status}");
}
