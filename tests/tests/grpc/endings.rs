//! Calls that end before they are done: time runs out, a side gives up, the server stops.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use polyport::codegen::buffa_types::google::protobuf::StringValue;
use polyport::codegen::{ServiceBuilder, StreamMethod};
use polyport::{CallKind, Code, Server, Status};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams::{self, ECHO, SPLIT, UNARY, text};

use tokio::time::timeout;

use crate::client;

const SHORT: Duration = Duration::from_millis(50);

fn is_timeout(status: &Status) -> bool {
    status.is_timeout()
}

#[tokio::test]
async fn a_handler_ends_with_its_deadline() {
    let (service, mut events) = streams::protobuf();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    let status = client.call(&UNARY, text("wait")).timeout(SHORT).await;
    assert!(is_timeout(&status.unwrap_err()));
    assert_eq!(events.next().await, "waiting");
    assert_eq!(events.next().await, "ended");
    // The connection goes on.
    assert_eq!(client.call(&UNARY, text("hi")).await.unwrap(), text("hi"));
}

#[tokio::test]
async fn a_stream_ends_with_its_deadline() {
    let (service, mut events) = streams::protobuf();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    let (mut requests, mut answers) = client.bidirectional(&ECHO).timeout(SHORT).await.unwrap();
    requests.send(text("hi")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(text("hi")));
    assert!(is_timeout(&soon(answers.receive()).await.unwrap_err()));
    assert_eq!(events.next().await, "ended");
}

#[tokio::test]
async fn a_server_that_noticed_first_that_time_is_up_says_the_same() {
    static LATE: StreamMethod<StringValue, StringValue> =
        StreamMethod::protobuf("test.v1", "Late", "Late", CallKind::Bidirectional);
    // Grpc-go's server cancels the stream.
    for code in [Code::DEADLINE_EXCEEDED, Code::CANCELLED] {
        let schema = streams::embedded("test.v1");
        let service = ServiceBuilder::new(schema, "test.v1", "Late", Arc::new(()))
            .bidirectional(&LATE, move |_, cx, _, _| async move {
                (cx, Err(Status::with_code(code, "late")))
            })
            .build();
        let serving = Serving::start(Server::new().add(service)).await;
        let client = client(&serving).await;
        let call = client.bidirectional(&LATE).timeout(SHORT);
        let (_requests, mut answers) = call.await.unwrap();
        // Nobody looks at the answer before that.
        assert!(timeout(SHORT * 2, pending::<()>()).await.is_err());
        assert!(is_timeout(&answers.receive().await.unwrap_err()));
    }
}

#[tokio::test]
async fn a_handler_ends_when_its_client_gives_up() {
    let (service, mut events) = streams::protobuf();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    let call = client.call(&UNARY, text("wait"));
    let calling = tokio::spawn(async move { call.await });
    assert_eq!(events.next().await, "waiting");
    calling.abort();
    assert_eq!(events.next().await, "ended");

    let (mut requests, answers) = client.bidirectional(&ECHO).await.unwrap();
    requests.send(text("wait")).await.unwrap();
    assert_eq!(events.next().await, "waiting");
    drop((requests, answers));
    assert_eq!(events.next().await, "ended");
}

#[tokio::test]
async fn a_handler_ends_with_its_connection() {
    let (service, mut events) = streams::protobuf();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    let call = client.call(&UNARY, text("wait"));
    drop(client);
    let calling = tokio::spawn(async move { call.await });
    assert_eq!(events.next().await, "waiting");
    calling.abort();
    assert_eq!(events.next().await, "ended");
}

#[tokio::test]
async fn a_stop_waits_for_streams_and_takes_no_new_ones() {
    let (service, _events) = streams::protobuf();
    let serving = Serving::start(Server::new().add(service)).await;
    let client = client(&serving).await;
    let (mut requests, mut answers) = client.bidirectional(&ECHO).await.unwrap();
    requests.send(text("hi")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(text("hi")));
    let stopped = serving.stop();
    // The stream goes on...
    requests.send(text("still")).await.unwrap();
    assert_eq!(answers.receive().await.unwrap(), Some(text("still")));
    // ...to its end, and nothing is cut.
    requests.finish().unwrap();
    assert_eq!(answers.receive().await.unwrap(), None);
    assert_eq!(soon(stopped).await.unwrap(), 0);
    assert!(client.server_stream(&SPLIT, text("a")).await.is_err());
}
