//! The table of errors, row by row: what a handler or a layer fails with, and what its caller is told of it
//! over every transport. The rows that every peer knows are among the other cells.

use serde_json::{Value, json};

use crate::deadlines::{IN_TIME, sleep, timeout};
use crate::expect::{exception, lost};
use crate::implementations::Implementation;
use crate::peers::{Peer, Serving};
use crate::ports::Reserved;
use crate::report::Report;

/// One client and one server, over everything.
pub(crate) fn run(client: &Peer, server: &Peer, report: &mut Report) {
    let implementation = client.implementation;
    let older = implementation.transports().iter();
    for &transport in older.chain(implementation.newer_transports()) {
        if implementation == Implementation::Kitex && transport == "kitex-protobuf-framed" {
            // It always puts a TTHeader in front.
            continue;
        }
        let fixture = if is_protobuf(transport) {
            "proto"
        } else {
            "multi"
        };
        let serving = server.must_serve(fixture, &["--further-words"]);
        let mut column = Column {
            client,
            server: server.implementation,
            transport,
            name: format!(
                "{} -> {} {transport} failures",
                client.name(),
                server.name()
            ),
            report,
        };
        column.of_handlers(&serving);
        column.of_layers(&serving);
        column.of_connections(serving);
    }
}

fn is_protobuf(transport: &str) -> bool {
    transport == "grpc" || transport.starts_with("kitex-protobuf")
}

#[derive(Debug)]
struct Column<'a> {
    client: &'a Peer,
    server: Implementation,
    transport: &'static str,
    name: String,
    report: &'a mut Report,
}

