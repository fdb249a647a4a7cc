//! Calls that end before they are answered, by their time or because the client gives them up: then
//! the handler must end, too, which the server says.

use serde_json::{Value, json};

use super::Column;

pub(super) fn run(column: &mut Column<'_>) {
    let pair = column.pair;
    let request = pair.request("sleep:5000:late");
    let items = json!([pair.item(1, "sleep:5000:late")]);
    for (service, method, json) in [
        ("ServiceA", "onlyA", &request),
        ("Streams", "bidirectional", &items),
        ("Streams", "client", &items),
        ("Streams", "server", &items),
    ] {
        out_of_time(column, service, method, json);
        given_up(column, service, method, json);
    }
}

fn out_of_time(column: &mut Column<'_>, service: &str, method: &str, json: &Value) {
    let timeout = json!({ "timeout": true });
    // Long enough for a busy machine to begin the call.
    let flags = ["--timeout", "500"];
    column.check_with(service, method, json, &flags, &timeout);
    handler_ends(column, service, method, "at the deadline");
}

/// Twice by the same client, because a call that is given up leaves its connection usable.
fn given_up(column: &mut Column<'_>, service: &str, method: &str, json: &Value) {
    let flags = ["--cancel", "500", "--count", "2"];
    let lines = column.call(service, method, json, &flags);
    let lines = lines.as_array().into_iter().flatten();
    let seen = Value::from_iter(lines.map(is_cancelled));
    let cell = format!("{service}/{method} {json} {}", flags.join(" "));
    let expected = json!([true, true]);
    column.report.compare(&column.name, &cell, &expected, &seen);
    for _ in 0..2 {
        handler_ends(column, service, method, "given up");
    }
}

/// Some clients are told by their library, with gRPC's number for it.
fn is_cancelled(line: &Value) -> Value {
    if line["cancelled"] == true || line["error"]["type"] == 1 {
        Value::from(true)
    } else {
        line.clone()
    }
}

fn handler_ends(column: &mut Column<'_>, service: &str, method: &str, when: &str) {
    let expected = format!("{service}/{}", column.pair.method(method));
    let seen = column.serving.given_up();
    let cell = format!("{service}/{method} ends {when}");
    column.report.compare(&column.name, &cell, &expected, &seen);
}
