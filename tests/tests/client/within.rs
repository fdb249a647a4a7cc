//! Calls made inside of a handler: what is left of its time, and what is passed on, over every chain
//! of transports and for every kind of call.

use std::sync::Arc;
use std::time::Duration;

use polyport::codegen::{Method, ServiceBuilder, StreamMethod};
use polyport::{CallKind, Client, Context, Server, Service, Status, Transport};
use polyport_tests::demo::{FACTS, Facts, Nothing, RELAY, demo, relaying};
use polyport_tests::frames::{FramePeer, kind};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams::embedded;
use tokio::net::TcpListener;

/// Those that carry metadata.
const CARRYING: [Transport; 3] = [
    Transport::TtHeader,
    Transport::TtHeaderFramed,
    Transport::Grpc,
];

async fn client(serving: &Serving, transport: Transport, caller: &str) -> Client {
    let options = Client::options(serving.address.to_string()).caller(caller);
    options.transport(transport).connect().await.unwrap()
}

#[tokio::test]
async fn every_chain_of_transports_is_one_hop_for_what_is_transient() {
    let back = Serving::start(Server::new().add(demo().0)).await;
    for onward in CARRYING {
        let onward = client(&back, onward, "middle").await;
        let middle = Serving::start(Server::new().add(relaying(Some(onward)).0)).await;
        for transport in CARRYING {
            let client = client(&middle, transport, "front").await;
            let facts = client
                .call(&RELAY, Nothing)
                .metadata("TENANT", "7")
                .persistent("TRACE", "abc")
                .timeout(Duration::from_secs(60))
                .await
                .unwrap();
            assert_eq!(facts.get("transient TENANT"), None, "{transport}");
            assert_eq!(facts["persistent TRACE"], "abc", "{transport}");
            assert_eq!(facts["caller"], "middle", "{transport}");
            assert_eq!(facts["caller method"], "relay", "{transport}");
            let left: u64 = facts["milliseconds left"].parse().unwrap();
            assert!((30_000..60_000).contains(&left), "{transport}: {left}");
        }
    }
}

static JOIN: StreamMethod<String, String> =
    StreamMethod::thrift("Streams", "Join", CallKind::ClientStream).package("test");
static SPLIT: StreamMethod<String, String> =
    StreamMethod::thrift("Streams", "Split", CallKind::ServerStream).package("test");
static ECHO: StreamMethod<String, String> =
    StreamMethod::thrift("Streams", "Echo", CallKind::Bidirectional).package("test");
/// Calls all three.
static ALL: Method<Nothing, Vec<String>> =
    Method::new("Streams", "All", CallKind::Unary).package("test");

/// What a handler was told, in a line.
fn told(cx: &Context) -> String {
    let metadata = cx.metadata();
    format!(
        "{} from {} {:?} {:?} {}",
        cx.method(),
        cx.caller_method(),
        metadata.persistent("TRACE"),
        metadata.transient("TENANT"),
        cx.deadline().is_some()
    )
}

/// Streams that give back what their handlers were told.
fn telling() -> Service {
    ServiceBuilder::new(embedded("test"), "test", "Streams", Arc::new(()))
        .client_stream(&JOIN, |_, cx, _| async move {
            let told = told(&cx);
            (cx, Ok(told))
        })
        .server_stream(&SPLIT, |_, cx, _, mut output| async move {
            let outcome = output.send(told(&cx)).await;
            (cx, outcome)
        })
        .bidirectional(&ECHO, |_, cx, _, mut output| async move {
            let outcome = output.send(told(&cx)).await;
            (cx, outcome)
        })
        .build()
}

async fn all(client: &Client, cx: &Context) -> Result<Vec<String>, Status> {
    let joined = client.client_stream(&JOIN).within(cx).await?;
    let joined = joined.finish().await?;
    let mut words = client
        .server_stream(&SPLIT, String::new())
        .within(cx)
        .await?;
    let (_requests, mut echoes) = client.bidirectional(&ECHO).within(cx).await?;
    let split = words.receive().await?.unwrap_or_default();
    let echo = echoes.receive().await?.unwrap_or_default();
    Ok(vec![joined, split, echo])
}

/// A service whose one method calls all streams.
fn calling(onward: Client) -> Service {
    ServiceBuilder::new(embedded("test"), "test", "Streams", Arc::new(onward))
        .method(&ALL, |onward, cx, Nothing| async move {
            let outcome = all(&onward, &cx).await;
            (cx, outcome)
        })
        .build()
}

#[tokio::test]
async fn streams_pass_on_the_same() {
    let back = Serving::start(Server::new().add(telling())).await;
    let onward = client(&back, Transport::Grpc, "middle").await;
    let middle = Serving::start(Server::new().add(calling(onward))).await;
    for transport in CARRYING {
        let client = client(&middle, transport, "front").await;
        let call = client.call(&ALL, Nothing).metadata("TENANT", "7");
        let told = call
            .persistent("TRACE", "abc")
            .timeout(Duration::from_secs(60));
        let expected = ["Join", "Split", "Echo"]
            .map(|method| format!("{method} from All Some(\"abc\") None true"));
        assert_eq!(told.await.unwrap(), expected, "{transport}");
    }
}

#[tokio::test]
async fn a_deadline_that_has_passed_sends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Client::options(listener.local_addr().unwrap().to_string());
    let accepting = async {
        let (socket, _) = soon(listener.accept()).await.unwrap();
        let mut peer = FramePeer::new(socket);
        peer.skip_preface().await;
        peer
    };
    let options = options.transport(Transport::Grpc);
    let (onward, mut peer) = tokio::join!(options.connect(), accepting);
    let onward = onward.unwrap();
    let call = onward.bidirectional(&ECHO).timeout(Duration::ZERO);
    let status = call.await.unwrap_err();
    assert!(status.is_timeout(), "{status}");
    let status = onward.call(&FACTS, Nothing).timeout(Duration::ZERO).await;
    assert!(status.unwrap_err().is_timeout());
    drop(onward);
    assert!(soon(peer.next_of(kind::HEADERS)).await.is_none());
}

#[tokio::test]
async fn what_a_call_says_itself_counts_more_than_what_it_inherits() {
    /// Sets what it calls with.
    static OWN: Method<Nothing, Facts> = Method::new("Own", "own", CallKind::Unary).package("test");

    let back = Serving::start(Server::new().add(demo().0)).await;
    let onward = client(&back, Transport::TtHeader, "middle").await;
    let service = ServiceBuilder::new(embedded("test"), "test", "Own", Arc::new(onward))
        .method(&OWN, |onward, cx, Nothing| async move {
            let call = onward.call(&FACTS, Nothing).persistent("TRACE", "own");
            let call = call.timeout(Duration::from_secs(5)).within(&cx);
            (cx, call.persistent("SPAN", "own").await)
        })
        .build();
    let middle = Serving::start(Server::new().add(service)).await;
    for transport in CARRYING {
        let client = client(&middle, transport, "front").await;
        let call = client.call(&OWN, Nothing).persistent("TRACE", "abc");
        let call = call
            .persistent("SPAN", "abc")
            .timeout(Duration::from_secs(60));
        let facts = call.await.unwrap();
        assert_eq!(facts["persistent TRACE"], "own", "{transport}");
        assert_eq!(facts["persistent SPAN"], "own", "{transport}");
        let left: u64 = facts["milliseconds left"].parse().unwrap();
        assert!(left <= 5000, "{transport}: {left}");
    }
}