impl Column<'_> {
    fn is_http2(&self) -> bool {
        self.transport.starts_with("grpc")
    }

    /// Whether the transport has a place for metadata and business statuses.
    fn has_header(&self) -> bool {
        !matches!(
            self.transport,
            "buffered" | "framed" | "kitex-protobuf-framed"
        )
    }

    /// A status of gRPC that a handler returns.
    fn coded(&self, code: u8, text: &str) -> Value {
        if self.is_http2() {
            exception(code.into(), &format!("{text} [biz error]"))
        } else {
            exception(
                6,
                &format!("biz error: rpc error: code = {code} desc = {text}"),
            )
        }
    }

    fn of_handlers(&mut self, serving: &Serving) {
        let detailed = match (self.is_http2(), self.server) {
            (false, _) => self.coded(9, "busy"),
            // Kitex puts its mark into the status among the details as well, which counts for its client.
            (true, Implementation::Kitex) => {
                let mut detailed = self.coded(9, "busy");
                detailed["error"]["details"] = why(9, "busy [biz error]").into();
                detailed
            }
            (true, _) => {
                let mut detailed = exception(9, "busy");
                detailed["error"]["details"] = why(9, "busy").into();
                detailed
            }
        };
        for (asks, expected) in [
            ("code:5:gone", self.coded(5, "gone")),
            ("code:99:odd", self.coded(99, "odd")),
            ("details:9:busy", detailed),
            ("bizwhy:77:busy", self.biz(77, "busy")),
        ] {
            self.check(serving, asks, &[], &expected);
        }
    }

    /// A business status with a detail, for which only gRPC has a place.
    fn biz(&self, code: i32, text: &str) -> Value {
        let mut biz = json!({ "biz": { "code": code, "message": text, "extra": {} } });
        if self.is_http2() {
            biz["biz"]["details"] = why(13, text).into();
        }
        if self.has_header() {
            return biz;
        }
        let is_kitex = |one| one == Implementation::Kitex;
        match (is_kitex(self.server), is_kitex(self.client.implementation)) {
            (false, _) => exception(6, &format!("biz error: code={code}, msg={text}")),
            // Kitex loses it: its client takes what is left for an empty result.
            (true, true) => json!({ "ok": null }),
            (true, false) if is_protobuf(self.transport) => json!({ "ok": {} }),
            (true, false) => exception(5, "missing result"),
        }
    }

    fn of_layers(&mut self, serving: &Serving) {
        if !self.has_header() {
            return;
        }
        let rows = [
            ("error:bad", 13, "bad", 6, "bad"),
            ("typed:1900:special", 1900, "special", 1900, "special"),
            ("code:7:no", 7, "no", 6, "rpc error: code = 7 desc = no"),
            (
                "deny:not you",
                7,
                "request forbidden: not you",
                6,
                "request forbidden: not you",
            ),
        ];
        for (fails, code, grpc, type_id, text) in rows {
            let expected = match self.is_http2() {
                true => exception(code, grpc),
                false => exception(type_id, text),
            };
            let flag = format!("FAIL={fails}");
            self.check(serving, "hi", &["--transient", &flag], &expected);
        }
        let number = if self.is_http2() { 13 } else { 6 };
        let expected = match self.server {
            // Only handlers have such ones there.
            Implementation::Kitex => exception(number, "biz error: code=5, msg=no"),
            _ => json!({ "biz": { "code": 5, "message": "no", "extra": { "k": "v" } } }),
        };
        let flags = ["--transient", "FAIL=biz:5:no:k=v"];
        self.check(serving, "hi", &flags, &expected);
        self.panics(serving);
    }

    /// A layer's panic, to which Kitex says nothing.
    fn panics(&mut self, serving: &Serving) {
        let kitex = self.server == Implementation::Kitex;
        let method = self.method();
        let text = format!(
            "panic: [happened in middleware, method=ServiceA.{method}, please check the panic at the \
             server side] oh"
        );
        let expected = match (kitex, self.is_http2()) {
            (true, true) => timeout(),
            (true, false) => lost(),
            (false, true) => exception(13, &text),
            (false, false) => exception(6, &text),
        };
        // Who is told nothing has to wait until its time is over.
        let time = if expected == timeout() {
            "2000"
        } else {
            IN_TIME
        };
        let flags = ["--transient", "FAIL=panic:oh", "--timeout", time];
        self.check(serving, "hi", &flags, &expected);
    }

    /// A server that goes away while it is asked, and one that is not there.
    fn of_connections(&mut self, serving: Serving) {
        let address = serving.address.clone();
        let line = std::thread::scope(|scope| {
            let killed = scope.spawn(move || {
                let asleep = serving.wait_for_sleeper("late");
                drop(serving);
                asleep
            });
            // Here, not there: what the client complains about is shown to the thread that called.
            let line = self.call(&address, &sleep("late"), &[]);
            let asleep = killed.join();
            match asleep.unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
                true => line,
                false => json!({ "not called": line }),
            }
        });
        let seen = plain(line);
        self.report
            .compare(&self.name, "a server that is killed", &lost(), &seen);
        let nobody = Reserved::new();
        let seen = plain(self.call(&nobody.address, "hi", &[]));
        self.report
            .compare(&self.name, "nobody listens", &lost(), &seen);
    }

    fn check(&mut self, serving: &Serving, asks: &str, flags: &[&str], expected: &Value) {
        let seen = self.call(&serving.address, asks, flags);
        let seen = if *expected == lost() {
            plain(seen)
        } else {
            seen
        };
        let cell = format!("{asks} {}", flags.join(" "));
        self.report.compare(&self.name, &cell, expected, &seen);
    }

    fn method(&self) -> &'static str {
        if is_protobuf(self.transport) {
            "OnlyA"
        } else {
            "onlyA"
        }
    }

    fn call(&self, address: &str, asks: &str, flags: &[&str]) -> Value {
        let (service, json) = if is_protobuf(self.transport) {
            ("multi.v1.ServiceA", json!({ "message": asks }))
        } else {
            ("ServiceA", json!({ "req": { "message": asks } }))
        };
        let json = json.to_string();
        let mut all = vec!["--transport", self.transport, "--json", &json];
        all.extend(["--service", service, "--method", self.method()]);
        all.extend(flags);
        self.client.call(address, &all).swap_remove(0)
    }
}

/// Everybody has own words for a connection that is gone, and Kitex has gRPC's number for it.
fn plain(line: Value) -> Value {
    let is_lost = line.get("transport_error").is_some() || line["error"]["type"] == 14;
    if is_lost { lost() } else { line }
}

/// An encoded status of gRPC with the string "why" as its detail, in hexadecimal.
fn why(code: u8, text: &str) -> String {
    let kind = hex(b"type.googleapis.com/google.protobuf.StringValue");
    let detail = format!("1a380a2f{kind}12050a03{}", hex(b"why"));
    let (length, text) = (text.len(), hex(text.as_bytes()));
    format!("08{code:02x}12{length:02x}{text}{detail}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
