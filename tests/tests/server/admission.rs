//! What is refused before it is decoded: who is told what, and that everything else goes on.

use std::time::Duration;

use polyport::admission::Admission;
use polyport::{Client, Codec, Server, Service, Status, Transport};
use polyport_tests::demo::{BLOB, ECHO, EchoArgs, TELL, TextArgs, WAIT, Watch, demo};
use polyport_tests::named;
use polyport_tests::peer::{Peer, Request};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams::{self, ECHO as ECHOES, JOIN, text};
use polyport_wire::thrift::MessageType;
use polyport_wire::ttheader::keys;
use tokio::time::Instant;

/// The limits that tests give to the service or to one of its methods.
type Set = fn(Service) -> Service;

async fn start(set: Set) -> (Serving, Watch) {
    let (service, watch) = demo();
    (Serving::start(Server::new().add(set(service))).await, watch)
}

async fn grpc(serving: &Serving) -> Client {
    let options = Client::options(serving.address.to_string());
    options.transport(Transport::Grpc).connect().await.unwrap()
}

fn echo(transport: Transport, text: &str) -> Request {
    Request::new(transport, "echo").text(text)
}

async fn echoed(client: &Client, text: &str) -> Result<String, Status> {
    let text = text.to_owned();
    client.call(&ECHO, EchoArgs { text }).await
}

fn wait(transport: Transport) -> Request {
    Request::new(transport, "wait").text("x")
}

/// A call is refused with this text, over every transport but gRPC, and the connection goes on.
async fn refused(peer: &mut Peer, request: &Request, expected: &str) {
    let response = peer.call(request).await;
    assert_eq!(response.exception(), (6, expected.to_owned()));
    assert!(!response.resets());
}

#[tokio::test]
async fn messages_over_the_size() {
    let (serving, mut watch) = start(|service| {
        let small = Admission::new().message_size(100);
        service.for_method("echo", |echo| echo.admit(small))
    })
    .await;
    let mut peer = serving.connect().await;
    // A field's head, a text's length, and the end of the struct are eight bytes more.
    let (fits, long) = ("x".repeat(92), "x".repeat(93));
    let told = "request over limit: a message of 101 bytes, 100 are allowed";
    for transport in Transport::ALL {
        refused(&mut peer, &echo(transport, &long), told).await;
        assert_eq!(peer.call(&echo(transport, &fits)).await.text(), fits);
        // Its neighbour has no limit.
        let request = Request::new(transport, "tell").text(&long);
        peer.send(request.encode()).await;
    }
    let client = grpc(&serving).await;
    let status = echoed(&client, &long).await.unwrap_err();
    assert_eq!(status.code().unwrap().0, 8, "{status}");
    assert_eq!(echoed(&client, &fits).await.unwrap(), fits);
    client.call(&TELL, TextArgs::new("done")).await.unwrap();
    while watch.event().await != "told done" {}
}

#[tokio::test]
async fn messages_of_a_stream_over_the_size() {
    let service = streams::protobuf().0;
    let service = service.admit(Admission::new().message_size(100));
    let serving = Serving::start(Server::new().add(service)).await;
    let client = grpc(&serving).await;
    let mut join = client.client_stream(&JOIN).await.unwrap();
    for _ in 0..100 {
        join.send(text(&"x".repeat(98))).await.unwrap();
    }
    join.send(text(&"x".repeat(99))).await.unwrap();
    let status = join.finish().await.unwrap_err();
    assert_eq!(status.code().unwrap().0, 8, "{status}");
}

#[tokio::test]
async fn calls_over_the_rate() {
    // One a second, so that none comes back while the test runs, if it runs in time.
    let (serving, _watch) = start(|service| {
        let slow = Admission::new().rate(1).burst(5);
        service.for_method("echo", |echo| echo.admit(slow))
    })
    .await;
    let client = grpc(&serving).await;
    let mut peer = serving.connect().await;
    let started = Instant::now();
    let (mut served, mut over) = (0, 0);
    for _ in 0..5 {
        let response = peer.call(&echo(Transport::Framed, "x")).await;
        served += usize::from(response.kind == MessageType::Reply);
        match echoed(&client, "x").await {
            Ok(_) => served += 1,
            Err(status) => {
                let told = (status.code().unwrap().0, status.message());
                assert_eq!(told, (8, "request over limit: request too frequent"));
                over += 1;
            }
        }
    }
    let came_back = usize::try_from(started.elapsed().as_secs()).unwrap();
    assert!((5..=5 + came_back).contains(&served), "{served}");
    assert!(over > 0);
    let told = "request over limit: request too frequent";
    if came_back == 0 {
        refused(&mut peer, &echo(Transport::TtHeader, "x"), told).await;
    }
    // Its neighbours have none.
    let response = peer.call(&Request::new(Transport::Framed, "facts")).await;
    assert_eq!(response.kind, MessageType::Reply);
}

