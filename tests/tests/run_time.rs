//! Services that are added, replaced and removed while the server serves.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use polyport::server::Registry;
use polyport::service::RawHandler;
use polyport::{Client, Code, Codec, Context, Health, Server, Service, Status, Transport};
use polyport_tests::demo::{ECHO, EchoArgs, TextArgs, WAIT, demo};
use polyport_tests::{named, soon, streams};

/// Starts a server that runs to the end of the test.
async fn start(server: Server) -> (String, Registry) {
    let listening = server.bind("127.0.0.1:0").await.unwrap();
    let (address, registry) = (listening.address().to_string(), listening.registry());
    tokio::spawn(listening.serve_until(std::future::pending()));
    (address, registry)
}

async fn client(address: &str, transport: Transport) -> Client {
    let options = Client::options(address).transport(transport);
    options.connect().await.unwrap()
}

/// What a service answers for `say`.
async fn say(client: &Client, service: &str) -> Result<Bytes, Status> {
    let arguments = Bytes::from_static(&[0]);
    client.raw(service, "say").call(arguments).await
}

fn texts(error: &polyport::Error) -> Vec<String> {
    let errors = error.registration_errors().iter();
    errors.map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_service_comes_is_replaced_and_goes() {
    let (address, registry) = start(Server::new().add(demo().0)).await;
    for transport in [
        Transport::TtHeader,
        Transport::TtHeaderFramed,
        Transport::Grpc,
    ] {
        let client = client(&address, transport).await;
        assert!(say(&client, "Late").await.is_err());
        registry.add(named::service("Late", &["say"])).unwrap();
        assert_eq!(
            say(&client, "Late").await.unwrap(),
            named::result("Late.say")
        );

        let other = named::packaged("", "Late", &["shout"]);
        let old = registry.replace(other).unwrap();
        assert!(old.finished_within(Duration::from_secs(20)).await);
        let refused = say(&client, "Late").await.unwrap_err();
        assert!(refused.message().starts_with("unknown method say"));

        let old = registry.remove(Codec::ThriftBinary, "Late").unwrap();
        assert!(old.finished_within(Duration::from_secs(20)).await);
        let refused = say(&client, "Late").await.unwrap_err();
        assert!(refused.message().starts_with("unknown service Late"));
    }
}

#[tokio::test]
async fn calls_in_flight_are_finished_by_the_service_that_they_began_with() {
    let (service, mut watch) = demo();
    let server = Server::new()
        .add(service)
        .add(named::service("Other", &["say"]));
    let (address, registry) = start(server).await;
    for transport in Transport::ALL.into_iter().chain([Transport::Grpc]) {
        let client = client(&address, transport).await;
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { client.call(&WAIT, TextArgs::new("x")).await }
        });
        assert_eq!(watch.event().await, "waiting x");
        // What a listing has does not keep the service from its end.
        let listed = registry.list();
        let (again, watch_again) = demo();
        let old = registry.replace(again).unwrap();
        let echo = EchoArgs {
            text: "hi".to_owned(),
        };
        assert_eq!(client.call(&ECHO, echo).await.unwrap(), "hi");
        let draining =
            tokio::spawn(async move { old.finished_within(Duration::from_secs(20)).await });
        assert!(!draining.is_finished());
        watch.let_one_go();
        assert_eq!(soon(waiting).await.unwrap().unwrap(), "x");
        assert!(soon(draining).await.unwrap());
        drop(listed);
        watch = watch_again;
        assert_eq!(watch.event().await, "echo hi");
    }
}

