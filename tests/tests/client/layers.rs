//! Layers of clients and of single calls.

use std::future::{IntoFuture, pending};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use polyport::client::ClientStream;
use polyport::codegen::buffa_types::google::protobuf::StringValue;
use polyport::{
    Call, Client, Layer, Message, Next, Reply, Server, Sink, Status, Streaming, Transport,
};
use polyport_tests::demo::{
    ECHO, EchoArgs, FACTS, FAIL, FailError, NotFound, Nothing, TELL, TextArgs, WAIT, demo,
};
use polyport_tests::frames::{END_HEADERS, END_STREAM, FramePeer, frame, header, kind};
use polyport_tests::named;
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams::{self, JOIN, SPLIT, UNARY, text};
use tokio::net::TcpListener;

use crate::Fake;

const SHORT: Duration = Duration::from_millis(30);

/// A layer of a function that looks at the call, and one that looks at the reply.
struct Around<F, G>(F, G);

impl<F, G> Layer for Around<F, G>
where
    F: Fn(&mut Call) + Send + Sync + 'static,
    G: Fn(&mut Reply) + Send + Sync + 'static,
{
    async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
        (self.0)(&mut call);
        let mut reply = next.call(call).await;
        (self.1)(&mut reply);
        reply
    }
}

fn before(look: impl Fn(&mut Call) + Send + Sync + 'static) -> impl Layer {
    Around(look, |_: &mut Reply| {})
}

fn after(look: impl Fn(&mut Reply) + Send + Sync + 'static) -> impl Layer {
    Around(|_: &mut Call| {}, look)
}

/// What layers note.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, note: String) {
        self.0.lock().unwrap().push(note);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// A layer that notes when a call goes and how its reply comes.
    fn layer(&self, name: &'static str) -> impl Layer {
        let (calls, replies) = (self.clone(), self.clone());
        Around(
            move |call: &mut Call| calls.add(format!("{name} > {}", call.context.method())),
            move |reply: &mut Reply| {
                let outcome = match &reply.outcome {
                    Ok(_) => "fine".to_owned(),
                    Err(status) => format!("{:?}", status.kind()),
                };
                replies.add(format!("{name} < {outcome}"));
            },
        )
    }
}

fn echo(text: &str) -> EchoArgs {
    EchoArgs {
        text: text.to_owned(),
    }
}

fn options(serving: &Serving) -> polyport::client::ClientOptions {
    Client::options(serving.address.to_string())
}

#[tokio::test]
async fn the_clients_stand_around_the_calls_own_each_in_its_order() {
    let notes = Notes::default();
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in [&Transport::ALL[..], &[Transport::Grpc]].concat() {
        let options = options(&serving).transport(transport);
        let options = options.layer(notes.layer("a")).layer(notes.layer("b"));
        let client = options.connect().await.unwrap();
        let call = client.call(&ECHO, echo("hi"));
        let call = call.layer(notes.layer("c")).layer(notes.layer("d"));
        assert_eq!(call.await.unwrap(), "hi");
        let mut expected: Vec<_> = ["a", "b", "c", "d"]
            .map(|name| format!("{name} > echo"))
            .into();
        expected.extend(["d", "c", "b", "a"].map(|name| format!("{name} < fine")));
        assert_eq!(notes.take(), expected, "{transport}");
        // The next call has the client's alone.
        client.call(&TELL, TextArgs::new("x")).await.unwrap();
        assert_eq!(
            notes.take(),
            ["a > tell", "b > tell", "b < fine", "a < fine"]
        );
    }
}

