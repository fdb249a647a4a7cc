//! The rows of the matrix for multi.thrift.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::deadlines::{IN_TIME, out_of_time, passed, sleep, timeout};
use crate::expect::{Way, lost, message};
use crate::implementations::Implementation;
use crate::peers::{Peer, Serving};
use crate::report::Report;
use crate::time_limit::SOON;
use crate::types_cells;

const CALLER: &str = "matrix";

/// One client and one server, over everything that both speak.
pub(crate) fn run(client: &Peer, server: &Peer, report: &mut Report) {
    let both = client.implementation.transports().iter().copied();
    let both = both.filter(|transport| server.implementation.serves_over(transport));
    if server.implementation.detects_transport() {
        let serving = server.must_serve("multi", &[]);
        for transport in both {
            over(client, server, &serving, transport, report);
        }
    } else {
        for transport in both {
            let serving = server.must_serve("multi", &["--transport", transport]);
            over(client, server, &serving, transport, report);
        }
    }
}

fn over(
    client: &Peer,
    server: &Peer,
    serving: &Serving,
    transport: &'static str,
    report: &mut Report,
) {
    for &named in client.implementation.named() {
        let way = Way {
            client: client.implementation,
            server: server.implementation,
            transport,
            named,
        };
        let name = if named { "named" } else { "nameless" };
        let mut column = Column {
            client,
            serving,
            way,
            name: format!("{} -> {} {transport} {name}", client.name(), server.name()),
            report,
        };
        column.answers();
        column.failures();
        if column.way.has_metadata() {
            column.beside();
        }
        column.oneway();
        types_cells::run(&mut column);
        if column.is_kitex_client() {
            column.large_and_many();
        }
    }
}

/// The cells of one client, server, transport and way of naming.
#[derive(Debug)]
pub(crate) struct Column<'a> {
    client: &'a Peer,
    serving: &'a Serving,
    way: Way,
    name: String,
    report: &'a mut Report,
}

