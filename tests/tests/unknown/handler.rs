//! What the handler for unknown ones is given, and what its answers become, over every transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use hex_literal::hex;
use polyport::service::UnknownHandler;
use polyport::{
    BizStatus, Call, CallKind, Code, Codec, Context, Layer, Next, Reply, Server, Status,
    StatusKind, Transport,
};
use polyport_tests::named;
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_wire::thrift::MessageType;

use crate::{Facts, client, echo};

/// A struct that no IDL knows.
const BYTES: [u8; 15] = hex!("08 0007 0000002a 0b 0008 00000000 00");

#[tokio::test]
async fn unary_calls_of_thrift() {
    let (handler, mut noted) = echo();
    let known = named::service("Known", &["say"]);
    let serving = Serving::start(Server::new().add(known).unknown(handler)).await;
    for transport in Transport::ALL {
        let client = client(&serving, transport).await;
        for service in ["Known", "Nobody"] {
            let call = client
                .raw(service, "shout")
                .call(Bytes::from_static(&BYTES));
            let answer = call.metadata("tenant", "7").answer().await;
            assert_eq!(answer.result.unwrap(), &BYTES[..]);
            let carries = transport.carries_service_name();
            let expected = Facts {
                names: (
                    if carries { service } else { "" }.to_owned(),
                    "shout".to_owned(),
                ),
                transport,
                codec: Codec::ThriftBinary,
                kind: CallKind::Unary,
                reason: "unknown".to_owned(),
                tenant: carries.then(|| "7".to_owned()),
            };
            assert_eq!(soon(noted.recv()).await.unwrap(), expected);
            let served_by = answer.metadata.get("served-by");
            assert_eq!(served_by, carries.then_some("echo"));
        }
        // Those that are known are served as ever, on the same connection.
        let said = client.raw("Known", "say").call(Bytes::from_static(&[0]));
        assert_eq!(said.await.unwrap(), named::result("Known.say"));
    }
}

#[tokio::test]
async fn unary_calls_of_kitex_protobuf() {
    let (handler, mut noted) = echo();
    let serving = Serving::start(Server::new().unknown(handler)).await;
    for transport in [Transport::Framed, Transport::TtHeaderFramed] {
        let client = client(&serving, transport).await;
        for (method, request, answer) in [
            ("shout", &b"\x0a\x02hi"[..], &b"\x0a\x02hi"[..]),
            ("shout", b"", b""),
            ("nothing", b"\x0a\x02hi", b""),
        ] {
            let raw = client.raw("Nobody", method).codec(Codec::Protobuf);
            assert_eq!(raw.call(Bytes::from_static(request)).await.unwrap(), answer);
            let facts = soon(noted.recv()).await.unwrap();
            assert_eq!((facts.codec, facts.transport), (Codec::Protobuf, transport));
            assert_eq!(facts.names.1, method);
        }
    }
}

#[tokio::test]
async fn every_kind_of_call_over_grpc() {
    let (handler, mut noted) = echo();
    let known = named::service("Known", &["say"]);
    let serving = Serving::start(Server::new().add(known).unknown(handler)).await;
    let client = client(&serving, Transport::Grpc).await;
    for codec in [Codec::Protobuf, Codec::ThriftBinary] {
        for (service, method) in [("shop.v1.Cart", "Add"), ("Known", "shout")] {
            let raw = || client.raw(service, method).codec(codec);
            let answer = raw().call(Bytes::from_static(&BYTES)).answer().await;
            assert_eq!(answer.result.unwrap(), &BYTES[..]);
            assert_eq!(answer.metadata.get("served-by"), Some("echo"));

            let (mut requests, mut answers) = raw().stream().metadata("TENANT", "7").await.unwrap();
            for number in 0..3 {
                let message = Bytes::from(vec![number; 3]);
                requests.send(message.clone()).await.unwrap();
                assert_eq!(answers.receive().await.unwrap(), Some(message));
            }
            requests.finish().unwrap();
            assert_eq!(answers.receive().await.unwrap(), None);

            for tenant in [None, Some("7".to_owned())] {
                let expected = Facts {
                    names: (service.to_owned(), method.to_owned()),
                    transport: Transport::Grpc,
                    codec,
                    kind: CallKind::Bidirectional,
                    reason: "unknown".to_owned(),
                    tenant,
                };
                assert_eq!(soon(noted.recv()).await.unwrap(), expected);
            }
        }
    }
}

