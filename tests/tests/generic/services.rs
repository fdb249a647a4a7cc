//! Services by JSON, called by generated clients and by JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use polyport::generic::{Failure, JsonHandler, JsonSink, JsonStreaming, Method, Services};
use polyport::{
    BizStatus, Call, CallKind, Client, Code, Context, Layer, Next, Reply, RouteReason, Server,
    Service, Status, Transport,
};
use polyport_tests::serving::Serving;
use polyport_tests::types::generated::multi::service_a::DeclinesError;
use polyport_tests::types::generated::multi::{Request, ServiceAClient, ServiceBClient};
use protobuf::multi::v1 as messages;
use serde_json::{Value, json};

use crate::{client, services, transports};

mod protobuf {
    polyport::include_idl!("protobuf");
}

/// Says who heard it; or does what it is told.
struct Hearer;

impl JsonHandler for Hearer {
    async fn call(&self, cx: &mut Context, arguments: Value) -> Result<Value, Failure> {
        let request = arguments.get("req").unwrap_or(&arguments);
        let message = request["message"].as_str().unwrap_or_default();
        match (cx.method(), message) {
            ("nothing" | "notify", _) => Ok(Value::Null),
            ("add", _) => {
                let number = |name: &str| arguments[name].as_i64().unwrap();
                Ok(json!(number("left") + number("right")))
            }
            ("declines", _) => Err(Failure::Exception {
                name: "declined".to_owned(),
                value: json!({ "code": 7, "reason": message }),
            }),
            (_, "panic") => panic!("as told"),
            (_, "biz") => Err(Status::from(BizStatus::new(7, "told")).into()),
            (_, "biz with details") => Err(Status::from(BizStatus::new(7, "told"))
                .with_biz_code(Code::NOT_FOUND)
                .with_details(&b"\x08\x05"[..])
                .into()),
            (_, "undeclared") => Err(Failure::Exception {
                name: "other".to_owned(),
                value: json!({}),
            }),
            (_, "misfit") => Ok(json!({ "massage": "" })),
            (method, _) => {
                let text = format!("{}/{method} heard {message}", cx.service());
                Ok(json!({ "message": text }))
            }
        }
    }
}

/// Gives back what it gets, numbered: each, or the last one where one answer is given.
struct Counter;

impl JsonHandler for Counter {
    async fn call(&self, _cx: &mut Context, arguments: Value) -> Result<Value, Failure> {
        Ok(arguments.get("item").unwrap_or(&arguments).clone())
    }

    async fn stream(
        &self,
        cx: &mut Context,
        mut requests: JsonStreaming,
        mut answers: JsonSink,
    ) -> Result<(), Status> {
        let mut last = json!({ "number": 0 });
        while let Some(mut item) = requests.receive().await? {
            match item["message"].as_str() {
                Some("misfit") => answers.send(&json!({ "number": "x" })).await?,
                Some("silence") => return Ok(()),
                _ => {}
            }
            item["number"] = json!(last["number"].as_i64().unwrap_or_default() + 1);
            if cx.kind() != CallKind::ClientStream {
                answers.send(&item).await?;
            }
            last = item;
        }
        if cx.kind() == CallKind::ClientStream {
            answers.send(&last).await?;
        }
        Ok(())
    }
}

/// A service of streams, in Protobuf or in Thrift, and the names of its methods there.
const STREAMS: [(&str, [&str; 3]); 2] = [
    ("multi.v1.Streams", ["Bidirectional", "Client", "Server"]),
    ("streams.Streams", ["bidirectional", "client", "server"]),
];

async fn streams() -> (Serving, Services) {
    let services = services(&["multi.proto", "streams.thrift"]);
    let service = |name| Service::json(&services, name, Counter).unwrap();
    let names = STREAMS.map(|(name, _)| name);
    let server = names
        .into_iter()
        .map(service)
        .fold(Server::new(), Server::add);
    (Serving::start(server).await, services)
}

/// What is answered to these messages.
async fn ask(client: &Client, method: &Method, messages: &[&str]) -> Result<Vec<Value>, Status> {
    let (mut requests, mut answers) = client.json_stream(method).await?;
    for message in messages {
        requests.send(&json!({ "message": message })).await?;
    }
    requests.finish()?;
    let mut found = Vec::new();
    while let Some(answer) = answers.receive().await? {
        found.push(answer);
    }
    Ok(found)
}

