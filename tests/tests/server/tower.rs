//! Tower's layers stand around our calls, on servers and on clients.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use polyport::layers::Tower;
use polyport::{Call, Client, Code, Reply, Server, Status, Transport};
use polyport_tests::demo::{ECHO, EchoArgs, TextArgs, WAIT, demo};
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_tests::streams::{self, JOIN, text};
use polyport_tests::{named, soon};
use polyport_wire::thrift::MessageType;
use tower::{BoxError, Layer, Service, ServiceBuilder};

const SHORT: Duration = Duration::from_millis(30);

/// A tower layer as anybody would write it: notes the methods that are called, and signs replies.
#[derive(Clone, Default)]
struct Note {
    name: &'static str,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Note {
    fn named(&self, name: &'static str) -> Self {
        let notes = Arc::clone(&self.notes);
        Self { name, notes }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap())
    }
}

impl<S> Layer<S> for Note {
    type Service = Noting<S>;

    fn layer(&self, inner: S) -> Noting<S> {
        let note = self.clone();
        Noting { note, inner }
    }
}

#[derive(Clone)]
struct Noting<S> {
    note: Note,
    inner: S,
}

impl<S> Service<Call> for Noting<S>
where
    S: Service<Call, Response = Reply, Future: Send + 'static>,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Reply, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let Note { name, notes } = self.note.clone();
        let method = call.context.method().to_owned();
        notes.lock().unwrap().push(format!("{name} > {method}"));
        let inner = self.inner.call(call);
        Box::pin(async move {
            let mut reply = inner.await?;
            let outcome = match &reply.outcome {
                Ok(_) => "fine".to_owned(),
                Err(status) => status.to_string(),
            };
            notes.lock().unwrap().push(format!("{name} < {outcome}"));
            reply.metadata.insert("signed-by", name);
            Ok(reply)
        })
    }
}

/// A layer of what a tower service does with a call.
#[derive(Clone)]
struct Do<F>(F);

impl<F: Clone, S> Layer<S> for Do<F> {
    type Service = Doing<F, S>;

    fn layer(&self, inner: S) -> Doing<F, S> {
        Doing(self.0.clone(), inner)
    }
}

#[derive(Clone)]
struct Doing<F, S>(F, S);

impl<F, S> Service<Call> for Doing<F, S>
where
    F: Fn(&mut Call) -> Result<(), BoxError>,
    S: Service<Call, Response = Reply, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = Reply;
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Reply, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.1.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        if let Err(error) = (self.0)(&mut call) {
            return Box::pin(std::future::ready(Err(error)));
        }
        let inner = self.1.call(call);
        Box::pin(async { inner.await.map_err(Into::into) })
    }
}

async fn client(serving: &Serving, transport: Transport) -> Client {
    let options = Client::options(serving.address.to_string());
    options.transport(transport).connect().await.unwrap()
}

#[tokio::test]
async fn tower_layers_stand_where_other_layers_do() {
    let note = Note::default();
    let tower = |name| Tower::new(note.named(name));
    let service = demo().0.layer(tower("service"));
    let service = service.for_method("echo", |method| method.layer(tower("method")));
    let server = Server::new().layer(tower("server")).add(service);
    let serving = Serving::start(server).await;
    for transport in [&Transport::ALL[..], &[Transport::Grpc]].concat() {
        let options = Client::options(serving.address.to_string()).transport(transport);
        let client = options.layer(tower("client")).connect().await.unwrap();
        let call = client.call(&ECHO, EchoArgs { text: "hi".into() });
        let answer = call.layer(tower("call")).answer().await;
        assert_eq!(answer.result.unwrap(), "hi");
        assert_eq!(answer.metadata.get("signed-by"), Some("client"));
        let names = ["client", "call", "server", "service", "method"];
        let mut expected: Vec<_> = names.iter().map(|name| format!("{name} > echo")).collect();
        expected.extend(names.iter().rev().map(|name| format!("{name} < fine")));
        assert_eq!(note.take(), expected, "{transport}");
    }
    let mut peer = serving.connect().await;
    let request = Request::new(Transport::TtHeader, "fail").text("typed");
    let response = peer.call(&request).await;
    assert_eq!(
        response.exception(),
        (1900, "special [biz error]".to_owned())
    );
    assert_eq!(response.string(b"signed-by"), Some("server"));
    let outcomes = ["service < special", "server < special"];
    assert_eq!(note.take()[2..], outcomes);
}

