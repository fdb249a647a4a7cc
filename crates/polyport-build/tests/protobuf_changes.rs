//! What the comparison of two versions of a `.proto` file says about changes, and whom they break.

#![cfg(feature = "protobuf")]
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;

use polyport_build::{Builder, Comparison, Report};

/// From one file to another of the same name.
fn compare(old: &str, new: &str) -> Comparison {
    let directory = tempfile::tempdir().unwrap();
    let paths = [("old", old), ("new", new)].map(|(version, text)| {
        let path = directory.path().join(version).join("shop.proto");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    });
    let builder = Builder::new();
    builder.compare(&paths[1..], &builder, &paths[..1]).unwrap()
}

/// Each diagnostic as `code: message`.
fn lines(report: &Report) -> Vec<String> {
    let line = |finding: polyport_build::Finding<'_>| match finding.code {
        Some(code) => format!("{code}: {}", finding.message),
        None => finding.message.to_owned(),
    };
    report.findings().map(line).collect()
}

#[track_caller]
fn check_files(old: &str, new: &str, expected: &[&str]) {
    let of = |text: &str| format!("syntax = \"proto3\"; package p;\n{text}");
    let comparison = compare(&of(old), &of(new));
    assert_eq!(lines(&comparison.breaking), expected, "{old} -> {new}");
}

/// From the body of a message to another.
#[track_caller]
fn check(old: &str, new: &str, expected: &[&str]) {
    let text = |fields: &str| {
        format!(
            "enum E {{ A = 0; }} message T {{ int32 a = 1; }} message U {{ string a = 1; }}
            message S {{ {fields} }}"
        )
    };
    check_files(&text(old), &text(new), expected);
}

/// The same in proto2.
#[track_caller]
fn check_proto2(old: &str, new: &str, expected: &[&str]) {
    let text = |fields: &str| format!("syntax = \"proto2\"; package p; message S {{ {fields} }}");
    let comparison = compare(&text(old), &text(new));
    assert_eq!(lines(&comparison.breaking), expected, "{old} -> {new}");
}

#[test]
fn fields_that_break() {
    check("int32 a = 1;", "int32 a = 1; string b = 2;", &[]);
    check(
        "int32 a = 1;",
        "",
        &["source: field 1 `a` of `p.S` is gone"],
    );
    check(
        "int32 a = 1;",
        "int32 a = 2;",
        &["wire: field `a` of `p.S` had the number 1 and now has 2"],
    );
    check(
        "int32 a = 1;",
        "int32 b = 1;",
        &["source: field 1 of `p.S` was `a` and is now `b`"],
    );
    check(
        "int32 a = 1; int32 b = 2;",
        "int32 b = 1; int32 a = 2;",
        &[
            "wire: field `b` of `p.S` had the number 2 and now has 1",
            "wire: field `a` of `p.S` had the number 1 and now has 2",
        ],
    );
    check(
        "int32 a = 1;",
        "int32 a = 1 [json_name = \"A\"];",
        &["source: field `a` of `p.S` was `a` in JSON and is now `A`"],
    );
    check(
        "reserved 2, 5 to 7;",
        "int32 a = 6; int32 b = 8;",
        &["wire: field 6 `a` of `p.S` is new"],
    );
    check_proto2(
        "",
        "required int32 a = 1;",
        &["wire: field 1 `a` of `p.S` is new"],
    );
    check_proto2(
        "required int32 a = 1;",
        "",
        &["wire, source: field 1 `a` of `p.S` is gone"],
    );
    check_proto2(
        "optional int32 a = 1;",
        "optional int32 a = 1 [default = 7];",
        &[],
    );
}

/// What is gone should not come back as something else.
#[test]
fn numbers_of_what_is_gone_are_to_be_reserved() {
    let of = |fields: &str| format!("syntax = \"proto3\"; message S {{ {fields} }}");
    let help = |new: &str| -> Vec<String> {
        let breaking = compare(&of("int32 a = 3;"), &of(new)).breaking;
        breaking
            .findings()
            .flat_map(|finding| finding.help.to_vec())
            .collect()
    };
    let expected = "`reserved 3;` keeps the number from being used for something else";
    assert_eq!(help(""), [expected]);
    assert_eq!(help("reserved 3;"), [""; 0]);
}

