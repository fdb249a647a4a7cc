//! Who answers: registration, lookup and the answers on the wire, as tables.
//!
//! The names of the rows are those of the cases that every multi-service server must get right:
//! R for registration, L for lookup, W for what a client sees.

use std::collections::BTreeSet;

use polyport::registration::RegistrationError;
use polyport::router::Router;
use polyport::{Codec, RouteReason, Server, Service, Transport};
use polyport_tests::named::{combined, packaged, service};
use polyport_tests::peer::{Peer, Request};
use polyport_tests::serving::Serving;
use polyport_wire::thrift::MessageType;
use polyport_wire::ttheader::keys;

use Flag::{Combined, Fallback, Plain};
use RouteReason as Why;

const TTHEADER: [Transport; 2] = [Transport::TtHeader, Transport::TtHeaderFramed];
const BARE: [Transport; 2] = [Transport::Buffered, Transport::Framed];

/// A service of a table: `package` may be empty.
#[derive(Clone, Copy, Debug)]
struct Entry {
    package: &'static str,
    name: &'static str,
    methods: &'static [&'static str],
    flag: Flag,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    Plain,
    Fallback,
    Combined,
}

impl Entry {
    const fn new(name: &'static str, methods: &'static [&'static str]) -> Self {
        Self {
            package: "",
            name,
            methods,
            flag: Plain,
        }
    }

    const fn flag(self, flag: Flag) -> Self {
        Self { flag, ..self }
    }

    const fn package(self, package: &'static str) -> Self {
        Self { package, ..self }
    }

    fn service(self) -> Service {
        let Self { name, methods, .. } = self;
        match (self.flag, self.package) {
            (Combined, _) => combined(name, methods),
            (Plain, "") => service(name, methods),
            (Plain, package) => packaged(package, name, methods),
            (Fallback, "") => service(name, methods).fallback(),
            (Fallback, package) => packaged(package, name, methods).fallback(),
        }
    }
}

/// What the cases call S1, S2, S3.
const S1: Entry = Entry::new(
    "MockService",
    &[
        "mock",
        "mockException",
        "mockError",
        "mockOneway",
        "mockStreaming",
    ],
);
const S2: Entry = Entry::new("MockService2", &["mock2"]);
const S3: Entry = Entry::new("MockService3", &["mock"]);
const CS: Entry = Entry::new("CombineService", &["mock", "mock2"]).flag(Combined);
/// What the cases call A, B, C.
const A: Entry = Entry::new("ServiceA", &["Echo1", "boom"]);
const B: Entry = Entry::new("ServiceB", &["Echo2"]);
const C: Entry = Entry::new("ServiceC", &["Echo1"]);
const ECHO_A: Entry = Entry::new("Echo", &["say", "onlyA"]).package("a.v1");
const ECHO_B: Entry = Entry::new("Echo", &["say", "onlyB"]).package("b.v1");

/// How a table says whether calls without a service name are refused.
const GUESS: bool = false;
const REFUSE: bool = true;

fn server(entries: &[Entry], refuse: bool) -> Server {
    let server = Server::new().add_all(entries.iter().map(|entry| entry.service()));
    match refuse {
        false => server,
        true => server.refuse_traffic_without_service_name(),
    }
}

/// Every order of the entries, the given one first.
fn orders(entries: &[Entry]) -> Vec<Vec<Entry>> {
    let Some((first, rest)) = entries.split_first() else {
        return vec![Vec::new()];
    };
    let mut orders = Vec::new();
    for order in self::orders(rest) {
        for place in 0..=order.len() {
            let mut order = order.clone();
            order.insert(place, *first);
            orders.push(order);
        }
    }
    orders
}

#[test]
fn the_orders_of_three_are_six_and_the_given_one_is_the_first() {
    let names = |order: &Vec<Entry>| order.iter().map(|entry| entry.name).collect::<Vec<_>>();
    let orders = orders(&[A, B, C]);
    assert_eq!(names(&orders[0]), ["ServiceA", "ServiceB", "ServiceC"]);
    assert_eq!(orders.iter().map(names).collect::<BTreeSet<_>>().len(), 6);
}

mod registration {
    use super::*;

