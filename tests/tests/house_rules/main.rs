//! The house rules, held against every source file; each rule is proved by a planted violation.
//!
//! A rule takes text and gives complaints, so that it can be tried on a few lines.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod source;

use std::fs;
use std::path::{Path, PathBuf};

use source::{code, paths_below, without_tests, words};

/// The crates whose modules stand in the order of reading.
const CRATES: [&str; 4] = [
    "polyport",
    "polyport-build",
    "polyport-cli",
    "polyport-wire",
];

/// More than this in a file is two files.
const MAX_CODE_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Every Rust file below a folder, by its path in the repository.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap();
                let name = name.to_str().unwrap().replace('\\', "/");
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no Rust in {folder}");
    files
}

/// What people wrote.
fn sources() -> Vec<(String, String)> {
    let of = |name: &&str| files(&format!("crates/{name}/src"));
    let mut sources: Vec<_> = CRATES.iter().flat_map(of).collect();
    sources.retain(|(_, text)| !text.starts_with("// @generated"));
    sources
}

/// Everything that is ours: the sources, their tests, and what uses them.
fn everything() -> Vec<(String, String)> {
    let folders = ["crates", "tests", "examples", "interop"];
    folders.into_iter().flat_map(files).collect()
}

/// Holds a rule against files, and shows every complaint at once.
fn hold(files: &[(String, String)], rule: impl Fn(&str, &str) -> Vec<String>) {
    let complaints: Vec<String> = files
        .iter()
        .flat_map(|(path, text)| rule(path, text))
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// A complaint about each line of `text` that `wrong` knows a reason against.
fn lines(path: &str, text: &str, wrong: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let numbered = text.lines().zip(1..);
    numbered
        .filter_map(|(line, number)| Some(format!("{path}:{number}: {}", wrong(line)?)))
        .collect()
}

/// Files of tests alone.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

mod order {
    use super::*;

    #[test]
    fn a_module_uses_only_what_stands_below_it() {
        for name in CRATES {
            let folder = format!("crates/{name}/src/");
            let files = files(&folder);
            let Some((_, lib)) = files
                .iter()
                .find(|(path, _)| path == &format!("{folder}lib.rs"))
            else {
                continue;
            };
            let lib = lib.clone();
            hold(&files, |path, text| {
                let place = path.strip_prefix(&folder).unwrap();
                complaints(&lib, path, place, text)
            });
        }
    }

    /// `place` is the file's path below `src`.
    fn complaints(lib: &str, path: &str, place: &str, text: &str) -> Vec<String> {
        let modules = modules(lib);
        let own = place.split(['/', '.']).next().unwrap();
        let Some(position) = modules.iter().position(|module| module == own) else {
            return Vec::new();
        };
        let code = code(text);
        paths_below(&code, "crate")
            .into_iter()
            .filter_map(|(line, used)| {
                let reason = match modules.iter().position(|module| *module == used) {
                    None => format!("`crate::{used}` names no module: say where it is defined"),
                    Some(used) if used < position => {
                        format!("{own} uses {}, which stands above it", modules[used])
                    }
                    Some(_) if own == "server" && used == "client" => {
                        "server and client are siblings".to_owned()
                    }
                    Some(_) => return None,
                };
                Some(format!("{path}:{line}: {reason}"))
            })
            .collect()
    }

    /// The modules that a lib.rs declares, in its order.
    fn modules(lib: &str) -> Vec<String> {
        let code = code(lib);
        let mut modules = Vec::new();
        let mut words = words(&code).map(|(_, word)| word);
        while let Some(word) = words.next() {
            if word == "mod" {
                modules.extend(words.next().map(str::to_owned));
            }
        }
        modules
    }

    const LIB: &str = "//! A crate.\npub mod server;\nmod client;\n#[doc(hidden)]\npub mod call;\n";

    #[track_caller]
    fn check(place: &str, text: &str, expected: &[&str]) {
        assert_eq!(complaints(LIB, "x.rs", place, text), expected);
    }

    #[test]
    fn it_is_noticed() {
        let above = "x.rs:1: call uses server, which stands above it";
        check("call.rs", "use crate::server::Server;", &[above]);
        check(
            "call/deep/down.rs",
            "fn f() { crate::server::start() }",
            &[above],
        );
        check("call.rs", "use crate::{server::Server, call};", &[above]);
        check(
            "call.rs",
            "\n\nuse crate::{\n    call::x,\n    server,\n};",
            &["x.rs:3: call uses server, which stands above it"],
        );
        check("call.rs", "pub(crate) use crate :: server;", &[above]);
        check(
            "client.rs",
            "use crate::server;",
            &["x.rs:1: client uses server, which stands above it"],
        );
        check(
            "server.rs",
            "use crate::client;",
            &["x.rs:1: server and client are siblings"],
        );
        check(
            "client.rs",
            "use crate::Call;",
            &["x.rs:1: `crate::Call` names no module: say where it is defined"],
        );
    }

    #[test]
    fn what_is_allowed_is_not() {
        check(
            "server.rs",
            "use crate::call::Call; use crate::server::listen;",
            &[],
        );
        check(
            "client/pool.rs",
            "use crate::call; use crate::client::call;",
            &[],
        );
        check(
            "call.rs",
            "//! [`crate::server`]\n// crate::server\nlet x = \"crate::server\";",
            &[],
        );
        check(
            "call.rs",
            "pub(in crate::call) fn f() {}\npub(crate) fn g() {}",
            &[],
        );
        check("call.rs", "use other_crate::server;", &[]);
        check("lib.rs", "pub use crate::server::Server;", &[]);
    }
}

mod wire {
    use super::*;

    #[test]
    fn the_wire_crate_knows_only_bytes() {
        hold(&files("crates/polyport-wire/src"), complaints);
        let manifest = root().join("crates/polyport-wire/Cargo.toml");
        assert_eq!(
            dependencies(&fs::read_to_string(manifest).unwrap()),
            ["bytes"]
        );
    }

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let code = code(text);
        let of_std = ["net", "time", "fs", "io", "thread", "process", "env"];
        // A length of time is a number; a clock is not.
        let code = code.replace("std::time::Duration", "std::Duration");
        let mut complaints: Vec<String> = paths_below(&code, "std")
            .into_iter()
            .filter(|(_, module)| of_std.contains(&&**module))
            .map(|(line, module)| format!("{path}:{line}: std::{module}"))
            .collect();
        for (line, word) in words(&code) {
            if ["tokio", "tracing", "h2", "log"].contains(&word) {
                complaints.push(format!("{path}:{line}: {word}"));
            }
        }
        complaints
    }

    /// The names under `[dependencies]`.
    fn dependencies(manifest: &str) -> Vec<&str> {
        manifest
            .lines()
            .skip_while(|line| *line != "[dependencies]")
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| !name.is_empty() && !name.starts_with('#'))
            .collect()
    }

    #[test]
    fn it_is_noticed() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(complaints("x.rs", text), expected, "{text}");
        };
        check("use std::io;", &["x.rs:1: std::io"]);
        check("use std::{fmt, net::IpAddr};", &["x.rs:1: std::net"]);
        check(
            "\nlet now = std::time::Instant::now();",
            &["x.rs:2: std::time"],
        );
        check("tokio::spawn(x);", &["x.rs:1: tokio"]);
        check("use tracing::debug;", &["x.rs:1: tracing"]);
        check("use std::{fmt, ops::Range}; // std::io, tokio", &[]);
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\nbytes.workspace = true\n\
                        # Why.\ntokio = \"1\"\n\n[dev-dependencies]\nproptest = \"1\"\n";
        assert_eq!(dependencies(manifest), ["bytes", "tokio"]);
    }
}

