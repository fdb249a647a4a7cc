//! A reply that is not the reply is an error, and its connection is not used again.

use bytes::Bytes;
use hex_literal::hex;
use polyport::{Status, StatusKind, Transport};
use polyport_tests::demo::{ECHO, EchoArgs, FAIL, FailError, TextArgs};
use polyport_tests::peer::{Request, Response};
use polyport_tests::{exception, named, soon};
use polyport_wire::thrift::MessageType;

use crate::{Fake, answer};

fn reply(request: &Response) -> Request {
    let reply = Request::new(request.transport, &request.method).kind(MessageType::Reply);
    reply
        .sequence(request.sequence)
        .arguments(named::result("ok"))
}

/// What a call of `echo` comes to when the server answers this, and nothing more.
async fn outcome(
    transport: Transport,
    bytes: impl FnOnce(&Response) -> Vec<u8>,
) -> Result<String, Status> {
    let fake = Fake::start().await;
    let (client, mut peer) = fake.client(transport).await;
    let calling = tokio::spawn(async move {
        let text = "hi".to_owned();
        let result = client.call(&ECHO, EchoArgs { text }).await;
        (client, result)
    });
    answer(&mut peer, bytes).await;
    peer.finish().await;
    let (_client, result) = soon(calling).await.unwrap();
    result
}

#[tokio::test]
async fn the_right_one() {
    for transport in Transport::ALL {
        let result = outcome(transport, |request| reply(request).encode().to_vec()).await;
        assert_eq!(result.unwrap(), "ok");
        // The header's number is not looked at, and a reply may come in another framing.
        for other in Transport::ALL {
            let result = outcome(transport, |request| {
                let reply = Request::new(other, "echo").kind(MessageType::Reply);
                let reply = reply.sequence(request.sequence).header_sequence(99);
                reply.arguments(named::result("ok")).encode().to_vec()
            });
            assert_eq!(result.await.unwrap(), "ok");
        }
    }
}

#[tokio::test]
async fn the_wrong_one() {
    type Reply = fn(&Response) -> Request;
    let rows: [(&str, Reply, &str); 4] = [
        (
            "another number",
            |request| reply(request).sequence(request.sequence + 1),
            "the reply has sequence number 2, the request 1",
        ),
        (
            "another method",
            |request| {
                let reply = Request::new(request.transport, "ehco").kind(MessageType::Reply);
                reply
                    .sequence(request.sequence)
                    .arguments(named::result("ok"))
            },
            "the reply is for method ehco, the request for Demo/echo",
        ),
        (
            "a call",
            |request| reply(request).kind(MessageType::Call),
            "the reply is of message type 1",
        ),
        (
            "a oneway call",
            |request| reply(request).kind(MessageType::Oneway),
            "the reply is of message type 4",
        ),
    ];
    for transport in Transport::ALL {
        for (what, reply, text) in rows {
            let result = outcome(transport, |request| reply(request).encode().to_vec()).await;
            let status = result.unwrap_err();
            assert!(status.is_transport(), "{what}");
            assert_eq!(status.message(), text, "{what}");
        }
    }
}

#[tokio::test]
async fn garbage_and_pieces() {
    for transport in Transport::ALL {
        for garbage in [
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            &[0; 64],
            &[0xff; 64],
            &hex!("7fffffff 80010002"),
            &hex!("0000000e 1000 0000 00000001 0001 09 00 0000"),
        ] {
            let status = outcome(transport, |_| garbage.to_vec()).await.unwrap_err();
            assert!(status.is_transport(), "{status}");
            assert!(
                status.message().starts_with("the reply is broken: "),
                "{status}"
            );
        }
        let status = outcome(transport, |_| Vec::new()).await.unwrap_err();
        let text = "the server closed the connection without a reply";
        assert_eq!((status.is_transport(), status.message()), (true, text));
        let whole = outcome(transport, |request| reply(request).encode().to_vec()).await;
        assert_eq!(whole.unwrap(), "ok");
        let length = 60;
        for end in 1..length {
            let mut cut = false;
            let result = outcome(transport, |request| {
                let mut reply = reply(request).encode().to_vec();
                cut = end < reply.len();
                reply.truncate(end);
                reply
            })
            .await;
            if !cut {
                break;
            }
            let status = result.unwrap_err();
            let text = "the server closed the connection inside of a reply";
            assert_eq!(
                (status.is_transport(), status.message()),
                (true, text),
                "{end}"
            );
        }
    }
}

