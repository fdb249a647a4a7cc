//! What the language means: short IDLs, and what becomes of them.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;

use polyport_build::{Builder, Generated};

/// Generates from the first of some files; the others are there to be included.
fn generate(files: &[(&str, &[u8])]) -> Generated {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let root = directory.path().join(files[0].0);
    match Builder::new().generate(&[root]) {
        Ok(generated) => generated,
        Err(error) => panic!("{error}"),
    }
}

/// The code of one file, its spaces and line ends as single spaces.
fn code(text: &str) -> String {
    let generated = generate(&[("a.thrift", text.as_bytes())]);
    assert!(generated.warnings.is_empty(), "{}", generated.warnings);
    let words: Vec<&str> = generated.code.split_whitespace().collect();
    words.join(" ")
}

fn assert_contains(code: &str, expected: &str) {
    assert!(code.contains(expected), "no `{expected}` in {code}");
}

#[test]
fn texts_have_the_escapes_of_go() {
    let code = code(
        r#"const string A = "a\n\"b\" 'c' \x41\u00e9"
           const string B = 'it\'s
two'
           const binary C = "\xff\000é""#,
    );
    assert_contains(&code, r#"pub const A: &str = "a\n\"b\" 'c' Aé";"#);
    assert_contains(&code, r#"pub const B: &str = "it's\ntwo";"#);
    assert_contains(&code, r#"from_static( b"\xFF\0\xC3\xA9""#);
}

#[test]
fn comments_and_annotations_may_be_of_any_encoding() {
    let gbk = b"// \xc4\xe3\xba\xc3\nstruct A { 1: i32 a (x = \"\xc4\xe3\") /* \xe9 */ }\r\n# \xe9";
    let generated = generate(&[("a.thrift", gbk)]);
    assert!(generated.warnings.is_empty(), "{}", generated.warnings);
    let mut marked = b"\xef\xbb\xbf".to_vec();
    marked.extend_from_slice(gbk);
    assert_eq!(generate(&[("a.thrift", &marked)]).code, generated.code);
}

#[test]
fn values_are_of_many_forms() {
    let code = code(
        "const i32 A = true\n const double B = 3\n const bool C = 1\n const i64 D = A\n\
         const list<i32> E = {}\n const map<i32, i32> F = []\n const set<i32> G = [1 2; 3,]\n\
         enum Color { RED = 1 }\n const Color H = 1\n const i8 I = Color.RED\n\
         const i32 J = 5, (a = 'b')\n const list<i32> K = [A, J]\n",
    );
    assert_contains(&code, "pub const A: i32 = 1;");
    assert_contains(&code, "pub const B: f64 = 3.0;");
    assert_contains(&code, "pub const C: bool = true;");
    assert_contains(&code, "pub const D: i64 = 1;");
    assert_contains(&code, "(|| ::std::vec::Vec::new())");
    assert_contains(&code, "(|| ::std::collections::HashMap::new())");
    assert_contains(&code, "HashSet::from([1, 2, 3])");
    assert_contains(&code, "pub const H: Color = Color::RED;");
    assert_contains(&code, "pub const I: i8 = 1;");
    assert_contains(&code, "::std::vec::Vec::from([1, 5])");
}

/// As Kitex's Go code has it: `&S{A: 1}`, in which all else is zero.
#[test]
fn what_a_value_of_a_struct_does_not_name_is_zero() {
    let code = code(
        "enum E { A = 1 }\n\
         struct S { 1: i32 a = 7, 2: i32 b = 5, 3: optional i64 c = 4, 4: string d = 'x',\n\
           5: list<i32> e = [1], 6: optional list<i32> f = [1], 7: E g = E.A, 8: double h = 1 }\n\
         const S C = {'a': 1}",
    );
    assert_contains(
        &code,
        "S { a: 1, b: 0, c: Some(0), d: ::std::string::String::from(\"\"), \
         e: ::std::vec::Vec::new(), g: E(0), h: 0.0, ..::std::default::Default::default() }",
    );
}

#[test]
fn field_numbers_are_decimal() {
    let code = code("struct S { 010: i32 a, +3: i32 b, -2: i32 c }");
    assert_contains(&code, "WireType::I32, 10)");
    assert_contains(&code, "WireType::I32, 3)");
    assert_contains(&code, "WireType::I32, -2)");
}

#[test]
fn a_repeated_method_is_the_inherited_one() {
    let code =
        code("service A { i32 f(1: i32 a) }\n service B extends A { i32 f(1: i32 a), void g() }");
    // One for the clients of each service.
    assert_eq!(code.matches("pub fn f(").count(), 2, "{code}");
}

#[test]
fn of_files_of_one_name_the_first_is_taken() {
    let generated = generate(&[
        (
            "a.thrift",
            b"include 'x/c.thrift'\ninclude 'y/c.thrift'\nstruct A { 1: c.One one, 2: c.Two two }",
        ),
        ("x/c.thrift", b"namespace rs x\nstruct One {}"),
        (
            "y/c.thrift",
            b"namespace rs y\nstruct One {}\nstruct Two {}",
        ),
    ]);
    let warnings: Vec<&str> = generated.warnings.messages().collect();
    assert_eq!(warnings, ["`c.One` can mean two things"]);
    let code = generated.code;
    assert!(code.contains("x::One") && code.contains("y::Two"), "{code}");
}
