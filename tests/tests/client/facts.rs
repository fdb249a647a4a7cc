//! The table in the documentation of `Context`: what a handler can know of a call, for each transport.

use std::time::Duration;

use polyport::{Client, Server, Transport};
use polyport_tests::demo::{FACTS, Nothing, RELAY, demo, relaying};
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;

/// The facts that any call has, and those that a header brings.
struct Row {
    transport: Transport,
    reason: &'static str,
    has_header: bool,
    /// The sequence number of the first call.
    sequence: &'static str,
    /// How HTTP/2 writes a key.
    key: &'static str,
}

const ROWS: [Row; 5] = [
    row(Transport::Buffered, "method", false),
    row(Transport::Framed, "method", false),
    row(Transport::TtHeader, "named", true),
    row(Transport::TtHeaderFramed, "named", true),
    Row {
        sequence: "0",
        key: "TENANT_ID",
        ..row(Transport::Grpc, "named", true)
    },
];

const fn row(transport: Transport, reason: &'static str, has_header: bool) -> Row {
    Row {
        transport,
        reason,
        has_header,
        sequence: "1",
        key: "tenant-id",
    }
}

#[tokio::test]
async fn of_every_transport() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for row in ROWS {
        let options = Client::options(serving.address.to_string()).caller("front");
        let client = options.transport(row.transport).connect().await.unwrap();
        let facts = client
            .call(&FACTS, Nothing)
            .metadata("tenant-id", "7")
            .timeout(Duration::from_secs(60))
            .await
            .unwrap();
        let transport = row.transport.to_string();
        let if_sent = |fact: &'static str| if row.has_header { fact } else { "" };
        for (fact, expected) in [
            ("service", "Demo"),
            ("package", "test.demo"),
            ("method", "facts"),
            ("kind", "unary"),
            ("codec", "Thrift"),
            ("transport", &*transport),
            ("reason", row.reason),
            ("peer", "127.0.0.1"),
            ("real peer", ""),
            ("sequence", row.sequence),
            ("caller", if_sent("front")),
            ("caller method", ""),
            ("callee", if_sent("Demo")),
        ] {
            assert_eq!(facts[fact], expected, "{fact} over {transport}");
        }
        assert_eq!(facts["milliseconds left"].is_empty(), !row.has_header);
        let tenant = facts.get(&format!("transient {}", row.key));
        let tenant = tenant.map(String::as_str);
        assert_eq!(tenant, row.has_header.then_some("7"), "{transport}");
    }
}

#[tokio::test]
async fn the_method_of_a_caller() {
    let back = Serving::start(Server::new().add(demo().0)).await;
    for row in ROWS {
        let options = Client::options(back.address.to_string()).transport(row.transport);
        let onward = options.connect().await.unwrap();
        let middle = Server::new().add(relaying(Some(onward)).0).local().unwrap();
        let facts = middle.client().call(&RELAY, Nothing).await.unwrap();
        let expected = if row.has_header { "relay" } else { "" };
        assert_eq!(facts["caller method"], expected, "{}", row.transport);
    }
}

#[tokio::test]
async fn the_address_that_a_proxy_saw() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let options = Client::options(serving.address.to_string());
    let client = options.transport(Transport::Grpc).connect().await.unwrap();
    for (header, seen) in [
        ("10.0.0.7", "10.0.0.7"),
        ("10.0.0.7:4711", "10.0.0.7:4711"),
        ("10.0.0.7, 10.0.0.1", "10.0.0.7"),
        (" , 10.0.0.1", "10.0.0.1"),
        (",", ""),
    ] {
        let call = client.call(&FACTS, Nothing);
        let facts = call.header("X-Forwarded-For", header).await.unwrap();
        assert_eq!(facts["real peer"], seen, "{header}");
        assert_eq!(facts["peer"], "127.0.0.1");
    }
    let mut peer = serving.connect().await;
    let request = Request::new(Transport::TtHeader, "facts").string(b"rip", "10.0.0.7:4711");
    let response = peer.call(&request).await;
    let said = String::from_utf8_lossy(&response.body).into_owned();
    assert!(said.contains("10.0.0.7:4711"), "{said}");
}
