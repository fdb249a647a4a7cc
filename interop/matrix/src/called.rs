//! `polyport call` against other servers: Kitex's by their IDLs, grpc-go's by its reflection.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::deadlines::sleep;
use crate::expect::{exception, message};
use crate::peers::{Peer, Serving};
use crate::report::Report;
use crate::time_limit;

const IDLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../idl");

/// Kitex's server, over every transport.
pub(crate) fn run_kitex(command: &Path, kitex: &Peer, report: &mut Report) {
    thrift(command, kitex, report);
    protobuf(command, kitex, report);
    streams(command, kitex, report);
}

/// The cells of one server, called in one way.
struct Column<'a> {
    name: String,
    command: &'a Path,
    serving: &'a Serving,
    /// What all calls say of the server.
    flags: Vec<String>,
    report: &'a mut Report,
}

impl Column<'_> {
    /// Makes a call, and compares the lines that it prints.
    fn check(&mut self, method: &str, data: &Value, flags: &[&str], expected: &[Value]) {
        let seen = self.call(method, data, flags);
        let cell = format!("{method} {data} {}", flags.join(" "));
        let expected = Value::from(expected);
        self.report.compare(&self.name, &cell, &expected, &seen);
    }

    fn call(&self, method: &str, data: &Value, flags: &[&str]) -> Value {
        let data = match data {
            // One after the other, as a stream's are.
            Value::Array(all) => all
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            one => one.to_string(),
        };
        let mut command = Command::new(self.command);
        command
            .args(["call", &self.serving.address, method, "--json", "-d", &data])
            .args(["--connect-timeout", "60s"])
            .args(&self.flags)
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = match time_limit::output(&mut command) {
            Ok(output) => output,
            Err(reason) => return Value::from(reason),
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let lines = text.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|_| Value::from(line));
            // Everybody has own words for it.
            match line.get("timeout") {
                Some(_) => json!({ "timeout": true }),
                None => line,
            }
        });
        let lines: Vec<Value> = lines.collect();
        match lines.is_empty() && !output.status.success() {
            true => Value::from(String::from_utf8_lossy(&output.stderr)),
            false => lines.into(),
        }
    }
}

fn thrift(command: &Path, kitex: &Peer, report: &mut Report) {
    let serving = kitex.must_serve("multi", &[]);
    for transport in ["buffered", "framed", "ttheader", "ttheader-framed"] {
        let mut column = Column {
            name: format!("polyport call -> {} {transport}", kitex.name()),
            command,
            serving: &serving,
            flags: flags(&[
                "--idl",
                &format!("{IDLS}/multi.thrift"),
                "--transport",
                transport,
            ]),
            report: &mut *report,
        };
        let has_header = transport.starts_with("ttheader");
        let asked = |text: &str| json!({ "req": { "message": text } });
        let says = |text: &str| [message(text)];
        column.check("onlyA", &asked("hi"), &[], &says("ServiceA/onlyA: hi"));
        let b = if has_header { "ServiceB" } else { "ServiceA" };
        for (nameless, answers) in [(false, b), (true, "ServiceA")] {
            let flags: &[&str] = if nameless {
                &["--no-service-name"]
            } else {
                &[]
            };
            let answer = says(&format!("{answers}/sameNamedMethod: hi"));
            column.check("ServiceB/sameNamedMethod", &asked("hi"), flags, &answer);
        }
        column.check("nothing", &json!({}), &[], &[json!({ "ok": null })]);
        let numbers = json!({ "left": i64::MAX, "right": -1 });
        column.check("add", &numbers, &[], &[json!({ "ok": i64::MAX - 1 })]);
        let declined = json!({ "name": "declined", "value": { "code": 7, "reason": "no" } });
        column.check(
            "declines",
            &asked("no"),
            &[],
            &[json!({ "exception": declined })],
        );
        column.check(
            "onlyA",
            &asked("error:bad"),
            &[],
            &[exception(6, "biz error: bad")],
        );
        let typed = exception(1900, "special [biz error]");
        column.check("onlyA", &asked("typed:1900:special"), &[], &[typed]);
        let late = [json!({ "timeout": true })];
        column.check(
            "onlyA",
            &asked(&sleep("late")),
            &["--timeout", "200ms"],
            &late,
        );
        if has_header {
            let biz = json!({ "code": 404, "message": "not found", "extra": { "k": "v" } });
            let request = asked("biz:404:not found:k=v");
            column.check("onlyA", &request, &[], &[json!({ "biz": biz })]);
            for flag in ["--metadata", "--transient", "--persistent"] {
                column.check("onlyA", &asked("meta:TKEY"), &[flag, "TKEY=7"], &says("7"));
            }
            let mut back = message("ok");
            back["metadata"] = json!({ "bkey": "bval" });
            column.check("onlyA", &asked("back:bkey=bval"), &[], &[back]);
        }
    }
}

