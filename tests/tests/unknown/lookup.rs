//! When the handler for unknown ones gets a call, as tables. R and L are the names of the cases that
//! every multi-service server must get right.

use polyport::{Codec, RouteReason, Server, Service, Transport};
use polyport_tests::named::{combined, packaged, service};

use crate::echo;

fn errors(server: Server) -> Vec<String> {
    match server.router() {
        Ok(_) => Vec::new(),
        Err(error) => {
            let errors = error.registration_errors().iter();
            errors.map(ToString::to_string).collect()
        }
    }
}

fn s1() -> Service {
    service("MockService", &["mock", "mockException"])
}

fn s3() -> Service {
    service("MockService3", &["mock"])
}

fn cs() -> Service {
    combined("CombineService", &["mock"])
}

#[test]
fn registration() {
    // R11: alone it is enough.
    assert_eq!(errors(Server::new().unknown(echo().0)), [""; 0]);
    assert_eq!(errors(Server::new().add(s1()).unknown(echo().0)), [""; 0]);
    // R1
    assert_eq!(
        errors(Server::new().unknown(echo().0).unknown(echo().0)),
        ["multiple unknown services cannot be registered: call `Server::unknown` once"]
    );
    // R10
    assert_eq!(
        errors(Server::new().add(cs()).unknown(echo().0)),
        [
            "combine service doesn't support unknown service: [CombineService] answers all calls; \
             add the single services, or leave out `Server::unknown`"
        ]
    );
    // The other mistakes are found all the same.
    let clash = Server::new().add(s1()).add(s3()).unknown(echo().0);
    assert!(errors(clash)[0].starts_with("method name [mock] is conflicted"));
}

/// Services, whether names are wanted, transport, service, method, and who answers.
type Row = (
    &'static str,
    Vec<Service>,
    bool,
    Transport,
    Option<&'static str>,
    &'static str,
    (&'static str, RouteReason),
);

#[test]
fn lookup() {
    use RouteReason::{Fallback, Method, Named, Unknown, WrongName};
    use Transport::{Buffered, Framed, Grpc, TtHeader};
    let both = || vec![s1().fallback(), s3()];
    let rows: Vec<Row> = vec![
        (
            "L12",
            vec![s1()],
            false,
            TtHeader,
            Some("MockService"),
            "mock",
            ("MockService", Named),
        ),
        (
            "L13",
            vec![s1()],
            false,
            TtHeader,
            Some("MockService"),
            "unknown",
            ("MockService", Unknown),
        ),
        (
            "L13",
            vec![s1()],
            false,
            Grpc,
            Some("MockService"),
            "unknown",
            ("MockService", Unknown),
        ),
        (
            "L14",
            vec![s1()],
            false,
            Grpc,
            Some("unknown"),
            "mock",
            ("unknown", Unknown),
        ),
        (
            "L14 when names are wanted",
            vec![s1()],
            true,
            TtHeader,
            Some("unknown"),
            "mock",
            ("unknown", Unknown),
        ),
        (
            "L15",
            vec![s1()],
            false,
            Framed,
            None,
            "mock",
            ("MockService", Method),
        ),
        (
            "L15",
            vec![s1()],
            false,
            Framed,
            None,
            "unknown",
            ("", Unknown),
        ),
        (
            "L15",
            vec![s1()],
            false,
            Buffered,
            None,
            "unknown",
            ("", Unknown),
        ),
        (
            "L17",
            vec![packaged("a", "S", &["mock"])],
            false,
            Grpc,
            Some("a.S"),
            "mock",
            ("a.S", Named),
        ),
        (
            "the fallback goes first",
            both(),
            false,
            Framed,
            None,
            "mock",
            ("MockService", Fallback),
        ),
        (
            "so does the only one with the method",
            both(),
            false,
            TtHeader,
            Some("Nope"),
            "mockException",
            ("MockService", WrongName),
        ),
        (
            "a wrong name decides nothing that is ambiguous",
            both(),
            false,
            TtHeader,
            Some("Nope"),
            "mock",
            ("Nope", Unknown),
        ),
        (
            "names are wanted",
            both(),
            true,
            Framed,
            None,
            "mock",
            ("", Unknown),
        ),
        (
            "names are wanted",
            both(),
            true,
            TtHeader,
            Some("MockService3"),
            "mock",
            ("MockService3", Named),
        ),
        (
            "over gRPC with its package",
            vec![s1()],
            false,
            Grpc,
            Some("shop.v1.Cart"),
            "Add",
            ("shop.v1.Cart", Unknown),
        ),
        (
            "a name in the method's",
            vec![s1()],
            false,
            Framed,
            Some("Cart"),
            "add",
            ("Cart", Unknown),
        ),
        ("alone", vec![], false, Framed, None, "mock", ("", Unknown)),
    ];
    for (case, services, refuse, transport, service, method, (name, reason)) in rows {
        let mut server = Server::new().add_all(services).unknown(echo().0);
        if refuse {
            server = server.refuse_traffic_without_service_name();
        }
        let router = server.router().unwrap();
        let explanation = router.explain(transport, Codec::ThriftBinary, service, method);
        assert_eq!(
            explanation.outcome,
            Ok((name.to_owned(), reason)),
            "{case}: {explanation}"
        );
    }
}

#[test]
fn what_another_codec_has_is_unknown_to_this_one() {
    let router = Server::new().add(s1()).unknown(echo().0).router().unwrap();
    for service in [Some("MockService"), None] {
        let explanation = router.explain(Transport::Framed, Codec::Protobuf, service, "mock");
        let (_, reason) = explanation.outcome.unwrap();
        assert_eq!(reason, RouteReason::Unknown);
    }
}

#[test]
fn a_name_that_is_too_long_for_any_service_goes_nowhere() {
    let router = Server::new().unknown(echo().0).router().unwrap();
    let explain = |service: &str, method: &str| {
        let codec = Codec::ThriftBinary;
        router
            .explain(Transport::TtHeader, codec, Some(service), method)
            .outcome
    };
    let (long, longest) = ("x".repeat(1025), "x".repeat(1024));
    assert!(explain(&longest, &longest).is_ok());
    assert_eq!(explain(&long, "m").unwrap_err().type_id, 20);
    assert_eq!(explain("S", &long).unwrap_err().type_id, 20);
}

#[test]
fn the_route_table_says_so() {
    let router = Server::new().add(s1()).unknown(echo().0).router().unwrap();
    assert_eq!(
        router.to_string(),
        "MockService: Thrift, 2 methods\n\
         what no service has goes to the handler for unknown ones\n\
         calls without a service name find theirs by method"
    );
    let explanation = router.explain(Transport::TtHeader, Codec::ThriftBinary, Some("X"), "m");
    assert_eq!(
        explanation.to_string(),
        "m over TTHeader for X -> the handler for unknown ones"
    );
}
