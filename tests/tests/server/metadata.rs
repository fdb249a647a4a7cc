//! What travels beside a call, and what a handler can know about it.

use std::collections::HashMap;

use polyport::{Server, Status, Transport};
use polyport_tests::demo::{Facts, demo};
use polyport_tests::peer::{Peer, Request};
use polyport_tests::serving::Serving;
use polyport_wire::limits::Limits;
use polyport_wire::thrift;
use polyport_wire::ttheader::keys;

const TTHEADER: [Transport; 2] = [Transport::TtHeader, Transport::TtHeaderFramed];

async fn facts(peer: &mut Peer, request: &Request) -> Facts {
    let response = peer.call(request).await;
    let outcome = thrift::decode_outcome::<Facts, Status>(&response.body, &Limits::default());
    outcome.unwrap().unwrap().unwrap()
}

fn expect(facts: &Facts, expected: &[(&str, &str)]) {
    let expected: HashMap<_, _> = expected.iter().copied().collect();
    let of_interest = facts
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .filter(|(name, _)| expected.contains_key(name));
    assert_eq!(of_interest.collect::<HashMap<_, _>>(), expected);
}

fn metadata(facts: &Facts) -> Vec<(&str, &str)> {
    let mut pairs: Vec<_> = facts
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .filter(|(name, _)| name.starts_with("transient ") || name.starts_with("persistent "))
        .collect();
    pairs.sort_unstable();
    pairs
}

#[tokio::test]
async fn a_handler_knows_everything_that_a_header_says() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let mut peer = serving.connect().await;
    for transport in TTHEADER {
        let request = Request::new(transport, "facts")
            .service("Demo")
            .sequence(12)
            .int(keys::FROM_SERVICE, "shop")
            .int(keys::FROM_METHOD, "buy")
            .int(keys::TO_SERVICE, "demo.service")
            .string(keys::REMOTE_ADDRESS, "192.0.2.7:99");
        let facts = facts(&mut peer, &request).await;
        expect(
            &facts,
            &[
                ("service", "Demo"),
                ("package", "test.demo"),
                ("method", "facts"),
                ("kind", "unary"),
                ("codec", "Thrift"),
                ("reason", "named"),
                ("transport", &transport.to_string()),
                ("caller", "shop"),
                ("caller method", "buy"),
                ("callee", "demo.service"),
                ("peer", "127.0.0.1"),
                ("real peer", "192.0.2.7:99"),
                ("sequence", "12"),
                ("milliseconds left", ""),
            ],
        );
        assert_eq!(metadata(&facts), []);
    }
}

#[tokio::test]
async fn without_a_header_a_handler_knows_the_rest() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let mut peer = serving.connect().await;
    for transport in [Transport::Buffered, Transport::Framed] {
        let facts = facts(&mut peer, &Request::new(transport, "facts")).await;
        expect(
            &facts,
            &[
                ("service", "Demo"),
                ("reason", "method"),
                ("transport", &transport.to_string()),
                ("caller", ""),
                ("peer", "127.0.0.1"),
                ("sequence", "7"),
            ],
        );
    }
}

#[tokio::test]
async fn metadata_of_the_request_is_sorted_by_reach() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let mut peer = serving.connect().await;
    for transport in TTHEADER {
        let request = Request::new(transport, "facts")
            .string(b"RPC_TRANSIT_one", "1")
            .string(b"RPC_PERSIST_two", "2")
            .string(b"RPC_TRANSIT_UPSTREAM_three", "3")
            .string(b"RPC_TRANSIT_both", "here")
            .string(b"RPC_PERSIST_both", "on")
            .string(b"RPC_TRANSIT_empty", "")
            .string(b"RPC_TRANSIT_", "no key")
            .string(b"RPC_TRANSIT_twice", "first")
            .string(b"RPC_TRANSIT_twice", "last")
            .string(b"RPC_TRANSIT_gdpr-token", "token")
            .string(b"other", "is none");
        let facts = facts(&mut peer, &request).await;
        let expected = [
            ("persistent both", "on"),
            ("persistent two", "2"),
            ("transient both", "here"),
            ("transient gdpr-token", "token"),
            ("transient one", "1"),
            ("transient three", "3"),
            ("transient twice", "last"),
        ];
        assert_eq!(metadata(&facts), expected);
    }
    // Nothing of it is left for the next request.
    let facts = facts(&mut peer, &Request::new(Transport::TtHeader, "facts")).await;
    assert_eq!(metadata(&facts), []);
}

#[tokio::test]
async fn metadata_of_the_reply_goes_out_under_its_own_keys() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let mut peer = serving.connect().await;
    for transport in TTHEADER {
        let response = peer.call(&Request::new(transport, "echo").text("hi")).await;
        let header = response.header.unwrap();
        let echoed: [(&[u8], &[u8]); 1] = [(b"echoed", b"hi")];
        assert!(header.strings().eq(echoed), "{header:?}");
        let kind: [(u16, &[u8]); 1] = [(keys::MESSAGE_TYPE, b"2")];
        assert!(header.ints().eq(kind), "{header:?}");
        // An empty value is never sent.
        let response = peer.call(&Request::new(transport, "echo").text("")).await;
        assert_eq!(response.header.unwrap().strings().count(), 0);
    }
    // Without a header there is no place for it, which is no error.
    let response = peer
        .call(&Request::new(Transport::Framed, "echo").text("hi"))
        .await;
    assert_eq!(response.text(), "hi");
}
