//! What `--json` prints: the same words everywhere, and each of them explained.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::call::path;
use crate::server::Serving;
use crate::{polyport, text};

/// `onlyA` over Framed.
const FRAME: &str =
    "00000025 80010001 00000005 6f6e6c7941 00000001 0c0001 0b0001 00000002 6869 00 00";

/// What stands here is the user's, or the IDL's.
const DATA: [&str; 4] = ["ok", "value", "extra", "metadata"];

/// Two versions of an IDL, below a directory.
const OLDER: &str = "service A { void f() }\nservice B { void f() void g() }\n";
const NEWER: &str = "service A { void f() void g() }\nservice B { void f() }\nstruct S { i32 a }\n";

fn commands(address: &str, directory: &Path) -> Vec<Vec<String>> {
    let below = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (newer, older) = (below("a.thrift"), below("old/a.thrift"));
    let (out, shop) = (below("out"), below("shop"));
    let (thrift, proto) = (path("multi.thrift"), path("multi.proto"));
    let hi = r#"{"req": {"message": "hi"}}"#;
    let biz = r#"{"req": {"message": "biz:gone"}}"#;
    let never = r#"{"req": {"message": "never"}}"#;
    let code = r#"{"message": "code:gone"}"#;
    let lines: [&[&str]; 23] = [
        &[
            "call",
            address,
            "ServiceA/onlyA",
            "--idl",
            &thrift,
            "-d",
            hi,
        ],
        &[
            "call",
            address,
            "ServiceA/onlyA",
            "--idl",
            &thrift,
            "-d",
            biz,
        ],
        &[
            "call",
            address,
            "ServiceA/declines",
            "--idl",
            &thrift,
            "-d",
            never,
        ],
        &[
            "call",
            address,
            "ServiceA/OnlyA",
            "--idl",
            &proto,
            "-d",
            code,
        ],
        &[
            "call",
            address,
            "Client",
            "--idl",
            &proto,
            "-d",
            r#"{"message": "a"}"#,
        ],
        &["call", address, "ServiceX/onlyA", "--idl", &thrift],
        &[
            "call",
            address,
            "onlyA",
            "--idl",
            &thrift,
            "-d",
            "{\"req\":\n}",
        ],
        &["call", "localhost", "onlyA", "--idl", &thrift],
        &["list", address],
        &["list", "--idl", "no.thrift"],
        &["describe", address, "multi.ServiceA/declines"],
        &["describe", address, "multi.v1.Streams/Client"],
        &["bench", address, "multi.ServiceA/add", "-n", "2", "-c", "1"],
        &[
            "bench",
            address,
            "multi.ServiceA/onlyA",
            "-d",
            biz,
            "-n",
            "2",
            "-c",
            "1",
        ],
        &["decode", "--idl", &thrift, "--service", "ServiceA", FRAME],
        &["gen", &newer, "-o", &out],
        &["gen", &newer, "-o", &out, "--check"],
        &["check", &newer, "--against", &older],
        &["explain", "--idl", &newer],
        &["explain", "--idl", &newer, "--fallback", "A"],
        &["explain", "--idl", &newer, "--fallback", "A", "X/f"],
        &["new", &shop, "--idl", &older, "--fallback", "A"],
        &["new", &shop, "--idl", &newer],
    ];
    let line = |words: &&[&str]| {
        let words = words.iter().map(|word| (*word).to_owned());
        words.chain(["--json".to_owned()]).collect()
    };
    lines.iter().map(line).collect()
}

/// Numbers that are others each time.
fn settle(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        match &**name {
            "seconds" | "calls_per_second" => *value = Value::from(1.0),
            "distribution" => *value = Value::Array(Vec::new()),
            name if name.ends_with("_us") => *value = Value::from(1.0),
            _ => settle(value),
        }
    }
}

fn words(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.insert(name.clone());
                if !DATA.contains(&&**name) {
                    words(value, found);
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|one| words(one, found)),
        _ => {}
    }
}

/// What is printed stands in `json.txt`; with `POLYPORT_BLESS` set, it is written there.
#[test]
fn what_programs_read_is_what_was_read_last_and_is_explained() {
    let serving = Serving::told();
    let address = serving.address();
    let (mut shown, mut found) = (String::new(), BTreeSet::new());
    let temporary = tempfile::tempdir().unwrap();
    let temporary = temporary.path();
    fs::create_dir(temporary.join("old")).unwrap();
    fs::write(temporary.join("a.thrift"), NEWER).unwrap();
    fs::write(temporary.join("old/a.thrift"), OLDER).unwrap();
    for command in commands(&address, temporary) {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = polyport(&arguments);
        assert_eq!(text(&output.stderr), "", "{command:?}");
        let status = output.status.code().unwrap();
        let typed = command.join(" ").replace('\n', " ");
        shown.push_str(&format!("$ polyport {typed}\n"));
        for line in text(&output.stdout).lines() {
            let mut line: Value = serde_json::from_str(line).unwrap();
            words(&line, &mut found);
            settle(&mut line);
            shown.push_str(&format!("{line}\n"));
        }
        shown.push_str(&format!("exits with {status}\n\n"));
    }
    let directory = path("");
    let shown = shown.replace(&address, "ADDR").replace(&*directory, "");
    let shown = shown.replace(temporary.to_str().unwrap(), "");

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known = here.join("tests/command/json.txt");
    if std::env::var_os("POLYPORT_BLESS").is_some() {
        fs::write(&known, &shown).unwrap();
    }
    let known = fs::read_to_string(&known).unwrap_or_default();
    assert_eq!(shown, known, "read it, then set POLYPORT_BLESS");
    let explained = fs::read_to_string(here.join("JSON.md")).unwrap();
    for word in found {
        assert!(
            explained.contains(&format!("`{word}`")),
            "{word} is not explained"
        );
    }
}
