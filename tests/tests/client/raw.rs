//! Calls in bytes, by names that are known at run time only.

use bytes::{Bytes, BytesMut};
use polyport::codegen::Value;
use polyport::{Client, Codec, Server, StatusKind, Transport};
use polyport_tests::demo::{EchoArgs, TextArgs, demo};
use polyport_tests::serving::Serving;
use polyport_tests::{named, streams};
use polyport_wire::thrift;

async fn client(serving: &Serving, transport: Transport) -> Client {
    let options = Client::options(serving.address.to_string());
    options.transport(transport).connect().await.unwrap()
}

fn bytes(message: &impl Value) -> Bytes {
    let mut out = BytesMut::new();
    thrift::encode(message, &mut out).unwrap();
    out.freeze()
}

fn echo(text: &str) -> Bytes {
    let text = text.to_owned();
    bytes(&EchoArgs { text })
}

#[tokio::test]
async fn every_transport_carries_bytes() {
    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    for transport in Transport::ALL.into_iter().chain([Transport::Grpc]) {
        let client = client(&serving, transport).await;
        let text = format!("hi by {transport}");
        let result = client.raw("Demo", "echo").call(echo(&text)).await.unwrap();
        assert_eq!(result, named::result(&text));
        assert_eq!(watch.event().await, format!("echo {text}"));

        let told = client.raw("Demo", "tell").oneway();
        let told = told.call(bytes(&TextArgs::new("fine"))).await.unwrap();
        assert!(told.is_empty());
        assert_eq!(watch.event().await, "told fine");
    }
}

#[tokio::test]
async fn a_declared_exception_is_a_result_and_others_are_a_status() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let client = client(&serving, Transport::TtHeader).await;
    let fail = async |how| {
        let arguments = bytes(&TextArgs::new(how));
        client.raw("Demo", "fail").call(arguments).await
    };
    // Field 1 of the result, a struct.
    assert!(fail("missing").await.unwrap().starts_with(&[12, 0, 1]));
    let status = fail("typed").await.unwrap_err();
    assert_eq!(*status.kind(), StatusKind::Remote(1900));
    let status = fail("biz with extra").await.unwrap_err();
    assert_eq!(status.biz().unwrap().code, -1);
}

#[tokio::test]
async fn an_empty_service_name_is_none() {
    let server = Server::new()
        .add(named::service("Left", &["say"]))
        .add(named::service("Right", &["say"]).fallback());
    let serving = Serving::start(server).await;
    let client = client(&serving, Transport::TtHeader).await;
    for (service, answer) in [("Left", "Left.say"), ("", "Right.say")] {
        let said = client.raw(service, "say").call(echo("")).await.unwrap();
        assert_eq!(said, named::result(answer));
    }
}

#[tokio::test]
async fn any_kind_of_method_can_be_called_as_a_stream() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&serving, Transport::Grpc).await;
    // A message whose field 1 is a text.
    let text = |text: &str| {
        Bytes::from([&[10, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat())
    };
    for (method, requests, answers) in [
        ("Unary", vec!["a b"], vec!["a b"]),
        ("Join", vec!["a", "b"], vec!["a,b"]),
        ("Split", vec!["a b"], vec!["a", "b"]),
        ("Echo", vec!["a", "b"], vec!["a", "b"]),
    ] {
        let raw = client.raw("test.v1.Streams", method).codec(Codec::Protobuf);
        let (mut sink, mut streaming) = raw.stream().await.unwrap();
        for request in requests {
            sink.send(text(request)).await.unwrap();
        }
        sink.finish().unwrap();
        for answer in answers {
            assert_eq!(
                streaming.receive().await.unwrap(),
                Some(text(answer)),
                "{method}"
            );
        }
        assert_eq!(streaming.receive().await.unwrap(), None, "{method}");
    }
}