mod shape {
    use super::*;

    #[test]
    fn no_file_is_too_long() {
        hold(&sources(), complaints);
    }

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let code = code(text);
        let shipped = without_tests(&code);
        let count = shipped
            .lines()
            .filter(|line| !line.trim().is_empty())
            .count();
        match count {
            _ if is_test(path) => Vec::new(),
            ..=MAX_CODE_LINES => Vec::new(),
            _ => vec![format!("{path}: {count} lines of code: make it two files")],
        }
    }

    #[test]
    fn a_file_that_is_too_long_is_noticed() {
        let lines = "let x = 1;\n".repeat(MAX_CODE_LINES);
        let uncounted = "/// Docs.\n\n// Why.\n/* And\n more. */\n#[cfg(test)]\nmod tests {\n    fn f() {\n    }\n}\n";
        assert_eq!(complaints("x.rs", &format!("{uncounted}{lines}")), [""; 0]);
        let complaints = complaints("x.rs", &format!("{lines}}}\n"));
        assert_eq!(complaints, ["x.rs: 501 lines of code: make it two files"]);
    }

    #[test]
    fn every_file_says_what_it_is() {
        hold(&sources(), speechless);
    }

    fn speechless(path: &str, text: &str) -> Vec<String> {
        match text.starts_with("//! ") {
            true => Vec::new(),
            false => vec![format!("{path}:1: begins without `//! `")],
        }
    }

    #[test]
    fn a_file_that_does_not_is_noticed() {
        assert_eq!(speechless("x.rs", "//! What it is.\n"), [""; 0]);
        assert_eq!(
            speechless("x.rs", "use std::fmt;\n"),
            ["x.rs:1: begins without `//! `"]
        );
        assert_eq!(
            speechless("x.rs", "// What?\n"),
            ["x.rs:1: begins without `//! `"]
        );
    }

    #[test]
    fn no_name_says_nothing() {
        hold(&everything(), empty_names);
    }

    /// Names under which anything could stand, and the `mod.rs` under which everything does.
    fn empty_names(path: &str, text: &str) -> Vec<String> {
        const FORBIDDEN: [&str; 6] = ["util", "utils", "helper", "helpers", "common", "misc"];
        let mut complaints = Vec::new();
        for part in path.split('/') {
            if FORBIDDEN.contains(&part.strip_suffix(".rs").unwrap_or(part)) || part == "mod.rs" {
                complaints.push(format!("{path}: the name `{part}` says nothing"));
            }
        }
        let code = code(text);
        let words: Vec<_> = words(&code).collect();
        for pair in words.windows(2) {
            if let [(_, "mod"), (line, name)] = pair
                && FORBIDDEN.contains(name)
            {
                complaints.push(format!("{path}:{line}: the name `{name}` says nothing"));
            }
        }
        complaints
    }

    #[test]
    fn a_name_that_does_is_noticed() {
        let check = |path: &str, text: &str, expected: &[&str]| {
            assert_eq!(empty_names(path, text), expected);
        };
        check(
            "a/utils.rs",
            "",
            &["a/utils.rs: the name `utils.rs` says nothing"],
        );
        check(
            "a/common/b.rs",
            "",
            &["a/common/b.rs: the name `common` says nothing"],
        );
        check(
            "a/mod.rs",
            "",
            &["a/mod.rs: the name `mod.rs` says nothing"],
        );
        check(
            "a.rs",
            "\npub mod helpers {}",
            &["a.rs:2: the name `helpers` says nothing"],
        );
        check("utility/commons.rs", "mod model; // mod utils;", &[]);
    }
}