#[tokio::test]
async fn every_kind_of_failure_is_told_by_its_type() {
    let notes = Notes::default();
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let options = options(&serving).layer(notes.layer("layer"));
    let client = options.connect().await.unwrap();
    for (how, outcome) in [
        ("error", "Remote(6)"),
        ("typed", "Remote(1900)"),
        (
            "biz",
            "Biz(BizStatus { code: 404, message: \"not found\", extra: {} })",
        ),
        // What the IDL declares is a message like a result.
        ("missing", "fine"),
    ] {
        client.call(&FAIL, TextArgs::new(how)).await.unwrap_err();
        assert_eq!(
            notes.take(),
            ["layer > fail".to_owned(), format!("layer < {outcome}")]
        );
    }
    let late = client.call(&WAIT, TextArgs::new("x")).timeout(SHORT).await;
    assert!(late.unwrap_err().is_timeout());
    assert_eq!(notes.take()[1], "layer < Timeout");
    serving.stopped().await;
    let gone = client.call(&ECHO, echo("hi")).await.unwrap_err();
    assert!(gone.is_transport());
    assert_eq!(notes.take()[1], "layer < Transport");
}

#[tokio::test]
async fn requests_and_results_are_read_and_changed_by_their_types() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let options = options(&serving)
        .layer(before(|call| {
            if let Some(arguments) = call.message.get_mut::<EchoArgs>() {
                arguments.text.push('!');
            }
        }))
        .layer(after(|reply| {
            let metadata = reply.metadata.get("echoed").map(str::to_owned);
            if let Some(text) = reply.outcome.as_mut().unwrap().get_mut::<String>() {
                assert_eq!(metadata.as_deref(), Some("hi!"));
                text.push('?');
            }
            reply.metadata.insert("seen", "yes");
        }));
    let client = options.connect().await.unwrap();
    let answer = client.call(&ECHO, echo("hi")).answer().await;
    assert_eq!(answer.result.unwrap(), "hi!?");
    assert_eq!(answer.metadata.get("seen"), Some("yes"));
    let key = "k".to_owned();
    let missing = FailError::Missing(NotFound { key });
    let seen = client
        .call(&FAIL, TextArgs::new("missing"))
        .layer(after(|reply| {
            let outcome = reply.outcome.as_mut().unwrap();
            let failure = outcome.get_mut::<FailError>().unwrap();
            assert!(matches!(failure, FailError::Missing(_)));
        }));
    assert_eq!(seen.await, Err(missing));
}

#[tokio::test]
async fn metadata_is_added_and_taken_from_the_context() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let options = options(&serving).layer(before(|call| {
        let tenant = call.context.metadata().get("TENANT").map(str::to_owned);
        let token = format!("token of {}", tenant.unwrap_or_default());
        call.context.metadata_mut().insert("TOKEN", token);
    }));
    for transport in [Transport::TtHeader, Transport::Grpc] {
        let client = options
            .clone()
            .transport(transport)
            .connect()
            .await
            .unwrap();
        let facts = client.call(&FACTS, Nothing).metadata("TENANT", "7").await;
        assert_eq!(facts.unwrap()["transient TOKEN"], "token of 7");
    }
}

/// Answers calls of one method in the server's place.
struct Cache;

impl Layer for Cache {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        match call.message.get::<EchoArgs>().map(|echo| &*echo.text) {
            Some("typed") => Reply::of(&ECHO, Ok("kept".to_owned())),
            Some("bytes") => Reply::new(Ok(Message::raw(named::result("kept")))),
            Some("broken") => Reply::new(Ok(Message::raw("\u{b}".into()))),
            Some("odd") => Reply::of(&TELL, Ok(())),
            Some("error") => Status::error("not now").into(),
            _ => next.call(call).await,
        }
    }
}

#[tokio::test]
async fn a_layer_answers_in_the_servers_place() {
    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = options(&serving).layer(Cache).connect().await.unwrap();
    let call = |text| client.call(&ECHO, echo(text)).into_future();
    assert_eq!(call("typed").await.unwrap(), "kept");
    assert_eq!(call("bytes").await.unwrap(), "kept");
    assert!(call("broken").await.unwrap_err().is_transport());
    let odd = call("odd").await.unwrap_err();
    let text = "a layer replaced the result of Demo/echo by another type";
    assert_eq!(odd.message(), text);
    assert_eq!(call("error").await, Err(Status::error("not now")));
    assert!(watch.events().is_empty());
    assert_eq!(call("other").await.unwrap(), "other");
}

