//! The rows for services and methods that a server does not have: one handler gives back what came.

use serde_json::{Value, json};

use crate::cells::request;
use crate::expect::message;
use crate::implementations::{Implementation, Naming};
use crate::peers::{Peer, Serving};
use crate::report::Report;

/// One client, over everything that it speaks.
pub(crate) fn run(client: &Peer, server: &Peer, report: &mut Report) {
    let serving = server.must_serve("unknown", &[]);
    let implementation = client.implementation;
    let older = implementation.transports().iter();
    for &transport in older.chain(implementation.newer_transports()) {
        if implementation == Implementation::Kitex && transport == "kitex-protobuf-framed" {
            // It always puts a TTHeader in front.
            continue;
        }
        let mut column = Column {
            client,
            serving: &serving,
            transport,
            name: format!("{} -> {} {transport} unknown", client.name(), server.name()),
            report,
        };
        match transport {
            "grpc" => column.protobuf("Streams", true),
            "grpc-thrift" => column.streams("Streams", str::to_owned),
            protobuf if protobuf.starts_with("kitex") => column.protobuf("", false),
            _ => column.thrift(),
        }
    }
}

struct Column<'a> {
    client: &'a Peer,
    serving: &'a Serving,
    transport: &'static str,
    name: String,
    report: &'a mut Report,
}

impl Column<'_> {
    /// The first argument comes back as the result; what is known is served as ever.
    fn thrift(&mut self) {
        let hi = request("hi");
        self.check("ServiceA", "onlyA", &hi, &message("hi"));
        self.check("ServiceD", "onlyC", &hi, &message("hi"));
        if self.client.implementation.naming() == Naming::Header {
            self.check("ServiceB", "onlyB", &hi, &message("ServiceB/onlyB: hi"));
        }
        self.check(
            "ServiceA",
            "add",
            &json!({ "left": 7, "right": 1 }),
            &json!({ "ok": 7 }),
        );
        let big = "x".repeat(64 * 1024);
        self.check("ServiceA", "onlyA", &request(&big), &message(&big));
    }

    /// Messages come back as they came.
    fn protobuf(&mut self, streams: &str, has_streams: bool) {
        for service in ["multi.v1.ServiceA", "multi.v1.ServiceB"] {
            let hi = json!({ "message": "hi" });
            self.check(service, "SameNamedMethod", &hi, &message("hi"));
        }
        if has_streams {
            self.streams(&format!("multi.v1.{streams}"), capitalized);
        }
    }

    fn streams(&mut self, service: &str, name: fn(&str) -> String) {
        let items = json!([{ "number": 1, "message": "a" }, { "number": 2, "message": "b" }]);
        self.check(
            service,
            &name("bidirectional"),
            &items,
            &json!({ "ok": items }),
        );
        let one = json!([{ "number": 1, "message": "a" }]);
        self.check(service, &name("server"), &one, &json!({ "ok": one }));
        self.check(service, &name("client"), &one, &json!({ "ok": one }));
    }

    fn check(&mut self, service: &str, method: &str, json: &Value, expected: &Value) {
        let text = json.to_string();
        let flags = [
            "--transport",
            self.transport,
            "--service",
            service,
            "--method",
            method,
            "--json",
            &text,
        ];
        let mut lines = self.client.call(&self.serving.address, &flags);
        let mut seen = lines.remove(0);
        if let Some(fields) = seen.as_object_mut() {
            fields.remove("back");
        }
        let cell: String = format!("{service}/{method} {text}")
            .chars()
            .take(100)
            .collect();
        self.report.compare(&self.name, &cell, expected, &seen);
    }
}

fn capitalized(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}
