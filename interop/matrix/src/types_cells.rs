//! The rows of the matrix for types.thrift: every Thrift type, echoed.

use serde_json::{Value, json};

use crate::cells::Column;

pub(crate) fn run(column: &mut Column<'_>) {
    for value in [plain(), extreme(), deep()] {
        column.check(
            "Types",
            "echo",
            &json!({ "value": value }),
            &json!({ "ok": value }),
        );
    }
    let mut broken = plain();
    broken["text"] = "broken".into();
    let thrown = json!({
        "exception": { "name": "broken", "value": { "message": "broken", "evidence": broken } }
    });
    column.check("Types", "echo", &json!({ "value": broken }), &thrown);
    let values = json!([plain(), deep()]);
    column.check(
        "Types",
        "echoList",
        &json!({ "values": values }),
        &json!({ "ok": values }),
    );
    column.check(
        "Types",
        "echoList",
        &json!({ "values": [] }),
        &json!({ "ok": [] }),
    );
    let map = json!({ "a": "AAEC/w==", "": "", "\u{4f60}": "aGk=" });
    column.check(
        "Types",
        "echoMap",
        &json!({ "values": map }),
        &json!({ "ok": map }),
    );
    for color in [1, 10, 99] {
        column.check(
            "Types",
            "echoColor",
            &json!({ "color": color }),
            &json!({ "ok": color }),
        );
    }
    if column.way().client.knows_enum_names() {
        let named = json!({ "color": "GREEN" });
        column.check("Types", "echoColor", &named, &json!({ "ok": 2 }));
    }
}

/// A value with every field that is always sent, and none of the others.
fn plain() -> Value {
    json!({
        "flag": true, "small": 7, "short_number": 300, "number": 70000,
        "long_number": 5_000_000_000_i64, "ratio": 1.5, "text": "text", "blob": "aGk=",
        "color": 2, "id": 42, "numbers": [3, 1, 2], "words": ["a", "b"],
        "counts": { "one": 1, "two": 2 },
        "nested": { "5": [{ "name": "n", "note": "none" }] },
        "inner": { "name": "inner", "note": "own" },
        "deep": [], "with_default": 7, "by_name": {}
    })
}

/// The ends of the ranges, what JSON cannot say as a number, and nothing where nothing can be.
fn extreme() -> Value {
    json!({
        "flag": false, "small": i8::MIN, "short_number": i16::MIN, "number": i32::MIN,
        "long_number": i64::MIN, "ratio": "-Infinity", "text": "", "blob": "",
        "color": -5, "id": i64::MAX, "numbers": [i32::MAX, i32::MIN], "words": [],
        "counts": { "": i64::MIN }, "nested": { "-1": [] },
        "inner": { "name": "", "rank": i32::MIN, "note": "" },
        "deep": [{ "k": [i64::MIN, 0, i64::MAX] }],
        "with_default": 0, "absent": "", "by_name": {}
    })
}

/// Unions, recursion and containers in containers.
fn deep() -> Value {
    let mut value = plain();
    value["ratio"] = "NaN".into();
    value["choice"] = json!({ "inner": { "name": "chosen", "rank": 1, "note": "none" } });
    value["deep"] = json!([{ "x": [1, 2], "y": [] }, {}]);
    value["tree"] = json!({
        "label": "root",
        "children": [
            { "label": "leaf", "children": [] },
            { "label": "branch", "children": [{ "label": "twig", "children": [] }] }
        ]
    });
    value["absent"] = "present".into();
    value["by_name"] = json!({ "n": { "name": "named", "note": "none" } });
    value
}

/// Every struct `Everything` in an answer.
pub(crate) fn structs_in(line: &mut Value) -> Vec<&mut Value> {
    if line["ok"].is_array() {
        return match &mut line["ok"] {
            Value::Array(values) => values.iter_mut().collect(),
            _ => Vec::new(),
        };
    }
    if line["ok"]["words"].is_array() {
        return vec![&mut line["ok"]];
    }
    if line["exception"]["value"]["evidence"].is_object() {
        return vec![&mut line["exception"]["value"]["evidence"]];
    }
    Vec::new()
}

/// Puts `words` and the sets in `deep` into the order that the rows have.
pub(crate) fn sort_sets(everything: &mut Value) {
    sort(&mut everything["words"]);
    if let Value::Array(maps) = &mut everything["deep"] {
        let sets = maps.iter_mut().filter_map(Value::as_object_mut);
        sets.flat_map(serde_json::Map::values_mut).for_each(sort);
    }
}

fn sort(set: &mut Value) {
    if let Value::Array(elements) = set {
        elements.sort_by_key(|element| (element.as_i64(), element.to_string()));
    }
}