    const NO_SERVICE: &str = "run: no service. Use RegisterService to set one";

    /// The case, what is registered, and how each error begins.
    #[rustfmt::skip]
    const ROWS: &[(&str, &[Entry], bool, &[&str])] = &[
        ("R2", &[S1.flag(Fallback), S3.flag(Fallback)], GUESS, &[
            "multiple fallback services cannot be registered. [MockService] is already registered as a fallback service",
        ]),
        ("R2 with others between", &[S2, S1.flag(Fallback), B, S3.flag(Fallback), C.flag(Fallback)], GUESS, &[
            "multiple fallback services cannot be registered. [MockService] is already registered as a fallback service",
            "multiple fallback services cannot be registered. [MockService] is already registered as a fallback service",
        ]),
        ("R2 when names are wanted", &[S1.flag(Fallback), S3.flag(Fallback)], REFUSE, &[
            "multiple fallback services cannot be registered. [MockService] is already registered as a fallback service",
        ]),
        ("R3", &[S1, S1], REFUSE, &["service [MockService] has already been registered"]),
        ("R3 with a package", &[ECHO_A, ECHO_A], REFUSE, &["service [Echo] has already been registered"]),
        ("R3 by a name that spells a package", &[Entry::new("a.v1.Echo", &["x"]), ECHO_A], GUESS, &[
            "service [Echo] has already been registered",
        ]),
        ("R3 three times is one mistake", &[S2, S2, S2], GUESS, &["service [MockService2] has already been registered"]),
        ("R6", &[], GUESS, &[NO_SERVICE]),
        ("R6 when names are wanted", &[], REFUSE, &[NO_SERVICE]),
        ("R7", &[S1, S3], GUESS, &[
            "method name [mock] is conflicted between services but no fallback service is specified: [MockService, MockService3] have it",
        ]),
        ("R7 with a fallback that lacks the method", &[S1, S2.flag(Fallback), S3], GUESS, &[
            "method name [mock] is conflicted between services but no fallback service is specified: [MockService, MockService3] have it",
        ]),
        ("R7 with two methods", &[Entry::new("X", &["b", "a"]), Entry::new("Y", &["a", "b"])], GUESS, &[
            "method name [a] is conflicted between services but no fallback service is specified: [X, Y] have it",
            "method name [b] is conflicted between services but no fallback service is specified: [X, Y] have it",
        ]),
        ("R7 with packages", &[ECHO_A, ECHO_B], GUESS, &[
            "method name [say] is conflicted between services but no fallback service is specified: [a.v1.Echo, b.v1.Echo] have it",
        ]),
        ("R8", &[S1, S3], REFUSE, &[]),
        ("R8 with a fallback that lacks the method", &[S1, S2.flag(Fallback), S3], REFUSE, &[]),
        ("R9 with a fallback", &[S1.flag(Fallback), S3], GUESS, &[]),
        ("R9 without a conflict", &[S1, S2], GUESS, &[]),
        ("R10", &[CS, S3], GUESS, &[
            "only one service can be registered when registering combined service: [CombineService] stands beside [MockService3]",
        ]),
        ("R10 when names are wanted", &[CS, S3], REFUSE, &[
            "only one service can be registered when registering combined service: [CombineService] stands beside [MockService3]",
        ]),
        ("R10 with several", &[S1, CS, S3], GUESS, &[
            "only one service can be registered when registering combined service: [CombineService] stands beside [MockService, MockService3]",
        ]),
        ("R11", &[CS], GUESS, &[]),
        ("R11 when names are wanted", &[CS], REFUSE, &[]),
        ("everything at once", &[S1.flag(Fallback), S3.flag(Fallback), S2, S2, A, C], GUESS, &[
            "multiple fallback services cannot be registered. [MockService] is already registered as a fallback service",
            "service [MockService2] has already been registered",
            "method name [Echo1] is conflicted between services but no fallback service is specified: [ServiceA, ServiceC] have it",
        ]),
        ("a method twice", &[Entry::new("X", &["a", "b", "a"])], GUESS, &["method [a] of service [X] has already been registered"]),
        ("a service without a name", &[Entry::new("", &["a"])], GUESS, &["a service has no name"]),
        ("a method without a name", &[Entry::new("X", &["a", ""])], GUESS, &["a method of service [X] has no name"]),
        ("one name, two packages", &[ECHO_A.flag(Fallback), ECHO_B], GUESS, &[]),
        ("one name, two packages, names are wanted", &[ECHO_A, ECHO_B], REFUSE, &[]),
        ("one name, one package", &[Entry::new("Echo", &["other"]), ECHO_A], GUESS, &[]),
    ];