#[tokio::test]
async fn a_oneway_call_is_not_answered() {
    let (handler, mut noted) = echo();
    let serving = Serving::start(Server::new().unknown(handler)).await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        for method in ["shout", "error", "panic"] {
            let oneway = Request::new(transport, method).kind(MessageType::Oneway);
            peer.send(oneway.encode()).await;
            assert_eq!(soon(noted.recv()).await.unwrap().kind, CallKind::Oneway);
        }
        let response = peer
            .call(&Request::new(transport, "shout").sequence(9))
            .await;
        assert_eq!((response.kind, response.sequence), (MessageType::Reply, 9));
        noted.recv().await.unwrap();
    }
}

#[tokio::test]
async fn failures_keep_the_connection_and_no_bytes_are_an_empty_struct() {
    let (handler, _noted) = echo();
    let serving = Serving::start(Server::new().unknown(handler)).await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        let response = peer.call(&Request::new(transport, "error")).await;
        assert_eq!(response.exception(), (6, "biz error: bad".to_owned()));
        let response = peer
            .call(&Request::new(transport, "panic").service("Nobody"))
            .await;
        let name = if transport.carries_service_name() {
            "Nobody"
        } else {
            ""
        };
        let text = format!(
            "panic: [happened in biz handler, method={name}.panic, please check the panic at the \
             server side] boom"
        );
        assert_eq!(response.exception(), (6, text));
        let response = peer.call(&Request::new(transport, "nothing")).await;
        assert_eq!(
            (response.kind, &response.body[..]),
            (MessageType::Reply, &[0][..])
        );
    }
}

/// Fails as another server did.
struct Elsewhere;

impl UnknownHandler for Elsewhere {
    async fn call(&self, cx: &mut Context, _: Bytes) -> Result<Bytes, Status> {
        let status = match cx.method() {
            "code" => Status::with_code(Code::NOT_FOUND, "not here").with_details("details"),
            "biz" => BizStatus::new(404, "not found")
                .with_extra("shelf", "7")
                .into(),
            _ => Status::typed(1900, "special"),
        };
        Err(status.forwarded())
    }
}

#[tokio::test]
async fn the_word_of_another_server_goes_on_as_it_came() {
    let serving = Serving::start(Server::new().unknown(Elsewhere)).await;
    let call = async |transport, method| {
        let client = client(&serving, transport).await;
        let call = client.raw("Nobody", method).call(Bytes::from_static(&[0]));
        call.await.unwrap_err()
    };
    for transport in Transport::ALL {
        let status = call(transport, "typed").await;
        assert_eq!(
            (status.kind(), status.message()),
            (&StatusKind::Remote(1900), "special")
        );
    }
    for transport in [
        Transport::TtHeader,
        Transport::TtHeaderFramed,
        Transport::Grpc,
    ] {
        let status = call(transport, "biz").await;
        let biz = BizStatus::new(404, "not found").with_extra("shelf", "7");
        assert_eq!(status.biz(), Some(&biz));
    }
    // Over gRPC the only message of a stream is answered like a call.
    let status = call(Transport::Grpc, "code").await;
    assert_eq!(
        (status.code(), status.message()),
        (Some(Code::NOT_FOUND), "not here")
    );
    assert_eq!(status.details(), "details");
}

/// Counts calls.
struct Counted(Arc<AtomicUsize>);

impl Layer for Counted {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        assert_eq!(call.context.reason().to_string(), "unknown");
        self.0.fetch_add(1, Ordering::Relaxed);
        next.call(call).await
    }
}

#[tokio::test]
async fn layers_of_the_server_stand_around_it() {
    let count = Arc::new(AtomicUsize::new(0));
    let server = Server::new()
        .layer(Counted(Arc::clone(&count)))
        .unknown(echo().0);
    let serving = Serving::start(server).await;
    for transport in [Transport::Buffered, Transport::TtHeader, Transport::Grpc] {
        let client = client(&serving, transport).await;
        let call = client
            .raw("Nobody", "shout")
            .call(Bytes::from_static(&BYTES));
        assert_eq!(call.await.unwrap(), &BYTES[..]);
    }
    assert_eq!(count.load(Ordering::Relaxed), 3);
}
