//! What a handler or a layer says went wrong, as a table; the connection stays.

use bytes::Bytes;
use polyport::service::RawHandler;
use polyport::{BizStatus, Call, Context, Layer, Next, Reply, Server, Service, Status, Transport};
use polyport_tests::demo::{FailError, demo};
use polyport_tests::named;
use polyport_tests::peer::{Request, Response};
use polyport_tests::serving::Serving;
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, MessageType};
use polyport_wire::ttheader::keys;

const PANIC: &str = "panic: [happened in biz handler, method=Demo.fail, please check the panic at \
                     the server side] ";

/// Calls `method`, checks that the reply leaves the connection open, and calls something else.
async fn fail(serving: &Serving, request: &Request) -> Response {
    let mut peer = serving.connect().await;
    let response = peer.call(request).await;
    assert!(!response.resets());
    let again = peer.call(request).await;
    assert_eq!((again.kind, &again.body), (response.kind, &response.body));
    response
}

#[tokio::test]
async fn each_failure_has_its_exception() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let rows = [
        ("error", 6, "biz error: bad".to_owned()),
        ("typed", 1900, "special [biz error]".to_owned()),
        ("panic", 6, format!("{PANIC}boom")),
        (
            "panic with a value",
            6,
            format!("{PANIC}the panic has no text"),
        ),
    ];
    for (how, type_id, text) in rows {
        for transport in Transport::ALL {
            let request = Request::new(transport, "fail").text(how);
            let response = fail(&serving, &request).await;
            assert_eq!(response.exception(), (type_id, text.clone()), "{how}");
            if transport.carries_service_name() {
                assert_eq!(response.int(keys::MESSAGE_TYPE), Some("3"));
            }
        }
    }
}

#[tokio::test]
async fn an_exception_of_the_idl_is_a_reply() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in Transport::ALL {
        let response = fail(&serving, &Request::new(transport, "fail").text("missing")).await;
        assert_eq!(response.kind, MessageType::Reply);
        let outcome: Option<Result<String, FailError>> =
            thrift::decode_outcome(&response.body, &Limits::default()).unwrap();
        let Some(Err(FailError::Missing(exception))) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(exception.key, "k");
        if transport.carries_service_name() {
            assert_eq!(response.int(keys::MESSAGE_TYPE), Some("2"));
        }
    }
}

#[tokio::test]
async fn a_business_status_stands_in_the_header() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in [Transport::TtHeader, Transport::TtHeaderFramed] {
        let response = fail(&serving, &Request::new(transport, "fail").text("biz")).await;
        assert_eq!(response.kind, MessageType::Reply);
        assert_eq!(response.body, [0][..]);
        assert_eq!(response.string(keys::BIZ_STATUS), Some("404"));
        assert_eq!(response.string(keys::BIZ_MESSAGE), Some("not found"));
        assert_eq!(response.string(keys::BIZ_EXTRA), None);
        assert_eq!(response.int(keys::MESSAGE_TYPE), Some("2"));

        let request = Request::new(transport, "fail").text("biz with extra");
        let response = fail(&serving, &request).await;
        assert_eq!(response.string(keys::BIZ_STATUS), Some("-1"));
        let extra = response.string(keys::BIZ_EXTRA);
        assert_eq!(extra, Some(r#"{"shelf":"<7 & \"8\" für>"}"#));
        // What the handler sends back beside it is not lost.
        assert_eq!(response.string(b"failed"), Some("biz with extra"));
    }
}

#[tokio::test]
async fn a_business_status_that_no_header_can_carry_is_an_exception() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in [Transport::Buffered, Transport::Framed] {
        let response = fail(&serving, &Request::new(transport, "fail").text("biz")).await;
        let text = "biz error: code=404, msg=not found";
        assert_eq!(response.exception(), (6, text.to_owned()));
    }
}

#[tokio::test]
async fn a_failure_takes_the_metadata_with_it() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for how in ["error", "typed", "biz", "missing"] {
        let request = Request::new(Transport::TtHeader, "fail").text(how);
        let response = fail(&serving, &request).await;
        assert_eq!(response.string(b"failed"), Some(how));
    }
}

