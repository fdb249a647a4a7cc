//! Whatever an IDL holds, the generator answers: with code that is Rust, or with a report.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use polyport_build::{Builder, Report};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The words and signs of the language, and some that are not.
const TOKENS: [&str; 64] = [
    "include",
    "\"base.thrift\"",
    "namespace",
    "rs",
    "go",
    "*",
    "typedef",
    "const",
    "enum",
    "struct",
    "union",
    "exception",
    "service",
    "extends",
    "throws",
    "oneway",
    "void",
    "required",
    "optional",
    "bool",
    "byte",
    "i8",
    "i16",
    "i32",
    "i64",
    "double",
    "string",
    "binary",
    "list",
    "set",
    "map",
    "<",
    ">",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    ":",
    "=",
    "&",
    "1",
    "2",
    "-1",
    "99999999999999999999",
    "0x",
    "3.5",
    "\"text\"",
    "'",
    "\"",
    "\\",
    "/*",
    "//",
    "\n",
    "é",
    "a",
    "B",
    "c.D",
    "true",
    "(streaming.mode = \"client\")",
    "_",
];

/// IDLs that are right, to be broken.
const GOOD: [&str; 3] = [
    include_str!("../../../interop/idl/types.thrift"),
    include_str!("../../../interop/idl/multi.thrift"),
    include_str!("../../../tests/idl/coverage.thrift"),
];

/// Generates, in a directory of its own. What comes out does not matter, as long as it does.
fn generate(text: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path: PathBuf = directory.path().join("soup.thrift");
    fs::write(&path, text).unwrap();
    match Builder::new().combine_service(true).generate(&[&path]) {
        Ok(generated) => assert!(generated.code.starts_with("// @generated")),
        Err(error) => {
            let report = error.to_string();
            assert!(report.contains("error: "), "{report}");
            assert!(!report.contains("please report this"), "{text}\n{report}");
        }
    }
}

/// The report on a text, if it has one; what is included stands beside the good IDLs.
fn mistakes(text: &str) -> Option<Report> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broken.thrift");
    fs::write(&path, text).unwrap();
    let builder = Builder::new().include_dir("../../tests/idl");
    let error = builder.generate(&[&path]).err()?;
    Some(error.report().clone())
}

/// Where each token of a text stands, comments aside.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut place = 0;
    while let Some(first) = text[place..].chars().next() {
        let rest = &text[place..];
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_.+-".contains(letter);
        let is_comment = rest.starts_with("//") || rest.starts_with('#');
        let len = match first {
            _ if is_comment => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |len| len + 2),
            '"' | '\'' => rest[1..].find(first).map_or(rest.len(), |len| len + 2),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        if !is_comment && !rest.starts_with("/*") && !first.is_whitespace() {
            tokens.push(place..place + len);
        }
        place += len;
    }
    tokens
}

/// One mistake, as people make them.
fn break_token(text: &str, token: &Range<usize>, next: &Range<usize>, kind: u8) -> String {
    let (before, behind) = (&text[..token.start], &text[token.end..]);
    let this = &text[token.clone()];
    match kind {
        0 => format!("{before}{behind}"),
        1 => format!("{before}{this} {this}{behind}"),
        2 => format!(
            "{before}{}{}{this}{}",
            &text[next.clone()],
            &text[token.end..next.start],
            &text[next.end..]
        ),
        3 => format!("{before}{}{behind}", &this[..this.len() - 1]),
        _ => format!("{before}{}{behind}", &this[1..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn tokens_in_any_order(tokens in prop::collection::vec(select(&TOKENS[..]), 0..80)) {
        generate(&tokens.join(" "));
    }

    /// What a mistake leads to is not reported as further mistakes.
    #[test]
    fn one_mistake_is_reported_once_or_twice(
        good in select(&GOOD[..]),
        at in any::<Index>(),
        kind in 0..5_u8,
    ) {
        let tokens = tokens(good);
        let place = at.index(tokens.len() - 1);
        let text = break_token(good, &tokens[place], &tokens[place + 1], kind);
        if let Some(report) = mistakes(&text) {
            let errors = report.to_string().matches("error: ").count();
            prop_assert!((1..=3).contains(&errors), "{text}\n{report}");
        }
    }

    #[test]
    fn any_text(text in any::<String>()) {
        generate(&text);
    }

    #[test]
    fn one_token_too_many(
        good in select(&GOOD[..]),
        at in any::<Index>(),
        token in select(&TOKENS[..]),
    ) {
        let places: Vec<usize> = good.char_indices().map(|(place, _)| place).collect();
        let mut text = good.to_owned();
        text.insert_str(places[at.index(places.len())], token);
        generate(&text);
    }

    #[test]
    fn a_piece_too_few(good in select(&GOOD[..]), from in any::<Index>(), len in 1..40_usize) {
        let places: Vec<usize> = good.char_indices().map(|(place, _)| place).collect();
        let from = from.index(places.len());
        let to = places.get(from + len).copied().unwrap_or(good.len());
        let text = format!("{}{}", &good[..places[from]], &good[to..]);
        generate(&text);
    }

    /// Names of any form, in every place at once: the code must still be Rust.
    #[test]
    fn any_names(names in prop::collection::hash_set("[A-Za-z_][A-Za-z0-9_]{0,6}", 8..12)) {
        let names: Vec<String> = names.into_iter().collect();
        let [a, b, c, d, e, f, g, h] = &names[..8] else { unreachable!("at least eight") };
        generate(&format!(
            "struct {a} {{ 1: i32 {b}, 2: i32 {c}, 3: optional {a} {d} }}
             union {e} {{ 1: {a} {b}, 2: i32 {c} }}
             enum {f} {{ {a}, {b}, {c} }}
             exception {g} {{ 1: {f} {d} }}
             service {h} {{
                 {a} {b}(1: {a} {c}, 2: {e} {d}) throws (1: {g} {a})
                 void {c}(1: {f} {b})
             }}",
        ));
    }
}

#[test]
fn very_deep_and_very_long() {
    generate(&"list<".repeat(100_000));
    generate(&format!("const i32 X = {}", "[".repeat(100_000)));
    generate(&format!("const i32 X = {}", "{1:".repeat(100_000)));
    generate(&"struct A { 1: A (".repeat(10_000));
    let chain = |index| format!("const i32 C{index} = C{}\n", index + 1);
    generate(&(0..2_000).map(chain).collect::<String>());
    let nested = |index| format!("const A C{} = {{\"a\": [C{index}]}}\n", index + 1);
    generate(&format!(
        "struct A {{ 1: list<A> a }}\nconst A C0 = {{}}\n{}",
        (0..2_000).map(nested).collect::<String>()
    ));
    let backwards = |index| format!("const A C{index} = {{\"a\": [C{}]}}\n", index + 1);
    generate(&format!(
        "struct A {{ 1: list<A> a }}\n{}const A C2000 = {{}}\n",
        (0..2_000).map(backwards).collect::<String>()
    ));
    let doubled =
        |index: u32| format!("const A C{} = {{\"a\": [C{index}, C{index}]}}\n", index + 1);
    generate(&format!(
        "struct A {{ 1: list<A> a }}\nconst A C0 = {{}}\n{}",
        (0..40).map(doubled).collect::<String>()
    ));
    let doubled = |index: u32| format!("typedef map<T{index}, T{index}> T{}\n", index + 1);
    generate(&format!(
        "typedef i32 T0\n{}",
        (0..40).map(doubled).collect::<String>()
    ));
}
