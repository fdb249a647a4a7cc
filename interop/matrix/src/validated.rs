//! Payloads that are guarded by a validator: both sides, or only one of them.

use serde_json::Value;

use crate::cells::request;
use crate::expect::{lost, message};
use crate::peers::Peer;
use crate::report::Report;

/// One client and one server.
pub(crate) fn run(client: &Peer, server: &Peer, report: &mut Report) {
    let column = format!("{} -> {} validated", client.name(), server.name());
    let rows = [
        ("--validator crc32c", "--validator crc32c", true),
        ("--validator crc32c", "", true),
        ("", "--validator crc32c", true),
        ("--validator length", "--validator length", true),
        // This one insists on its value.
        ("--validator length", "", false),
        ("", "--validator length", false),
        // Each knows nothing of the other's key.
        ("--validator crc32c", "--validator length", false),
    ];
    for (calling, serving, passes) in rows {
        let flags: Vec<&str> = serving.split_whitespace().collect();
        let served = server.must_serve("multi", &flags);
        for transport in ["framed", "ttheader", "ttheader-framed", "mux"] {
            let asks = request("hi").to_string();
            let mut flags = vec!["--transport", transport, "--json", &asks];
            flags.extend(["--service", "ServiceB", "--method", "sameNamedMethod"]);
            flags.extend(calling.split_whitespace());
            let seen = without_metadata(&client.call(&served.address, &flags)[0]);
            // There is no place for a value but in a TTHeader, whose other side sees the name.
            let expected = match (transport, passes) {
                ("framed", _) => message("ServiceA/sameNamedMethod: hi"),
                (_, true) => message("ServiceB/sameNamedMethod: hi"),
                (_, false) => lost(),
            };
            let cell = format!("{transport}: client {calling:?}, server {serving:?}");
            report.compare(&column, &cell, &expected, &seen);
        }
    }
}

/// A value that nobody asked for counts as metadata, and everybody has own words for no answer.
fn without_metadata(line: &Value) -> Value {
    match line.get("transport_error") {
        Some(_) => lost(),
        None => {
            let mut line = line.clone();
            if let Value::Object(fields) = &mut line {
                fields.remove("back");
            }
            line
        }
    }
}