mod words {
    use super::*;

    #[test]
    fn nothing_unwraps_outside_of_tests() {
        hold(&sources(), unwraps);
    }

    fn unwraps(path: &str, text: &str) -> Vec<String> {
        if is_test(path) {
            return Vec::new();
        }
        lines(path, &without_tests(&code(text)), |line| {
            let unwraps = line.contains(".unwrap()") || line.contains(".unwrap_err()");
            unwraps.then(|| "unwraps: say by `expect` why it cannot fail".to_owned())
        })
    }

    #[test]
    fn an_unwrap_is_noticed() {
        let text = "/// x.unwrap()\nfn f() { x.unwrap() }\n#[cfg(test)]\nmod tests { fn g() { x.unwrap() } }\nfn h() { x.unwrap_or(1) }\nfn i() { x.unwrap_err() }\n";
        let found = unwraps("x.rs", text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("x.rs:2: "));
        assert!(found[1].starts_with("x.rs:6: "));
        assert_eq!(unwraps("a/tests/x.rs", text), [""; 0]);
    }

    #[test]
    fn nothing_is_unsafe_or_unfinished() {
        hold(&everything(), unfinished);
    }

    fn unfinished(path: &str, text: &str) -> Vec<String> {
        const FORBIDDEN: [&str; 4] = ["unsafe", "todo", "unimplemented", "dbg"];
        let code = code(text);
        words(&code)
            .filter(|(_, word)| FORBIDDEN.contains(word))
            .map(|(line, word)| format!("{path}:{line}: {word}"))
            .collect()
    }