#[tokio::test]
async fn streams_of_every_kind_and_codec_are_json() {
    let (serving, services) = streams().await;
    let client = client(&serving, Transport::Grpc).await;
    for (service, names) in STREAMS {
        let [both, many, one] = names.map(|name| services.method(service, name).unwrap());
        let item = |number, message: &str| json!({ "number": number, "message": message });
        let found = ask(&client, &both, &["a", "b"]).await;
        assert_eq!(found, Ok(vec![item(1, "a"), item(2, "b")]));
        let found = ask(&client, &many, &["a", "b"]).await;
        assert_eq!(found, Ok(vec![item(2, "b")]));
        let found = ask(&client, &one, &["a"]).await;
        assert_eq!(found, Ok(vec![item(1, "a")]));

        let status = ask(&client, &both, &["misfit"]).await.unwrap_err();
        assert!(status.message().contains("cannot be sent: "), "{status}");
        let status = ask(&client, &many, &["silence"]).await.unwrap_err();
        assert!(status.message().contains("no answer was sent"), "{status}");
        let (mut requests, _answers) = client.json_stream(&both).await.unwrap();
        let status = requests.send(&json!({ "number": "x" })).await.unwrap_err();
        assert!(status.message().contains("cannot be sent: "), "{status}");
    }
}

#[tokio::test]
async fn generated_clients_stream_to_json() {
    let (serving, _) = streams().await;
    let client = client(&serving, Transport::Grpc).await;
    let generated = messages::StreamsClient::new(client);
    let item = |number, message: &str| messages::Item {
        number,
        message: message.into(),
    };
    let (mut requests, mut answers) = generated.bidirectional().await.unwrap();
    requests.send(item(0, "a")).await.unwrap();
    assert_eq!(answers.receive().await, Ok(Some(item(1, "a"))));
    let mut calling = generated.client().await.unwrap();
    calling.send(item(0, "a")).await.unwrap();
    calling.send(item(0, "b")).await.unwrap();
    assert_eq!(calling.finish().await, Ok(item(2, "b")));
    let mut answers = generated.server(item(0, "a")).await.unwrap();
    assert_eq!(answers.receive().await, Ok(Some(item(1, "a"))));
    assert_eq!(answers.receive().await, Ok(None));
}

#[tokio::test]
async fn streams_are_refused_where_there_are_none() {
    let services = services(&["multi.proto", "streams.thrift"]);
    let hearer = Service::json(&services, "multi.v1.Streams", Hearer).unwrap();
    let serving = Serving::start(Server::new().add(hearer)).await;
    let grpc = client(&serving, Transport::Grpc).await;
    let method = services.method("multi.v1.Streams", "Server").unwrap();
    let status = ask(&grpc, &method, &["a"]).await.unwrap_err();
    assert_eq!(status.code(), Some(Code::UNIMPLEMENTED), "{status}");

    let other = client(&serving, Transport::TtHeader).await;
    let status = ask(&other, &method, &["a"]).await.unwrap_err();
    assert!(
        status.message().contains("needs Transport::Grpc"),
        "{status}"
    );
    let failure = grpc.json(&method, &json!({})).await.unwrap_err();
    assert_eq!(failure.to_string(), "Streams/Server streams");
    let unary = services.method("multi.v1.Streams", "Unary").unwrap();
    let status = ask(&grpc, &unary, &[]).await.unwrap_err();
    assert!(status.message().ends_with("does not stream"), "{status}");
}

fn server() -> Server {
    let services = services(&["multi.thrift", "multi.proto"]);
    let hearer = Arc::new(Hearer);
    let service = |name| Service::json(&services, name, Arc::clone(&hearer)).unwrap();
    Server::new()
        .add(service("multi.ServiceA").fallback())
        .add(service("multi.ServiceB"))
        .add(service("multi.v1.ServiceA").fallback())
        .add(service("multi.v1.ServiceB"))
}

#[tokio::test]
async fn generated_clients_see_no_difference() {
    let serving = Serving::start(server()).await;
    for transport in transports() {
        let client = client(&serving, transport).await;
        let request = |text: &str| Request {
            message: text.to_owned(),
        };
        let a = ServiceAClient::new(client.clone());
        let reply = a.same_named_method(request("hi")).await.unwrap();
        assert_eq!(reply.message, "ServiceA/sameNamedMethod heard hi");
        assert_eq!(a.add(2, 3).await, Ok(5));
        assert_eq!(a.nothing().await, Ok(()));
        assert_eq!(a.notify(request("fine")).await, Ok(()));
        let error = a.declines(request("no")).await.unwrap_err();
        let DeclinesError::Declined(declined) = error else {
            panic!("{error}")
        };
        assert_eq!((declined.code, &*declined.reason), (7, "no"));

        let b = ServiceBClient::new(client);
        let names_are_sent = matches!(
            transport,
            Transport::TtHeader | Transport::TtHeaderFramed | Transport::Grpc
        );
        let reply = b.same_named_method(request("hi")).await.unwrap();
        let heard = if names_are_sent {
            "ServiceB"
        } else {
            "ServiceA"
        };
        assert_eq!(reply.message, format!("{heard}/sameNamedMethod heard hi"));
        let reply = b.only_b(request("hi")).await.unwrap();
        assert_eq!(reply.message, "ServiceB/onlyB heard hi");
    }
}

