//! The table in the documentation of `Context`: what a handler can know of a call, for each transport.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use polyport::service::{RawHandler, UnknownHandler, Uses};
use polyport::{Call, Client, Context, Layer, Next, Reply, Server, Service, Status, Transport};
use polyport_tests::demo::{FACTS, Nothing, RELAY, demo, relaying};
use polyport_tests::named;
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

/// Notes something about each call.
#[derive(Clone)]
struct Look(fn(&Context) -> String, Arc<Mutex<Vec<String>>>);

impl Look {
    fn at(fact: fn(&Context) -> String) -> Self {
        Self(fact, Arc::default())
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.1.lock().unwrap())
    }
}

impl Layer for Look {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        let fact = (self.0)(&call.context);
        self.1.lock().unwrap().push(fact);
        next.call(call).await
    }
}

/// Answers everything with nothing.
struct Anything;

impl UnknownHandler for Anything {
    async fn call(&self, _cx: &mut Context, _request: Bytes) -> Result<Bytes, Status> {
        Ok(Bytes::new())
    }
}

#[tokio::test]
async fn the_reason_by_what_is_sent() {
    let look = Look::at(|cx| {
        assert_eq!(cx.address(), None);
        cx.reason().to_string()
    });
    let server = Server::new().layer(look.clone()).unknown(Anything);
    let server = server
        .add(named::service("One", &["only"]).alias("Old", &Uses::new()))
        .add(named::packaged("a", "Two", &["both"]).fallback())
        .add(named::packaged("b", "Two", &["both"]));
    let serving = Serving::start(server).await;
    let names = [
        ("One", "only"),
        ("Old", "only"),
        ("Nope", "only"),
        ("Two", "both"),
        ("Nope", "nope"),
    ];
    let named = ["named", "alias", "wrong-name", "fallback", "unknown"];
    let over_grpc = ["named", "alias", "unknown", "fallback", "unknown"];
    let unnamed = ["method", "method", "method", "fallback", "unknown"];
    for (transport, multiplexed, expected) in [
        (Transport::Buffered, false, unnamed),
        (Transport::Framed, false, unnamed),
        (Transport::Buffered, true, named),
        (Transport::Framed, true, named),
        (Transport::TtHeader, false, named),
        (Transport::TtHeaderFramed, false, named),
        (Transport::Grpc, false, over_grpc),
    ] {
        let mut options = Client::options(serving.address.to_string()).transport(transport);
        if multiplexed {
            options = options.multiplexed_names();
        }
        let client = options.connect().await.unwrap();
        for (service, method) in names {
            let call = client.raw(service, method).call(Bytes::from_static(&[0]));
            call.await.unwrap();
        }
        assert_eq!(look.take(), expected, "{transport} {multiplexed}");
    }
}

#[tokio::test]
async fn what_goes_back() {
    struct Back;

    impl RawHandler for Back {
        async fn call(&self, cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
            cx.reply_metadata().insert("before", "1");
            cx.reply_trailers().insert("behind", "2");
            Ok(Bytes::from_static(&[0]))
        }
    }

    /// Sees what the caller gets.
    struct Both(Transport);

    impl Layer for Both {
        async fn call(&self, call: Call, next: Next<'_>) -> Reply {
            let reply = next.call(call).await;
            let before = self.0.carries_service_name().then_some("1");
            assert_eq!(reply.metadata.get("before"), before, "{}", self.0);
            let behind = (self.0 == Transport::Grpc).then_some("2");
            assert_eq!(reply.metadata.get("behind"), behind, "{}", self.0);
            assert!(reply.trailers.is_empty());
            reply
        }
    }

    let server = Server::new().add(Service::raw("S", ["m"], Back));
    let serving = Serving::start(server).await;
    for Row { transport, .. } in ROWS {
        let options = Client::options(serving.address.to_string()).transport(transport);
        let client = options.layer(Both(transport)).connect().await.unwrap();
        client
            .raw("S", "m")
            .call(Bytes::from_static(&[0]))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_method_in_which_a_client_calls() {
    let back = Serving::start(Server::new().add(demo().0)).await;
    let look = Look::at(|cx| cx.caller_method().to_owned());
    let options = Client::options(back.address.to_string()).layer(look.clone());
    let onward = options.connect().await.unwrap();
    onward.call(&FACTS, Nothing).await.unwrap();
    let middle = Server::new().add(relaying(Some(onward)).0).local().unwrap();
    middle.client().call(&RELAY, Nothing).await.unwrap();
    assert_eq!(look.take(), ["", "relay"]);
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