    #[test]
    fn every_mistake_is_told_at_once_in_kitex_words() {
        for (case, entries, refuse, expected) in ROWS {
            let errors = errors(entries, *refuse);
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(texts.len(), expected.len(), "{case}: {texts:#?}");
            for (text, expected) in texts.iter().zip(*expected) {
                assert!(text.starts_with(expected), "{case}: {text}");
                // Kitex's words are followed by what to do.
                assert!(text.len() > expected.len() + 10, "{case}: {text}");
            }
        }
    }

    #[test]
    fn the_order_of_registration_changes_no_mistake() {
        for (case, entries, refuse, _) in ROWS {
            let expected = normal(errors(entries, *refuse));
            for order in orders(entries) {
                let mistakes = normal(errors(&order, *refuse));
                assert_eq!(mistakes, expected, "{case} as {order:?}");
            }
        }
    }

    fn errors(entries: &[Entry], refuse: bool) -> Vec<RegistrationError> {
        match server(entries, refuse).router() {
            Ok(_) => Vec::new(),
            Err(error) => error.registration_errors().to_vec(),
        }
    }

    /// Who is called the first and who the second fallback is the only thing that the order says.
    fn normal(errors: Vec<RegistrationError>) -> BTreeSet<String> {
        let mut fallbacks = BTreeSet::new();
        let mut texts = BTreeSet::new();
        for error in errors {
            match error {
                RegistrationError::SeveralFallbacks { first, second } => {
                    fallbacks.extend([first, second]);
                }
                other => {
                    texts.insert(other.to_string());
                }
            }
        }
        texts.insert(format!("{fallbacks:?}"));
        texts
    }

    #[tokio::test]
    async fn a_server_with_mistakes_does_not_listen() {
        let error = server(&[S1, S3], GUESS)
            .bind("127.0.0.1:0")
            .await
            .unwrap_err();
        assert_eq!(error.registration_errors().len(), 1);
        assert!(!error.is_connect());
        assert!(
            error
                .to_string()
                .starts_with("method name [mock] is conflicted")
        );
    }
}

mod lookup {
    use super::*;

    /// A service that is found, and why; or type and text of the exception.
    type Outcome = Result<(&'static str, Why), (i32, &'static str)>;

    /// The case, what is registered, and what is looked up: service, method, outcome.
    type Row = (
        &'static str,
        &'static [Entry],
        bool,
        &'static [(Option<&'static str>, &'static str, Outcome)],
    );

    const NO_NAME: Outcome = Err((
        21,
        "no service name while the server has WithRefuseTrafficWithoutServiceName option enabled",
    ));

