//! `polyport check` from outside.

use std::fs;
use std::path::Path;
use std::process::Output;

use polyport_build::Builder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{descriptor_set, idl, polyport_in, text};

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn check(directory: &Path, arguments: &[&str]) -> Output {
    let mut all = vec!["check"];
    all.extend(arguments);
    polyport_in(directory, &all)
}

#[test]
fn mistakes_are_those_of_gen() {
    let files = directory(&[
        (
            "a.thrift",
            "struct A { 1: Missing a }\nstruct B { string b }\n",
        ),
        (
            "b.thrift",
            "include \"base.thrift\"\nservice S { base.T f() }\n",
        ),
        ("idl/base.thrift", "struct T {}\n"),
    ]);
    let output = check(files.path(), &["a.thrift", "b.thrift"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    let generated = polyport_in(files.path(), &["gen", "a.thrift", "b.thrift"]);
    assert_eq!(text(&output.stderr), text(&generated.stderr));
    let report = text(&output.stderr);
    assert!(
        report.contains("error: there is no type `Missing`\n --> a.thrift:1:15\n"),
        "{report}"
    );
    assert!(
        report.contains("warning: field `b` has no number"),
        "{report}"
    );
    assert!(
        report.contains("cannot find the included file `base.thrift`"),
        "{report}"
    );

    let output = check(files.path(), &["b.thrift", "-I", "idl"]);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), "no mistakes in 1 IDL\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(!files.path().join("b.rs").exists());
}

#[test]
fn descriptor_sets_are_checked_too() {
    let files = directory(&[("broken.binpb", "\x0a\x7f")]);
    fs::write(
        files.path().join("demo.binpb"),
        descriptor_set("demo.proto"),
    )
    .unwrap();
    let output = check(files.path(), &["--descriptor-set", "demo.binpb"]);
    assert_eq!(text(&output.stdout), "no mistakes in 1 IDL\n");
    assert_eq!(output.status.code(), Some(0));
    let output = check(files.path(), &["--descriptor-set", "broken.binpb"]);
    assert!(text(&output.stderr).contains("it is not a descriptor set"));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn files_that_are_too_large_are_refused() {
    let files = directory(&[("a.thrift", ""), ("a.proto", ""), ("a.binpb", "")]);
    for (file, arguments) in [
        ("a.thrift", &["a.thrift"][..]),
        ("a.proto", &["a.proto"]),
        ("a.binpb", &["--descriptor-set", "a.binpb"]),
    ] {
        let huge = fs::File::create(files.path().join(file)).unwrap();
        huge.set_len(1 << 40).unwrap();
        let output = check(files.path(), arguments);
        let expected = format!(
            "error: cannot read `{file}`: it has more than 64 MiB, and no IDL may have more\n"
        );
        assert_eq!(text(&output.stderr), expected);
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn warnings_are_no_mistakes() {
    let files = directory(&[("a.thrift", "struct B { string b }\n")]);
    let output = check(files.path(), &["a.thrift"]);
    assert!(text(&output.stderr).starts_with("warning: field `b` has no number\n"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn json_says_the_same() {
    let files = directory(&[(
        "a.thrift",
        "struct A { /* ü */ 1: Str a }\nstruct Strg {}\n",
    )]);
    let output = check(files.path(), &["a.thrift", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "");
    let [found, verdict] = &lines(&output.stdout)[..] else {
        panic!("{}", text(&output.stdout));
    };
    let expected = json!({
        "severity": "error",
        "message": "there is no type `Str`",
        "file": "a.thrift",
        "line": 1,
        "column": 23,
        "places": [{
            "file": "a.thrift",
            "line": 1,
            "column": 23,
            "end_line": 1,
            "end_column": 26,
            "label": found["places"][0]["label"],
        }],
        "help": ["did you mean `Strg`?"],
    });
    assert_eq!(*found, expected);
    let expected = json!({
        "ok": false, "files": ["a.thrift"], "errors": 1, "warnings": 0, "breaking": null,
    });
    assert_eq!(*verdict, expected);
}

/// Each line of JSON.
fn lines(json: &[u8]) -> Vec<Value> {
    let lines = text(json);
    let values = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    values.collect()
}

#[test]
fn json_says_that_all_is_well() {
    let files = directory(&[("a.thrift", "struct B { string b }\n")]);
    let output = check(files.path(), &["a.thrift", "--json"]);
    let found = lines(&output.stdout);
    assert_eq!(found[0]["severity"], "warning");
    let verdict = json!({
        "ok": true, "files": ["a.thrift"], "errors": 0, "warnings": 1, "breaking": null,
    });
    assert_eq!(found[1..], [verdict]);
    let files = directory(&[("a.thrift", OLD), ("old.thrift", OLD)]);
    let output = check(
        files.path(),
        &["a.thrift", "--against", "old.thrift", "--json"],
    );
    let verdict = json!({
        "ok": true, "files": ["a.thrift"], "errors": 0, "warnings": 0, "breaking": 0,
    });
    assert_eq!(lines(&output.stdout), [verdict]);
    assert_eq!(output.status.code(), Some(0));
}

const OLD: &str = "\
struct Request { 1: string message }
service First { void ping(1: Request request) }
service Second { void pong() }
";

const NEW: &str = "\
struct Request { 1: binary message, 2: i32 count }
service First { void ping(1: Request request) }
service Second { void pong() void ping() }
";

#[test]
fn what_breaks_is_said_with_both_places() {
    let files = directory(&[("idl/a.thrift", NEW), ("old/idl/a.thrift", OLD)]);
    let expected = "\
error[source]: field `message` of `Request` was of type `string` and is now `binary`
 --> idl/a.thrift:1:21
  |
1 | struct Request { 1: binary message, 2: i32 count }
  |                     ^^^^^^ now `binary`
  |
 ::: old/idl/a.thrift:1:21
  |
1 | struct Request { 1: string message }
  |                     ------ was `string`

error[wire]: method `ping` is new in `Second` and conflicts with `First` for calls without a service name
 --> idl/a.thrift:3:35
  |
2 | service First { void ping(1: Request request) }
  |                      ---- the other one
3 | service Second { void pong() void ping() }
  |                                   ^^^^ new here
  |
  = help: a server of both needs a fallback service that has the method, or must refuse calls without \
a service name
";
    for old in ["old", "old/idl", "old/idl/a.thrift"] {
        let output = check(files.path(), &["idl/a.thrift", "--against", old]);
        assert_eq!(text(&output.stderr), expected, "{old}");
        assert_eq!(text(&output.stdout), "");
        assert_eq!(output.status.code(), Some(1));
    }
    let arguments = ["idl/a.thrift", "--against", "old", "--verbose", "--json"];
    let output = check(files.path(), &arguments);
    let mut found = lines(&output.stdout);
    let verdict = json!({
        "ok": false, "files": ["idl/a.thrift"], "errors": 0, "warnings": 0, "breaking": 2,
    });
    assert_eq!(found.pop(), Some(verdict));
    let found: Vec<(&Value, &Value)> = found
        .iter()
        .map(|finding| (&finding["severity"], &finding["code"]))
        .collect();
    let (note, error) = (json!("note"), json!("error"));
    let (wire, source) = (json!("wire"), json!("source"));
    let expected = [
        (&note, &Value::Null),
        (&note, &Value::Null),
        (&error, &source),
        (&error, &wire),
    ];
    assert_eq!(found, expected);
}

#[test]
fn conflicts_are_those_of_the_server_that_is_described() {
    let new = NEW.replace("binary message, 2: i32 count", "string message");
    let files = directory(&[("idl/a.thrift", &new), ("old/idl/a.thrift", OLD)]);
    let status = |arguments: &[&str], status| {
        let all = [&["idl/a.thrift", "--against", "old"], arguments].concat();
        let output = check(files.path(), &all);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        said
    };
    let said = status(&[], 1);
    assert!(
        said.contains("method `ping` is new in `Second` and conflicts"),
        "{said}"
    );
    status(&["--service", "First", "--service", "Second"], 1);
    status(&["--service", "Second"], 0);
    status(&["--fallback", "First"], 0);
    status(&["--refuse-traffic-without-service-name"], 0);
    let said = status(&["--fallback", "Frist"], 2);
    assert!(
        said.starts_with("error: there is no service Frist; did you mean First?"),
        "{said}"
    );
    let said = status(&["--service", "Second", "--fallback", "First"], 2);
    assert!(
        said.starts_with("error: there is no service First; there are [Second]"),
        "{said}"
    );
    let output = check(files.path(), &["idl/a.thrift", "--fallback", "First"]);
    assert!(text(&output.stderr).contains("--against <OLD>"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn descriptor_sets_are_compared_with_older_ones() {
    let files = directory(&[("demo.proto", ""), ("old/.keep", "")]);
    let proto = fs::read_to_string(idl("examples/idl/demo.proto")).unwrap();
    let older = proto.replace("string message = 1", "bytes message = 1");
    let write = |name: &str, proto: &str| {
        fs::write(files.path().join("demo.proto"), proto).unwrap();
        let schema = Builder::new().schema(&[files.path().join("demo.proto")]);
        fs::write(files.path().join(name), schema.unwrap().descriptors).unwrap();
    };
    write("demo.binpb", &proto);
    write("old/demo.binpb", &older);
    for old in ["old", "old/demo.binpb"] {
        let arguments = ["--descriptor-set", "demo.binpb", "--against", old];
        let output = check(files.path(), &arguments);
        let said = text(&output.stderr);
        assert!(
            said.contains("field `message` of `demo.v1.Request` was of type"),
            "{said}"
        );
        assert_eq!(output.status.code(), Some(1), "{said}");
    }
}

#[test]
fn both_idls_are_compared() {
    let proto = |field: &str, method: &str| {
        format!(
            "syntax = \"proto3\";\npackage p;\nmessage A {{\n  {field}\n}}\nservice S {{ rpc F(A) returns \
             (A); }}\nservice T {{ rpc G(A) returns (A); {method} }}\n"
        )
    };
    let files = directory(&[
        ("idl/a.thrift", OLD),
        (
            "idl/b.proto",
            &proto("int64 a = 2;", "rpc F(A) returns (A);"),
        ),
        ("old/idl/a.thrift", OLD),
        ("old/idl/b.proto", &proto("int64 a = 1;", "")),
    ]);
    let arguments = ["idl/a.thrift", "idl/b.proto", "--against", "old"];
    let output = check(files.path(), &arguments);
    let expected = "\
error[wire]: field `a` of `p.A` had the number 1 and now has 2
 --> idl/b.proto:4:3
  |
4 |   int64 a = 2;
  |   ^^^^^^^^^^^^ now 2
  |
 ::: old/idl/b.proto:4:3
  |
4 |   int64 a = 1;
  |   ------------ was 1

error[wire]: method `F` is new in `p.T` and conflicts with `p.S` for calls without a service name
 --> idl/b.proto:7:39
  |
6 | service S { rpc F(A) returns (A); }
  |                 - the other one
7 | service T { rpc G(A) returns (A); rpc F(A) returns (A); }
  |                                       ^ new here
  |
  = help: a server of both needs a fallback service that has the method, or must refuse calls without \
a service name, or admit one of them over gRPC alone
";
    assert_eq!(text(&output.stderr), expected);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_breaks_nothing_passes() {
    let new = OLD.replace("message }", "message, 2: i32 count }");
    let files = directory(&[("a.thrift", &new), ("old.thrift", OLD)]);
    let output = check(files.path(), &["a.thrift", "--against", "old.thrift"]);
    assert_eq!(text(&output.stderr), "");
    let expected = "no mistakes and no breaking changes in 1 IDL\n";
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(0));
}

/// Seen from below, `../old` and `../idl/a.thrift` together would lead back to the new file.
#[test]
fn a_file_is_never_compared_with_itself() {
    let new = OLD.replace("string message", "i32 message");
    let files = directory(&[
        ("idl/a.thrift", &new),
        ("old/idl/a.thrift", OLD),
        ("below/.keep", ""),
    ]);
    let below = files.path().join("below");
    let arguments = ["../idl/a.thrift", "--against", "../old/idl"];
    assert_eq!(check(&below, &arguments).status.code(), Some(1));
    let arguments = ["../idl/a.thrift", "--against", "../idl"];
    let output = check(&below, &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
}

#[test]
fn an_older_version_includes_what_was_included() {
    let including = "include \"base.thrift\"\nservice S { base.T f() }\n";
    let files = directory(&[
        ("api/a.thrift", including),
        ("shared/base.thrift", "struct T { 1: i64 a }\n"),
        ("old/api/a.thrift", including),
        ("old/base.thrift", "struct T { 1: i32 a }\n"),
    ]);
    let arguments = ["api/a.thrift", "-I", "shared", "--against", "old"];
    let output = check(files.path(), &arguments);
    let report = text(&output.stderr);
    let expected = "error[wire, source]: field `a` of `T` was of type `i32` and is now `i64`\n";
    assert!(report.starts_with(expected), "{report}");
}

#[test]
fn wrong_calls_are_told_from_missing_files() {
    let files = directory(&[("a.thrift", OLD), ("old/other.thrift", OLD)]);
    let status = |arguments: &[&str], expected: &str, status| {
        let output = check(files.path(), arguments);
        let report = text(&output.stderr);
        assert!(report.starts_with(expected), "{report}");
        assert_eq!(output.status.code(), Some(status), "{report}");
    };
    status(&["no.thrift"], "error: cannot read `no.thrift`", 1);
    status(
        &["a.thrift", "--against", "no.thrift"],
        "error: cannot read `no.thrift`",
        1,
    );
    status(
        &["a.thrift", "--against", "old"],
        "error: `old` has none of the IDLs",
        1,
    );
    status(&[], "error: the following required arguments", 2);
    status(
        &["a.thrift", "--verbose"],
        "error: the following required arguments",
        2,
    );
}
