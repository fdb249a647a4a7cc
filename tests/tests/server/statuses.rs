//! The tables in the documentation of `Status`, row by row: what a handler or a layer says, on each
//! transport, and what a client makes of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use polyport::service::RawHandler;
use polyport::{
    BizStatus, Call, Client, Code, Context, Layer, Next, Reply, Server, Service, Status,
    StatusKind, Transport,
};
use polyport_tests::named;
use polyport_tests::serving::Serving;

const METHODS: [&str; 9] = [
    "error",
    "typed",
    "code",
    "biz",
    "panic",
    "refused",
    "deadline",
    "remote",
    "transport",
];

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Handler,
    Layer,
    /// A handler that passes on what another server said.
    Forward,
}

/// Fails as the method's name says.
struct Says {
    by: By,
    /// A server that answers with exceptions, and one that is gone.
    others: Arc<[Client; 2]>,
}

impl Says {
    async fn status(&self, method: &str) -> Status {
        let call = async |client: &Client| {
            let call = client.raw("Nope", "nope").call(Bytes::from_static(&[0]));
            call.await.unwrap_err()
        };
        match method {
            "error" => Status::error("no"),
            "typed" => Status::typed(1900, "no"),
            "code" => Status::with_code(Code::NOT_FOUND, "no").with_details("details"),
            "biz" => BizStatus::new(404, "no").with_extra("shelf", "7").into(),
            "panic" => panic!("no"),
            "refused" => Status::refused(Code::PERMISSION_DENIED, "no"),
            "deadline" => std::future::pending().await,
            "remote" => call(&self.others[0]).await,
            "transport" => call(&self.others[1]).await,
            other => panic!("no failure is called {other}"),
        }
    }
}

impl RawHandler for Says {
    async fn call(&self, cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
        let status = self.status(cx.method()).await;
        Err(match self.by {
            By::Forward => status.forwarded(),
            By::Handler | By::Layer => status,
        })
    }
}

impl Layer for Says {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        match self.by {
            By::Layer => self.status(call.context.method()).await.into(),
            By::Handler | By::Forward => next.call(call).await,
        }
    }
}

/// A number and a text: what stands for `*` is whatever a connection that is gone is called.
type Told = (i32, &'static str);

/// What a row of the table says: an exception, and what gRPC's peers are told.
fn expected(by: By, method: &str) -> (Told, Told) {
    const IN_HANDLER: &str = "panic: [happened in biz handler, method=S.panic, please check the \
                              panic at the server side] no";
    const IN_LAYER: &str = "panic: [happened in middleware, method=S.panic, please check the panic \
                            at the server side] no";
    const LATE: (Told, Told) = (
        (6, "biz error: context deadline exceeded"),
        (4, "context deadline exceeded"),
    );
    match (by, method) {
        (_, "biz") => ((6, "biz error: code=404, msg=no"), (13, "no")),
        (By::Layer, "panic") => ((6, IN_LAYER), (13, IN_LAYER)),
        (_, "panic") => ((6, IN_HANDLER), (13, IN_HANDLER)),
        (_, "refused") => ((6, "no"), (7, "no")),
        (_, "deadline") => LATE,
        (By::Handler, "error") => ((6, "biz error: no"), (13, "no [biz error]")),
        (_, "error") => ((6, "no"), (13, "no")),
        (By::Handler, "typed") => ((1900, "no [biz error]"), (1900, "no [biz error]")),
        (_, "typed") => ((1900, "no"), (1900, "no")),
        (By::Handler, "code") => (
            (6, "biz error: rpc error: code = 5 desc = no"),
            (5, "no [biz error]"),
        ),
        (_, "code") => ((6, "rpc error: code = 5 desc = no"), (5, "no")),
        (By::Handler, "remote") => (
            (6, "biz error: unknown service Nope, method nope"),
            (13, "unknown service Nope, method nope [biz error]"),
        ),
        (By::Layer, "remote") => (
            (6, "unknown service Nope, method nope"),
            (13, "unknown service Nope, method nope"),
        ),
        (By::Forward, "remote") => (
            (20, "unknown service Nope, method nope"),
            (13, "unknown service Nope, method nope"),
        ),
        (By::Handler, "transport") => ((6, "biz error: *"), (13, "* [biz error]")),
        (By::Layer, "transport") => ((6, "*"), (13, "*")),
        (By::Forward, "transport") => ((6, "*"), (14, "*")),
        other => panic!("{other:?}"),
    }
}

/// A server of which nothing is asked that it has, and one that has gone.
async fn others() -> Arc<[Client; 2]> {
    let serving = Serving::start(Server::new().add(named::service("Other", &["other"]))).await;
    let connect = async |serving: &Serving| {
        let options = Client::options(serving.address.to_string());
        options.connect().await.unwrap()
    };
    let gone = Serving::start(Server::new().add(named::service("Other", &["other"]))).await;
    let clients = [connect(&serving).await, connect(&gone).await];
    gone.stopped().await;
    Arc::new(clients)
}

/// Whether a text is what was expected, where `*` stands for any.
fn fits(text: &str, expected: &str) -> bool {
    match expected.split_once('*') {
        None => text == expected,
        Some((before, after)) => text.starts_with(before) && text.ends_with(after),
    }
}

#[tokio::test]
async fn every_row_of_the_table_on_every_transport() {
    let others = others().await;
    for by in [By::Handler, By::Layer, By::Forward] {
        let says = || Says {
            by,
            others: Arc::clone(&others),
        };
        let service = Service::raw("S", METHODS, says()).layer(says());
        let late = Duration::from_millis(20);
        let service = service.for_method("deadline", |method| method.timeout(late));
        let serving = Serving::start(Server::new().add(service)).await;
        for transport in [&Transport::ALL[..], &[Transport::Grpc]].concat() {
            let options = Client::options(serving.address.to_string()).transport(transport);
            let client = options.connect().await.unwrap();
            for method in METHODS {
                let call = client.raw("S", method).call(Bytes::from_static(&[0]));
                let status = call.await.unwrap_err();
                check(by, method, transport, &status);
            }
        }
    }
}

/// Holds what a client got against the table.
fn check(by: By, method: &str, transport: Transport, status: &Status) {
    let place = format!("{method} by {by:?} over {transport}: {status:?}");
    let (exception, grpc) = expected(by, method);
    if let Some(biz) = status.biz() {
        let expected = BizStatus::new(404, "no").with_extra("shelf", "7");
        assert!(
            method == "biz" && transport.carries_service_name(),
            "{place}"
        );
        return assert_eq!(*biz, expected, "{place}");
    }
    let (kind, text) = match transport {
        Transport::Grpc => {
            let code = Code(grpc.0.cast_unsigned());
            (StatusKind::Code(code), grpc.1)
        }
        _ => (StatusKind::Remote(exception.0), exception.1),
    };
    assert_eq!(*status.kind(), kind, "{place}");
    assert!(fits(status.message(), text), "{place}");
    let has_details = method == "code" && transport == Transport::Grpc;
    let details: &[u8] = if has_details { b"details" } else { b"" };
    assert_eq!(status.details(), details, "{place}");
}
