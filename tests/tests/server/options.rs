//! Options of a server, of a service and of a method are for their own calls, and for all of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use polyport::codegen::Method;
use polyport::registration::RegistrationError;
use polyport::{Call, CallKind, Client, Layer, Next, Reply, Server, Service, Transport};
use polyport_tests::demo::Nothing;
use polyport_tests::named;
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;

/// Notes its name when a call comes.
struct Note(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl Layer for Note {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        self.1.lock().unwrap().push(self.0);
        next.call(call).await
    }
}

#[tokio::test]
async fn the_servers_layers_stand_around_the_services_around_the_methods() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let note = |name| Note(name, Arc::clone(&notes));
    let service = named::service("S", &["one", "two"])
        .for_method("one", |method| {
            method.layer(note("method 1")).layer(note("method 2"))
        })
        .layer(note("service 1"))
        .for_method("one", |method| method.layer(note("method 3")))
        .layer(note("service 2"));
    let server = Server::new()
        .layer(note("server 1"))
        .add(service)
        .add(named::service("T", &["three"]))
        .layer(note("server 2"));
    let serving = Serving::start(server).await;
    let mut peer = serving.connect().await;
    let of_server = ["server 1", "server 2"];
    let of_service = ["service 1", "service 2"];
    let of_method = ["method 1", "method 2", "method 3"];
    let rows = [
        (
            "one",
            [&of_server[..], &of_service[..], &of_method[..]].concat(),
        ),
        ("two", [&of_server[..], &of_service[..]].concat()),
        ("three", of_server.to_vec()),
    ];
    for (method, expected) in rows {
        peer.call(&Request::new(Transport::Framed, method)).await;
        assert_eq!(notes.lock().unwrap().split_off(0), expected, "{method}");
    }
}

static A_SAY: Method<Nothing, String> = Method::new("A", "say", CallKind::Unary).package("p");
static A_ASK: Method<Nothing, String> = Method::new("A", "ask", CallKind::Unary).package("p");
static B_SAY: Method<Nothing, String> = Method::new("B", "say", CallKind::Unary).package("p");
static B_ASK: Method<Nothing, String> = Method::new("B", "ask", CallKind::Unary).package("p");

/// Counts calls, and those that are not its own.
#[derive(Clone, Default)]
struct Count {
    service: &'static str,
    method: &'static str,
    calls: Arc<AtomicUsize>,
    strangers: Arc<AtomicUsize>,
}

impl Layer for Count {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        let is_own = [
            (self.service, call.context.service()),
            (self.method, call.context.method()),
        ]
        .iter()
        .all(|(own, name)| own.is_empty() || own == name);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.strangers
            .fetch_add(usize::from(!is_own), Ordering::Relaxed);
        // Others run in between.
        tokio::task::yield_now().await;
        next.call(call).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_layer_runs_once_for_each_of_its_own_calls_and_never_for_a_neighbours() {
    const CALLS: usize = 250;
    let count = |service, method| Count {
        service,
        method,
        ..Count::default()
    };
    let (all, a, b, b_say) = (
        count("", ""),
        count("A", ""),
        count("B", ""),
        count("B", "say"),
    );
    let methods = ["say", "ask"];
    let server = Server::new()
        .layer(all.clone())
        .add(
            named::packaged("p", "A", &methods)
                .layer(a.clone())
                .fallback(),
        )
        .add(
            named::packaged("p", "B", &methods)
                .layer(b.clone())
                .for_method("say", |method| method.layer(b_say.clone())),
        );
    let serving = Serving::start(server).await;
    let transports = [
        Transport::TtHeader,
        Transport::TtHeaderFramed,
        Transport::Grpc,
    ];
    let mut callers = Vec::new();
    for transport in transports {
        let options = Client::options(serving.address.to_string()).transport(transport);
        let client = options.connect().await.unwrap();
        for method in [&A_SAY, &A_ASK, &B_SAY, &B_ASK] {
            let client = client.clone();
            callers.push(tokio::spawn(async move {
                let expected = format!("p.{}.{}", method.service(), method.name());
                for _ in 0..CALLS {
                    assert_eq!(client.call(method, Nothing).await.unwrap(), expected);
                }
            }));
        }
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let each = CALLS * transports.len();
    for (layer, methods) in [(all, 4), (a, 2), (b, 2), (b_say, 1)] {
        assert_eq!(layer.calls.load(Ordering::Relaxed), methods * each);
        assert_eq!(layer.strangers.load(Ordering::Relaxed), 0);
    }
}

fn mistakes(service: Service) -> Vec<String> {
    let error = Server::new().add(service).router().unwrap_err();
    let errors = error.registration_errors();
    errors.iter().map(RegistrationError::to_string).collect()
}

#[test]
fn options_for_a_method_that_is_not_there_are_mistakes() {
    let service = named::packaged("p", "Books", &["getBook", "listBooks"])
        .for_method("get_bok", |method| method)
        .for_method("buy", |method| method)
        .for_method("listBooks", |method| method);
    let expected = [
        "options are given for method [get_bok], which service [p.Books] does not have: did you \
         mean getBook?",
        "options are given for method [buy], which service [p.Books] does not have: give them to \
         one of its methods",
    ];
    assert_eq!(mistakes(service), expected);
    let service = named::packaged("p", "Stock", &["count"]).for_method("cuont", |method| method);
    let text = mistakes(service).concat();
    assert!(text.ends_with("did you mean count?"), "{text}");
}