    #[test]
    fn what_is_unsafe_or_unfinished_is_noticed() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(unfinished("x.rs", text), expected, "{text}");
        };
        check("fn f() {\n    unsafe { g() }\n}", &["x.rs:2: unsafe"]);
        check("todo!()", &["x.rs:1: todo"]);
        check("unimplemented!(\"x\")", &["x.rs:1: unimplemented"]);
        check("f(dbg!(x))", &["x.rs:1: dbg"]);
        check(
            "#![forbid(unsafe_code)] // todo\nlet x = \"unsafe\"; let y = r#\"dbg!\"#;",
            &[],
        );
    }

    #[test]
    fn no_test_is_switched_off_or_sleeps() {
        let mut files = everything();
        // What waits for foreign programs has nothing but the clock to wait by.
        files.retain(|(path, _)| !path.starts_with("interop/"));
        hold(&files, lazy);
    }

    fn lazy(path: &str, text: &str) -> Vec<String> {
        lines(path, &code(text), |line| {
            let line = line.replace(' ', "");
            let found = ["#[ignore", "#[should_panic", "thread::sleep"]
                .into_iter()
                .find(|forbidden| line.contains(forbidden))?;
            Some(format!("`{found}`"))
        })
    }

    #[test]
    fn a_test_that_is_or_does_is_noticed() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(lazy("x.rs", text), expected, "{text}");
        };
        check("#[test]\n#[ignore]\nfn f() {}", &["x.rs:2: `#[ignore`"]);
        check("#[ignore = \"slow\"]", &["x.rs:1: `#[ignore`"]);
        check(
            "#[should_panic(expected = \"x\")]",
            &["x.rs:1: `#[should_panic`"],
        );
        check("std::thread::sleep(SECOND);", &["x.rs:1: `thread::sleep`"]);
        check("// #[ignore]\nlet x = \"thread::sleep\";", &[]);
    }
}

/// Complaints about rows of a table whose last cell names no test of these.
fn unproved(table: &str, tests: &[String]) -> Vec<String> {
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let mut complaints = Vec::new();
    for row in rows {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let names: Vec<&str> = cell
            .split(',')
            .map(|name| name.trim_matches([' ', '`']))
            .collect();
        let missing = |name: &&&str| !tests.iter().any(|test| test == **name);
        let missing = names.iter().filter(missing);
        complaints.extend(missing.map(|name| format!("no test {name:?}: {row}")));
    }
    complaints
}

/// The names of the functions behind `#[test]` and its like.
fn tests(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim_start) {
        marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let name = line.trim_start_matches("async ").strip_prefix("fn ");
        if let (true, Some(name)) = (marked, name) {
            names.extend(name.split('(').next().map(str::to_owned));
            marked = false;
        }
    }
    names
}

#[test]
fn what_differs_from_kitex_is_proved() {
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, table) = document.split_once("differs from Kitex").unwrap();
    let table = table.split("\n## ").next().unwrap();
    let all: Vec<String> = everything()
        .iter()
        .flat_map(|(_, text)| tests(text))
        .collect();
    assert!(table.lines().count() > 20);
    let complaints = unproved(table, &all);
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn a_row_without_a_test_is_noticed() {
    let tests = tests("#[test]\nfn a() {}\n#[tokio::test]\nasync fn b() {}\nfn c() {}");
    assert_eq!(tests, ["a", "b"]);
    let table = "| x | test |\n| - | - |\n| 1 | `a`, `b` |\n| 2 | `c` |\n| 3 | |";
    assert_eq!(unproved(table, &tests).len(), 2);
}
