//! What the comparison of two versions says about changes, and whom they break.
//!
//! After a change of the words, write `changes/shop.txt` anew with
//! `POLYPORT_BLESS=1 cargo test -p polyport-build --test changes`, and read the diff.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::path::Path;

use polyport_build::{Builder, Comparison, Report, Serving, Severity};

fn compare(old: &str, new: &str) -> Comparison {
    let directory = tempfile::tempdir().unwrap();
    let paths = [("old.thrift", old), ("new.thrift", new)].map(|(name, text)| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    });
    let builder = Builder::new();
    builder.compare(&paths[1..], &builder, &paths[..1]).unwrap()
}

/// The conflicts that a server of both versions' services would have.
fn conflicts(old: &str, new: &str, serving: &Serving) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let base = "service Base { void f() }";
    for (name, text) in [
        ("base.thrift", base),
        ("old.thrift", old),
        ("new.thrift", new),
    ] {
        fs::write(path(name), format!("namespace * p\n{text}")).unwrap();
    }
    let builder = Builder::new().serving(serving.clone());
    let comparison = builder.compare(&[path("new.thrift")], &builder, &[path("old.thrift")]);
    let breaking = lines(&comparison.unwrap().breaking);
    let conflicts = breaking.iter().filter_map(|line| {
        let line = line.strip_prefix("wire: method ")?;
        Some(line.replace(" and conflicts with ", " and "))
    });
    conflicts
        .map(|line| line.split(" for ").next().unwrap().to_owned())
        .collect()
}

/// Each diagnostic as `code: message`.
fn lines(report: &Report) -> Vec<String> {
    let line = |finding: polyport_build::Finding<'_>| match finding.code {
        Some(code) => format!("{code}: {}", finding.message),
        None => finding.message.to_owned(),
    };
    report.findings().map(line).collect()
}

#[test]
fn a_server_has_the_conflicts_of_its_own_services() {
    let old = "service A { void f() } service B { void g() } service C { void h() }";
    let new = "service A { void f() } service B { void g() void f() } service C { void h() }";
    let found = ["`f` is new in `p.B` and `p.A`"];
    let serving = |services: &[&str], fallbacks: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut serving = Serving::default();
        serving.services = Some(owned(services)).filter(|names: &Vec<String>| !names.is_empty());
        serving.fallbacks = owned(fallbacks);
        serving
    };
    assert_eq!(conflicts(old, new, &serving(&[], &[])), found);
    assert_eq!(conflicts(old, new, &serving(&["p.A", "p.B"], &[])), found);
    assert!(conflicts(old, new, &serving(&["p.B", "p.C"], &[])).is_empty());
    // Only a fallback that has the method decides.
    assert!(conflicts(old, new, &serving(&[], &["p.A"])).is_empty());
    assert_eq!(conflicts(old, new, &serving(&[], &["p.C"])), found);
    let mut refusing = serving(&[], &[]);
    refusing.refuses_nameless = true;
    assert!(conflicts(old, new, &refusing).is_empty());
}

#[test]
fn a_service_that_others_extend_is_served_when_it_is_said_so() {
    let old = "service Root { void g() } service A extends Root { void a() }";
    let new = "service Root { void g() void n() } service A extends Root { void a() }";
    assert_eq!(conflicts(old, new, &Serving::default()), [""; 0]);
    let mut both = Serving::default();
    both.services = Some(vec!["p.Root".to_owned(), "p.A".to_owned()]);
    assert_eq!(
        conflicts(old, new, &both),
        ["`n` is new in `p.A` and `p.Root`"]
    );
    // The same with one that is included.
    let old = "include \"base.thrift\" service A { void a() }";
    let new = "include \"base.thrift\" service A { void a() void f() }";
    assert_eq!(conflicts(old, new, &Serving::default()), [""; 0]);
    both.services = Some(vec!["p.Base".to_owned(), "p.A".to_owned()]);
    assert_eq!(
        conflicts(old, new, &both),
        ["`f` is new in `p.A` and `p.Base`"]
    );
}

/// From the body of a struct to another.
#[track_caller]
fn check_struct(old: &str, new: &str, expected: &[&str]) {
    let text = |fields: &str| {
        format!(
            "enum E {{ A = 1 }} struct T {{ 1: i32 a }} struct U {{ 1: i64 a }} struct S {{ {fields} }}"
        )
    };
    let comparison = compare(&text(old), &text(new));
    assert_eq!(lines(&comparison.breaking), expected, "{old} -> {new}");
}