#[tokio::test]
async fn a_layer_replaces_what_failed() {
    let fake = Fake::start().await;
    let options = fake.options(Transport::TtHeader).layer(after(|reply| {
        if let Err(status) = &reply.outcome
            && (status.is_transport() || status.is_timeout())
        {
            *reply = Reply::of(&ECHO, Ok("fallback".to_owned()));
        }
    }));
    let client = options.connect().await.unwrap();
    let mut peer = fake.accept().await;
    let call = client.call(&ECHO, echo("hi")).timeout(SHORT);
    assert_eq!(call.await.unwrap(), "fallback");
    peer.response().await;
    drop((peer, fake));
    assert_eq!(client.call(&ECHO, echo("hi")).await.unwrap(), "fallback");
}

#[tokio::test]
async fn a_layer_keeps_no_call_for_longer_than_it_may_take() {
    /// Never lets go.
    struct Keep;

    impl Layer for Keep {
        async fn call(&self, _call: Call, _next: Next<'_>) -> Reply {
            pending().await
        }
    }

    let fake = Fake::start().await;
    let options = fake.options(Transport::TtHeader);
    let client = options.layer(Keep).connect().await.unwrap();
    let late = client.call(&ECHO, echo("hi")).timeout(SHORT);
    assert!(soon(late.into_future()).await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn arguments_that_are_replaced_by_another_type_are_not_sent() {
    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = options(&serving).connect().await.unwrap();
    let odd = || before(|call| call.message = Message::raw("bytes".into()));
    let status = client.call(&ECHO, echo("hi")).layer(odd()).await;
    let expected = "a layer replaced the arguments of Demo/echo by another type";
    assert_eq!(status.unwrap_err().message(), expected);
    assert!(watch.events().is_empty());
    let local = Server::new().add(streams::protobuf().0).local().unwrap();
    let call = local.client().server_stream(&SPLIT, text("a")).layer(odd());
    let expected = "a layer replaced the arguments of Streams/Split by another type";
    assert_eq!(call.await.unwrap_err().message(), expected);
}

#[tokio::test]
async fn a_request_that_is_sent_twice_is_one_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let accept = async || {
        let (socket, _) = soon(listener.accept()).await.unwrap();
        let mut peer = FramePeer::new(socket);
        soon(peer.skip_preface()).await;
        peer.send(&frame(kind::SETTINGS, 0, 0, &[])).await;
        peer
    };
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let options = Client::options(listener.local_addr().unwrap().to_string())
        .transport(Transport::Grpc)
        .layer(before(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        }));
    let (client, mut first) = tokio::join!(options.connect(), accept());
    let client = client.unwrap();
    let serving = async {
        first.next_of(kind::HEADERS).await.unwrap();
        first.send(&frame(kind::GOAWAY, 0, 0, &[0; 8])).await;
        let mut second = accept().await;
        let stream = second.next_of(kind::HEADERS).await.unwrap().stream;
        let head = [&[0x88][..], &header("content-type", "application/grpc")].concat();
        let trailers = header("grpc-status", "0");
        let answer = [
            frame(kind::HEADERS, END_HEADERS, stream, &head),
            frame(kind::DATA, 0, stream, b"\0\0\0\0\x04\x0a\x02hi"),
            frame(kind::HEADERS, END_HEADERS | END_STREAM, stream, &trailers),
        ];
        second.send(&answer.concat()).await;
        second
    };
    let (answer, _second) = tokio::join!(client.call(&UNARY, text("hi")).into_future(), serving);
    assert_eq!(answer.unwrap(), text("hi"));
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn streams_are_seen_when_they_begin_and_as_what_the_caller_gets() {
    let notes = Notes::default();
    let local = Server::new().add(streams::protobuf().0).local().unwrap();
    let shapes = notes.clone();
    let options = local.options().layer(notes.layer("layer"));
    let options = options.layer(after(move |reply| {
        let Ok(message) = &reply.outcome else { return };
        shapes.add(if message.get::<Streaming<StringValue>>().is_some() {
            "answers".to_owned()
        } else if message
            .get::<ClientStream<StringValue, StringValue>>()
            .is_some()
        {
            "requests".to_owned()
        } else {
            type Both = (Sink<StringValue>, Streaming<StringValue>);
            format!("both: {}", message.get::<Both>().is_some())
        });
    }));
    let options = options.layer(before(|call| {
        call.context.metadata_mut().insert("TENANT", "7");
        if let Some(request) = call.message.get_mut::<StringValue>() {
            request.value.push_str(" c");
        }
    }));
    let client = options.connect().await.unwrap();
    let mut words = client.server_stream(&SPLIT, text("b")).await.unwrap();
    assert_eq!(words.receive().await.unwrap(), Some(text("b")));
    assert_eq!(words.receive().await.unwrap(), Some(text("c")));
    assert_eq!(notes.take(), ["layer > Split", "answers", "layer < fine"]);
    let mut joining = client.client_stream(&JOIN).await.unwrap();
    joining.send(text("a")).await.unwrap();
    assert_eq!(joining.finish().await.unwrap(), text("a"));
    assert_eq!(notes.take(), ["layer > Join", "requests", "layer < fine"]);
    let call = client
        .bidirectional(&streams::ECHO)
        .layer(notes.layer("own"));
    let (mut requests, mut answers) = call.await.unwrap();
    requests.send(text("x")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(text("x")));
    let expected = [
        "layer > Echo",
        "own > Echo",
        "own < fine",
        "both: true",
        "layer < fine",
    ];
    assert_eq!(notes.take(), expected);
    // A stream that a layer refuses is not begun.
    struct Refuse;
    impl Layer for Refuse {
        async fn call(&self, _call: Call, _next: Next<'_>) -> Reply {
            Status::error("not now").into()
        }
    }
    let refused = client.bidirectional(&streams::ECHO).layer(Refuse).await;
    assert_eq!(refused.unwrap_err(), Status::error("not now"));
    let late = client.bidirectional(&streams::ECHO).timeout(Duration::ZERO);
    assert!(late.await.unwrap_err().is_timeout());
    assert_eq!(notes.take().len(), 4);
}

/// Counts the messages of streams whose types it does not know, and lets none be long.
#[derive(Clone, Default)]
struct Traffic(Notes);

impl Layer for Traffic {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        let mut reply = next.call(call).await;
        let look = |what: &'static str| {
            let notes = self.0.clone();
            move |bytes: &[u8]| {
                notes.add(format!("{what} {}", bytes.len()));
                match bytes.len() {
                    100.. => Err(Status::error("too long for this layer")),
                    _ => Ok(()),
                }
            }
        };
        if let Ok(message) = &mut reply.outcome {
            let streams = (
                message.each_request(look("request")),
                message.each_answer(look("answer")),
            );
            self.0.add(format!("{streams:?}"));
        }
        reply
    }
}

