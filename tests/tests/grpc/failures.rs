//! Calls that fail, and what their callers are told.

use polyport::codegen::buffa_types::google::protobuf::StringValue;
use polyport::method::Method;
use polyport::{
    BizStatus, Call, CallKind, Client, Code, Layer, Next, Reply, Server, Status, StatusKind,
    Transport,
};
use polyport_tests::demo::{self, FAIL, FailError, TextArgs};
use polyport_tests::serving::Serving;
use polyport_tests::streams::{self, ECHO, JOIN, SPLIT, UNARY, text};

use crate::client;

fn told(status: &Status) -> (u32, &str) {
    (status.code().unwrap().0, status.message())
}

const PANIC: &str = "panic: [happened in biz handler, method=Streams.Unary, please check the panic \
                     at the server side] boom";

#[tokio::test]
async fn of_unary_calls() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&serving).await;
    for (what, code, message) in [
        ("error", 13, "bad [biz error]"),
        ("code", 5, "not here [biz error]"),
        ("panic", 13, PANIC),
    ] {
        let status = client.call(&UNARY, text(what)).await.unwrap_err();
        assert_eq!(told(&status), (code, message));
    }
    let status = client.call(&UNARY, text("code")).await.unwrap_err();
    assert_eq!(status.details(), "details");
}

#[tokio::test]
async fn a_business_status_has_details_as_well() {
    struct Hide;

    impl Layer for Hide {
        async fn call(&self, _: Call, _: Next<'_>) -> Reply {
            let hidden = Status::from(BizStatus::new(1, "hidden"));
            hidden.with_details("details").into()
        }
    }

    let server = Server::new().add(streams::protobuf().0).layer(Hide);
    let serving = Serving::start(server).await;
    let client = client(&serving).await;
    let status = client.call(&UNARY, text("a")).await.unwrap_err();
    assert_eq!(status.biz(), Some(&BizStatus::new(1, "hidden")));
    assert_eq!(status.details(), "details");
}

#[tokio::test]
async fn of_thrift_methods() {
    let serving = Serving::start(Server::new().add(demo::demo().0)).await;
    let client = client(&serving).await;
    let fail = async |how| match client.call(&FAIL, TextArgs::new(how)).await.unwrap_err() {
        FailError::Status(status) => status,
        exception => panic!("{exception:?}"),
    };
    assert_eq!(told(&fail("error").await), (13, "bad [biz error]"));
    assert_eq!(told(&fail("typed").await), (1900, "special [biz error]"));
    let biz = BizStatus::new(404, "not found");
    assert_eq!(*fail("biz").await.kind(), StatusKind::Biz(biz));
    let biz = BizStatus::new(-1, "not found").with_extra("shelf", "<7 & \"8\" für>");
    assert_eq!(*fail("biz with extra").await.kind(), StatusKind::Biz(biz));
}

#[tokio::test]
async fn of_streams_after_their_messages() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&serving).await;
    let mut words = client
        .server_stream(&SPLIT, text("a error b"))
        .await
        .unwrap();
    assert_eq!(words.receive().await.unwrap(), Some(text("a")));
    let status = words.receive().await.unwrap_err();
    assert_eq!(told(&status), (13, "bad [biz error]"));
    assert_eq!(words.receive().await.unwrap(), None);

    let mut join = client.client_stream(&JOIN).await.unwrap();
    join.send(text("code")).await.unwrap();
    assert_eq!(
        told(&join.finish().await.unwrap_err()),
        (5, "not here [biz error]")
    );

    let (mut requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
    requests.send(text("panic")).await.unwrap();
    let status = answers.receive().await.unwrap_err();
    assert_eq!(told(&status).0, 13);
    assert!(status.message().ends_with("boom"));
}

#[tokio::test]
async fn of_what_is_unknown() {
    static NO_METHOD: Method<StringValue, StringValue> =
        Method::protobuf("test.v1", "Streams", "Nope", CallKind::Unary);
    static NO_SERVICE: Method<StringValue, StringValue> =
        Method::protobuf("test.v1", "Nope", "Unary", CallKind::Unary);
    static OTHER_PACKAGE: Method<StringValue, StringValue> =
        Method::protobuf("other", "Streams", "Unary", CallKind::Unary);

    let server = || Server::new().add(streams::protobuf().0);
    for (server, codes) in [
        (server(), [12, 12]),
        (server().kitex_status_codes(), [20, 1]),
    ] {
        let serving = Serving::start(server).await;
        let client = client(&serving).await;
        let status = client.call(&NO_SERVICE, text("hi")).await.unwrap_err();
        assert_eq!(told(&status), (codes[0], "unknown service Nope"));
        let status = client.call(&NO_METHOD, text("hi")).await.unwrap_err();
        assert_eq!(told(&status), (codes[1], "unknown method Nope"));
        // Kitex looks at the bare name only, and so do its clients rely on it.
        assert_eq!(
            client.call(&OTHER_PACKAGE, text("hi")).await.unwrap(),
            text("hi")
        );
    }
}

/// The server answers when it has seen the path, which may be before the request is on its way.
#[tokio::test(flavor = "multi_thread")]
async fn that_are_told_before_the_request_is_sent() {
    static NO_SERVICE: Method<StringValue, StringValue> =
        Method::protobuf("test.v1", "Nope", "Unary", CallKind::Unary);
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let client = client(&serving).await;
    for _ in 0..3000 {
        let status = client.call(&NO_SERVICE, text("hi")).await.unwrap_err();
        assert_eq!(told(&status), (12, "unknown service Nope"));
    }
}

#[tokio::test]
async fn of_the_other_codec() {
    let serving = Serving::start(Server::new().add(demo::demo().0)).await;
    let client = client(&serving).await;
    static AS_PROTOBUF: Method<StringValue, StringValue> =
        Method::protobuf("test.demo", "Demo", "echo", CallKind::Unary);
    let status = client.call(&AS_PROTOBUF, text("hi")).await.unwrap_err();
    assert_eq!(told(&status), (13, "grpc invalid payload"));
    assert_eq!(status.code(), Some(Code::INTERNAL));
}

#[tokio::test]
async fn of_the_other_codec_without_a_name() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    for transport in [Transport::Framed, Transport::TtHeaderFramed] {
        let options = Client::options(serving.address.to_string()).transport(transport);
        let client = options.without_service_name().connect().await.unwrap();
        let status = client.call(&AS_THRIFT, "hi".to_owned()).await.unwrap_err();
        let words = "decode failed, codec msg type not match with thriftCodec";
        assert_eq!((status.type_id(), status.message()), (Some(9), words));
    }
}

static AS_THRIFT: Method<String, String> = Method::new("Streams", "Unary", CallKind::Unary);
