//! One request, one answer.

use serde_json::{Value, json};

use super::Column;
use crate::deadlines::{IN_TIME, out_of_time, passed, sleep, timeout};
use crate::implementations::Implementation;

pub(super) fn run(column: &mut Column<'_>) {
    answers(column);
    failures(column);
    beside(column);
    if column.pair.is_thrift() {
        thrift(column);
    }
    if column.pair.is_http2() {
        headers(column);
    }
}

fn answers(column: &mut Column<'_>) {
    let pair = column.pair;
    let b = if pair.names_service() {
        "ServiceB"
    } else {
        "ServiceA"
    };
    for (service, method, answers) in [
        ("ServiceA", "sameNamedMethod", "ServiceA"),
        ("ServiceB", "sameNamedMethod", b),
        ("ServiceA", "onlyA", "ServiceA"),
        ("ServiceB", "onlyB", "ServiceB"),
    ] {
        let shown = format!("{answers}/{}", pair.method(method));
        for text in ["hi", "", "\u{e9}\u{4f60}\u{1f980}"] {
            column.says(service, method, text, &[], &format!("{shown}: {text}"));
        }
    }
    let big = "x".repeat(3 * 1024 * 1024);
    column.says("ServiceA", "onlyA", "big:3145728", &[], &big);
    if pair.server.is_ours_or_kitex() {
        let who = pair.who("ServiceB", &pair.method("onlyB"));
        column.says("ServiceB", "onlyB", "who", &[], &who);
    }
}

fn failures(column: &mut Column<'_>) {
    let pair = column.pair;
    let mut rows = vec![
        ("error:bad", pair.error("bad")),
        ("error:100% \u{4f60}", pair.error("100% \u{4f60}")),
        ("typed:7:special", pair.typed(7, "special")),
    ];
    if pair.client.is_ours_or_kitex() && pair.server.is_ours_or_kitex() {
        rows.push(("typed:1900:special", pair.typed(1900, "special")));
    }
    if pair.server.is_ours_or_kitex() {
        let method = pair.method("onlyA");
        rows.push(("panic:oh", pair.panic("ServiceA", &method, "oh")));
        for (text, code, words, extra) in [
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
        ] {
            rows.push((text, pair.biz(code, words, &extra)));
        }
    }
    for (text, expected) in rows {
        column.check("ServiceA", "onlyA", &pair.request(text), &expected);
    }
    // Over HTTP/2 a cell of its own looks at the handler, too.
    if !pair.is_http2() {
        let told = pair.names_service();
        let keeps_time = pair.server == Implementation::Polyport || column.serving.is_proxied();
        let slow = pair.request(&sleep("late"));
        let of_server: &[Value] = if told && keeps_time { &[passed()] } else { &[] };
        let seen = out_of_time(of_server, || {
            column.call("ServiceA", "onlyA", &slow, &["--timeout", "100"])
        });
        column
            .report
            .compare(&column.name, "timeout", &timeout(), &seen);
    }
    let soon = format!("ServiceA/{}: soon", pair.method("onlyA"));
    let flags = ["--timeout", IN_TIME];
    column.says("ServiceA", "onlyA", "sleep:20:soon", &flags, &soon);
}

fn beside(column: &mut Column<'_>) {
    let pair = column.pair;
    let travels = pair.names_service();
    let flags = ["--transient", "TKEY=tval", "--persistent", "PKEY=pval"];
    for (key, value) in [("TKEY", "tval"), ("PKEY", "pval"), ("NONE", "absent")] {
        let value = if travels { value } else { "absent" };
        column.says("ServiceA", "onlyA", &format!("meta:{key}"), &flags, value);
    }
    let mut back = crate::expect::message("ok");
    if travels {
        back["back"] = json!({ "bkey": "bval" });
    }
    let request = pair.request("back:bkey=bval");
    column.check("ServiceA", "onlyA", &request, &back);
}

/// Plain headers both ways; those whose names end with -bin may have what HTTP has no letters for.
fn headers(column: &mut Column<'_>) {
    let binary = "h\u{e9} \u{4f60}\n";
    for (key, value) in [("x-plain", "a, b; c"), ("x-binary-bin", binary)] {
        let header = format!("{key}={value}");
        let flags = ["--header", &header];
        column.says("ServiceA", "onlyA", &format!("meta:{key}"), &flags, value);
        let mut back = crate::expect::message("ok");
        back["back"] = json!({ key: value });
        let request = column.pair.request(&format!("back:{header}"));
        column.check("ServiceA", "onlyA", &request, &back);
    }
}

/// What Protobuf has no place for.
fn thrift(column: &mut Column<'_>) {
    let declined = json!({
        "exception": { "name": "declined", "value": { "code": 7, "reason": "no" } }
    });
    let request = column.pair.request("no");
    column.check("ServiceA", "declines", &request, &declined);
    column.check("ServiceA", "nothing", &json!({}), &json!({ "ok": null }));
    // Kitex's server never ends such a call over HTTP/2, and its client does not wait for that.
    if column.pair.server != Implementation::Kitex {
        column.check("ServiceA", "notify", &request, &json!({ "ok": null }));
    }
    let numbers = json!({ "left": -1, "right": i64::MAX });
    column.check("ServiceA", "add", &numbers, &json!({ "ok": i64::MAX - 1 }));
    let map = json!({ "a": "AAEC/w==", "": "" });
    let values = json!({ "values": map });
    column.check("Types", "echoMap", &values, &json!({ "ok": map }));
}