#[tokio::test]
async fn a_layer_looks_at_each_message_of_a_stream() {
    let serving = Serving::start(Server::new().add(streams::protobuf().0)).await;
    let traffic = Traffic::default();
    let options = options(&serving).transport(Transport::Grpc);
    let client = options.layer(traffic.clone()).connect().await.unwrap();
    let seen = || traffic.0.take();
    let mut words = client.server_stream(&SPLIT, text("a bc")).await.unwrap();
    while words.receive().await.unwrap().is_some() {}
    // A StringValue of n letters has two bytes more.
    assert_eq!(seen(), ["(false, true)", "answer 3", "answer 4"]);
    let mut joining = client.client_stream(&JOIN).await.unwrap();
    joining.each(|request| {
        request.value.push('!');
        Ok(())
    });
    joining.send(text("a")).await.unwrap();
    let refused = joining.send(text(&"x".repeat(100))).await.unwrap_err();
    assert_eq!(refused.message(), "too long for this layer");
    // What was refused was not sent.
    assert_eq!(joining.finish().await.unwrap(), text("a!"));
    assert_eq!(seen(), ["(true, false)", "request 4", "request 103"]);
    let (mut requests, mut answers) = client.bidirectional(&streams::ECHO).await.unwrap();
    requests.send(text("x")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(text("x")));
    assert_eq!(seen(), ["(true, true)", "request 3", "answer 3"]);
    let long = format!("a {} b", "x".repeat(200));
    let mut words = client.server_stream(&SPLIT, text(&long)).await.unwrap();
    assert_eq!(words.receive().await.unwrap(), Some(text("a")));
    let refused = words.receive().await.unwrap_err();
    assert_eq!(refused.message(), "too long for this layer");
    assert_eq!(words.receive().await.unwrap(), None);
    // A unary call has none.
    seen();
    client.call(&UNARY, text("x")).await.unwrap();
    assert_eq!(seen(), ["(false, false)"]);
}