#[test]
fn fields_that_break() {
    check_struct("1: i32 a", "1: i32 a, 2: optional i32 b", &[]);
    check_struct("1: i32 a", "", &["source: field 1 `a` of `S` is gone"]);
    check_struct(
        "1: required i32 a",
        "",
        &["wire, source: field 1 `a` of `S` is gone"],
    );
    check_struct(
        "",
        "1: required i32 a",
        &["wire: field 1 `a` of `S` is new"],
    );
    check_struct(
        "1: i32 a",
        "2: i32 a",
        &["wire: field `a` of `S` had the number 1 and now has 2"],
    );
    check_struct(
        "1: i32 a",
        "1: i32 b",
        &["source: field 1 of `S` was `a` and is now `b`"],
    );
    // The same numbers with their names exchanged.
    check_struct(
        "1: i32 a, 2: i32 b",
        "1: i32 b, 2: i32 a",
        &[
            "wire: field `b` of `S` had the number 2 and now has 1",
            "wire: field `a` of `S` had the number 1 and now has 2",
        ],
    );
    check_struct("1: i32 a", "1: i32 a = 5", &[]);
}

#[test]
fn types_that_break() {
    let check = |old: &str, new: &str, expected: Option<&str>| {
        let expected = expected
            .map(|code| format!("{code}: field `a` of `S` was of type `{old}` and is now `{new}`"));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check_struct(&format!("1: {old} a"), &format!("1: {new} a"), &expected);
    };
    check("i32", "i64", Some("wire, source"));
    check("list<i32>", "set<i32>", Some("wire, source"));
    check("list<i32>", "list<i64>", Some("wire, source"));
    check(
        "map<string, i32>",
        "map<string, bool>",
        Some("wire, source"),
    );
    check("binary", "string", Some("wire, source"));
    check("string", "binary", Some("source"));
    check("E", "i32", Some("source"));
    check("i8", "i8", None);
    // The struct that takes its place is compared as well, for the wire alone.
    check_struct(
        "1: list<T> a",
        "1: list<U> a",
        &[
            "wire: field `a` of `U` was of type `i32` and is now `i64`",
            "source: field `a` of `S` was of type `list<T>` and is now `list<U>`",
        ],
    );
}

#[test]
fn requiredness_that_breaks() {
    let check = |old: &str, new: &str, expected: &[&str]| {
        check_struct(
            &format!("1: {old} i32 a"),
            &format!("1: {new} i32 a"),
            expected,
        );
    };
    check(
        "",
        "required",
        &["wire: field `a` of `S` was of default requiredness and is now required"],
    );
    check(
        "required",
        "",
        &["wire: field `a` of `S` was required and is now of default requiredness"],
    );
    check(
        "optional",
        "required",
        &["wire, source: field `a` of `S` was optional and is now required"],
    );
    check(
        "required",
        "optional",
        &["wire, source: field `a` of `S` was required and is now optional"],
    );
    check(
        "",
        "optional",
        &["source: field `a` of `S` was of default requiredness and is now optional"],
    );
    check("optional", "optional", &[]);
}

#[test]
fn definitions_that_break() {
    #[track_caller]
    fn check(old: &str, new: &str, expected: &[&str]) {
        assert_eq!(
            lines(&compare(old, new).breaking),
            expected,
            "{old} -> {new}"
        );
    }
    check("enum E { A }", "enum E { A, B }", &[]);
    check(
        "enum E { A, B }",
        "enum E { A }",
        &["source: `E.B` is gone"],
    );
    check(
        "enum E { A = 1 }",
        "enum E { A = 2 }",
        &["wire: `E.A` was 1 and is now 2"],
    );
    check(
        "enum E { A = 1 }",
        "enum E { B = 1 }",
        &["source: `E.A` is now `B`"],
    );
    check(
        "enum E { A } enum F { A }",
        "enum F { A }",
        &["source: enum `E` is gone"],
    );
    check(
        "enum E { A }",
        "struct E {}",
        &["wire, source: enum `E` is now a struct"],
    );
    check(
        "struct S {}",
        "exception S {}",
        &["source: struct `S` is now an exception"],
    );
    check(
        "struct S {}",
        "union S {}",
        &["wire, source: struct `S` is now a union"],
    );
    // What a typedef is called says nothing to anybody else.
    check(
        "typedef i32 Id struct S { 1: Id a }",
        "typedef i32 Number struct S { 1: Number a }",
        &[],
    );
    // Recursion ends.
    check(
        "struct S { 1: list<S> a }",
        "struct S { 1: list<S> a }",
        &[],
    );
}

/// From the methods of a service to others.
#[track_caller]
fn check_methods(old: &str, new: &str, expected: &[&str]) {
    let text =
        |methods: &str| format!("exception X {{}} exception Y {{}} service S {{ {methods} }}");
    let comparison = compare(&text(old), &text(new));
    assert_eq!(lines(&comparison.breaking), expected, "{old} -> {new}");
}