fn protobuf(command: &Path, kitex: &Peer, report: &mut Report) {
    let serving = kitex.must_serve("proto", &[]);
    for transport in ["kitex-protobuf", "kitex-protobuf-framed", "grpc"] {
        let mut column = Column {
            name: format!("polyport call -> {} {transport}", kitex.name()),
            command,
            serving: &serving,
            flags: flags(&[
                "--idl",
                &format!("{IDLS}/multi.proto"),
                "--transport",
                transport,
            ]),
            report: &mut *report,
        };
        let hi = json!({ "message": "hi" });
        column.check("OnlyA", &hi, &[], &[message("ServiceA/OnlyA: hi")]);
        let b = if transport == "kitex-protobuf-framed" {
            "ServiceA"
        } else {
            "ServiceB"
        };
        let answer = [message(&format!("{b}/SameNamedMethod: hi"))];
        column.check("ServiceB/SameNamedMethod", &hi, &[], &answer);
    }
    let mut column = Column {
        name: format!("polyport call -> {} grpc", kitex.name()),
        command,
        serving: &serving,
        flags: flags(&["--idl", &format!("{IDLS}/multi.proto")]),
        report,
    };
    every_stream(&mut column, ["Server", "Client", "Bidirectional"]);
}

fn streams(command: &Path, kitex: &Peer, report: &mut Report) {
    let serving = kitex.must_serve("multi", &[]);
    let mut column = Column {
        name: format!("polyport call -> {} grpc-thrift", kitex.name()),
        command,
        serving: &serving,
        flags: flags(&["--idl", &format!("{IDLS}/streams.thrift")]),
        report,
    };
    let [server, client, both] = ["server", "client", "bidirectional"];
    let item = |number: i32, text: &str| json!({ "number": number, "message": text });
    let ok = |number: i32, text: &str| json!({ "ok": item(number, text) });
    let two = json!([item(1, "a"), item(2, "b")]);
    let answers = [ok(0, "echo hi"), ok(1, "echo hi")];
    column.check(server, &item(2, "hi"), &[], &answers);
    column.check(client, &two, &[], &[ok(2, "a,b")]);
    column.check(both, &two, &[], &[ok(1, "echo a"), ok(2, "echo b")]);
}

/// The messages of Protobuf, whose JSON leaves out what is zero.
fn every_stream(column: &mut Column<'_>, [server, client, both]: [&str; 3]) {
    let item = |number: i32, text: &str| json!({ "number": number, "message": text });
    let ok = |number: i32, text: &str| json!({ "ok": item(number, text) });
    let two = json!([item(1, "a"), item(2, "b")]);
    let answers = [json!({ "ok": { "message": "echo hi" } }), ok(1, "echo hi")];
    column.check(server, &item(2, "hi"), &[], &answers);
    column.check(client, &two, &[], &[ok(2, "a,b")]);
    column.check(both, &two, &[], &[ok(1, "echo a"), ok(2, "echo b")]);
}

/// grpc-go's server, which describes itself.
pub(crate) fn run_grpc_go(command: &Path, grpc_go: &Peer, report: &mut Report) {
    let serving = grpc_go.must_serve("proto", &[]);
    let mut column = Column {
        name: format!("polyport call -> {} by reflection", grpc_go.name()),
        command,
        serving: &serving,
        flags: Vec::new(),
        report,
    };
    let asked = |text: &str| json!({ "message": text });
    let hi = [message("ServiceA/OnlyA: hi")];
    for method in ["OnlyA", "ServiceA/OnlyA", "multi.v1.ServiceA/OnlyA"] {
        column.check(method, &asked("hi"), &[], &hi);
    }
    let value = [message("value")];
    column.check(
        "OnlyA",
        &asked("meta:x-key"),
        &["-H", "x-key=value"],
        &value,
    );
    every_stream(&mut column, ["Server", "Client", "Bidirectional"]);
}

fn flags(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}