#[tokio::test]
async fn protobuf_is_served_and_called_by_json() {
    let serving = Serving::start(server()).await;
    let services = services(&["multi.proto"]);
    let method = services.method("ServiceB", "SameNamedMethod").unwrap();
    for transport in [
        Transport::TtHeader,
        Transport::TtHeaderFramed,
        Transport::Grpc,
    ] {
        let client = client(&serving, transport).await;
        let heard = "ServiceB/SameNamedMethod heard hi";
        let generated = messages::ServiceBClient::new(client.clone());
        let request = messages::Request {
            message: "hi".into(),
        };
        let reply = generated.same_named_method(request).await.unwrap();
        assert_eq!(reply.message, heard);
        let reply = client.json(&method, &json!({ "message": "hi" })).await;
        assert_eq!(reply, Ok(json!({ "message": heard })), "{transport}");
    }
    // An empty message is no bytes.
    let empty = method.encode_result(Ok(json!({}))).unwrap();
    assert_eq!(&empty[..], b"");
}

#[tokio::test]
async fn what_a_handler_cannot_mean_is_an_answer() {
    let serving = Serving::start(server()).await;
    let client = client(&serving, Transport::TtHeader).await;
    let a = ServiceAClient::new(client);
    let fails = async |text: &str| {
        let message = text.to_owned();
        a.only_a(Request { message }).await.unwrap_err()
    };
    assert_eq!(fails("biz").await.biz().unwrap().code, 7);
    let panicked = fails("panic").await;
    assert!(panicked.message().contains("as told"), "{panicked}");
    let text = fails("undeclared").await.message().to_owned();
    assert!(
        text.ends_with("onlyA throws no other: it throws []"),
        "{text}"
    );
    let text = fails("misfit").await.message().to_owned();
    let expected = "massage: there is no such field: there are [message]";
    assert!(text.ends_with(expected), "{text}");
}

#[tokio::test]
async fn a_business_status_keeps_its_code_and_its_details_over_grpc() {
    let serving = Serving::start(server()).await;
    let method = services(&["multi.proto"]).method("ServiceB", "OnlyB");
    let method = method.unwrap();
    let told = async |transport, message: &str| {
        let client = client(&serving, transport).await;
        let failure = client.json(&method, &json!({ "message": message })).await;
        let Err(Failure::Status(status)) = failure else {
            panic!("{failure:?}")
        };
        assert_eq!(
            status.biz(),
            Some(&BizStatus::new(7, "told")),
            "{transport}"
        );
        (status.code(), status.details().clone())
    };
    let details = told(Transport::Grpc, "biz with details").await;
    assert_eq!(details, (Some(Code::NOT_FOUND), (&b"\x08\x05"[..]).into()));
    // Others have no place for them.
    let none = (None, bytes::Bytes::new());
    assert_eq!(told(Transport::TtHeader, "biz with details").await, none);
    assert_eq!(told(Transport::Grpc, "biz").await, none);
}

/// Passes calls on by JSON, whatever they are.
struct Proxy {
    client: Client,
    services: Services,
}

impl JsonHandler for Proxy {
    async fn call(&self, cx: &mut Context, arguments: Value) -> Result<Value, Failure> {
        let method = self.services.method(cx.service(), cx.method())?;
        self.client.json(&method, &arguments).forwarding(cx).await
    }

    async fn stream(
        &self,
        cx: &mut Context,
        mut requests: JsonStreaming,
        mut answers: JsonSink,
    ) -> Result<(), Status> {
        let method = self.services.method(cx.service(), cx.method());
        let call = self.client.json_stream(&method.unwrap()).forwarding(cx);
        let (mut forth, mut back) = call.await?;
        answers.add_headers(&back.headers().await?)?;
        answers.set_header("x-proxy", "here")?;
        answers.send_headers()?;
        while let Some(request) = requests.receive().await? {
            forth.send(&request).await?;
        }
        forth.finish()?;
        while let Some(answer) = back.receive().await? {
            answers.send(&answer).await?;
        }
        Ok(())
    }
}

/// Says what came beside the arguments.
struct Told;

impl JsonHandler for Told {
    async fn call(&self, cx: &mut Context, _arguments: Value) -> Result<Value, Failure> {
        let tenant = cx.metadata().get("tenant").unwrap_or_default();
        let text = format!("{tenant} by {}", cx.caller());
        Ok(json!({ "message": text }))
    }