#[test]
fn types_that_break() {
    #[track_caller]
    fn check_types(old: &str, new: &str, code: Option<&str>) {
        let named = |kind: &str| match kind {
            "E" | "T" | "U" => format!("p.{kind}"),
            "map<string, T>" => "map<string, p.T>".to_owned(),
            kind => kind.to_owned(),
        };
        let expected = code.map(|code| {
            let (before, after) = (named(old), named(new));
            format!("{code}: field `a` of `p.S` was of type `{before}` and is now `{after}`")
        });
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(
            &format!("{old} a = 1;"),
            &format!("{new} a = 1;"),
            &expected,
        );
    }
    // Varints stay varints.
    check_types("int32", "int64", Some("source"));
    check_types("int64", "uint32", Some("source"));
    check_types("E", "int32", Some("source"));
    check_types("bool", "E", Some("source"));
    check_types("sint32", "sint64", Some("source"));
    check_types("fixed32", "sfixed32", Some("source"));
    check_types("string", "bytes", Some("source"));
    check_types("bytes", "string", Some("wire, source"));
    check_types("int32", "sint32", Some("wire, source"));
    check_types("int32", "fixed32", Some("wire, source"));
    check_types("fixed32", "float", Some("wire, source"));
    check_types("string", "T", Some("wire, source"));
    check_types("map<string, int32>", "map<string, int64>", Some("source"));
    check_types(
        "map<string, int32>",
        "map<string, string>",
        Some("wire, source"),
    );
    check_types("map<string, T>", "T", Some("wire, source"));
    check_types("map<string, T>", "map<string, T>", None);
    // The message that takes its place is compared as well, for the wire alone.
    check(
        "repeated T a = 1;",
        "repeated U a = 1;",
        &[
            "wire: field `a` of `p.U` was of type `int32` and is now `string`",
            "source: field `a` of `p.S` was of type `p.T` and is now `p.U`",
        ],
    );
}

#[test]
fn numbers_of_values_that_break() {
    let is =
        |before: &str, after: &str| format!("field `a` of `p.S` was {before} and is now {after}");
    let optional = format!("source: {}", is("always there", "optional"));
    check("int32 a = 1;", "optional int32 a = 1;", &[&optional]);
    // A message is optional anyway.
    check("T a = 1;", "optional T a = 1;", &[]);
    let packed = format!("wire, source: {}", is("always there", "repeated"));
    check("int32 a = 1;", "repeated int32 a = 1;", &[&packed]);
    let last = format!("source: {}", is("always there", "repeated"));
    check("string a = 1;", "repeated string a = 1;", &[&last]);
    let oneof = format!("wire, source: {}", is("always there", "in the oneof `o`"));
    check("int32 a = 1;", "oneof o { int32 a = 1; }", &[&oneof]);
    let renamed = format!("source: {}", is("in the oneof `o`", "in the oneof `p`"));
    check(
        "oneof o { int32 a = 1; }",
        "oneof p { int32 a = 1; }",
        &[&renamed],
    );
    let required = format!("wire, source: {}", is("optional", "required"));
    check_proto2(
        "optional int32 a = 1;",
        "required int32 a = 1;",
        &[&required],
    );
    let optional = format!("wire, source: {}", is("required", "optional"));
    check_proto2(
        "required int32 a = 1;",
        "optional int32 a = 1;",
        &[&optional],
    );
}