impl Column<'_> {
    /// Makes a call and compares its line, with lists that stand for sets sorted.
    pub(crate) fn check(
        &mut self,
        service: &str,
        method: &str,
        arguments: &Value,
        expected: &Value,
    ) {
        let cell = format!("{service}/{method} {arguments}");
        self.check_with(&cell, service, method, arguments, &[], expected);
    }

    #[expect(clippy::too_many_arguments, reason = "a row of a table")]
    fn check_with(
        &mut self,
        cell: &str,
        service: &str,
        method: &str,
        arguments: &Value,
        flags: &[&str],
        expected: &Value,
    ) {
        if !self.way.reaches(service) {
            return;
        }
        let lines = self.call(service, method, arguments, flags);
        let mut seen = sorted_sets(&lines[0]);
        // Everybody has own words for a connection that is gone.
        if *expected == lost() && seen.get("transport_error").is_some() {
            seen = lost();
        }
        self.report.compare(&self.name, cell, expected, &seen);
    }

    fn call(&self, service: &str, method: &str, arguments: &Value, flags: &[&str]) -> Vec<Value> {
        let json = arguments.to_string();
        let mut all = vec![
            "--transport",
            self.way.transport,
            "--service",
            service,
            "--method",
            method,
            "--json",
            &json,
            "--caller",
            CALLER,
        ];
        if !self.way.named && self.way.client.named().len() > 1 {
            all.push("--no-service-name");
        }
        if self.way.server.wants_multiplexed_names() {
            all.push("--multiplexed-names");
        }
        all.extend(flags);
        self.client.call(&self.serving.address, &all)
    }

    pub(crate) fn way(&self) -> Way {
        self.way
    }

    fn is_kitex_client(&self) -> bool {
        self.client.implementation == Implementation::Kitex
    }

    fn answers(&mut self) {
        let b = if self.way.names_service() {
            "ServiceB"
        } else {
            "ServiceA"
        };
        let rows = [
            (
                "ServiceA",
                "sameNamedMethod",
                "ServiceA/sameNamedMethod: hi",
            ),
            (
                "ServiceB",
                "sameNamedMethod",
                &format!("{b}/sameNamedMethod: hi"),
            ),
            ("ServiceA", "onlyA", "ServiceA/onlyA: hi"),
            ("ServiceB", "onlyB", "ServiceB/onlyB: hi"),
            ("ServiceD", "onlyC", "ServiceD/onlyC: hi"),
            ("ServiceD", "onlyD", "ServiceD/onlyD: hi"),
        ];
        for (service, method, answer) in rows {
            self.check(service, method, &request("hi"), &message(answer));
        }
        let text = "\u{e9}\u{4f60}\u{1f980}";
        let answer = format!("ServiceA/onlyA: {text}");
        self.check("ServiceA", "onlyA", &request(text), &message(&answer));
        self.check("ServiceA", "nothing", &json!({}), &json!({ "ok": null }));
        let numbers = [(2, 3, 5), (-1, -2, -3), (i64::MAX, -1, i64::MAX - 1)];
        for (left, right, sum) in numbers {
            let arguments = json!({ "left": left, "right": right });
            self.check("ServiceA", "add", &arguments, &json!({ "ok": sum }));
        }
        let declined = json!({
            "exception": { "name": "declined", "value": { "code": 7, "reason": "no" } }
        });
        self.check("ServiceA", "declines", &request("no"), &declined);
        let big = message(&"x".repeat(3 * 1024 * 1024));
        self.check("ServiceA", "onlyA", &request("big:3145728"), &big);
        let named = self.way.names_service();
        for (service, method, reason) in [
            (
                "ServiceA",
                "onlyA",
                if named { "named" } else { "fallback" },
            ),
            ("ServiceB", "onlyB", if named { "named" } else { "method" }),
        ] {
            let answer = self.way.who(service, method, CALLER, reason);
            self.check(service, method, &request("who"), &message(&answer));
        }
    }

    /// What needs flags that only the Kitex peer has; the other direction is made directly.
    fn large_and_many(&mut self) {
        const LARGE: usize = 3 * 1024 * 1024;
        let answer = format!("ServiceA/onlyA: {}", "y".repeat(LARGE));
        let digest: String = Sha256::digest(&answer)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let expected = json!({
            "ok": { "message_len": answer.len(), "message_sha256": digest }
        });
        let bytes = LARGE.to_string();
        let flags = ["--message-bytes", bytes.as_str()];
        self.check_with(
            "3 MiB both ways",
            "ServiceA",
            "onlyA",
            &request(""),
            &flags,
            &expected,
        );
        let lines = self.call(
            "ServiceA",
            "onlyA",
            &request("sleep:50:x"),
            &["--parallel", "200"],
        );
        let expected = vec![message("ServiceA/onlyA: x"); 200];
        let (expected, seen) = (Value::from(expected), Value::from(lines));
        self.report
            .compare(&self.name, "200 calls at once", &expected, &seen);
    }

    fn failures(&mut self) {
        let rows = [
            ("error:bad", self.way.error("bad")),
            ("typed:1900:special", self.way.typed(1900, "special")),
            ("panic:oh", self.way.panic("ServiceA.onlyA", "oh")),
        ];
        for (text, expected) in rows {
            self.check("ServiceA", "onlyA", &request(text), &expected);
        }
        if self.way.has_business_errors() {
            self.business_errors();
        }
        self.out_of_time();
        let in_time = message("ServiceA/onlyA: soon");
        let soon = request("sleep:20:soon");
        let flags = ["--timeout", IN_TIME];
        self.check_with("in time", "ServiceA", "onlyA", &soon, &flags, &in_time);
    }

    fn out_of_time(&mut self) {
        let told = self.way.has_header();
        let keeps_time = self.way.server == Implementation::Polyport || self.serving.is_proxied();
        let slow = request(&sleep("late"));
        let of_server: &[Value] = if told && keeps_time { &[passed()] } else { &[] };
        let seen = out_of_time(of_server, || {
            self.call("ServiceA", "onlyA", &slow, &["--timeout", "100"])
                .swap_remove(0)
        });
        self.report
            .compare(&self.name, "timeout", &timeout(), &seen);
    }

    fn business_errors(&mut self) {
        let rows = [
            (
                "biz:404:not found:k=v,l=w",
                404,
                "not found",
                json!({ "k": "v", "l": "w" }),
            ),
            ("biz:-7:negative", -7, "negative", json!({})),
            (
                "biz:1:<&> \u{4f60}:html=<&>",
                1,
                "<&> \u{4f60}",
                json!({ "html": "<&>" }),
            ),
        ];
        for (text, code, words, extra) in rows {
            if !self.way.orders_extra() && extra.as_object().is_some_and(|extra| extra.len() > 1) {
                continue;
            }
            let expected = self.way.biz(code, words, &extra);
            self.check("ServiceA", "onlyA", &request(text), &expected);
        }
    }

    fn beside(&mut self) {
        let header = self.way.has_header();
        let flags = [
            "--transient",
            "TKEY=tval",
            "--persistent",
            "PKEY=pval",
            "--transient",
            "gdpr-token=secret",
        ];
        // It has a place of its own in the header, which Volo's server drops.
        let token = if self.way.server == Implementation::Volo {
            "absent"
        } else {
            "secret"
        };
        let rows = [
            ("TKEY", "tval"),
            ("PKEY", "pval"),
            ("gdpr-token", token),
            ("NONE", "absent"),
        ];
        for (key, value) in rows {
            let value = if header { value } else { "absent" };
            let cell = format!("metadata {key}");
            let asks = request(&format!("meta:{key}"));
            self.check_with(&cell, "ServiceA", "onlyA", &asks, &flags, &message(value));
        }
        let mut back = message("ok");
        if let Some(key) = self.way.back("bkey") {
            back["back"] = json!({ key: "bval" });
        }
        self.check("ServiceA", "onlyA", &request("back:bkey=bval"), &back);
    }

    /// A one-way call has no answer; that it arrived is seen by the server's count.
    fn oneway(&mut self) {
        let count = |column: &Self| -> Option<u64> {
            let lines = column.call("ServiceA", "onlyA", &request("count"), &[]);
            lines[0]["ok"]["message"].as_str()?.parse().ok()
        };
        let before = count(self);
        self.check("ServiceA", "notify", &request("n"), &json!({ "ok": null }));
        // Nothing says when the call is served, so the server is asked again and again.
        let until = Instant::now() + SOON;
        let mut after = count(self);
        while after == before && Instant::now() < until {
            after = count(self);
        }
        let outcome = match (before, after) {
            (Some(before), Some(after)) if after == before + 1 => Ok(()),
            _ => Err(format!("the count was {before:?}, and is {after:?}")),
        };
        self.report.record(&self.name, "oneway counted", outcome);
    }
}

pub(crate) fn request(text: &str) -> Value {
    json!({ "req": { "message": text } })
}

/// Sets have no order; those of the rows hold text or numbers.
fn sorted_sets(line: &Value) -> Value {
    let mut line = line.clone();
    for value in types_cells::structs_in(&mut line) {
        types_cells::sort_sets(value);
    }
    line
}
