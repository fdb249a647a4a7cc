//! Many requests, many answers, or both.

use serde_json::{Value, json};

use super::Column;
use crate::deadlines::IN_TIME;

/// What a call streams.
const KINDS: [&str; 3] = ["bidirectional", "client", "server"];

pub(super) fn run(column: &mut Column<'_>) {
    for flags in [&[][..], &["--compress", "gzip"][..]] {
        answers(column, flags);
    }
    failures(column);
    large(column);
    let unary = column.pair.item(7, "one");
    let arguments = if column.pair.is_thrift() {
        json!({ "item": unary })
    } else {
        unary
    };
    let answer = json!({ "ok": column.pair.item(7, "echo one") });
    column.check("Streams", "unary", &arguments, &answer);
    if column.pair.is_thrift() {
        column.check("Streams", "pingPong", &arguments, &answer);
    }
}

fn answers(column: &mut Column<'_>, flags: &[&str]) {
    let pair = column.pair;
    for count in [0, 1, 3, 500] {
        let numbers = || 1..=count;
        let items: Value = numbers().map(|number| pair.item(number, "hi")).collect();
        let echoes: Value = numbers()
            .map(|number| pair.item(number, "echo hi"))
            .collect();
        let echoes = json!({ "ok": echoes });
        column.check_with("Streams", "bidirectional", &items, flags, &echoes);
        let joined = pair.item(count, &vec!["hi"; count].join(","));
        let joined = json!({ "ok": [joined] });
        column.check_with("Streams", "client", &items, flags, &joined);
        let request = json!([pair.item(count, "hi")]);
        let counted: Value = (0..count)
            .map(|number| pair.item(number, "echo hi"))
            .collect();
        let counted = json!({ "ok": counted });
        column.check_with("Streams", "server", &request, flags, &counted);
    }
}

fn failures(column: &mut Column<'_>) {
    let pair = column.pair;
    for kind in KINDS {
        let mut rows = vec![
            ("error:bad", pair.error("bad")),
            ("typed:7:special", pair.typed(7, "special")),
        ];
        if pair.server.is_ours_or_kitex() {
            let extra = json!({ "k": "v" });
            rows.push(("biz:404:not found:k=v", pair.biz(404, "not found", &extra)));
            let method = pair.method(kind);
            rows.push(("panic:oh", pair.panic("Streams", &method, "oh")));
        }
        for (text, expected) in rows {
            let mut items = vec![
                pair.item(1, "fine"),
                pair.item(2, text),
                pair.item(3, "late"),
            ];
            if kind == "server" {
                items = vec![items.swap_remove(1)];
            }
            column.check("Streams", kind, &Value::from(items), &expected);
        }
        let soon = json!([pair.item(1, "sleep:20:soon")]);
        let answer = match kind {
            "server" => json!({ "ok": [pair.item(0, "echo soon")] }),
            "client" => json!({ "ok": [pair.item(1, "sleep:20:soon")] }),
            _ => json!({ "ok": [pair.item(1, "echo soon")] }),
        };
        column.check_with("Streams", kind, &soon, &["--timeout", IN_TIME], &answer);
    }
}

/// More than fits into the windows of a stream and of a connection.
fn large(column: &mut Column<'_>) {
    let pair = column.pair;
    let text = "z".repeat(60_000);
    let request = json!([pair.item(100, &text)]);
    let echo = format!("echo {text}");
    let counted: Value = (0..100).map(|number| pair.item(number, &echo)).collect();
    column.check("Streams", "server", &request, &json!({ "ok": counted }));
}
