//! Layers around streams: they see every message, and count, change or refuse it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use polyport::codegen::buffa_types::google::protobuf::StringValue;
use polyport::{
    Call, CallKind, Layer, Message, Next, Reply, Server, Sink, Status, Streaming, Transport,
};
use polyport_tests::demo::{self, ECHO as DEMO_ECHO, EchoArgs, FAIL, FailError, TextArgs};
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_tests::streams::{self, ECHO, JOIN, SPLIT, THRIFT_ECHO, UNARY, text};

use crate::client;

/// The streams among a call's arguments, whatever its kind.
type Requests<'a> = Option<&'a mut Streaming<StringValue>>;
type Answers<'a> = Option<&'a mut Sink<StringValue>>;

fn streams_of(message: &mut Message) -> (Requests<'_>, Answers<'_>) {
    if message.get::<Streaming<StringValue>>().is_some() {
        return (message.get_mut(), None);
    }
    if message.get::<(StringValue, Sink<StringValue>)>().is_some() {
        let both = message.get_mut::<(StringValue, Sink<StringValue>)>();
        return (None, both.map(|(_, answers)| answers));
    }
    let both = message.get_mut::<(Streaming<StringValue>, Sink<StringValue>)>();
    let both = both.map(|(requests, answers)| (Some(requests), Some(answers)));
    both.unwrap_or_default()
}

/// Puts its letter behind each message, and refuses what is called `bad`.
struct Sign(char);

impl Layer for Sign {
    async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
        let letter = self.0;
        let sign = move |message: &mut StringValue| {
            if message.value == "bad" {
                return Err(Status::error("refused by a layer"));
            }
            message.value.push(letter);
            Ok(())
        };
        let (requests, answers) = streams_of(&mut call.message);
        if let Some(requests) = requests {
            requests.each(sign);
        }
        if let Some(answers) = answers {
            answers.each(sign);
        }
        next.call(call).await
    }
}

#[tokio::test]
async fn requests_pass_from_the_outermost_layer_in_and_answers_from_the_innermost_out() {
    let service = streams::protobuf().0.layer(Sign('b'));
    let serving = Serving::start(Server::new().layer(Sign('a')).add(service)).await;
    let client = client(&serving).await;
    let mut join = client.client_stream(&JOIN).await.unwrap();
    for word in ["x", "y"] {
        join.send(text(word)).await.unwrap();
    }
    assert_eq!(join.finish().await.unwrap(), text("xab,yab"));
    let mut words = client.server_stream(&SPLIT, text("x y")).await.unwrap();
    assert_eq!(words.receive().await.unwrap(), Some(text("xba")));
    assert_eq!(words.receive().await.unwrap(), Some(text("yba")));
    assert_eq!(words.receive().await.unwrap(), None);
    let (mut requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
    requests.send(text("x")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(text("xabba")));
}

#[tokio::test]
async fn a_message_that_a_layer_refuses_ends_the_call() {
    let service = streams::protobuf().0.layer(Sign('a'));
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    let mut join = client.client_stream(&JOIN).await.unwrap();
    join.send(text("good")).await.unwrap();
    join.send(text("bad")).await.unwrap();
    let status = join.finish().await.unwrap_err();
    assert!(
        status.message().starts_with("refused by a layer"),
        "{status}"
    );
    let mut words = client.server_stream(&SPLIT, text("x bad y")).await.unwrap();
    assert_eq!(words.receive().await.unwrap(), Some(text("xa")));
    let status = words.receive().await.unwrap_err();
    assert!(
        status.message().starts_with("refused by a layer"),
        "{status}"
    );
}

/// Counts messages and bytes of any service, and says what streams.
#[derive(Clone, Default)]
struct Traffic {
    requests: Arc<AtomicUsize>,
    answers: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
    streaming: Arc<Mutex<Vec<(bool, bool)>>>,
}

impl Layer for Traffic {
    async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
        let counter = |messages: &Arc<AtomicUsize>| {
            let (messages, bytes) = (Arc::clone(messages), Arc::clone(&self.bytes));
            move |message: &[u8]| {
                messages.fetch_add(1, Ordering::Relaxed);
                bytes.fetch_add(message.len(), Ordering::Relaxed);
                match message.len() {
                    100.. => Err(Status::error("too long for this layer")),
                    _ => Ok(()),
                }
            }
        };
        let streaming = (
            call.message.each_request(counter(&self.requests)),
            call.message.each_answer(counter(&self.answers)),
        );
        self.streaming.lock().unwrap().push(streaming);
        next.call(call).await
    }
}