    async fn stream(
        &self,
        cx: &mut Context,
        mut requests: JsonStreaming,
        mut answers: JsonSink,
    ) -> Result<(), Status> {
        let tenant = cx.metadata().get("tenant").unwrap_or_default().to_owned();
        answers.set_header("x-tenant", &tenant)?;
        answers.send_headers()?;
        while requests.receive().await?.is_some() {}
        answers.send(&json!({ "message": "told" })).await
    }
}

#[tokio::test]
async fn calls_are_passed_on_by_json() {
    let services = services(&["multi.proto"]);
    let names = ["multi.v1.ServiceB", "multi.v1.Streams"];
    let told = names.map(|name| Service::json(&services, name, Told).unwrap());
    let told = Serving::start(Server::new().add_all(told)).await;
    let proxy = Arc::new(Proxy {
        client: client(&told, Transport::Grpc).await,
        services: services.clone(),
    });
    let proxies = names.map(|name| Service::json(&services, name, Arc::clone(&proxy)).unwrap());
    let serving = Serving::start(Server::new().add_all(proxies)).await;

    let options = Client::options(serving.address.to_string()).caller("somebody");
    let client = options.transport(Transport::Grpc).connect().await.unwrap();
    let method = services.method("ServiceB", "OnlyB").unwrap();
    let reply = client
        .json(&method, &json!({}))
        .metadata("tenant", "7")
        .await;
    assert_eq!(reply, Ok(json!({ "message": "7 by somebody" })));

    let method = services.method("Streams", "Bidirectional").unwrap();
    let (requests, mut answers) = client
        .json_stream(&method)
        .metadata("tenant", "8")
        .await
        .unwrap();
    requests.finish().unwrap();
    let headers = answers.headers().await.unwrap();
    assert_eq!(
        (headers.get("x-tenant"), headers.get("x-proxy")),
        (Some("8"), Some("here"))
    );
    let answer = answers.receive().await.unwrap();
    assert_eq!(answer, Some(json!({ "message": "told" })));
}

/// Counts the bytes of what is called with.
#[derive(Clone, Default)]
struct Bytes(Arc<AtomicUsize>);

impl Layer for Bytes {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        let bytes = call
            .message
            .get::<bytes::Bytes>()
            .map_or(0, bytes::Bytes::len);
        self.0.fetch_add(bytes, Ordering::Relaxed);
        next.call(call).await
    }
}

#[tokio::test]
async fn layers_of_one_call_by_json_see_bytes() {
    let serving = Serving::start(server()).await;
    let client = client(&serving, Transport::TtHeader).await;
    let method = services(&["multi.proto"]).method("ServiceB", "OnlyB");
    let method = method.unwrap();
    let bytes = Bytes::default();
    let arguments = json!({ "message": "hi" });
    client
        .json(&method, &arguments)
        .layer(bytes.clone())
        .await
        .unwrap();
    client.json(&method, &arguments).await.unwrap();
    assert_eq!(bytes.0.load(Ordering::Relaxed), 4);
}

/// Answers for the handler when the arguments say so.
struct Guard;

impl Layer for Guard {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        let arguments = call.message.get::<Value>();
        if arguments.is_some_and(|json| json["req"]["message"] == "secret") {
            return Status::error("not for you").into();
        }
        assert_eq!(call.context.reason(), RouteReason::Named);
        next.call(call).await
    }
}

#[tokio::test]
async fn layers_see_json() {
    let services = services(&["multi.thrift"]);
    let service = Service::json(&services, "ServiceA", Hearer).unwrap();
    let serving = Serving::start(Server::new().add(service.layer(Guard))).await;
    let client = client(&serving, Transport::TtHeader).await;
    let a = ServiceAClient::new(client);
    let message = "secret".to_owned();
    let status = a.only_a(Request { message }).await.unwrap_err();
    assert!(status.message().contains("not for you"), "{status}");
    let message = "open".to_owned();
    assert!(a.only_a(Request { message }).await.is_ok());
}

#[tokio::test]
async fn conflicts_are_those_of_generated_services() {
    let services = services(&["multi.thrift"]);
    let service = |name| Service::json(&services, name, Hearer).unwrap();
    let server = Server::new()
        .add(service("ServiceA"))
        .add(service("ServiceB"));
    let error = server.bind("127.0.0.1:0").await.unwrap_err().to_string();
    assert!(error.contains("sameNamedMethod"), "{error}");
    let error = Service::json(&services, "Nobody", Hearer).unwrap_err();
    assert!(error.to_string().starts_with("there is no service Nobody"));
}
