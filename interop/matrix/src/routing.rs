//! Fixtures beside `multi`: other fallbacks, refused traffic, unknown names, combined services.

use serde_json::Value;

use crate::cells::request;
use crate::expect::{exception, message};
use crate::implementations::{Implementation, Naming};
use crate::peers::Peer;
use crate::report::Report;

/// One client and one server that finds services by name.
pub(crate) fn run(client: &Peer, server: &Peer, report: &mut Report) {
    let mut routing = Routing {
        client,
        server,
        column: format!("{} -> {} routing", client.name(), server.name()),
        report,
    };
    match client.implementation.naming() {
        Naming::Header => {
            routing.named_in_headers();
            if client.implementation.takes_any_name() {
                routing.wrong_names();
                routing.combined();
            }
        }
        Naming::MethodName => routing.named_in_methods(),
        Naming::Never => routing.never_named(),
    }
}

#[derive(Debug)]
struct Routing<'a> {
    client: &'a Peer,
    server: &'a Peer,
    column: String,
    report: &'a mut Report,
}

impl Routing<'_> {
    /// Serves a fixture, makes calls with these flags and compares what they print.
    fn check(&mut self, fixture: &str, flags: &[&str], calls: &[(&str, Value)]) {
        let serving = self.server.must_serve(fixture, flags);
        for (flags, expected) in calls {
            let flags: Vec<&str> = flags.split_whitespace().collect();
            let asks = request("hi").to_string();
            let mut all = flags.clone();
            all.extend(["--json", &asks]);
            let lines = self.client.call(&serving.address, &all);
            let cell = format!("{fixture}: {}", flags.join(" "));
            self.report
                .compare(&self.column, &cell, expected, &lines[0]);
        }
    }

    fn named_in_headers(&mut self) {
        let same_b = message("ServiceB/sameNamedMethod: hi");
        let same_a = message("ServiceA/sameNamedMethod: hi");
        self.check(
            "multi-b",
            &[],
            &[
                (
                    "--transport framed --service ServiceA --method sameNamedMethod",
                    same_b.clone(),
                ),
                (
                    "--transport ttheader --service ServiceA --method sameNamedMethod",
                    same_a.clone(),
                ),
            ],
        );
        let refused = match self.server.implementation {
            Implementation::Kitex => exception(20, "unknown service , method sameNamedMethod"),
            _ => no_name(),
        };
        self.check(
            "conflict",
            &["--refuse"],
            &[
                (
                    "--transport framed --service ServiceA --method sameNamedMethod",
                    refused.clone(),
                ),
                (
                    "--transport buffered --service ServiceA --method sameNamedMethod",
                    refused,
                ),
                (
                    "--transport ttheader --service ServiceA --method sameNamedMethod",
                    same_a,
                ),
                (
                    "--transport ttheader-framed --service ServiceB --method sameNamedMethod",
                    same_b,
                ),
            ],
        );
        self.check(
            "single",
            &[],
            &[
                (
                    "--transport framed --service ServiceB --method onlyB",
                    exception(20, "unknown service , method onlyB"),
                ),
                (
                    "--transport ttheader --service ServiceB --method onlyB",
                    exception(20, "unknown service ServiceB, method onlyB"),
                ),
                (
                    "--transport framed --service ServiceA --method onlyA",
                    message("ServiceA/onlyA: hi"),
                ),
            ],
        );
    }

    /// Names that the server does not have, and methods that the named service does not have.
    fn wrong_names(&mut self) {
        let is_kitex = self.client.implementation == Implementation::Kitex;
        let nope = if is_kitex {
            "--transport ttheader --service ServiceA --method sameNamedMethod --as Nope"
        } else {
            "--transport ttheader --service Nope --method sameNamedMethod"
        };
        let wrong_name = if is_kitex {
            "--transport ttheader --service ServiceB --method onlyB --as Nope"
        } else {
            "--transport ttheader --service Nope --method onlyB"
        };
        let wrong_method = if is_kitex {
            "--transport ttheader --service ServiceB --method onlyB --as ServiceA"
        } else {
            "--transport ttheader --service ServiceA --method onlyB"
        };
        self.check(
            "multi",
            &[],
            &[
                (
                    nope,
                    exception(20, "unknown service Nope, method sameNamedMethod"),
                ),
                (wrong_name, message("ServiceB/onlyB: hi")),
                (
                    wrong_method,
                    exception(1, "unknown method onlyB (service ServiceA)"),
                ),
            ],
        );
    }

    /// A combined service, and its client with a server of its parts.
    fn combined(&mut self) {
        let is_kitex = self.client.implementation == Implementation::Kitex;
        for transport in self.client.implementation.transports() {
            let flags = format!("--transport {transport} --service CombineService --method");
            let calls = ["fromA", "fromB"].map(|method| {
                (
                    format!("{flags} {method}"),
                    message(&format!("CombineService/{method}: hi")),
                )
            });
            let calls = calls
                .each_ref()
                .map(|(flags, expected)| (flags.as_str(), expected.clone()));
            self.check("combine", &[], &calls);
            let idl = if is_kitex { "--idl apart " } else { "" };
            let calls = [("Left", "fromLeft"), ("Right", "fromRight")].map(|(service, method)| {
                (
                    format!("{idl}{flags} {method}"),
                    message(&format!("{service}/{method}: hi")),
                )
            });
            let calls = calls
                .each_ref()
                .map(|(flags, expected)| (flags.as_str(), expected.clone()));
            self.check("apart", &[], &calls);
        }
    }

    /// A client that knows no names is served as the server alone decides.
    fn never_named(&mut self) {
        let same_b = message("ServiceB/sameNamedMethod: hi");
        for transport in self.client.implementation.transports() {
            let a = format!("--transport {transport} --service ServiceA --method");
            let b = format!("--transport {transport} --service ServiceB --method");
            let same_a = format!("{a} sameNamedMethod");
            let only_b = format!("{b} onlyB");
            self.check(
                "multi-b",
                &[],
                &[
                    (&same_a, same_b.clone()),
                    (&format!("{a} onlyA"), message("ServiceA/onlyA: hi")),
                    (&only_b, message("ServiceB/onlyB: hi")),
                ],
            );
            self.check("conflict", &["--refuse"], &[(&same_a, no_name())]);
            self.check(
                "single",
                &[],
                &[(&only_b, exception(20, "unknown service , method onlyB"))],
            );
        }
    }

    /// Apache's multiplexed names, `Service:method`, and the same clients without them.
    fn named_in_methods(&mut self) {
        let same_a = message("ServiceA/sameNamedMethod: hi");
        let same_b = message("ServiceB/sameNamedMethod: hi");
        for transport in self.client.implementation.transports() {
            let a = format!("--transport {transport} --service ServiceA --method");
            let b = format!("--transport {transport} --service ServiceB --method");
            let named_a = format!("{a} sameNamedMethod");
            let named_b = format!("{b} sameNamedMethod");
            let nameless_a = format!("{named_a} --no-service-name");
            let nameless_b = format!("{named_b} --no-service-name");
            self.check(
                "multi-b",
                &[],
                &[(&nameless_a, same_b.clone()), (&named_a, same_a.clone())],
            );
            self.check(
                "conflict",
                &["--refuse"],
                &[
                    (&nameless_a, no_name()),
                    (&nameless_b, no_name()),
                    (&named_a, same_a.clone()),
                    (&named_b, same_b.clone()),
                ],
            );
            let unknown = exception(20, "unknown service Nope, method sameNamedMethod");
            let wrong_method = exception(1, "unknown method onlyB (service ServiceA)");
            self.check(
                "multi",
                &[],
                &[
                    (&format!("{named_a} --as Nope"), unknown),
                    (
                        &format!("{b} onlyB --as Nope"),
                        message("ServiceB/onlyB: hi"),
                    ),
                    (&format!("{b} onlyB --as ServiceA"), wrong_method),
                ],
            );
            self.check(
                "single",
                &[],
                &[
                    (
                        &format!("{b} onlyB --no-service-name"),
                        exception(20, "unknown service , method onlyB"),
                    ),
                    (
                        &format!("{b} onlyB"),
                        exception(20, "unknown service ServiceB, method onlyB"),
                    ),
                    (
                        &format!("{a} onlyA --no-service-name"),
                        message("ServiceA/onlyA: hi"),
                    ),
                ],
            );
            let combined = ["CombineA --method fromA", "CombineB --method fromB"].map(|flags| {
                let method = &flags[flags.len() - "fromA".len()..];
                (
                    format!("--transport {transport} --no-service-name --service {flags}"),
                    message(&format!("CombineService/{method}: hi")),
                )
            });
            let combined = combined
                .each_ref()
                .map(|(flags, expected)| (flags.as_str(), expected.clone()));
            self.check("combine", &[], &combined);
        }
    }
}

