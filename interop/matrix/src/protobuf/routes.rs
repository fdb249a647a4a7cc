//! Names that a server has and has not, over HTTP/2 and in Kitex Protobuf.

use serde_json::Value;

use crate::expect::{exception, message};
use crate::implementations::Implementation;
use crate::peers::Peer;
use crate::report::Report;

pub(super) fn run(client: &Peer, server: &Peer, report: &mut Report) {
    let mut routes = Routes {
        client,
        server,
        column: format!("{} -> {} routes", client.name(), server.name()),
        report,
    };
    let kitex = server.implementation == Implementation::Kitex;
    let codes: &[(&[&str], [i32; 2])] = if kitex {
        &[(&[], [20, 1])]
    } else {
        &[(&[], [12, 12]), (&["--kitex-status-codes"], [20, 1])]
    };
    for (flags, [service, method]) in codes {
        routes.unknown(flags, *service, *method);
    }
    routes.strict();
    if !kitex {
        routes.side_by_side();
    }
}

#[derive(Debug)]
struct Routes<'a> {
    client: &'a Peer,
    server: &'a Peer,
    column: String,
    report: &'a mut Report,
}

impl Routes<'_> {
    /// A service that the server does not have, and a method that its service does not have; packages
    /// do not count where the bare name is enough.
    fn unknown(&mut self, flags: &[&str], service: i32, method: i32) {
        let renamed = self.client.implementation == Implementation::Kitex;
        // Kitex's client sends another name for a service that it has.
        let call = |transport: &str, package: &str, name: &str, method: &str| {
            let has = if method == "OnlyB" {
                "ServiceB"
            } else {
                "ServiceA"
            };
            if renamed {
                format!(
                    "--transport {transport} --service multi.v1.{has} --as {name} --method {method}"
                )
            } else {
                format!("--transport {transport} --service {package}{name} --method {method}")
            }
        };
        let mut rows = vec![
            (
                call("grpc", "multi.v1.", "Nope", "OnlyA"),
                exception(service, "unknown service Nope"),
            ),
            (
                call("grpc", "multi.v1.", "ServiceA", "OnlyB"),
                exception(method, "unknown method OnlyB"),
            ),
            (
                call("kitex-protobuf", "multi.v1.", "Nope", "SameNamedMethod"),
                exception(20, "unknown service Nope, method SameNamedMethod"),
            ),
            (
                call("kitex-protobuf", "multi.v1.", "ServiceA", "OnlyB"),
                exception(1, "unknown method OnlyB (service ServiceA)"),
            ),
            // An unknown name, but one service alone has the method.
            (
                call("kitex-protobuf", "multi.v1.", "Nope", "OnlyB"),
                message("ServiceB/OnlyB: hi"),
            ),
        ];
        if !renamed {
            for package in ["other.pkg.", ""] {
                rows.push((
                    call("grpc", package, "ServiceB", "OnlyB"),
                    message("ServiceB/OnlyB: hi"),
                ));
            }
        }
        for (asks, expected) in rows {
            self.check("proto", flags, &asks, r#"{"message":"hi"}"#, &expected);
        }
    }

    /// A path always names its service, so that there is nothing to refuse.
    fn strict(&mut self) {
        for service in ["ServiceA", "ServiceB"] {
            self.check(
                "conflict",
                &["--refuse"],
                &format!("--transport grpc-thrift --service {service} --method sameNamedMethod"),
                r#"{"req":{"message":"hi"}}"#,
                &message(&format!("{service}/sameNamedMethod: hi")),
            );
        }
    }

    /// Services of the same bare names in both codecs.
    fn side_by_side(&mut self) {
        for transport in [
            "framed",
            "buffered",
            "ttheader",
            "ttheader-framed",
            "grpc-thrift",
        ] {
            for (service, method) in [("ServiceA", "sameNamedMethod"), ("ServiceB", "onlyB")] {
                self.check(
                    "all",
                    &[],
                    &format!("--transport {transport} --service {service} --method {method}"),
                    r#"{"req":{"message":"hi"}}"#,
                    &message(&format!("{service}/{method}: hi")),
                );
            }
        }
        for transport in ["kitex-protobuf", "grpc"] {
            for (service, method) in [("ServiceA", "SameNamedMethod"), ("ServiceB", "OnlyB")] {
                self.check(
                    "all",
                    &[],
                    &format!(
                        "--transport {transport} --service multi.v1.{service} --method {method}"
                    ),
                    r#"{"message":"hi"}"#,
                    &message(&format!("{service}/{method}: hi")),
                );
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a row of a table")]
    fn check(&mut self, fixture: &str, flags: &[&str], asks: &str, json: &str, expected: &Value) {
        let serving = self.server.must_serve(fixture, flags);
        let mut all: Vec<&str> = asks.split_whitespace().collect();
        all.extend(["--json", json]);
        let lines = self.client.call(&serving.address, &all);
        let cell = format!("{fixture} {}: {asks}", flags.join(" "));
        self.report
            .compare(&self.column, &cell, expected, &lines[0]);
    }
}
