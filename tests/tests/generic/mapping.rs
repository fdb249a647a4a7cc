//! What JSON means for which type.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use polyport::generic::{Method, Services};
use polyport::json::{self, JsonError};
use polyport_build::Builder;
use polyport_wire::limits::Limits;
use polyport_wire::schema::{
    Definition, DefinitionId, Field, Literal, Schema, Struct, StructKind, Type,
};
use polyport_wire::thrift::{Dynamic, WireType};
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
    let nested = json!({ "-1": [{ "name": "a", "note": "" }], "2": [] });
    assert_eq!(again("nested", nested.clone()), nested);
    assert_eq!(
        again(
            "nested",
            json!([[-1, [{ "name": "a", "note": "" }]], [2, []]])
        ),
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
    assert_eq!(read.unwrap(), json!({ "value": { "with_default": 7 } }));
}

#[test]
fn what_is_not_set_has_its_default() {
    let encoded = |json: Value| echo().encode_arguments(&json!({ "value": json })).unwrap();
    // `value`, a struct with nothing but the i32 of field 19.
    let with_default = [&[12, 0, 1, 8, 0, 19][..], &[0, 0, 0, 7], &[0, 0]].concat();
    assert_eq!(encoded(json!({})), with_default);
    assert_eq!(encoded(json!({ "with_default": null })), with_default);
    assert_eq!(encoded(json!({ "with_default": 7 })), with_default);
    assert_ne!(encoded(json!({ "with_default": 0 })), with_default);
    let inner = again("inner", json!({ "name": "n" }));
    assert_eq!(inner, json!({ "name": "n", "note": "none" }));

    // And what did not come, as generated code reads it.
    let bytes = Bytes::from_static(&[12, 0, 1, 0, 0]);
    let read = echo().decode_arguments(&bytes, &Limits::default());
    assert_eq!(read.unwrap(), json!({ "value": { "with_default": 7 } }));
}

/// An argument of this type with this default, not set in JSON.
fn default(kind: Type, default: Literal, definitions: Vec<Definition>) -> Result<Value, JsonError> {
    let field = Field {
        default: Some(default),
        ..Field::new(1, "field", kind)
    };
    let schema = Schema {
        definitions,
        ..Schema::default()
    };
    let value = json::read_fields(&schema, std::slice::from_ref(&field), &json!({}))?;
    let json = json::write_fields(&schema, &[field], &value)?;
    Ok(json["field"].clone())
}

#[test]
fn defaults_are_of_every_type() {
    let text = |text: &str| Literal::String(text.to_owned());
    let list = || Literal::List(vec![Literal::Int(1), Literal::Int(2)]);
    let numbers = Box::new(Type::I16);
    for (kind, literal, expected) in [
        (Type::Bool, Literal::Bool(true), json!(true)),
        (Type::Bool, Literal::Int(1), json!(true)),
        (Type::Byte, Literal::Int(-1), json!(-1)),
        (Type::I64, Literal::Int(i64::MAX), json!(i64::MAX)),
        (Type::Double, Literal::Double(0.5), json!(0.5)),
        (Type::Double, Literal::Int(2), json!(2.0)),
        (Type::String, text("t"), json!("t")),
        (Type::Binary, text("t"), json!("dA==")),
        (
            Type::Binary,
            Literal::Bytes(Bytes::from_static(b"t")),
            json!("dA=="),
        ),
        (Type::List(numbers.clone()), list(), json!([1, 2])),
        (Type::Set(numbers.clone()), list(), json!([1, 2])),
        (
            Type::Map(Box::new(Type::I32), numbers),
            Literal::Map(vec![(Literal::Int(3), Literal::Int(4))]),
            json!({ "3": 4 }),
        ),
    ] {
        let found = default(kind, literal.clone(), Vec::new());
        assert_eq!(found, Ok(expected), "{literal:?}");
    }
    let error = default(Type::Byte, Literal::Int(128), Vec::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field: the default 128 does not fit the type"
    );
    let error = default(Type::Bool, text("yes"), Vec::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field: the default String(\"yes\") is no Bool"
    );
}

/// What a schema from elsewhere describes need not end.
#[test]
fn endless_defaults_end_in_an_error() {
    let this = || Type::Defined(DefinitionId(0));
    let of = |names: &[&str]| {
        let fields = (1..).zip(names).map(|(id, name)| Field {
            default: Some(Literal::Map(Vec::new())),
            ..Field::new(id, *name, this())
        });
        Definition::Struct(Struct {
            package: String::new(),
            name: "Endless".to_owned(),
            kind: StructKind::Struct,
            fields: fields.collect(),
            annotations: Vec::new(),
            docs: String::new(),
        })
    };
    for names in [&["a"][..], &["a", "b", "c"]] {
        let error = default(this(), Literal::Map(Vec::new()), vec![of(names)]).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with(": the default is nested too deeply"),
            "{error}"
        );
    }
}