#[test]
fn methods_that_break() {
    check_methods("void f()", "void f() void g()", &[]);
    check_methods("void f()", "", &["wire, source: method `S.f` is gone"]);
    check_methods(
        "oneway void f()",
        "void f()",
        &["wire, source: `S.f` was oneway and is now unary"],
    );
    check_methods(
        "void f()",
        "i32 f()",
        &["wire, source: `S.f` returned `void` and now returns `i32`"],
    );
    check_methods(
        "i32 f()",
        "i64 f()",
        &["wire, source: `S.f` returned `i32` and now returns `i64`"],
    );
    check_methods(
        "string f()",
        "binary f()",
        &["source: `S.f` returned `string` and now returns `binary`"],
    );
    check_methods(
        "void f()",
        "void f(1: i32 a)",
        &["source: argument 1 `a` of `S.f` is new"],
    );
    check_methods(
        "void f(1: i32 a)",
        "void f()",
        &["source: argument 1 `a` of `S.f` is gone"],
    );
    check_methods("void f(1: i32 a)", "void f(1: i32 b)", &[]);
    check_methods(
        "void f(1: i32 a)",
        "void f(1: i64 a)",
        &["wire, source: argument `a` of `S.f` was of type `i32` and is now `i64`"],
    );
    check_methods(
        "void f()",
        "void f() throws (1: X x)",
        &["wire, source: exception 1 `x` of `S.f` is new"],
    );
    check_methods(
        "void f() throws (1: X x)",
        "void f()",
        &["wire, source: exception 1 `x` of `S.f` is gone"],
    );
    check_methods(
        "void f() throws (1: X x)",
        "void f() throws (1: Y x)",
        &["source: exception `x` of `S.f` was of type `X` and is now `Y`"],
    );
}

#[test]
fn services_that_break() {
    #[track_caller]
    fn check(old: &str, new: &str, expected: &[&str]) {
        assert_eq!(
            lines(&compare(old, new).breaking),
            expected,
            "{old} -> {new}"
        );
    }
    check(
        "service A {} service B {}",
        "service A {}",
        &["wire, source: service `B` is gone"],
    );
    check(
        "namespace go a.v1 service A {}",
        "namespace go a.v2 service A {}",
        &["source: service `a.v1.A` is now `a.v2.A`"],
    );
    // What is inherited is reported once, where it is declared.
    check(
        "service A { void f() } service B extends A {}",
        "service A { i32 f() } service B extends A {}",
        &["wire, source: `A.f` returned `void` and now returns `i32`"],
    );
    check(
        "service A { void f() } service B extends A {}",
        "service A { void f() } service B {}",
        &["wire, source: method `B.f` is gone"],
    );
}

#[test]
fn method_names_that_conflict() {
    #[track_caller]
    fn check(old: &str, new: &str, expected: &[&str]) {
        let comparison = compare(old, new);
        let found = lines(&comparison.breaking);
        let expected = expected.iter().map(|names| {
            let [method, service, other] = names.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{names}");
            };
            format!(
                "wire: method `{method}` is new in `{service}` and conflicts with `{other}` for \
                 calls without a service name"
            )
        });
        assert_eq!(found, expected.collect::<Vec<_>>(), "{old} -> {new}");
    }
    let old = "service A { void f() } service B { void g() }";
    check(
        old,
        "service A { void f() } service B { void g() void f() }",
        &["f B A"],
    );
    check(
        old,
        "service A { void f() void g() } service B { void g() }",
        &["g A B"],
    );
    // Both are new: the second is said to conflict with the first.
    check(
        old,
        "service A { void f() void h() } service B { void g() void h() }",
        &["h B A"],
    );
    check(
        old,
        "service A { void f() } service B { void g() } service C { void f() }",
        &["f C A"],
    );
    // It was so before.
    let shared = "service A { void f() } service B { void f() }";
    check(shared, shared, &[]);
}

#[test]
fn changes_are_shown_with_both_places() {
    let directory = Path::new("tests/changes");
    let builder = Builder::new();
    let comparison = builder
        .compare(
            &[directory.join("new/shop.thrift")],
            &builder,
            &[directory.join("old/shop.thrift")],
        )
        .unwrap();
    let found = format!("{}\n\n{}\n", comparison.breaking, comparison.compatible);
    let path = directory.join("shop.txt");
    if std::env::var_os("POLYPORT_BLESS").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{found}\n\ninstead of\n\n{expected}");
    let severities = comparison
        .compatible
        .findings()
        .map(|finding| finding.severity);
    assert!(
        severities
            .into_iter()
            .all(|severity| severity == Severity::Note)
    );
}

#[test]
fn mistakes_in_either_version_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let (good, bad) = (
        directory.path().join("good.thrift"),
        directory.path().join("bad.thrift"),
    );
    fs::write(&good, "struct S {}").unwrap();
    fs::write(&bad, "struct S { 1: Missing a }").unwrap();
    let builder = Builder::new();
    for (old, new) in [(&good, &bad), (&bad, &good)] {
        let error = builder.compare(&[new], &builder, &[old]).unwrap_err();
        let messages: Vec<&str> = error.report().messages().collect();
        assert_eq!(messages, ["there is no type `Missing`"]);
    }
}
