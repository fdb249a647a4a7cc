//! Sinks that other tasks have than their handlers, and clients that do not read.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use polyport::codegen::buffa_types::google::protobuf::StringValue;
use polyport::codegen::{Embedded, ServiceBuilder};
use polyport::{Server, Service, Sink, Status};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams::{ECHO, text};
use polyport_wire::schema::{self, Schema};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::client;

/// So many answers are more than a client takes that does not read.
const ANSWERS: usize = 64;

#[derive(Debug, PartialEq, Eq)]
enum Event {
    /// The client takes no more.
    Full(usize),
    Received,
    /// There is nobody to send to.
    Over,
}

/// Sends large answers in a task of its own, while requests come; a request `end` ends the call.
fn service() -> (Service, UnboundedReceiver<Event>) {
    let schema = Schema {
        services: vec![schema::Service::new("test.v1", "Streams")],
        ..Schema::default()
    };
    let bytes: &'static [u8] = Box::leak(schema.encode().unwrap().to_vec().into());
    let embedded = Box::leak(Box::new(Embedded::new(bytes)));
    let (events, receiver) = mpsc::unbounded_channel();
    let service = ServiceBuilder::new(embedded, "test.v1", "Streams", Arc::new(events))
        .bidirectional(&ECHO, |events, cx, mut input, output| async move {
            tokio::spawn(send_answers(output, Arc::clone(&events)));
            let outcome = loop {
                match input.receive().await {
                    Ok(Some(message)) if message.value == "end" => break Ok(()),
                    Ok(Some(_)) => events.send(Event::Received).unwrap(),
                    Ok(None) => std::future::pending().await,
                    Err(status) => break Err(status),
                }
            };
            (cx, outcome)
        })
        .build();
    (service, receiver)
}

async fn send_answers(mut output: Sink<StringValue>, events: Arc<UnboundedSender<Event>>) {
    for sent in 0..ANSWERS {
        let answer = text(&"x".repeat(64 * 1024));
        let mut sending = pin!(output.send(answer));
        let outcome: Result<(), Status> = poll_fn(|cx| {
            let outcome = sending.as_mut().poll(cx);
            if outcome.is_pending() {
                events.send(Event::Full(sent)).unwrap();
            }
            outcome
        })
        .await;
        if outcome.is_err() {
            events.send(Event::Over).unwrap();
            return;
        }
    }
}

/// What happens next but for waiting.
async fn next(events: &mut UnboundedReceiver<Event>) -> Event {
    loop {
        match soon(events.recv()).await.unwrap() {
            Event::Full(_) => {}
            event => return event,
        }
    }
}

/// Waits until a client's window, 1 MiB, is used up.
async fn full(events: &mut UnboundedReceiver<Event>) {
    loop {
        match soon(events.recv()).await.unwrap() {
            Event::Full(sent) if sent >= 16 => return,
            Event::Full(_) => {}
            event => panic!("{event:?}"),
        }
    }
}

#[tokio::test]
async fn a_sink_goes_on_in_another_task_when_its_client_reads() {
    let (service, mut events) = service();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    let (mut requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
    full(&mut events).await;
    // The handler's task does something meanwhile.
    requests.send(text("hi")).await.unwrap();
    assert_eq!(next(&mut events).await, Event::Received);
    for _ in 0..ANSWERS {
        assert!(soon(answers.receive()).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_sink_in_another_task_ends_with_its_call() {
    for ends in [true, false] {
        let (service, mut events) = service();
        let serving = Serving::start(Server::new().add(service)).await;
        let client = client(&serving).await;
        let (mut requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
        full(&mut events).await;
        if !ends {
            drop((requests, answers));
            assert_eq!(next(&mut events).await, Event::Over);
            continue;
        }
        requests.send(text("end")).await.unwrap();
        assert_eq!(next(&mut events).await, Event::Over);
        // What was sent by then comes, and the end behind it.
        while soon(answers.receive()).await.unwrap().is_some() {}
    }
}