#[test]
fn definitions_that_break() {
    check_files("enum E { A = 0; }", "enum E { A = 0; B = 1; }", &[]);
    check_files(
        "enum E { A = 0; B = 1; }",
        "enum E { A = 0; }",
        &["source: `p.E.B` is gone"],
    );
    check_files(
        "enum E { A = 0; B = 1; }",
        "enum E { A = 0; B = 2; }",
        &["wire: `p.E.B` was 1 and is now 2"],
    );
    check_files(
        "enum E { A = 0; }",
        "enum E { Z = 0; }",
        &["source: `p.E.A` is now `Z`"],
    );
    check_files(
        "message Outer { message Inner { int32 a = 1; } enum E { A = 0; } }",
        "message Outer {}",
        &[
            "source: message `p.Outer.Inner` is gone",
            "source: enum `p.Outer.E` is gone",
        ],
    );
    // Recursion ends.
    let recursive = "message S { repeated S a = 1; map<string, S> b = 2; }";
    check_files(recursive, recursive, &[]);
}

#[test]
fn services_and_methods_that_break() {
    let of = |methods: &str| format!("message A {{}} message B {{}} service S {{ {methods} }}");
    let check = |old: &str, new: &str, expected: &[&str]| check_files(&of(old), &of(new), expected);
    check(
        "rpc F(A) returns (B);",
        "rpc F(A) returns (B); rpc G(A) returns (B);",
        &[],
    );
    check(
        "rpc F(A) returns (B);",
        "",
        &["wire, source: method `S.F` is gone"],
    );
    check(
        "rpc F(A) returns (B);",
        "rpc F(A) returns (stream B);",
        &["wire, source: `S.F` was unary and is now server-stream"],
    );
    check(
        "rpc F(A) returns (B);",
        "rpc F(B) returns (A);",
        &[
            "source: `S.F` returned `p.B` and now returns `p.A`",
            "source: argument `request` of `S.F` was of type `p.A` and is now `p.B`",
        ],
    );
    check_files(
        "message A {} service S {} service T {}",
        "message A {} service S {}",
        &["wire, source: service `p.T` is gone"],
    );
    let moved = |package: &str| format!("syntax = \"proto3\"; package {package}; service S {{}}");
    let comparison = compare(&moved("a.v1"), &moved("a.v2"));
    let expected = ["wire, source: service `a.v1.S` is now `a.v2.S`"];
    assert_eq!(lines(&comparison.breaking), expected);
}

#[test]
fn method_names_that_conflict() {
    let of = |second: &str| {
        format!(
            "message A {{}} service S {{ rpc F(A) returns (A); }}
            service T {{ rpc G(A) returns (A); {second} }}"
        )
    };
    check_files(
        &of(""),
        &of("rpc F(A) returns (A);"),
        &[
            "wire: method `F` is new in `p.T` and conflicts with `p.S` for calls without a service \
             name",
        ],
    );
}

/// Names of the one codec are nothing to the other.
#[test]
fn both_idls_are_compared_each_with_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    let proto = |methods: &str| {
        format!("syntax = \"proto3\"; package p; message A {{}} service S {{ {methods} }}")
    };
    let old = [
        write("old/a.thrift", "namespace * t service S { void F() }"),
        write("old/a.proto", &proto("")),
    ];
    let new = [
        write("new/a.thrift", "namespace * t service S { i32 F() }"),
        write("new/a.proto", &proto("rpc F(A) returns (A);")),
    ];
    let builder = Builder::new();
    let comparison = builder.compare(&new, &builder, &old).unwrap();
    let expected = ["wire, source: `S.F` returned `void` and now returns `i32`"];
    assert_eq!(lines(&comparison.breaking), expected);
    assert_eq!(lines(&comparison.compatible), ["method `S.F` is new"]);
}

#[test]
fn places_stand_in_both_versions() {
    let of = |kind: &str| format!("syntax = \"proto3\";\nmessage S {{\n  {kind} a = 1;\n}}\n");
    let comparison = compare(&of("string"), &of("int32"));
    let finding = comparison.breaking.findings().next().unwrap();
    let places: Vec<_> = finding
        .places
        .iter()
        .map(|place| {
            let version = place.file.parent().unwrap().file_name().unwrap();
            (
                version.to_str().unwrap(),
                place.line,
                place.column,
                place.label,
            )
        })
        .collect();
    assert_eq!(
        places,
        [("new", 3, 3, "now `int32`"), ("old", 3, 3, "was `string`")]
    );
}
