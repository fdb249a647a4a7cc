//! gzip, both ways: what is large must be small on its way.

use serde_json::{Value, json};

use super::Column;
use crate::relay::Relay;

const FLAGS: [&str; 2] = ["--compress", "gzip"];
/// What a command line can take.
const LARGE: usize = 60_000;
/// One letter over and over takes less, even three million of it.
const SMALL: usize = LARGE / 2;

pub(super) fn run(column: &mut Column<'_>) {
    let pair = column.pair;
    let method = format!("ServiceA/{}", pair.method("onlyA"));
    let text = "y".repeat(LARGE);
    let answer = crate::expect::message(&format!("{method}: {text}"));
    check(column, "ServiceA", "onlyA", &pair.request(&text), &answer);
    let items = json!([pair.item(1, &text)]);
    let echo = json!({ "ok": [pair.item(1, &format!("echo {text}"))] });
    check(column, "Streams", "bidirectional", &items, &echo);
    let big = crate::expect::message(&"x".repeat(3 * 1024 * 1024));
    check(
        column,
        "ServiceA",
        "onlyA",
        &pair.request("big:3145728"),
        &big,
    );
    let bad = pair.request("error:bad");
    column.check_with("ServiceA", "onlyA", &bad, &FLAGS, &pair.error("bad"));
    if pair.is_thrift() {
        let request = pair.request("no");
        let declined = json!({
            "exception": { "name": "declined", "value": { "code": 7, "reason": "no" } }
        });
        column.check_with("ServiceA", "declines", &request, &FLAGS, &declined);
    }
}

/// Compares the line of a call, and sees to how many bytes there were.
fn check(column: &mut Column<'_>, service: &str, method: &str, json: &Value, expected: &Value) {
    let relay = match Relay::before(&column.serving.address) {
        Ok(relay) => relay,
        Err(error) => panic!("there is no relay: {error}"),
    };
    let seen = column.call_at(&relay.address, service, method, json, &FLAGS);
    let asked: String = json.to_string().chars().take(60).collect();
    let cell = format!("{service}/{method} gzip {asked}");
    let seen = super::without_headers(seen);
    column.report.compare(&column.name, &cell, expected, &seen);
    let answers = column.pair.server.compresses_answers();
    let answered = answers.then(|| ("to the client", relay.to_client()));
    let asked = ("to the server", relay.to_server());
    for (way, bytes) in [asked].into_iter().chain(answered) {
        let outcome = if bytes < SMALL {
            Ok(())
        } else {
            Err(format!("{bytes} bytes"))
        };
        let cell = format!("{cell} {way}");
        column.report.record(&column.name, &cell, outcome);
    }
}