#[tokio::test]
async fn a_timeout_of_tower_ends_a_call_as_a_deadline_does() {
    let (service, mut watch) = demo();
    let stack = ServiceBuilder::new().timeout(SHORT);
    let serving = Serving::start(Server::new().add(service.layer(Tower::new(stack)))).await;
    let mut peer = serving.connect().await;
    let response = peer
        .call(&Request::new(Transport::Framed, "wait").text("x"))
        .await;
    let told = "biz error: context deadline exceeded".to_owned();
    assert_eq!(response.exception(), (6, told));
    assert_eq!(watch.event().await, "waiting x");
    assert_eq!(watch.event().await, "dropped x");
    let response = peer
        .call(&Request::new(Transport::Framed, "echo").text("hi"))
        .await;
    assert_eq!(response.text(), "hi");
    // The same on a client.
    let client = client(&serving, Transport::Grpc).await;
    let stack = Tower::new(ServiceBuilder::new().timeout(Duration::from_millis(1)));
    let late = client.call(&WAIT, TextArgs::new("y")).layer(stack).await;
    assert!(late.unwrap_err().is_timeout());
}

#[tokio::test]
async fn all_calls_share_the_room_of_a_concurrency_limit() {
    let (service, mut watch) = demo();
    let stack = ServiceBuilder::new().concurrency_limit(2);
    let serving = Serving::start(Server::new().add(service.layer(Tower::new(stack)))).await;
    let client = client(&serving, Transport::Grpc).await;
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.call(&WAIT, TextArgs::new("x")).await })
        })
        .collect();
    // Two wait; each of the others comes when one is done.
    let others = (0..8).flat_map(|_| ["done x", "waiting x"]);
    let events = ["waiting x"; 2].into_iter().chain(others);
    for (index, event) in events.chain(["done x"; 2]).enumerate() {
        if event == "done x" {
            watch.let_one_go();
        }
        assert_eq!(watch.event().await, event, "event {index}");
    }
    for call in calls {
        assert_eq!(soon(call).await.unwrap().unwrap(), "x");
    }
}

#[tokio::test]
async fn what_tower_sheds_is_refused_in_the_callers_protocol() {
    let (service, mut watch) = demo();
    let stack = ServiceBuilder::new().load_shed().concurrency_limit(1);
    let serving = Serving::start(Server::new().add(service.layer(Tower::new(stack)))).await;
    let mut first = serving.connect().await;
    let request = Request::new(Transport::Framed, "wait").text("x");
    first.send(request.encode()).await;
    assert_eq!(watch.event().await, "waiting x");
    let mut second = serving.connect().await;
    let told = "request over limit: service overloaded";
    let response = second.call(&request).await;
    assert_eq!(response.exception(), (6, told.to_owned()));
    let client = client(&serving, Transport::Grpc).await;
    let status = client.call(&WAIT, TextArgs::new("z")).await.unwrap_err();
    assert_eq!(status.code(), Some(Code::RESOURCE_EXHAUSTED));
    assert_eq!(status.message(), told);
    watch.let_one_go();
    assert_eq!(first.response().await.text(), "x");
    watch.let_one_go();
    assert_eq!(second.call(&request).await.text(), "x");
}

#[tokio::test]
async fn a_buffer_serves_calls_from_a_task_of_its_own() {
    let (service, mut watch) = demo();
    let hour = Duration::from_secs(3600);
    // A rate limit cannot be cloned.
    let stack = ServiceBuilder::new().buffer(8).rate_limit(2, hour);
    let serving = Serving::start(Server::new().add(service.layer(Tower::new(stack)))).await;
    let mut peer = serving.connect().await;
    let request = Request::new(Transport::TtHeader, "echo").text("hi");
    assert_eq!(peer.call(&request).await.text(), "hi");
    assert_eq!(peer.call(&request).await.text(), "hi");
    assert_eq!(watch.events(), ["echo hi", "echo hi"]);
    // The third waits for the next hour, and its caller does not.
    let client = client(&serving, Transport::Grpc).await;
    let call = client.call(
        &ECHO,
        EchoArgs {
            text: "late".into(),
        },
    );
    assert!(call.timeout(SHORT).await.unwrap_err().is_timeout());
    assert!(watch.events().is_empty());
}