    // A lookup that wants a name, as that of gRPC, is one more column here: `Row` then says for
    // each line which of the two lookups it is for.
    #[rustfmt::skip]
    const ROWS: &[Row] = &[
        ("L1", &[S1, S3.flag(Fallback)], GUESS, &[
            (Some("MockService"), "mock", Ok(("MockService", Why::Named))),
        ]),
        ("L2", &[S1, S3.flag(Fallback)], GUESS, &[
            (None, "mock", Ok(("MockService3", Why::Fallback))),
            (Some(""), "mock", Ok(("MockService3", Why::Fallback))),
        ]),
        ("L3", &[S1.flag(Fallback), S3], GUESS, &[
            (Some("MockService3"), "mock", Ok(("MockService3", Why::Named))),
        ]),
        ("L4", &[S1.flag(Fallback), S3], GUESS, &[
            (None, "mock", Ok(("MockService", Why::Fallback))),
            // The fallback has it alone, which is still its being the fallback.
            (None, "mockError", Ok(("MockService", Why::Fallback))),
        ]),
        ("L5", &[S1, S3], REFUSE, &[
            (None, "mock", NO_NAME),
            (Some(""), "mock", NO_NAME),
            // Also for a method that only one service has.
            (None, "mockError", NO_NAME),
            (None, "nope", NO_NAME),
            (Some("xxxxxx"), "mock", Err((20, "unknown service xxxxxx, method mock"))),
            (Some("xxxxxx"), "mockError", Err((20, "unknown service xxxxxx, method mockError"))),
            (Some("MockService"), "mock", Ok(("MockService", Why::Named))),
            (Some("MockService"), "nope", Err((1, "unknown method nope (service MockService)"))),
        ]),
        ("L5 with a fallback", &[S1.flag(Fallback), S3], REFUSE, &[
            (None, "mock", NO_NAME),
            (Some("xxxxxx"), "mockError", Err((20, "unknown service xxxxxx, method mockError"))),
        ]),
        ("L6", &[S1.flag(Fallback), S3], GUESS, &[
            (Some("$GenericService"), "mock", Err((20, "unknown service $GenericService, method mock"))),
            (Some("xxxxxx"), "mock", Err((20, "unknown service xxxxxx, method mock"))),
            (Some("mockservice"), "mock", Err((20, "unknown service mockservice, method mock"))),
        ]),
        ("L7", &[S1.flag(Fallback), S3], GUESS, &[
            (Some("xxxxxx"), "mockException", Ok(("MockService", Why::WrongName))),
            (Some("$GenericService"), "mockException", Ok(("MockService", Why::WrongName))),
            (Some("CombineService"), "mockException", Ok(("MockService", Why::WrongName))),
        ]),
        ("L7 the other way round", &[S1, S2, S3.flag(Fallback)], GUESS, &[
            (Some("xxxxxx"), "mockException", Ok(("MockService", Why::WrongName))),
            (Some("xxxxxx"), "mock2", Ok(("MockService2", Why::WrongName))),
            (Some("xxxxxx"), "mock", Err((20, "unknown service xxxxxx, method mock"))),
            (Some("xxxxxx"), "nope", Err((20, "unknown service xxxxxx, method nope"))),
        ]),
        ("L9", &[S1, S2], GUESS, &[
            (Some("MockService"), "mock", Ok(("MockService", Why::Named))),
        ]),
        ("L16", &[CS], GUESS, &[
            (None, "mock", Ok(("CombineService", Why::Combined))),
            (Some(""), "mock2", Ok(("CombineService", Why::Combined))),
            (Some("CombineService"), "mock", Ok(("CombineService", Why::Combined))),
            (Some("xxxxxx"), "mock", Ok(("CombineService", Why::Combined))),
            (Some("xxxxxx"), "nope", Err((1, "unknown method nope (service xxxxxx)"))),
            (None, "nope", Err((1, "unknown method nope (service )"))),
        ]),
        ("L16 when names are wanted", &[CS], REFUSE, &[
            (None, "mock", Ok(("CombineService", Why::Combined))),
            (Some("xxxxxx"), "mock2", Ok(("CombineService", Why::Combined))),
            (None, "nope", Err((1, "unknown method nope (service )"))),
        ]),
        ("without a fallback", &[S1, S2], GUESS, &[
            (None, "mock", Ok(("MockService", Why::Method))),
            (None, "mock2", Ok(("MockService2", Why::Method))),
            (None, "nope", Err((20, "unknown service , method nope"))),
            (Some("MockService"), "mock2", Err((1, "unknown method mock2 (service MockService)"))),
        ]),
        ("a fallback that lacks the method", &[S1, S2.flag(Fallback)], GUESS, &[
            (None, "mock", Ok(("MockService", Why::Method))),
            (None, "nope", Err((20, "unknown service , method nope"))),
        ]),
        ("one name, two packages, one of them the fallback", &[ECHO_A, ECHO_B.flag(Fallback)], GUESS, &[
            (Some("a.v1.Echo"), "say", Ok(("a.v1.Echo", Why::Named))),
            (Some("b.v1.Echo"), "say", Ok(("b.v1.Echo", Why::Named))),
            (Some("Echo"), "say", Ok(("b.v1.Echo", Why::Fallback))),
            (None, "say", Ok(("b.v1.Echo", Why::Fallback))),
            (None, "onlyA", Ok(("a.v1.Echo", Why::Method))),
            (Some("a.v1.Echo"), "onlyB", Err((1, "unknown method onlyB (service a.v1.Echo)"))),
            (Some("c.v1.Echo"), "say", Err((20, "unknown service c.v1.Echo, method say"))),
        ]),
        ("one name, two packages, the fallback is another", &[ECHO_A, ECHO_B, Entry::new("X", &["say"]).flag(Fallback)], GUESS, &[
            (Some("Echo"), "say", Err((20, "unknown service Echo, method say: the name is shared, say which one: a.v1.Echo, b.v1.Echo"))),
            (Some("Echo"), "onlyA", Err((20, "unknown service Echo, method onlyA: the name is shared, say which one: a.v1.Echo, b.v1.Echo"))),
            (Some("b.v1.Echo"), "say", Ok(("b.v1.Echo", Why::Named))),
            (None, "say", Ok(("X", Why::Fallback))),
        ]),
        ("one name, two packages, names are wanted", &[ECHO_A, ECHO_B], REFUSE, &[
            (Some("Echo"), "say", Err((20, "unknown service Echo, method say: the name is shared, say which one: a.v1.Echo, b.v1.Echo"))),
            (Some("a.v1.Echo"), "say", Ok(("a.v1.Echo", Why::Named))),
            (None, "say", NO_NAME),
        ]),
        ("one name, with and without a package", &[Entry::new("Echo", &["other"]), ECHO_A], GUESS, &[
            // It is the whole identity of the one and an alias of the other.
            (Some("Echo"), "other", Ok(("Echo", Why::Named))),
            (Some("a.v1.Echo"), "say", Ok(("a.v1.Echo", Why::Named))),
        ]),
        ("a package is not asked for", &[ECHO_A, B], GUESS, &[
            (Some("Echo"), "say", Ok(("a.v1.Echo", Why::Named))),
            (Some("a.v1.Echo"), "say", Ok(("a.v1.Echo", Why::Named))),
        ]),
    ];