#[tokio::test]
async fn waiting_for_the_last_call_has_an_end() {
    let (service, mut watch) = demo();
    let server = Server::new()
        .add(service)
        .add(named::service("Other", &["say"]));
    let (address, registry) = start(server).await;
    let client = client(&address, Transport::TtHeader).await;
    let waiting = tokio::spawn(async move { client.call(&WAIT, TextArgs::new("x")).await });
    assert_eq!(watch.event().await, "waiting x");
    let old = registry
        .remove(Codec::ThriftBinary, "test.demo.Demo")
        .unwrap();
    assert!(!old.finished_within(Duration::from_millis(10)).await);
    // It goes on, and can be waited for again.
    watch.let_one_go();
    assert_eq!(soon(waiting).await.unwrap().unwrap(), "x");
    assert!(old.finished_within(Duration::from_secs(20)).await);
}

#[tokio::test]
async fn a_stream_goes_on_with_the_service_that_it_began_with() {
    let (service, _events) = streams::protobuf();
    let server = Server::new()
        .add(service)
        .add(named::service("Other", &["say"]));
    let (address, registry) = start(server).await;
    let client = client(&address, Transport::Grpc).await;
    let (mut requests, mut answers) = client.bidirectional(&streams::ECHO).await.unwrap();
    requests.send(streams::text("a")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(streams::text("a")));
    let old = registry.remove(Codec::Protobuf, "test.v1.Streams").unwrap();
    let refused = client.call(&streams::UNARY, streams::text("b")).await;
    assert_eq!(refused.unwrap_err().code(), Some(Code::UNIMPLEMENTED));
    requests.send(streams::text("b")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(streams::text("b")));
    requests.finish().unwrap();
    assert_eq!(answers.receive().await.unwrap(), None);
    assert!(old.finished_within(Duration::from_secs(20)).await);
}

#[tokio::test]
async fn a_change_with_a_mistake_changes_nothing() {
    let server = Server::new().add(named::service("One", &["say", "one"]));
    let (address, registry) = start(server).await;
    let client = client(&address, Transport::Framed).await;
    let before = registry.router().to_string();

    let clash = registry.add(named::service("Two", &["say"])).unwrap_err();
    assert!(texts(&clash)[0].starts_with("method name [say] is conflicted between services"));
    let twice = registry.add(named::service("One", &["other"])).unwrap_err();
    assert!(texts(&twice)[0].starts_with("service [One] has already been registered"));
    let all = registry.remove(Codec::ThriftBinary, "One").unwrap_err();
    assert!(texts(&all)[0].starts_with("run: no service"));
    let missing = [
        registry.remove(Codec::ThriftBinary, "Two").unwrap_err(),
        registry.remove(Codec::Protobuf, "One").unwrap_err(),
        registry
            .replace(named::service("Two", &["say"]))
            .unwrap_err(),
    ];
    for error in missing {
        assert!(
            texts(&error)[0].contains("is not registered: add it first"),
            "{error}"
        );
    }

    assert_eq!(registry.router().to_string(), before);
    assert_eq!(say(&client, "").await.unwrap(), named::result("One.say"));
    // Without the clash it is as good as at the start.
    registry
        .replace(named::service("One", &["say", "one"]).fallback())
        .unwrap();
    registry.add(named::service("Two", &["say"])).unwrap();
    assert_eq!(say(&client, "").await.unwrap(), named::result("One.say"));
}

#[tokio::test]
async fn what_there_is_can_be_listed() {
    let server = Server::new()
        .add(demo().0)
        .health(&Health::new())
        .reflection();
    let (_, registry) = start(server).await;
    registry.add(streams::protobuf().0).unwrap();
    let list = registry.list();
    let names: Vec<_> = list.iter().map(Service::full_name).collect();
    assert_eq!(names, ["test.demo.Demo", "test.v1.Streams"]);
    assert_eq!(list[1].codec(), Codec::Protobuf);
    let methods: Vec<_> = list[1]
        .method_infos()
        .map(|info| format!("{} {}", info.method, info.kind))
        .collect();
    let expected = [
        "Unary unary",
        "Join client-stream",
        "Split server-stream",
        "Echo bidirectional",
    ];
    assert_eq!(methods, expected);
    assert!(list.iter().all(|service| service.schema().is_some()));
}

