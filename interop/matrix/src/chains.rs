//! Three servers in a row, every other one of them Kitex: what a caller says beside a call reaches the next
//! server or all of them, and what a server says beside its answer reaches its own caller alone.

use serde_json::{Value, json};

use crate::deadlines::{out_of_time, passed, sleep, timeout};
use crate::expect::message;
use crate::implementations::Implementation;
use crate::peers::{Peer, Serving};
use crate::report::Report;

/// What goes out to the server in the middle, and from there to the last one.
const TRANSPORTS: [[&str; 2]; 8] = [
    ["ttheader-framed", "ttheader-framed"],
    ["ttheader", "grpc-thrift"],
    ["ttheader-framed", "grpc"],
    ["grpc-thrift", "ttheader"],
    ["grpc-thrift", "grpc-thrift"],
    ["grpc", "grpc"],
    ["grpc", "kitex-protobuf"],
    ["kitex-protobuf", "grpc"],
];

/// One implementation at both ends, the other one in the middle.
pub(crate) fn run(outer: &Peer, middle: &Peer, report: &mut Report) {
    for [first, second] in TRANSPORTS {
        let last = outer.must_serve(fixture(second), &[]);
        let flags = ["--next", &last.address, "--next-transport", second];
        let serving = middle.must_serve(fixture(first), &flags);
        let mut chain = Chain {
            client: outer,
            serving: &serving,
            middle: middle.implementation,
            first,
            second,
            name: format!(
                "{} -> {} -> {} {first}, {second}",
                outer.name(),
                middle.name(),
                outer.name()
            ),
            report,
        };
        chain.metadata();
        chain.callers();
        chain.out_of_time();
    }
}

fn is_protobuf(transport: &str) -> bool {
    matches!(transport, "grpc" | "kitex-protobuf")
}

fn fixture(transport: &str) -> &'static str {
    if is_protobuf(transport) {
        "proto"
    } else {
        "multi"
    }
}

/// The name by which Kitex knows a transport.
fn printed(transport: &str) -> &'static str {
    match transport {
        "ttheader" => "TTHeader",
        "ttheader-framed" | "kitex-protobuf" => "TTHeader|Framed",
        _ => "GRPC",
    }
}

#[derive(Debug)]
struct Chain<'a> {
    client: &'a Peer,
    serving: &'a Serving,
    middle: Implementation,
    first: &'static str,
    second: &'static str,
    name: String,
    report: &'a mut Report,
}

impl Chain<'_> {
    fn metadata(&mut self) {
        // Kitex sends on over gRPC what it was only to have itself.
        let leaks = self.middle == Implementation::Kitex && self.second.starts_with("grpc");
        let further = if leaks { "tval" } else { "absent" };
        for (asks, answer) in [
            ("meta:TKEY", "tval"),
            ("meta:PKEY", "pval"),
            ("next:meta:TKEY", further),
            ("next:meta:PKEY", "pval"),
            ("next:meta:NONE", "absent"),
            // The server in the middle has it from the last one, and keeps it for itself.
            ("next:back:bkey=bval", "ok bkey=bval"),
        ] {
            self.check(asks, &message(answer));
        }
        let mut back = message("ok");
        back["back"] = json!({ "bkey": "bval" });
        self.check("back:bkey=bval", &back);
    }

    /// Each server is told who calls it, not who began.
    fn callers(&mut self) {
        for (asks, caller, transport, server) in [
            ("who", "front", self.first, self.middle),
            (
                "next:who",
                "middle",
                self.second,
                self.client.implementation,
            ),
        ] {
            let method = if is_protobuf(transport) {
                "OnlyA"
            } else {
                "onlyA"
            };
            let transport = printed(transport);
            let mut who = format!("ServiceA/{method} caller={caller} transport={transport}");
            if server == Implementation::Polyport {
                who += " kind=unary reason=named";
            }
            self.check(asks, &message(&who));
        }
    }

    /// The time of the first caller is over, whoever notices it.
    fn out_of_time(&mut self) {
        let keeps_time = self.middle == Implementation::Polyport;
        let asks = format!("next:{}", sleep("late"));
        let of_server: &[Value] = if keeps_time { &[passed()] } else { &[] };
        let seen = out_of_time(of_server, || self.call(&asks, &["--timeout", "300"]));
        self.report
            .compare(&self.name, "timeout", &timeout(), &seen);
    }

    fn check(&mut self, asks: &str, expected: &Value) {
        let flags = [
            "--transient",
            "TKEY=tval",
            "--persistent",
            "PKEY=pval",
            "--caller",
            "front",
        ];
        let seen = self.call(asks, &flags);
        self.report.compare(&self.name, asks, expected, &seen);
    }

    fn call(&self, asks: &str, flags: &[&str]) -> Value {
        let (service, method, json) = if is_protobuf(self.first) {
            ("multi.v1.ServiceA", "OnlyA", json!({ "message": asks }))
        } else {
            ("ServiceA", "onlyA", json!({ "req": { "message": asks } }))
        };
        let json = json.to_string();
        let mut all = vec!["--transport", self.first, "--json", &json];
        all.extend(["--service", service, "--method", method]);
        all.extend(flags);
        self.client.call(&self.serving.address, &all).swap_remove(0)
    }
}