/// What is left out takes nothing on the wire, and all of it is made for one message.
#[test]
fn many_defaults_end_in_an_error() {
    let of = |kind, literal| Field {
        default: Some(literal),
        ..Field::new(1, "text", kind)
    };
    let elements = Type::List(Box::new(Type::Defined(DefinitionId(0))));
    let written = |literal, count: usize| {
        let definition = Struct {
            package: String::new(),
            name: "Element".to_owned(),
            kind: StructKind::Struct,
            fields: vec![of(Type::String, literal)],
            annotations: Vec::new(),
            docs: String::new(),
        };
        let schema = Schema {
            definitions: vec![Definition::Struct(definition)],
            ..Schema::default()
        };
        let empty = vec![Dynamic::Struct(Vec::new()); count];
        let value = json::write(&schema, &elements, &Dynamic::List(WireType::STRUCT, empty));
        let json = json!(vec![json!({}); count]);
        let read = json::read(&schema, &elements, &json);
        assert_eq!(read.is_ok(), value.is_ok(), "both ways");
        value.map(|json| json[count - 1].clone())
    };
    let short = || Literal::String("short".to_owned());
    assert_eq!(written(short(), 1000), Ok(json!({ "text": "short" })));
    let long = Literal::String("long ".repeat(200_000));
    for (literal, count) in [(short(), 1_000_000), (long, 100)] {
        let error = written(literal, count).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with(".text: the defaults of this message are too large"),
            "{error}"
        );
    }
}

/// The same limits as for generated messages.
#[test]
fn messages_of_protobuf_have_limits() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nodes.proto");
    let idl = "syntax = \"proto3\"; message Node { Node child = 1; repeated int64 numbers = 2; } \
               service Nodes { rpc Echo(Node) returns (Node); }";
    fs::write(&path, idl).unwrap();
    let schema = Builder::new().schema(&[path]).unwrap();
    let echo = Services::new(schema)
        .unwrap()
        .method("Nodes", "Echo")
        .unwrap();
    let within = |json: Value, limits: Limits| {
        let bytes = echo.encode_arguments(&json).unwrap();
        echo.decode_arguments(&bytes, &limits)
            .map_err(|error| error.to_string())
    };
    let limits = Limits::default();
    let nested = (0..20).fold(json!({}), |json, _| json!({ "child": json }));
    assert_eq!(within(nested.clone(), limits), Ok(nested.clone()));
    let error = within(nested, Limits { depth: 8, ..limits }).unwrap_err();
    assert!(
        error.starts_with("not a `Node`: recursion limit"),
        "{error}"
    );
    let many = json!({ "numbers": vec!["1"; 1000] });
    assert_eq!(within(many.clone(), limits), Ok(many.clone()));
    for tight in [
        Limits {
            decoded: 1000,
            ..limits
        },
        Limits {
            frame: 1000,
            ..limits
        },
    ] {
        assert!(within(many.clone(), tight).is_err());
    }
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
