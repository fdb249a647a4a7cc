//! What comes of a call, as a line of JSON.

use serde::Serialize;
use serde_json::{Map, Value, json};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::message::text;

/// The line of a call that was answered.
pub(crate) fn answered(ok: impl Serialize, headers: &MetadataMap) -> Value {
    let mut line = json!({ "ok": ok });
    let back = headers.iter().map(text);
    let back = back.filter(|(key, _)| key != "content-type" && !key.starts_with("grpc-"));
    let back: Map<String, Value> = back.map(|(key, value)| (key, Value::from(value))).collect();
    if !back.is_empty() {
        line["back"] = Value::Object(back);
    }
    line
}

pub(crate) fn failed(status: &Status) -> Value {
    match status.code() {
        Code::DeadlineExceeded => json!({ "timeout": true }),
        // A time limit of the client itself has a code of its own.
        Code::Cancelled if status.message() == "Timeout expired" => json!({ "timeout": true }),
        Code::Unavailable => json!({ "transport_error": status.message() }),
        code => json!({
            "error": { "type": i32::from(code), "message": status.message() }
        }),
    }
}

/// Whether canonical JSON leaves a number out.
pub(crate) fn is_zero(number: &i32) -> bool {
    *number == 0
}
