//! A project that is built and run, as its user does.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{idls, new};
use crate::{idl, text};

/// Runs cargo in a project. What it depends on is built once, below the target directory that the
/// tests have anyway, and in the versions that they are built with.
fn cargo(project: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("RUSTFLAGS", "-Dwarnings")
        .output()
        .unwrap();
    let (said, problems) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}\n{problems}");
    said
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("new")
}

/// Ends with the test, until which there is somebody to listen to what it says.
struct Server(Child, BufReader<ChildStdout>);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts what was built; gives its address.
fn start() -> (Server, String) {
    let mut child = Command::new(target().join("debug/shop"))
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut server = Server(child, out);
    let mut line = String::new();
    server.1.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").unwrap();
    let address = address.to_owned();
    (server, address)
}

/// Names that mean something to Rust, to Polyport or to the files around a handler.
const NAMES: &str = "namespace * polyport.std
enum Color { RED = 1 }
union Pick { 1: i32 self, 2: string type }
struct type { 1: string self }
exception Result { 1: string why }
service Status {
  void new(1: Color async, 2: Pick p, 3: map<string, list<type>> m, 4: set<double> s, 5: bool cx)
  type connect(1: type type) throws (1: Result self)
}
service Main extends Status { oneway void fire() }
service Vec {}
";

#[test]
fn a_new_project_is_built_tested_and_run() {
    let directory = idls(&[("names.thrift", NAMES)]);
    let directory = directory.path();
    let checkout = idl(".");
    let all = [
        "shop",
        "--idl",
        "orders.thrift",
        "--idl",
        "stock.proto",
        "--service",
        "Orders",
        "--service",
        "Stock",
        "--idl",
        "names.thrift",
        "--service",
        "polyport.std.Status",
        "--polyport-path",
        checkout.to_str().unwrap(),
    ];
    new(directory, &all);
    // With what is added later, too.
    let later = [
        "shop",
        "--service",
        "Carts",
        "--service",
        "Feed",
        "--service",
        "Main",
        "--service",
        "Vec",
        "--refuse-traffic-without-service-name",
        "--client",
    ];
    new(directory, &later);
    let project = directory.join("shop");
    fs::copy(checkout.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();

    let said = cargo(&project, &["test"]);
    for service in ["orders", "stock", "status"] {
        let passed = format!("test {service}_is_there ... ok\n");
        assert!(said.contains(&passed), "{said}");
    }

    let (_server, address) = start();
    let client = target().join("debug/examples/client");
    let output = Command::new(client).arg(address).output().unwrap();
    let methods = [
        "Orders.place",
        "Carts.items",
        "Status.connect",
        "Main.connect",
        "Stock.Count",
        "Feed.Follow",
    ];
    let said = text(&output.stdout);
    assert_eq!(said.lines().count(), methods.len(), "{said}");
    for (line, method) in said.lines().zip(methods) {
        assert!(line.starts_with(&format!("{method}: ")), "{said}");
        assert!(
            line.contains(&format!("{method} is not implemented")),
            "{said}"
        );
    }
    // The next project is another package; what it depends on stays.
    cargo(&project, &["clean", "-p", "shop"]);
}
