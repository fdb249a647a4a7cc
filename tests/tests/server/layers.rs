//! Layers see every call and every reply, typed.

use std::sync::{Arc, Mutex};

use polyport::{BizStatus, Call, CallKind, Layer, Message, Next, Reply, Server, Status, Transport};
use polyport_tests::demo::{EchoArgs, demo};
use polyport_tests::named;
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_wire::thrift::MessageType;

/// Notes when a call comes and when its reply goes.
struct Note(&'static str, Arc<Mutex<Vec<String>>>);

impl Layer for Note {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        let method = call.context.method().to_owned();
        self.1
            .lock()
            .unwrap()
            .push(format!("{} > {method}", self.0));
        let reply = next.call(call).await;
        let outcome = match &reply.outcome {
            Ok(_) => "fine".to_owned(),
            Err(status) => status.to_string(),
        };
        self.1
            .lock()
            .unwrap()
            .push(format!("{} < {outcome}", self.0));
        reply
    }
}

#[tokio::test]
async fn the_first_layer_is_the_outermost_and_sees_every_outcome() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let server = Server::new()
        .layer(Note("outer", Arc::clone(&notes)))
        .add(demo().0)
        .layer(Note("inner", Arc::clone(&notes)));
    let serving = Serving::start(server).await;
    let mut peer = serving.connect().await;
    let rows = [
        ("echo", "hi", "fine"),
        ("fail", "error", "bad"),
        ("fail", "typed", "special"),
        ("fail", "biz", "biz error: code=404, msg=not found"),
        // What the IDL declares is a message like a result.
        ("fail", "missing", "fine"),
    ];
    for (method, text, outcome) in rows {
        peer.call(&Request::new(Transport::Framed, method).text(text))
            .await;
        let expected = [
            format!("outer > {method}"),
            format!("inner > {method}"),
            format!("inner < {outcome}"),
            format!("outer < {outcome}"),
        ];
        assert_eq!(notes.lock().unwrap().split_off(0), expected);
    }
    // A request that reaches no method reaches no layer.
    peer.call(&Request::new(Transport::Framed, "nope")).await;
    assert!(notes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn one_layer_stands_in_several_places() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::new(Note("same", Arc::clone(&notes)));
    let first = named::service("First", &["one"]).layer(Arc::clone(&note));
    let second = named::service("Second", &["two"]).layer(note);
    let serving = Serving::start(Server::new().add(first).add(second)).await;
    let mut peer = serving.connect().await;
    for method in ["one", "two"] {
        peer.call(&Request::new(Transport::Framed, method)).await;
        let expected = [format!("same > {method}"), "same < fine".to_owned()];
        assert_eq!(notes.lock().unwrap().split_off(0), expected);
    }
}

#[tokio::test]
async fn a_layer_sees_a_panic_as_a_status() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let server = Server::new()
        .add(named::service("S", &["boom"]))
        .layer(Note("layer", Arc::clone(&notes)));
    let serving = Serving::start(server).await;
    serving
        .connect()
        .await
        .call(&Request::new(Transport::Framed, "boom"))
        .await;
    let notes = notes.lock().unwrap().split_off(0);
    assert!(notes[1].starts_with("layer < panic: [happened in biz handler"));
}

#[tokio::test]
async fn a_layer_answers_in_the_handlers_place() {
    struct Answer;

    impl Layer for Answer {
        async fn call(&self, call: Call, next: Next<'_>) -> Reply {
            if call.context.method() == "echo" {
                return Reply::new(Ok(Message::raw(named::result("from a layer"))));
            }
            next.call(call).await
        }
    }

    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service).layer(Answer)).await;
    let mut peer = serving.connect().await;
    let response = peer
        .call(&Request::new(Transport::TtHeader, "echo").text("hi"))
        .await;
    assert_eq!(response.text(), "from a layer");
    assert!(watch.events().is_empty());
}

#[tokio::test]
async fn a_layer_reads_and_changes_arguments_and_results_by_their_types() {
    struct Louder;

    impl Layer for Louder {
        async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
            let is_echo = call.context.method() == "echo";
            assert_eq!(call.message.get::<EchoArgs>().is_some(), is_echo);
            assert!(call.message.get::<String>().is_none());
            if let Some(arguments) = call.message.get_mut::<EchoArgs>() {
                arguments.text.push('!');
            }
            let mut reply = next.call(call).await;
            if is_echo {
                assert_eq!(reply.returned::<String>().map(String::as_str), Some("hi!"));
                assert!(reply.returned::<EchoArgs>().is_none());
            }
            reply.metadata.insert("louder", "yes");
            if let Ok(message) = &mut reply.outcome
                && let Some(text) = message.get_mut::<String>()
            {
                text.push('?');
            }
            reply
        }
    }

    let serving = Serving::start(Server::new().add(demo().0).layer(Louder)).await;
    let mut peer = serving.connect().await;
    let response = peer
        .call(&Request::new(Transport::TtHeader, "echo").text("hi"))
        .await;
    assert_eq!(response.text(), "hi!?");
    assert_eq!(response.string(b"louder"), Some("yes"));
    assert_eq!(response.string(b"echoed"), Some("hi!"));
    let response = peer.call(&Request::new(Transport::TtHeader, "facts")).await;
    assert_eq!(response.kind, MessageType::Reply);
}

#[tokio::test]
async fn a_layer_replaces_errors() {
    struct Hide;

    impl Layer for Hide {
        async fn call(&self, call: Call, next: Next<'_>) -> Reply {
            let mut reply = next.call(call).await;
            if let Err(status) = &reply.outcome
                && status.type_id() == Some(1900)
            {
                reply.outcome = Err(BizStatus::new(1, "hidden").into());
            }
            reply
        }
    }

    let serving = Serving::start(Server::new().add(demo().0).layer(Hide)).await;
    let mut peer = serving.connect().await;
    let response = peer
        .call(&Request::new(Transport::TtHeader, "fail").text("typed"))
        .await;
    assert_eq!(response.string(b"biz-status"), Some("1"));
    assert_eq!(response.string(b"failed"), Some("typed"));
    let response = peer
        .call(&Request::new(Transport::TtHeader, "fail").text("error"))
        .await;
    assert_eq!(response.exception(), (6, "biz error: bad".to_owned()));
}

#[tokio::test]
async fn a_layer_that_replaces_arguments_by_something_else_is_told_so() {
    struct Replace;

    impl Layer for Replace {
        async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
            call.message = Message::raw("bytes".into());
            next.call(call).await
        }
    }

    let serving = Serving::start(Server::new().add(demo().0).layer(Replace)).await;
    let mut peer = serving.connect().await;
    let response = peer
        .call(&Request::new(Transport::Framed, "echo").text("hi"))
        .await;
    let text = "a layer replaced the arguments of Demo/echo by another type";
    assert_eq!(response.exception(), (6, text.to_owned()));
}

#[tokio::test]
async fn a_layer_sees_oneway_calls() {
    struct OnlyTwoWay;

    impl Layer for OnlyTwoWay {
        async fn call(&self, call: Call, next: Next<'_>) -> Reply {
            if call.context.kind() == CallKind::Oneway {
                return Status::error("nobody hears this").into();
            }
            next.call(call).await
        }
    }

    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service).layer(OnlyTwoWay)).await;
    let mut peer = serving.connect().await;
    peer.send(Request::new(Transport::Framed, "tell").text("hi").encode())
        .await;
    let response = peer
        .call(&Request::new(Transport::Framed, "echo").text("next"))
        .await;
    assert_eq!(response.text(), "next");
    assert_eq!(watch.events(), ["echo next"]);
}