#[tokio::test]
async fn health_and_reflection_follow() {
    let server = Server::new()
        .add(demo().0)
        .health(&Health::new())
        .reflection();
    let (address, registry) = start(server).await;
    let client = client(&address, Transport::Grpc).await;
    let name = "test.v1.Streams";
    // The name in field 1; the answer's status in field 1, where 1 is SERVING.
    let health = async || {
        let request = [&[10, u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
        let check = client
            .raw("grpc.health.v1.Health", "Check")
            .codec(Codec::Protobuf);
        check.call(request.into()).await
    };
    // Field 7 of the request asks for the names of all services.
    let is_listed = async || {
        let raw = client.raw(
            "grpc.reflection.v1.ServerReflection",
            "ServerReflectionInfo",
        );
        let (mut requests, mut answers) = raw.codec(Codec::Protobuf).stream().await.unwrap();
        requests.send(Bytes::from_static(&[58, 0])).await.unwrap();
        requests.finish().unwrap();
        let answer = answers.receive().await.unwrap().unwrap();
        answer
            .windows(name.len())
            .any(|part| part == name.as_bytes())
    };
    assert_eq!(health().await.unwrap_err().code(), Some(Code::NOT_FOUND));
    assert!(!is_listed().await);
    registry.add(streams::protobuf().0).unwrap();
    assert_eq!(health().await.unwrap(), &[8, 1][..]);
    assert!(is_listed().await);
    let _old = registry.remove(Codec::Protobuf, name).unwrap();
    assert_eq!(health().await.unwrap_err().code(), Some(Code::NOT_FOUND));
    assert!(!is_listed().await);
}

/// Answers with its number, in 4 bytes.
struct Generation(u32);

impl RawHandler for Generation {
    async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
        // Some calls are still there when the next one comes.
        tokio::task::yield_now().await;
        let number = self.0.to_be_bytes();
        Ok(Bytes::from([&[8, 0, 0], &number[..], &[0]].concat()))
    }
}

fn generation(number: u32) -> Service {
    Service::raw("Target", ["say"], Generation(number))
}

/// Calls until it is told to stop; gives how many calls it made.
async fn load(client: Client, service: &'static str, stop: Arc<AtomicBool>) -> usize {
    let (mut calls, mut last) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let said = say(&client, service).await.unwrap();
        let number = u32::from_be_bytes(said[3..7].try_into().unwrap());
        assert!(number >= last, "{number} answered after {last}");
        last = number;
        calls += 1;
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_lost_or_led_astray_while_services_are_replaced() {
    let server = Server::new()
        .add(generation(0))
        .add(named::service("Other", &["other"]))
        .health(&Health::new())
        .reflection();
    let (address, registry) = start(server).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for (transport, service) in [
        (Transport::TtHeader, "Target"),
        (Transport::TtHeaderFramed, ""),
        (Transport::Framed, ""),
        (Transport::Grpc, "Target"),
    ] {
        let client = client(&address, transport).await;
        clients.push(tokio::spawn(load(client, service, Arc::clone(&stop))));
    }
    for number in 1..=1000 {
        let old = registry.replace(generation(number)).unwrap();
        if number % 100 == 0 {
            // Who drains sees the end of every call, while others come without a pause.
            assert!(old.finished_within(Duration::from_secs(20)).await);
            let coming = named::service("Coming", &["come"]);
            registry.add(coming).unwrap();
            let going = registry.remove(Codec::ThriftBinary, "Coming").unwrap();
            assert!(going.finished_within(Duration::from_secs(20)).await);
        }
        tokio::task::yield_now().await;
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(soon(client).await.unwrap() > 0);
    }
    let last = client(&address, Transport::TtHeader).await;
    let said = say(&last, "Target").await.unwrap();
    assert_eq!(said[3..7], 1000_u32.to_be_bytes());
}
