//! `polyport new` from outside.
//!
//! `new/shop.txt` is a project as it is written. After a change of the templates, write it anew with
//! `POLYPORT_BLESS=1 cargo test -p polyport-cli --test command new`, and read the diff.

mod build;
mod include;
mod nameless;
mod refuse;
mod update;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{polyport_in, text};

const ORDERS: &str = r#"namespace * shop

struct Order { 1: string id, 2: binary note }
exception OutOfStock { 1: string item }

service Orders {
  string place(1: Order order, 2: i32 count) throws (1: OutOfStock gone)
  void ping()
  oneway void forget(1: binary type)
}

service Carts {
  list<Order> items(1: string user)
  void ping()
}
"#;

const STOCK: &str = r#"syntax = "proto3";

package stock.v1;

message Item {
  string name = 1;
}

service Stock {
  rpc Count(Item) returns (Item);
  rpc Fill(stream Item) returns (Item);
  rpc Watch(Item) returns (stream Item);
  rpc Talk(stream Item) returns (stream Item);
}

service Feed {
  rpc Follow(Item) returns (stream Item);
}
"#;

/// A directory with the IDLs of a shop, and others.
fn idls(others: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let own = [("orders.thrift", ORDERS), ("stock.proto", STOCK)];
    for (name, text) in own.iter().chain(others) {
        write(&directory.path().join(name), text);
    }
    directory
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Runs the command, which must do what it is asked for; gives what it says.
#[track_caller]
fn new(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout)
}

/// Runs the command, which must refuse; gives why.
#[track_caller]
fn refused(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments);
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.status.code(), Some(1));
    text(&output.stderr)
}

/// Runs the command, which is called in a wrong way; gives why it is.
#[track_caller]
fn misused(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments);
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    let (problem, _) = said.split_once("\n\nUsage: polyport new").unwrap();
    problem.to_owned()
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    let mut all = vec!["new"];
    all.extend(arguments);
    polyport_in(directory, &all)
}

/// All files of a project, below each other.
fn files(project: &Path) -> String {
    let mut paths = Vec::new();
    let mut pending = vec![project.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => pending.push(path),
                false => paths.push(path),
            }
        }
    }
    paths.sort();
    let file = |path: &Path| {
        let name = path.strip_prefix(project).unwrap().display().to_string();
        let text = fs::read_to_string(path).unwrap();
        format!("==> {name}\n{text}\n")
    };
    paths.iter().map(|path| file(path)).collect()
}

#[test]
fn a_new_project_is_this_one() {
    let directory = idls(&[]);
    let directory = directory.path();
    let said = new(
        directory,
        &[
            "shop",
            "--idl",
            "orders.thrift",
            "--idl",
            "stock.proto",
            "--client",
            "--fallback",
            "Orders",
        ],
    );
    let expected = "\
new      idl/orders.thrift
new      idl/stock.proto
new      Cargo.toml
new      build.rs
new      src/services.rs
new      src/lib.rs
new      src/main.rs
new      src/services/orders.rs
new      src/services/carts.rs
new      src/services/stock.rs
new      src/services/feed.rs
new      tests/calls.rs
new      README.md
new      .gitignore
new      examples/client.rs
4 services; now: cd shop && cargo run
";
    assert_eq!(said, expected);

    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/new/shop.txt");
    let found = files(&directory.join("shop"));
    if std::env::var_os("POLYPORT_BLESS").is_some() {
        fs::write(&snapshot, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(snapshot).unwrap());

    let again = new(directory, &["shop"]);
    assert_eq!(again, "4 services, nothing to add\n");
    let again = new(directory, &["shop", "--idl", "stock.proto", "--client"]);
    assert_eq!(again, "4 services, nothing to add\n");
    assert_eq!(files(&directory.join("shop")), found);
}

/// What rustfmt would change, if this machine has it.
fn unformatted(project: &Path) -> Option<String> {
    let files = [
        "build.rs",
        "src/main.rs",
        "tests/calls.rs",
        "examples/client.rs",
    ];
    let output = Command::new("rustfmt")
        .args(["--edition", "2024", "--check", "src/lib.rs"])
        .args(files)
        .current_dir(project)
        .output()
        .ok()?;
    Some(text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn what_is_written_is_formatted() {
    let inventory = "syntax = \"proto3\"; package warehouse.inventory.v1; message Item {}\n\
                     service Inventory { rpc Count(Item) returns (Item); }\n\
                     service InventoryReservations { rpc Count(stream Item) returns (Item); }\n";
    let directory = idls(&[
        ("a/inventory.proto", inventory),
        ("b/types.thrift", "struct A {}\n"),
    ]);
    let directory = directory.path();
    let few = ["few", "--idl", "stock.proto", "--client"];
    new(directory, &few);
    let many = [
        "many",
        "--idl",
        "orders.thrift",
        "--idl",
        "stock.proto",
        "--idl",
        "a/inventory.proto",
        "--idl",
        "b/types.thrift",
        "-I",
        "a",
        "-I",
        "b",
        "--client",
        "--refuse-traffic-without-service-name",
    ];
    new(directory, &many);
    for project in ["few", "many"] {
        let found = unformatted(&directory.join(project));
        assert_eq!(found.unwrap_or_default(), "");
    }
}

#[test]
fn a_dry_run_writes_nothing_and_says_the_same() {
    let directory = idls(&[]);
    let directory = directory.path();
    let all = ["shop", "--idl", "stock.proto"];
    let dry = new(directory, &[&all[..], &["--dry-run"]].concat());
    assert!(!directory.join("shop").exists());
    let wet = new(directory, &all);
    assert_eq!(
        dry.replace("nothing was written\n", ""),
        wet.replace("2 services; now: cd shop && cargo run\n", "")
    );
}

#[test]
fn json_says_the_same() {
    let directory = idls(&[]);
    let directory = directory.path();
    let said = new(directory, &["shop", "--idl", "stock.proto", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["directory"], "shop");
    assert_eq!(said["dry_run"], false);
    assert_eq!(said["created"][0], "idl/stock.proto");
    assert_eq!(said["created"].as_array().unwrap().len(), 11);
    assert_eq!(said["changed"], json!([]));
    assert_eq!(said["notes"], json!([]));

    let other = STOCK.replace("rpc Follow", "rpc Unfollow");
    write(&directory.join("stock.proto"), &other);
    let said = new(directory, &["shop", "--idl", "stock.proto", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["created"], json!([]));
    let changed = json!(["idl/stock.proto", "src/services/feed.rs"]);
    assert_eq!(said["changed"], changed);
    let note = json!([{
        "file": "src/services/feed.rs",
        "line": 12,
        "message": "the IDL has no method for `follow` in `stock.v1.Feed` any more",
    }, {
        "file": "tests/calls.rs",
        "line": 33,
        "message": "the IDL has no method for `follow` in `stock.v1.Feed` any more",
    }]);
    assert_eq!(said["notes"], note);

    write(
        &directory.join("broken.thrift"),
        "service A { Missing a() }",
    );
    let output = run(directory, &["a", "--idl", "broken.thrift", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["message"], "there is no type `Missing`");
}