#[tokio::test]
async fn the_keys_of_the_framework_win_over_those_of_the_application() {
    struct Impostor;

    impl RawHandler for Impostor {
        async fn call(&self, cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
            cx.reply_metadata().insert("biz-status", "1");
            cx.reply_metadata().insert("biz-message", "mine");
            Err(BizStatus::new(2, "theirs").into())
        }
    }

    let service = Service::raw("Impostor", ["call"], Impostor);
    let serving = Serving::start(Server::new().add(service)).await;
    let response = fail(&serving, &Request::new(Transport::TtHeader, "call")).await;
    assert_eq!(response.string(keys::BIZ_STATUS), Some("2"));
    assert_eq!(response.string(keys::BIZ_MESSAGE), Some("theirs"));
}

/// Fails as its name says, where a layer or a handler can: before it has a future, or in it.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Error,
    Typed,
    Biz,
    Panic,
    PanicAtOnce,
    PanicBehind,
}

impl Layer for Trouble {
    fn call(&self, call: Call, next: Next<'_>) -> impl Future<Output = Reply> + Send {
        if let Self::PanicAtOnce = self {
            panic!("boom");
        }
        async move {
            match self {
                Self::Error => Status::error("no").into(),
                Self::Typed => Status::typed(1900, "no").into(),
                Self::Biz => Status::from(BizStatus::new(5, "no")).into(),
                Self::Panic | Self::PanicAtOnce => panic!("boom"),
                Self::PanicBehind => {
                    next.call(call).await;
                    panic!("boom")
                }
            }
        }
    }
}

#[tokio::test]
async fn what_a_layer_says_goes_out_as_it_is() {
    const PANIC: &str = "panic: [happened in middleware, method=S.m, please check the panic at \
                         the server side] boom";
    let rows = [
        (Trouble::Error, 6, "no"),
        (Trouble::Typed, 1900, "no"),
        (Trouble::Panic, 6, PANIC),
        (Trouble::PanicAtOnce, 6, PANIC),
        (Trouble::PanicBehind, 6, PANIC),
    ];
    for (trouble, type_id, text) in rows {
        let server = Server::new()
            .add(named::service("S", &["m"]))
            .layer(trouble);
        let serving = Serving::start(server).await;
        for transport in Transport::ALL {
            let response = fail(&serving, &Request::new(transport, "m")).await;
            let expected = (type_id, text.to_owned());
            assert_eq!(response.exception(), expected, "{trouble:?}");
        }
    }
    let server = Server::new()
        .add(named::service("S", &["m"]))
        .layer(Trouble::Biz);
    let serving = Serving::start(server).await;
    let response = fail(&serving, &Request::new(Transport::TtHeader, "m")).await;
    assert_eq!(response.string(keys::BIZ_STATUS), Some("5"));
}

#[tokio::test]
async fn a_handler_that_panics_at_once_panics_as_a_handler() {
    struct AtOnce;

    impl RawHandler for AtOnce {
        fn call(
            &self,
            _cx: &mut Context,
            arguments: Bytes,
        ) -> impl Future<Output = Result<Bytes, Status>> + Send {
            assert!(arguments.is_empty(), "boom");
            async { Ok(Bytes::new()) }
        }
    }

    let service = Service::raw("S", ["m"], AtOnce);
    let serving = Serving::start(Server::new().add(service)).await;
    let response = fail(&serving, &Request::new(Transport::Framed, "m")).await;
    let text = "panic: [happened in biz handler, method=S.m, please check the panic at the server \
                side] boom";
    assert_eq!(response.exception(), (6, text.to_owned()));
}

#[tokio::test]
async fn a_reply_that_cannot_be_sent_is_said_to_be_so() {
    let limits = polyport::Limits {
        frame: 1000,
        ..polyport::Limits::default()
    };
    let serving = Serving::start(Server::new().add(demo().0).limits(limits)).await;
    for transport in Transport::ALL {
        let response = fail(&serving, &Request::new(transport, "blob").text("2000")).await;
        let text = "the reply cannot be sent: frame is over the limit of 1000";
        assert_eq!(response.exception(), (6, text.to_owned()));
    }
    // A value that no header has room for.
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let long = "x".repeat(70_000);
    let request = Request::new(Transport::TtHeader, "echo").text(&long);
    let text = "the reply cannot be sent: TTHeader string is over the limit of 65535";
    let response = fail(&serving, &request).await;
    assert_eq!(response.exception(), (6, text.to_owned()));
}
