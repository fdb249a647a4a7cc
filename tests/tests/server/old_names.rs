//! Names that services had before, and methods that are to be used no more.

use polyport::codegen::Method;
use polyport::registration::RegistrationError;
use polyport::service::Uses;
use polyport::{CallKind, Client, Server, Service, Transport};
use polyport_tests::demo::{Facts, Nothing, demo};
use polyport_tests::log::Log;
use polyport_tests::named;
use polyport_tests::peer::{Peer, Request};
use polyport_tests::serving::Serving;
use polyport_wire::limits::Limits;
use polyport_wire::thrift;
use polyport_wire::ttheader::keys;
use tracing::Level;

async fn reason(peer: &mut Peer, request: &Request) -> (String, String) {
    let response = peer.call(request).await;
    let facts =
        thrift::decode_outcome::<Facts, polyport::Status>(&response.body, &Limits::default());
    let facts = facts.unwrap().unwrap().unwrap();
    (facts["service"].clone(), facts["reason"].clone())
}

fn facts(service: &str, caller: &str) -> Request {
    let request = Request::new(Transport::TtHeader, "facts").service(service);
    request.int(keys::FROM_SERVICE, caller)
}

fn warnings(log: &Log) -> Vec<String> {
    let lines = log.take().into_iter();
    let warnings = lines.filter(|line| line.level == Level::WARN);
    warnings.map(|line| line.text).collect()
}

#[tokio::test]
async fn a_call_by_an_old_name_is_answered_and_counted() {
    let (log, _guard) = Log::capture();
    let old = Uses::new();
    let server = Server::new()
        .add(
            demo()
                .0
                .alias("OldDemo", &old)
                .alias("old.v1.Demo", &Uses::new()),
        )
        .add(named::service("Other", &["facts", "echo"]).fallback());
    let serving = Serving::start(server).await;
    let mut peer = serving.connect().await;
    let named = ("Demo".to_owned(), "named".to_owned());
    let by_alias = ("Demo".to_owned(), "alias".to_owned());
    assert_eq!(reason(&mut peer, &facts("Demo", "a")).await, named);
    assert_eq!(old.count(), 0);
    for caller in ["a", "b", "a", ""] {
        assert_eq!(reason(&mut peer, &facts("OldDemo", caller)).await, by_alias);
    }
    assert_eq!(
        reason(&mut peer, &facts("old.v1.Demo", "a")).await,
        by_alias
    );
    assert_eq!(old.count(), 4);
    assert_eq!(old.callers(), ["a", "b"]);
    let lines = warnings(&log);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("OldDemo is an old name of Demo"));
    assert!(
        lines[0].contains("caller=\"a\"") || lines[0].contains("caller=a"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn an_old_name_is_one_over_http2_too() {
    static OLD: Method<Nothing, String> =
        Method::new("Store", "say", CallKind::Unary).package("v1");

    let old = Uses::new();
    let service = named::packaged("v2", "Shop", &["say"]).alias("v1.Store", &old);
    let other = named::packaged("v2", "Other", &["say"]).fallback();
    let serving = Serving::start(Server::new().add(service).add(other)).await;
    let options = Client::options(serving.address.to_string());
    let client = options.transport(Transport::Grpc).connect().await.unwrap();
    assert_eq!(client.call(&OLD, Nothing).await.unwrap(), "v2.Shop.say");
    assert_eq!(old.count(), 1);
}

fn mistakes(services: impl IntoIterator<Item = Service>) -> Vec<String> {
    let error = Server::new().add_all(services).router().unwrap_err();
    let errors = error.registration_errors();
    errors.iter().map(RegistrationError::to_string).collect()
}

#[test]
fn an_old_name_has_one_owner() {
    let service = |name: &str| named::packaged("p", name, &[name]);
    let uses = Uses::new();
    let taken = |alias, service, holder| {
        format!(
            "alias [{alias}] of service [{service}] is a name of [{holder}] already: give each \
             name to one service, once"
        )
    };
    let told = mistakes([
        service("A").alias("B", &uses),
        service("B").alias("Old", &uses).alias("p.B", &uses),
        service("C").alias("Old", &uses).alias("", &uses),
    ]);
    let expected = [
        "an alias of service [p.C] has no name: give it one".to_owned(),
        taken("B", "p.A", "p.B"),
        taken("p.B", "p.B", "p.B"),
        taken("Old", "p.C", "p.B"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn who_uses_what_is_deprecated_is_told_of_once() {
    let (log, _guard) = Log::capture();
    let (service, method) = (Uses::new(), Uses::new());
    let demo = demo().0.deprecated("use Demo2", &service);
    let demo = demo.for_method("echo", |echo| echo.deprecated("use echo2", &method));
    let serving = Serving::start(Server::new().add(demo)).await;
    let mut peer = serving.connect().await;
    for (name, caller) in [("echo", "a"), ("facts", "a"), ("echo", "a"), ("echo", "b")] {
        let request = Request::new(Transport::TtHeader, name).text("x");
        peer.call(&request.int(keys::FROM_SERVICE, caller)).await;
    }
    assert_eq!((service.count(), method.count()), (1, 3));
    assert_eq!(method.callers(), ["a", "b"]);
    let lines = warnings(&log);
    let starts = [
        "Demo.echo is deprecated: use echo2",
        "Demo.facts is deprecated: use Demo2",
        "Demo.echo is deprecated: use echo2",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
}

/// Names that peers make up take no memory without end.
#[tokio::test]
async fn callers_that_invent_names_are_remembered_up_to_a_number() {
    let uses = Uses::new();
    let service = named::service("S", &["say"]).deprecated("use T", &uses);
    let serving = Serving::start(Server::new().add(service)).await;
    let mut peer = serving.connect().await;
    for number in 0..1100 {
        let request = Request::new(Transport::TtHeader, "say");
        peer.call(&request.int(keys::FROM_SERVICE, &format!("caller {number}")))
            .await;
    }
    assert_eq!((uses.count(), uses.callers().len()), (1100, 1000));
}

#[tokio::test]
async fn an_exact_old_name_goes_before_the_last_part_of_one() {
    static OLD: Method<Nothing, String> =
        Method::new("Echo", "say", CallKind::Unary).package("billing");

    let service = named::packaged("pay", "Pay", &["say"]).alias("billing.Echo", &Uses::new());
    let other = named::packaged("shop", "Echo", &["say"]).fallback();
    let serving = Serving::start(Server::new().add(service).add(other)).await;
    let address = serving.address.to_string();
    for transport in [Transport::Grpc, Transport::TtHeader] {
        let options = Client::options(address.clone()).transport(transport);
        let client = options.connect().await.unwrap();
        let answer = match transport {
            Transport::Grpc => client.call(&OLD, Nothing).await.unwrap(),
            _ => {
                let request = Request::new(transport, "say").service("billing.Echo");
                serving.connect().await.call(&request).await.text()
            }
        };
        assert_eq!(answer, "pay.Pay.say", "{transport}");
    }
}
