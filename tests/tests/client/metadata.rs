//! What a client sends beside a call and gets beside a reply, and what it passes on.

use std::time::Duration;

use bytes::BytesMut;
use polyport::{Client, Server, Transport};
use polyport_tests::demo::{
    ECHO, EchoArgs, FACTS, FAIL, Facts, Nothing, RELAY, TextArgs, demo, relaying,
};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_wire::ttheader::keys;

use crate::{Fake, answer};

const TTHEADER: [Transport; 2] = [Transport::TtHeader, Transport::TtHeaderFramed];

async fn client(serving: &Serving, transport: Transport) -> Client {
    let options = Client::options(serving.address.to_string()).caller("front");
    options.transport(transport).connect().await.unwrap()
}

fn pairs(facts: &Facts) -> Vec<(&str, &str)> {
    let mut pairs: Vec<_> = facts
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .filter(|(name, _)| name.starts_with("transient ") || name.starts_with("persistent "))
        .collect();
    pairs.sort_unstable();
    pairs
}

#[tokio::test]
async fn both_ways() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in TTHEADER {
        let client = client(&serving, transport).await;
        let facts = client
            .call(&FACTS, Nothing)
            .metadata("tenant", "7")
            .metadata("tenant", "8")
            .persistent("trace", "abc")
            .metadata("empty", "")
            .await
            .unwrap();
        assert_eq!(
            pairs(&facts),
            [("persistent trace", "abc"), ("transient tenant", "8")]
        );

        let text = "hi".to_owned();
        let answer = client.call(&ECHO, EchoArgs { text }).answer().await;
        assert_eq!(answer.result.unwrap(), "hi");
        let metadata: Vec<_> = answer.metadata.iter().collect();
        assert_eq!(metadata, [("echoed", "hi")]);

        // Beside a failure as well, and without the framework's own keys.
        for how in ["error", "biz with extra", "missing"] {
            let answer = client.call(&FAIL, TextArgs::new(how)).answer().await;
            answer.result.unwrap_err();
            let metadata: Vec<_> = answer.metadata.iter().collect();
            assert_eq!(metadata, [("failed", how)]);
        }
    }
}

#[tokio::test]
async fn where_no_header_is_nothing_is_sent() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in [Transport::Buffered, Transport::Framed] {
        let client = client(&serving, transport).await;
        let answer = client
            .call(&FACTS, Nothing)
            .metadata("tenant", "7")
            .answer()
            .await;
        assert_eq!(pairs(&answer.result.unwrap()), []);
        assert!(answer.metadata.is_empty());
    }
}

#[tokio::test]
async fn within_a_call_persistent_metadata_and_the_rest_of_the_deadline_are_passed_on() {
    let back = Serving::start(Server::new().add(demo().0)).await;
    let onward = Client::options(back.address.to_string()).caller("middle");
    let onward = onward.connect().await.unwrap();
    let middle = Serving::start(Server::new().add(relaying(Some(onward)).0)).await;
    for transport in TTHEADER {
        let client = client(&middle, transport).await;
        let facts = client
            .call(&RELAY, Nothing)
            .metadata("tenant", "7")
            .persistent("trace", "abc")
            .timeout(Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(pairs(&facts), [("persistent trace", "abc")]);
        assert_eq!(facts["caller"], "middle");
        assert_eq!(facts["caller method"], "relay");
        let left: u64 = facts["milliseconds left"].parse().unwrap();
        assert!((30_000..60_000).contains(&left), "{left}");

        let facts = client.call(&RELAY, Nothing).await.unwrap();
        assert_eq!(facts["milliseconds left"], "");
    }
}

#[tokio::test]
async fn the_keys_of_a_request() {
    let fake = Fake::start().await;
    for transport in TTHEADER {
        let options = fake.options(transport).caller("shop");
        let options = options.connect_timeout(Duration::from_millis(1500));
        let client = options.connect().await.unwrap();
        let mut peer = fake.accept().await;
        let calling = tokio::spawn(async move {
            let text = "hi".to_owned();
            let call = client.call(&ECHO, EchoArgs { text });
            call.timeout(Duration::from_secs(60))
                .metadata("tenant", "7")
                .await
        });
        let request = peer.response().await;
        let framed = match transport {
            Transport::TtHeader => "unframed",
            _ => "framed",
        };
        for (key, value) in [
            (keys::TRANSPORT_TYPE, framed),
            (keys::FROM_SERVICE, "shop"),
            (keys::FROM_METHOD, ""),
            (keys::TO_METHOD, "echo"),
            (keys::MESSAGE_TYPE, "1"),
            (keys::RPC_TIMEOUT, "60000"),
            (keys::CONNECT_TIMEOUT, "1500"),
        ] {
            assert_eq!(request.int(key), Some(value), "int key {key}");
        }
        assert_eq!(request.string(keys::SERVICE_NAME), Some("Demo"));
        assert_eq!(request.string(b"RPC_TRANSIT_tenant"), Some("7"));
        let header = request.header.as_ref().unwrap();
        assert_eq!((header.flags, header.protocol), (0, 0));
        assert_eq!(header.sequence, request.sequence);
        calling.abort();
    }
}

#[tokio::test]
async fn sequence_numbers_are_never_zero_and_all_different() {
    let fake = Fake::start().await;
    let (client, mut peer) = fake.client(Transport::Framed).await;
    let calling = tokio::spawn(async move {
        for _ in 0..3 {
            let text = String::new();
            client.call(&ECHO, EchoArgs { text }).await.unwrap();
        }
    });
    let mut numbers = Vec::new();
    for _ in 0..3 {
        answer(&mut peer, |request| {
            numbers.push(request.sequence);
            let mut reply = BytesMut::from(&b"\0\0\0\x18\x80\x01\0\x02\0\0\0\x04echo"[..]);
            reply.extend_from_slice(&request.sequence.to_be_bytes());
            reply.extend_from_slice(b"\x0b\0\0\0\0\0\0\0");
            reply.to_vec()
        })
        .await;
    }
    soon(calling).await.unwrap();
    assert_eq!(numbers, [1, 2, 3]);
}