    #[test]
    fn the_tables_decide_whatever_the_order_of_registration() {
        for (case, entries, refuse, lookups) in ROWS {
            for order in orders(entries) {
                let router = server(&order, *refuse).router().unwrap();
                for (service, method, expected) in *lookups {
                    for transport in TTHEADER {
                        let outcome = outcome(&router, transport, *service, method);
                        let expected = owned(*expected);
                        assert_eq!(outcome, expected, "{case}: {service:?} {method}, {order:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_carries_no_name_is_looked_up_by_method_or_by_a_multiplexed_name() {
        for (case, entries, refuse, lookups) in ROWS {
            let router = server(entries, *refuse).router().unwrap();
            for (service, method, expected) in *lookups {
                let method = match service {
                    None => (*method).to_owned(),
                    Some(service) => format!("{service}:{method}"),
                };
                for transport in BARE {
                    let outcome = outcome(&router, transport, None, &method);
                    assert_eq!(
                        outcome,
                        owned(*expected),
                        "{case}: {method} over {transport}"
                    );
                }
            }
        }
    }

    type Owned = Result<(String, Why), (i32, String)>;

    fn outcome(
        router: &Router,
        transport: Transport,
        service: Option<&str>,
        method: &str,
    ) -> Owned {
        let explanation = router.explain(transport, Codec::ThriftBinary, service, method);
        explanation
            .outcome
            .map_err(|exception| (exception.type_id, exception.message.into_owned()))
    }

    fn owned(outcome: Outcome) -> Owned {
        outcome
            .map(|(service, why)| (service.to_owned(), why))
            .map_err(|(type_id, text)| (type_id, text.to_owned()))
    }
}

mod wire {
    use super::*;

    /// What a client gets. After an exception the connection is closed.
    type Answer = Result<&'static str, (i32, &'static str)>;

    /// The case, the transports, the service that is named, the method, and the answer.
    type Row = (
        &'static str,
        &'static [Transport],
        Option<&'static str>,
        &'static str,
        Answer,
    );

    const ABC: &[Entry] = &[A, B, C.flag(Fallback)];

    #[rustfmt::skip]
    const ABC_ROWS: &[Row] = &[
        ("W1", &TTHEADER, Some("ServiceA"), "Echo1", Ok("ServiceA.Echo1")),
        ("W1", &TTHEADER, Some("ServiceC"), "Echo1", Ok("ServiceC.Echo1")),
        ("W1", &TTHEADER, Some("ServiceB"), "Echo2", Ok("ServiceB.Echo2")),
        ("W2", &TTHEADER, None, "Echo1", Ok("ServiceC.Echo1")),
        ("W2", &TTHEADER, None, "Echo2", Ok("ServiceB.Echo2")),
        ("W2", &TTHEADER, Some(""), "Echo1", Ok("ServiceC.Echo1")),
        ("W2", &TTHEADER, Some(""), "Echo2", Ok("ServiceB.Echo2")),
        ("W3", &BARE, None, "Echo1", Ok("ServiceC.Echo1")),
        ("W3", &BARE, None, "Echo2", Ok("ServiceB.Echo2")),
        ("W4", &TTHEADER, Some("Nope"), "Echo1", Err((20, "unknown service Nope, method Echo1"))),
        ("W5", &TTHEADER, Some("Nope"), "Echo2", Ok("ServiceB.Echo2")),
        ("W6", &TTHEADER, Some("ServiceA"), "Echo2", Err((1, "unknown method Echo2 (service ServiceA)"))),
        ("W6", &TTHEADER, Some("ServiceA"), "Nope", Err((1, "unknown method Nope (service ServiceA)"))),
        ("W7", &TTHEADER, Some("servicea"), "Echo1", Err((20, "unknown service servicea, method Echo1"))),
        ("W8", &TTHEADER, Some("CombineService"), "Echo1", Err((20, "unknown service CombineService, method Echo1"))),
        ("W8", &TTHEADER, Some("CombineService"), "Echo2", Ok("ServiceB.Echo2")),
        ("W9", &BARE, None, "Nope", Err((20, "unknown service , method Nope"))),
        ("W9", &TTHEADER, None, "Nope", Err((20, "unknown service , method Nope"))),
        ("W15", &BARE, None, "ServiceA:Echo1", Ok("ServiceA.Echo1")),
        ("W15", &BARE, None, "ServiceC:Echo1", Ok("ServiceC.Echo1")),
        ("W15", &BARE, None, "ServiceA:Nope", Err((1, "unknown method Nope (service ServiceA)"))),
        ("W15", &BARE, None, "Nope:Echo1", Err((20, "unknown service Nope, method Echo1"))),
        ("W15", &BARE, None, "Nope:Echo2", Ok("ServiceB.Echo2")),
        ("W15", &BARE, None, ":Echo1", Ok("ServiceC.Echo1")),
        // Where a name has a place of its own, a colon is part of the method's name.
        ("W15", &TTHEADER, None, "ServiceA:Echo1", Err((20, "unknown service , method ServiceA:Echo1"))),
        ("W15", &TTHEADER, Some("ServiceC"), "ServiceA:Echo1", Err((1, "unknown method ServiceA:Echo1 (service ServiceC)"))),
    ];

    #[tokio::test]
    async fn each_service_and_method_over_each_transport() {
        check(ABC, GUESS, ABC_ROWS).await;
    }

    #[tokio::test]
    async fn w8_two_services_for_a_client_of_both_combined() {
        #[rustfmt::skip]
        let rows: &[Row] = &[
            ("W8", &TTHEADER, Some("CombineService"), "Echo1", Ok("ServiceA.Echo1")),
            ("W8", &TTHEADER, Some("CombineService"), "Echo2", Ok("ServiceB.Echo2")),
        ];
        check(&[A, B], GUESS, rows).await;
    }

    #[tokio::test]
    async fn w16_calls_without_a_service_name_are_refused() {
        const NO_NAME: Answer = Err((
            21,
            "no service name while the server has WithRefuseTrafficWithoutServiceName option \
             enabled",
        ));
        #[rustfmt::skip]
        let rows: &[Row] = &[
            ("W16", &TTHEADER, None, "Echo1", NO_NAME),
            ("W16", &TTHEADER, None, "Echo2", NO_NAME),
            ("W16", &TTHEADER, Some(""), "Echo2", NO_NAME),
            ("W16", &BARE, None, "Echo2", NO_NAME),
            ("W16", &BARE, None, ":Echo2", NO_NAME),
            ("W16", &TTHEADER, Some("Nope"), "Echo2", Err((20, "unknown service Nope, method Echo2"))),
            ("W16", &BARE, None, "Nope:Echo2", Err((20, "unknown service Nope, method Echo2"))),
            ("W16", &TTHEADER, Some("ServiceB"), "Echo2", Ok("ServiceB.Echo2")),
            ("W16", &BARE, None, "ServiceA:Echo1", Ok("ServiceA.Echo1")),
        ];
        check(&[A, B, C], REFUSE, rows).await;
        check(ABC, REFUSE, rows).await;
    }

    #[tokio::test]
    async fn a_combined_service_answers_whatever_is_named() {
        #[rustfmt::skip]
        let rows: &[Row] = &[
            ("L16", &TTHEADER, None, "mock", Ok("CombineService.mock")),
            ("L16", &TTHEADER, Some("CombineService"), "mock2", Ok("CombineService.mock2")),
            ("L16", &TTHEADER, Some("Nope"), "mock2", Ok("CombineService.mock2")),
            ("L16", &BARE, None, "mock", Ok("CombineService.mock")),
            ("L16", &TTHEADER, Some("Nope"), "nope", Err((1, "unknown method nope (service Nope)"))),
            ("L16", &TTHEADER, None, "nope", Err((1, "unknown method nope (service )"))),
            ("L16", &BARE, None, "nope", Err((1, "unknown method nope (service )"))),
        ];
        check(&[CS], GUESS, rows).await;
        check(&[CS], REFUSE, rows).await;
    }

    #[tokio::test]
    async fn one_name_in_two_packages() {
        const SHARED: Answer = Err((
            20,
            "unknown service Echo, method say: the name is shared, say which one: \
             a.v1.Echo, b.v1.Echo",
        ));
        #[rustfmt::skip]
        let rows: &[Row] = &[
            ("shared", &TTHEADER, Some("a.v1.Echo"), "say", Ok("a.v1.Echo.say")),
            ("shared", &TTHEADER, Some("b.v1.Echo"), "say", Ok("b.v1.Echo.say")),
            ("shared", &BARE, None, "b.v1.Echo:say", Ok("b.v1.Echo.say")),
            ("shared", &TTHEADER, Some("Echo"), "say", SHARED),
        ];
        check(&[ECHO_A, ECHO_B], REFUSE, rows).await;
        #[rustfmt::skip]
        let rows: &[Row] = &[
            ("shared", &TTHEADER, Some("a.v1.Echo"), "say", Ok("a.v1.Echo.say")),
            ("shared", &TTHEADER, Some("Echo"), "say", Ok("b.v1.Echo.say")),
            ("shared", &BARE, None, "say", Ok("b.v1.Echo.say")),
        ];
        check(&[ECHO_A, ECHO_B.flag(Fallback)], GUESS, rows).await;
    }

    /// Runs the rows one by one against a server, each on a connection of its own.
    async fn check(entries: &[Entry], refuse: bool, rows: &[Row]) {
        let serving = Serving::start(server(entries, refuse)).await;
        for (case, transports, service, method, expected) in rows {
            for transport in *transports {
                let mut request = Request::new(*transport, method);
                if let Some(service) = service {
                    request = request.service(service);
                }
                let row = format!("{case}: {service:?} {method} over {transport}");
                check_row(&mut serving.connect().await, &request, *expected, &row).await;
            }
        }
        assert_eq!(serving.stopped().await, 0);
    }

    async fn check_row(peer: &mut Peer, request: &Request, expected: Answer, row: &str) {
        let response = peer.call(request).await;
        let outcome = match response.kind {
            MessageType::Reply => Ok(response.text()),
            _ => Err(response.exception()),
        };
        let expected = expected
            .map(str::to_owned)
            .map_err(|(type_id, text)| (type_id, text.to_owned()));
        assert_eq!(outcome, expected, "{row}");
        assert_eq!(response.sequence, 7, "{row}");
        // W10: the type as an int key, and the notice that the connection ends.
        if response.transport.carries_service_name() {
            let number = if outcome.is_ok() { "2" } else { "3" };
            assert_eq!(response.int(keys::MESSAGE_TYPE), Some(number), "{row}");
            assert_eq!(response.resets(), outcome.is_err(), "{row}");
        }
        match outcome {
            Ok(_) => assert_eq!(peer.call(request).await.body, response.body, "{row}"),
            Err(_) => peer.ended().await,
        }
    }

    #[tokio::test]
    async fn w11_services_and_framings_in_turn_on_one_connection() {
        let serving = Serving::start(server(ABC, GUESS)).await;
        let mut peer = serving.connect().await;
        for _ in 0..3 {
            for (_, transports, service, method, expected) in ABC_ROWS {
                let Ok(expected) = expected else { continue };
                for transport in *transports {
                    let mut request = Request::new(*transport, method);
                    if let Some(service) = service {
                        request = request.service(service);
                    }
                    let response = peer.call(&request).await;
                    assert_eq!(response.text(), *expected);
                    assert_eq!(response.transport, *transport);
                    let bare = method.rsplit(':').next();
                    assert_eq!(Some(&*response.method), bare);
                }
            }
        }
    }

    #[tokio::test]
    async fn w12_a_panic_is_an_answer_and_the_connection_stays() {
        let serving = Serving::start(server(ABC, GUESS)).await;
        for transport in Transport::ALL {
            let mut peer = serving.connect().await;
            let response = peer.call(&Request::new(transport, "boom")).await;
            let text = "panic: [happened in biz handler, method=ServiceA.boom, please check the \
                        panic at the server side] boom";
            assert_eq!(response.exception(), (6, text.to_owned()));
            assert!(!response.resets());
            let response = peer.call(&Request::new(transport, "Echo2")).await;
            assert_eq!(response.text(), "ServiceB.Echo2");
        }
    }

    #[tokio::test]
    async fn w13_the_number_of_the_message_is_answered_in_both_places() {
        let serving = Serving::start(server(ABC, GUESS)).await;
        for transport in TTHEADER {
            for method in ["Echo2", "boom", "Nope"] {
                let mut peer = serving.connect().await;
                let request = Request::new(transport, method)
                    .sequence(9)
                    .header_sequence(5);
                let response = peer.call(&request).await;
                assert_eq!(response.sequence, 9);
                assert_eq!(response.header.unwrap().sequence, 9);
            }
        }
    }
}
