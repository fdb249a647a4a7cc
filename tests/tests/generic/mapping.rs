//! What JSON means for which type.

use bytes::Bytes;
use polyport::generic::Method;
use polyport_wire::limits::Limits;
use serde_json::{Value, json};

use crate::method;

fn echo() -> Method {
    method("types.thrift", "Types", "echo")
}

/// What is read back of one field.
fn again(field: &str, json: impl Into<Value>) -> Value {
    let json = json.into();
    let bytes = echo().encode_arguments(&json!({ "value": { field: json } }));
    let read = echo().decode_arguments(&bytes.unwrap(), &Limits::default());
    read.unwrap()["value"][field].take()
}

fn error(field: &str, json: impl Into<Value>) -> String {
    let json = json.into();
    let json = json!({ "value": { field: json } });
    let error = echo().encode_arguments(&json).unwrap_err().to_string();
    let error = error.strip_prefix("value.").unwrap_or(&error);
    error.strip_prefix(field).unwrap_or(error).to_owned()
}

#[test]
fn numbers_are_never_rounded() {
    for number in [9_007_199_254_740_993, i64::MAX, i64::MIN] {
        assert_eq!(again("long_number", number), number);
        assert_eq!(again("long_number", number.to_string()), number);
    }
    assert_eq!(
        error("long_number", json!(1.5)),
        ": expected an i64, found 1.5"
    );
    assert_eq!(error("small", json!(128)), ": expected a byte, found 128");
    assert_eq!(error("flag", json!(1)), ": expected a bool, found 1");
}

#[test]
fn doubles_may_be_what_json_has_no_number_for() {
    for text in ["NaN", "Infinity", "-Infinity"] {
        assert_eq!(again("ratio", text), text);
    }
    assert_eq!(again("ratio", json!(3)), 3.0);
    assert_eq!(again("ratio", json!(1e300)), 1e300);
    assert_eq!(
        error("ratio", json!("nan")),
        ": expected a double, found \"nan\""
    );
}

#[test]
fn binary_is_base64() {
    assert_eq!(again("blob", json!("AP+A")), "AP+A");
    assert!(error("blob", json!("?")).starts_with(": not base64: "));
}

#[test]
fn enums_have_names_and_numbers() {
    assert_eq!(again("color", json!("RED")), 1);
    assert_eq!(again("color", json!(77)), 77);
    assert_eq!(error("color", json!("PINK")), ": Color has no value PINK");
}

#[test]
fn maps_are_objects_or_pairs() {
    let nested = json!({ "-1": [{ "name": "a" }], "2": [] });
    assert_eq!(again("nested", nested.clone()), nested);
    assert_eq!(
        again("nested", json!([[-1, [{ "name": "a" }]], [2, []]])),
        nested
    );
    let found = error("nested", json!({ "x": [] }));
    assert!(found.starts_with(".x: "), "{found}");
    let found = error("nested", json!([[1, [{ "name": 5 }]]]));
    assert_eq!(found, ".0.0.name: expected text, found 5");
}

#[test]
fn what_must_be_there_is_missed() {
    let missing = ".name: the field is required and not there";
    assert_eq!(error("inner", json!({ "rank": 1 })), missing);
    assert_eq!(error("inner", json!({ "name": null })), missing);
    // `value`, a struct with `inner`, a struct without its name.
    let bytes = Bytes::from_static(&[12, 0, 1, 12, 0, 15, 0, 0, 0]);
    let read = echo().decode_arguments(&bytes, &Limits::default());
    let expected = "value.inner.name: the field is required and not there";
    assert_eq!(read.unwrap_err().to_string(), expected);
}

#[test]
fn unions_have_one_field() {
    assert_eq!(
        again("choice", json!({ "text": "t" })),
        json!({ "text": "t" })
    );
    assert_eq!(again("choice", json!({})), json!({}));
    let two = json!({ "text": "t", "number": 1 });
    assert_eq!(error("choice", two), ": a union has one field, found 2");
}

#[test]
fn what_is_not_known_on_the_wire_is_left_out() {
    // An i32 as field 99, and text as field 1, which is a bool.
    let bytes = [12, 0, 1, 8, 0, 99, 0, 0, 0, 1, 11, 0, 1, 0, 0, 0, 0, 0, 0];
    let read = echo().decode_arguments(&Bytes::copy_from_slice(&bytes), &Limits::default());
    assert_eq!(read.unwrap(), json!({ "value": {} }));
}

#[test]
fn depth_ends_in_an_error() {
    // The macro would copy what it gets, level by level.
    let object =
        |name: &str, value| Value::Object([(name.to_owned(), value)].into_iter().collect());
    let mut tree = json!({ "label": "leaf" });
    for _ in 0..10_000 {
        tree = object("children", Value::Array(vec![tree]));
    }
    let json = object("value", object("tree", tree));
    let error = echo().encode_arguments(&json).unwrap_err();
    assert_eq!(error.to_string(), "the JSON is nested deeper than 128");
    // Dropping it piece by piece takes no stack.
    let mut rest = json;
    while let Some(inner) = inner(&mut rest) {
        rest = inner;
    }

    let mut deep = vec![12, 0, 1, 12, 0, 18];
    for _ in 0..1000 {
        deep.extend([15, 0, 2, 12, 0, 0, 0, 1]);
    }
    let read = echo().decode_arguments(&deep.into(), &Limits::default());
    let error = read.unwrap_err().to_string();
    assert!(error.contains("64"), "{error}");
}

fn inner(json: &mut Value) -> Option<Value> {
    match json {
        Value::Object(object) => {
            let names = ["value", "tree", "children"];
            names.into_iter().find_map(|name| object.remove(name))
        }
        Value::Array(array) => array.pop(),
        _ => None,
    }
}