#[tokio::test]
async fn what_the_context_of_a_call_knows() {
    let serving = Serving::start(Server::new().add(demo().0).add(streams::protobuf().0)).await;
    let facts = Notes::default();
    let look = facts.clone();
    let looking = move |call: &mut Call| {
        let cx = &call.context;
        assert_eq!(cx.sequence(), 0);
        assert_eq!(cx.real_peer(), None);
        look.add(format!(
            "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{:?}|{}|{:?}",
            cx.package(),
            cx.service(),
            cx.method(),
            cx.kind(),
            cx.codec(),
            cx.transport(),
            cx.reason(),
            cx.caller(),
            cx.callee(),
            cx.address().unwrap(),
            cx.peer().map(|peer| peer.to_string()),
            cx.deadline().is_some(),
            cx.metadata().persistent("TRACE"),
        ));
    };
    let address = serving.address.to_string();
    let options = options(&serving).caller("front").layer(before(looking));
    let row = |row: &str| [row.replace("ADDRESS", &address)];
    for (transport, reason) in [
        (Transport::TtHeader, "named"),
        (Transport::TtHeaderFramed, "named"),
        (Transport::Framed, "method"),
        (Transport::Buffered, "method"),
        (Transport::Grpc, "named"),
    ] {
        let client = options
            .clone()
            .transport(transport)
            .connect()
            .await
            .unwrap();
        let call = client.call(&ECHO, echo("hi")).persistent("TRACE", "abc");
        call.timeout(Duration::from_secs(60)).await.unwrap();
        assert_eq!(
            facts.take(),
            row(&format!(
                "|Demo|echo|unary|Thrift|{transport}|{reason}|front|Demo|ADDRESS|\
                 Some(\"ADDRESS\")|true|Some(\"abc\")"
            ))
        );
    }
    let client = options.clone().transport(Transport::Grpc).connect();
    let client = client.await.unwrap();
    drop(client.bidirectional(&streams::ECHO).await.unwrap());
    let expected = row(
        "test.v1|Streams|Echo|bidirectional|Protobuf|GRPC|named|front|Streams|ADDRESS|\
         Some(\"ADDRESS\")|false|None",
    );
    assert_eq!(facts.take(), expected);
    let client = options.without_service_name().connect().await.unwrap();
    client.call(&TELL, TextArgs::new("x")).await.unwrap();
    let expected = row(
        "|Demo|tell|oneway|Thrift|TTHeader|method|front|Demo|ADDRESS|Some(\"ADDRESS\")|false|None",
    );
    assert_eq!(facts.take(), expected);
    // A method that is known at run time only.
    client
        .raw("Demo", "echo")
        .call(named::result(""))
        .await
        .unwrap_err();
    assert!(facts.take()[0].starts_with("|Demo|echo|unary|Thrift|"));
}