#[tokio::test]
async fn a_layer_counts_the_messages_of_services_whose_types_it_does_not_know() {
    let traffic = Traffic::default();
    let server = Server::new()
        .layer(traffic.clone())
        .add(streams::protobuf().0)
        .add(streams::thrift().0);
    let serving = Serving::start(server).await;
    let client = client(&serving).await;
    client.call(&UNARY, text("hi")).await.unwrap();
    let mut join = client.client_stream(&JOIN).await.unwrap();
    for _ in 0..10 {
        join.send(text("abc")).await.unwrap();
    }
    join.finish().await.unwrap();
    let mut words = client.server_stream(&SPLIT, text("a b")).await.unwrap();
    while words.receive().await.unwrap().is_some() {}
    // A StringValue of n letters has two bytes more.
    let load = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    assert_eq!(load(&traffic.requests), 10);
    assert_eq!(load(&traffic.answers), 2);
    assert_eq!(load(&traffic.bytes), 10 * 5 + 2 * 3);
    let (mut requests, mut answers) = client.bidirectional(&THRIFT_ECHO).await.unwrap();
    requests.send("abc".to_owned()).await.unwrap();
    assert_eq!(answers.receive().await.unwrap().as_deref(), Some("abc"));
    assert_eq!((load(&traffic.requests), load(&traffic.answers)), (11, 3));
    requests.send("x".repeat(200)).await.unwrap();
    let status = answers.receive().await.unwrap_err();
    assert!(
        status.message().starts_with("too long for this layer"),
        "{status}"
    );
    // An answer that is too long alone.
    let long = format!("a {} b", "x".repeat(200));
    let mut words = client.server_stream(&SPLIT, text(&long)).await.unwrap();
    assert_eq!(words.receive().await.unwrap(), Some(text("a")));
    let status = words.receive().await.unwrap_err();
    assert!(
        status.message().starts_with("too long for this layer"),
        "{status}"
    );
    let expected = [
        (false, false),
        (true, false),
        (false, true),
        (true, true),
        (false, true),
    ];
    assert_eq!(*traffic.streaming.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_layer_answers_a_stream_in_the_handlers_place() {
    struct Refuse;

    impl Layer for Refuse {
        async fn call(&self, call: Call, next: Next<'_>) -> Reply {
            if call.context.kind() == CallKind::Bidirectional {
                let mut reply = Reply::from(Status::error("no such streams here"));
                reply.trailers.insert_header("reason", "layer");
                return reply;
            }
            next.call(call).await
        }
    }

    let serving = Serving::start(Server::new().layer(Refuse).add(streams::protobuf().0)).await;
    let client = client(&serving).await;
    let (_requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
    let status = answers.receive().await.unwrap_err();
    assert_eq!(status.message(), "no such streams here");
    let reason = answers.trailers().unwrap();
    assert_eq!(reason.get("reason"), Some("layer"));
    assert_eq!(client.call(&UNARY, text("x")).await.unwrap(), text("x"));
}

/// What a layer sees of a unary call.
type Seen = (Transport, CallKind, &'static str);

/// Notes how unary calls look.
#[derive(Clone, Default)]
struct Look(Arc<Mutex<Vec<Seen>>>);

impl Layer for Look {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        let looks = if call.message.get::<Streaming<Bytes>>().is_some() {
            "stream"
        } else if call.message.get::<EchoArgs>().is_some() {
            "typed"
        } else {
            "other"
        };
        let (transport, kind) = (call.context.transport(), call.context.kind());
        self.0.lock().unwrap().push((transport, kind, looks));
        let reply = next.call(call).await;
        assert_eq!(reply.returned::<String>().is_some(), reply.outcome.is_ok());
        reply
    }
}

#[tokio::test]
async fn unary_calls_look_the_same_over_every_transport_unless_the_server_says_otherwise() {
    for (as_streams, over_grpc) in [(false, "typed"), (true, "stream")] {
        let look = Look::default();
        let mut server = Server::new().layer(look.clone()).add(demo::demo().0);
        if as_streams {
            server = server.unary_grpc_as_streams();
        }
        let serving = Serving::start(server).await;
        let client = client(&serving).await;
        let arguments = EchoArgs {
            text: "hi".to_owned(),
        };
        assert_eq!(client.call(&DEMO_ECHO, arguments).await.unwrap(), "hi");
        let mut peer = serving.connect().await;
        let response = peer
            .call(&Request::new(Transport::Framed, "echo").text("hi"))
            .await;
        assert_eq!(response.text(), "hi");
        let expected = [
            (Transport::Grpc, CallKind::Unary, over_grpc),
            (Transport::Framed, CallKind::Unary, "typed"),
        ];
        assert_eq!(*look.0.lock().unwrap(), expected);
    }
}

#[tokio::test]
async fn unary_calls_that_look_like_streams_fail_as_others_do() {
    let traffic = Traffic::default();
    let server = Server::new()
        .unary_grpc_as_streams()
        .layer(traffic.clone())
        .add(demo::demo().0);
    let serving = Serving::start(server).await;
    let client = client(&serving).await;
    let status = match client.call(&FAIL, TextArgs::new("typed")).await {
        Err(FailError::Status(status)) => status,
        other => panic!("{other:?}"),
    };
    assert_eq!(status.message(), "special [biz error]");
    match client.call(&FAIL, TextArgs::new("missing")).await {
        Err(FailError::Missing(_)) => {}
        other => panic!("{other:?}"),
    }
    let long = TextArgs::new(&"x".repeat(200));
    let status = match client.call(&FAIL, long).await {
        Err(FailError::Status(status)) => status,
        other => panic!("{other:?}"),
    };
    assert_eq!(status.message(), "too long for this layer");
    assert_eq!(traffic.requests.load(Ordering::Relaxed), 3);
}