fn no_name() -> Value {
    exception(
        21,
        "no service name while the server has WithRefuseTrafficWithoutServiceName option enabled",
    )
}

/// What a peer must not start, and the words in which it says so.
pub(crate) fn refused_at_start(peer: &Peer, report: &mut Report) {
    let combined = match peer.implementation {
        Implementation::Kitex => "combine service doesn't support multi services",
        _ => "only one service can be registered when registering combined service",
    };
    let rows = [
        (
            "conflict",
            "method name [sameNamedMethod] is conflicted between services but no fallback service \
             is specified",
        ),
        (
            "two-fallbacks",
            "multiple fallback services cannot be registered. [ServiceA] is already registered as \
             a fallback service",
        ),
        ("duplicate", "has already been registered"),
        ("empty", "run: no service. Use RegisterService to set one"),
        ("combine-and-more", combined),
    ];
    let column = format!("{} refuses to start", peer.name());
    for (fixture, words) in rows {
        let outcome = match peer.serve(fixture, &[]) {
            Ok(_) => Err("it started".to_owned()),
            Err(ended) if ended.status != Some(2) => Err(format!("status {:?}", ended.status)),
            Err(ended) if !ended.text.contains(words) => Err(ended.text),
            Err(_) => Ok(()),
        };
        report.record(&column, fixture, outcome);
    }
}