#[tokio::test]
async fn calls_at_the_same_time() {
    let (serving, mut watch) = start(|service| {
        let two = Admission::new().concurrency(2);
        service.for_method("wait", |wait| wait.admit(two))
    })
    .await;
    let (mut first, mut second) = (serving.connect().await, serving.connect().await);
    for peer in [&mut first, &mut second] {
        peer.send(wait(Transport::Framed).encode()).await;
        assert_eq!(watch.event().await, "waiting x");
    }
    let mut third = serving.connect().await;
    let told = "request over limit: too many calls at the same time";
    refused(&mut third, &wait(Transport::Framed), told).await;
    let client = grpc(&serving).await;
    let status = client.call(&WAIT, TextArgs::new("x")).await.unwrap_err();
    assert_eq!((status.code().unwrap().0, status.message()), (8, told));
    watch.let_one_go();
    assert_eq!(watch.event().await, "done x");
    // There is room again, also for who was refused.
    watch.let_one_go();
    watch.let_one_go();
    let [a, b] = [&mut first, &mut second].map(Peer::response);
    let (a, b) = tokio::join!(a, b);
    assert_eq!([a.text(), b.text()], ["x", "x"]);
    assert_eq!(third.call(&wait(Transport::Framed)).await.text(), "x");
}

#[tokio::test]
async fn calls_wait_for_their_turn_as_far_as_they_may() {
    let (serving, mut watch) = start(|service| {
        let one = Admission::new().concurrency(1).waiting(1);
        service.admit(one)
    })
    .await;
    let mut first = serving.connect().await;
    first.send(wait(Transport::Framed).encode()).await;
    assert_eq!(watch.event().await, "waiting x");
    // Multiplexed calls wait beside each other, for as long as their clients do.
    let mut second = serving.connect().await;
    let hasty = wait(Transport::TtHeader).multiplexed();
    let hasty = hasty.int(keys::RPC_TIMEOUT, "40");
    let told = second.call(&hasty).await.exception();
    assert_eq!(told.1, "biz error: context deadline exceeded");
    second
        .send(wait(Transport::TtHeader).multiplexed().encode())
        .await;
    let mut third = serving.connect().await;
    let told = "request over limit: too many calls at the same time";
    // The second one has its place once the third one is refused.
    loop {
        let response = third.try_call(&echo(Transport::Framed, "x")).await;
        if response.unwrap().exception().1 == told {
            break;
        }
    }
    watch.let_one_go();
    assert_eq!(first.response().await.text(), "x");
    watch.let_one_go();
    assert_eq!(second.response().await.text(), "x");
    assert_eq!(third.call(&echo(Transport::Framed, "y")).await.text(), "y");
}

#[tokio::test]
async fn who_waits_for_one_method_keeps_nobody_out_of_others() {
    let (service, mut watch) = demo();
    let one = Admission::new().concurrency(1).waiting(10);
    let service = service.for_method("wait", |method| method.admit(one));
    let two = Admission::new().concurrency(2);
    let serving = Serving::start(Server::new().add(service).admit(two)).await;
    let mut peer = serving.connect().await;
    for _ in 0..5 {
        let waits = wait(Transport::TtHeader).multiplexed();
        peer.send(waits.encode()).await;
    }
    assert_eq!(watch.event().await, "waiting x");
    // On the same connection, so that all of them are there.
    let request = echo(Transport::TtHeader, "y").multiplexed();
    assert_eq!(peer.call(&request).await.text(), "y");
}

#[tokio::test]
async fn a_server_sheds_what_matters_less() {
    let (service, mut watch) = demo();
    let extra = named::service("Extra", &["more"]).admit(Admission::new().shed_above(2));
    let serving = Serving::start(Server::new().add(service).add(extra)).await;
    let mut peer = serving.connect().await;
    let more = Request::new(Transport::Framed, "more");
    assert_eq!(peer.call(&more).await.text(), "Extra.more");
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut peer = serving.connect().await;
        peer.send(wait(Transport::Framed).encode()).await;
        assert_eq!(watch.event().await, "waiting x");
        busy.push(peer);
    }
    let told = "request over limit: the server is overloaded";
    refused(&mut peer, &more, told).await;
    assert_eq!(peer.call(&echo(Transport::Framed, "x")).await.text(), "x");
    watch.let_one_go();
    watch.let_one_go();
    for mut peer in busy {
        assert_eq!(peer.response().await.text(), "x");
    }
    assert_eq!(peer.call(&more).await.text(), "Extra.more");
}