#[tokio::test]
async fn a_call_is_dropped_with_its_caller() {
    let (service, mut watch) = demo();
    let note = Note::default();
    let serving = Serving::start(Server::new().add(service.layer(Tower::new(note.clone())))).await;
    let client = client(&serving, Transport::Grpc).await;
    let calling = tokio::spawn(async move { client.call(&WAIT, TextArgs::new("x")).await });
    assert_eq!(watch.event().await, "waiting x");
    calling.abort();
    assert_eq!(watch.event().await, "dropped x");
    assert_eq!(note.take(), [" > wait"]);
}

#[tokio::test]
async fn streams_pass_through_tower_layers() {
    let note = Note::default();
    let service = streams::protobuf().0.layer(Tower::new(note.clone()));
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving, Transport::Grpc).await;
    let (mut requests, mut answers) = client.bidirectional(&streams::ECHO).await.unwrap();
    for word in ["x", "y"] {
        requests.send(text(word)).await.unwrap();
        assert_eq!(answers.receive().await.unwrap(), Some(text(word)));
    }
    // It stands around the stream to its end.
    assert_eq!(note.take(), [" > Echo"]);
    requests.finish().unwrap();
    assert_eq!(answers.receive().await.unwrap(), None);
    assert_eq!(note.take(), [" < fine"]);
    // On a client, around its beginning.
    let call = client
        .client_stream(&JOIN)
        .layer(Tower::new(note.named("call")));
    let mut join = call.await.unwrap();
    assert_eq!(note.take()[0], "call > Join");
    join.send(text("x")).await.unwrap();
    assert_eq!(join.finish().await.unwrap(), text("x"));
}

#[tokio::test]
async fn errors_of_tower_layers_become_what_the_user_says() {
    let fail = |call: &mut Call| match call.context.method() {
        "status" => Err(Status::typed(7, "seven").into()),
        "text" => Err("out of order".into()),
        "boom" => panic!("boom"),
        "clear" => {
            call.context.extensions_mut().clear();
            Ok(())
        }
        _ => Ok(()),
    };
    let methods = ["status", "text", "boom", "clear", "fine"];
    let start = async |tower| {
        let service = named::service("S", &methods).layer(tower);
        Serving::start(Server::new().add(service)).await
    };
    let serving = start(Tower::new(Do(fail))).await;
    let lost = "a tower layer passed on a call that was over, or without its extensions";
    for (method, type_id, told) in [
        ("status", 7, "seven"),
        ("text", 6, "out of order"),
        ("boom", 6, "panic: [happened in middleware, method=S.boom"),
        ("clear", 6, lost),
    ] {
        let mut peer = serving.connect().await;
        let response = peer.call(&Request::new(Transport::Framed, method)).await;
        let exception = response.exception();
        assert_eq!(exception.0, type_id, "{method}");
        assert!(exception.1.starts_with(told), "{}", exception.1);
        let fine = Request::new(Transport::Framed, "fine");
        assert_eq!(peer.call(&fine).await.text(), "S.fine");
    }
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let tower = Tower::new(Do(fail)).on_error(move |error| {
        counter.fetch_add(1, Ordering::Relaxed);
        Status::typed(8, format!("tower says: {error}"))
    });
    let serving = start(tower).await;
    let mut peer = serving.connect().await;
    let response = peer.call(&Request::new(Transport::Framed, "text")).await;
    assert_eq!(
        response.exception(),
        (8, "tower says: out of order".to_owned())
    );
    let response = peer.call(&Request::new(Transport::Framed, "fine")).await;
    assert_eq!(response.kind, MessageType::Reply);
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}