#[tokio::test]
async fn results_that_are_none() {
    for transport in Transport::ALL {
        let body = async |body: &'static [u8]| {
            outcome(transport, |request| {
                reply(request).arguments(body).encode().to_vec()
            })
            .await
        };
        // Nothing, a result of another type, and an exception that the IDL does not declare.
        for bytes in [
            &hex!("00")[..],
            &hex!("080000 00000001 00"),
            &hex!("0c0001 00 00"),
        ] {
            let status = body(bytes).await.unwrap_err();
            assert_eq!(status.type_id(), Some(5), "{status}");
            assert_eq!(status.message(), "missing result");
        }
        if transport != Transport::Buffered {
            for bytes in [
                &hex!("0b0000 00000009 6869 00")[..],
                &hex!("0b0000 00000001 ff 00"),
                &hex!("0b0000"),
            ] {
                let status = body(bytes).await.unwrap_err();
                assert!(status.is_transport(), "{status}");
                assert!(
                    status.message().starts_with("the reply is broken: "),
                    "{status}"
                );
            }
        }
    }
}

#[tokio::test]
async fn exceptions() {
    for transport in Transport::ALL {
        let thrown = async |sequence: fn(i32) -> i32, method: &str, body: Bytes| {
            let result = outcome(transport, |request| {
                let reply = Request::new(transport, method).kind(MessageType::Exception);
                let sequence = sequence(request.sequence);
                reply.sequence(sequence).arguments(body).encode().to_vec()
            });
            result.await.unwrap_err()
        };
        // Kitex leaves out the number, and checks the method's name of no exception.
        let own: fn(i32) -> i32 = |own| own;
        let none: fn(i32) -> i32 = |_| 0;
        for (sequence, method) in [
            (own, "echo"),
            (none, "echo"),
            (own, "other"),
            (none, "other"),
        ] {
            let status = thrown(sequence, method, exception(1900, "special")).await;
            assert_eq!(*status.kind(), StatusKind::Remote(1900));
            assert_eq!(status.message(), "special");
        }
        let status = thrown(|own| own - 1, "echo", exception(1900, "")).await;
        assert_eq!(*status.kind(), StatusKind::Remote(1900));
        assert_eq!(status.message(), "application exception of type 1900");
        let status = thrown(|own| own + 1, "echo", exception(1900, "special")).await;
        assert!(status.is_transport(), "{status}");
        let status = thrown(own, "echo", Bytes::from_static(&[0])).await;
        assert_eq!(*status.kind(), StatusKind::Remote(0));
        assert_eq!(status.message(), "unknown application exception");
    }
}

#[tokio::test]
async fn business_statuses() {
    let biz = async |strings: &'static [(&'static str, &'static str)]| {
        outcome(Transport::TtHeader, |request| {
            let reply = reply(request);
            let reply = strings.iter().fold(reply, |reply, (key, value)| {
                reply.string(key.as_bytes(), value)
            });
            reply.encode().to_vec()
        })
        .await
    };
    // No number, or none that is one: no status.
    for strings in [
        &[("biz-message", "m")][..],
        &[("biz-status", "0"), ("biz-message", "m")],
        &[("biz-status", "many")],
        &[("biz-status", "4294967296")],
    ] {
        assert_eq!(biz(strings).await.unwrap(), "ok");
    }
    let status = biz(&[("biz-status", "7"), ("biz-extra", "{")])
        .await
        .unwrap_err();
    let biz = status.biz().unwrap();
    assert_eq!((biz.code, &*biz.message, biz.extra.len()), (7, "", 0));
}

#[tokio::test]
async fn a_reply_over_the_limit_is_refused_by_its_announcement() {
    let fake = Fake::start().await;
    for transport in Transport::ALL {
        let limits = polyport::Limits {
            frame: 1000,
            ..polyport::Limits::default()
        };
        let client = fake
            .options(transport)
            .limits(limits)
            .connect()
            .await
            .unwrap();
        let mut peer = fake.accept().await;
        let calling = tokio::spawn(async move { client.call(&FAIL, TextArgs::new("x")).await });
        answer(&mut peer, |request| {
            let large = named::result(&"x".repeat(1000));
            let mut reply = reply(request).arguments(large).encode().to_vec();
            reply.truncate(500);
            reply
        })
        .await;
        let Err(FailError::Status(status)) = soon(calling).await.unwrap() else {
            panic!("a broken reply is no result");
        };
        assert!(status.is_transport(), "{status}");
        peer.rest().await;
        // A request is held against the same limit, before it is sent.
        let client = fake
            .options(transport)
            .limits(limits)
            .connect()
            .await
            .unwrap();
        let mut peer = fake.accept().await;
        let text = "x".repeat(1000);
        let status = client.call(&ECHO, EchoArgs { text }).await.unwrap_err();
        assert!(
            status.message().starts_with("the request cannot be sent: "),
            "{status}"
        );
        drop(client);
        peer.ended().await;
    }
}