#[tokio::test]
async fn transports_that_are_not_allowed() {
    let (serving, _watch) = start(|service| {
        let allowed = Admission::new().transports([Transport::TtHeader, Transport::Grpc]);
        let framed = Admission::new().transports([Transport::TtHeader]);
        service
            .admit(allowed)
            .for_method("blob", |blob| blob.admit(framed))
    })
    .await;
    let mut peer = serving.connect().await;
    let told = "request forbidden: it is not served over Framed";
    refused(&mut peer, &echo(Transport::Framed, "x"), told).await;
    assert_eq!(peer.call(&echo(Transport::TtHeader, "x")).await.text(), "x");
    let client = grpc(&serving).await;
    assert_eq!(echoed(&client, "x").await.unwrap(), "x");
    let blob = client.call(&BLOB, TextArgs::new("1"));
    let status = blob.await.unwrap_err();
    let told = "request forbidden: it is not served over GRPC";
    assert_eq!((status.code().unwrap().0, status.message()), (7, told));
}

#[tokio::test]
async fn a_service_for_grpc_alone_conflicts_with_nobody() {
    let only_grpc = || Admission::new().transports([Transport::Grpc]);
    let router = Server::new()
        .add(named::packaged("a", "A", &["get"]).admit(only_grpc()))
        .add(named::packaged("b", "B", &["get"]).admit(only_grpc()))
        .add(named::packaged("c", "C", &["get"]))
        .router()
        .unwrap();
    let explain = |transport, service| {
        let answer = router.explain(transport, Codec::ThriftBinary, service, "get");
        answer.outcome.map(|(service, _)| service).ok()
    };
    assert_eq!(explain(Transport::Framed, None).as_deref(), Some("c.C"));
    assert_eq!(
        explain(Transport::Grpc, Some("a.A")).as_deref(),
        Some("a.A")
    );
}

/// The server's limit is one for all services. What a call is comes before how many there are.
#[tokio::test]
async fn a_servers_limit_is_for_all_services_together() {
    let (service, mut watch) = demo();
    let server = Server::new()
        .admit(Admission::new().concurrency(1))
        .add(service.admit(Admission::new().message_size(50)))
        .add(named::service("Other", &["other"]));
    let serving = Serving::start(server).await;
    let mut busy = serving.connect().await;
    busy.send(wait(Transport::Framed).encode()).await;
    assert_eq!(watch.event().await, "waiting x");
    let mut peer = serving.connect().await;
    let told = "request over limit: too many calls at the same time";
    refused(&mut peer, &Request::new(Transport::Framed, "other"), told).await;
    refused(&mut peer, &echo(Transport::Framed, "y"), told).await;
    let told = "request over limit: a message of 68 bytes, 50 are allowed";
    refused(&mut peer, &echo(Transport::Framed, &"x".repeat(60)), told).await;
    watch.let_one_go();
    assert_eq!(busy.response().await.text(), "x");
    assert_eq!(peer.call(&echo(Transport::Framed, "y")).await.text(), "y");
}

#[tokio::test]
async fn a_stream_is_one_call_to_its_end() {
    let service = streams::protobuf().0;
    let one = Admission::new().concurrency(1);
    let service = service.for_method("Echo", |echo| echo.admit(one));
    let serving = Serving::start(Server::new().add(service)).await;
    let client = grpc(&serving).await;
    let (mut requests, mut answers) = client.bidirectional(&ECHOES).await.unwrap();
    requests.send(text("x")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(text("x")));
    let (_requests, mut refused) = client.bidirectional(&ECHOES).await.unwrap();
    let status = refused.receive().await.unwrap_err();
    assert_eq!(status.code().unwrap().0, 8, "{status}");
    requests.finish().unwrap();
    assert_eq!(answers.receive().await.unwrap(), None);
    let (mut requests, mut answers) = client.bidirectional(&ECHOES).await.unwrap();
    requests.send(text("y")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(text("y")));
}

#[tokio::test]
async fn the_innermost_timeout_holds_and_a_shorter_one_of_the_client() {
    let (service, mut watch) = demo();
    let server = Server::new().timeout(Duration::ZERO).add(
        service
            .timeout(Duration::from_secs(3600))
            .for_method("wait", |wait| wait.timeout(Duration::from_millis(30))),
    );
    let serving = Serving::start(server.add(named::service("Other", &["other"]))).await;
    let mut peer = serving.connect().await;
    let told = (6, "biz error: context deadline exceeded".to_owned());
    let response = soon(peer.call(&wait(Transport::Framed))).await;
    assert_eq!(response.exception(), told);
    assert_eq!(watch.event().await, "waiting x");
    assert_eq!(watch.event().await, "dropped x");
    let facts = peer.call(&Request::new(Transport::Framed, "facts")).await;
    assert_eq!(facts.kind, MessageType::Reply);
    let client = grpc(&serving).await;
    let status = client.call(&WAIT, TextArgs::new("x")).await.unwrap_err();
    assert_eq!(status.code().unwrap().0, 4, "{status}");
}
