//! The command as its users run it.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod bench;
mod call;
mod check;
mod decode;
mod decode_http2;
mod describe;
mod explain;
mod generate;
mod new;
mod help;
mod json;
mod readme;
mod reflected;
mod server;
mod watch;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs the command without any input.
fn polyport(arguments: &[&str]) -> Output {
    polyport_with(arguments, b"")
}

/// Runs the command in a directory.
fn polyport_in(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polyport"))
        .args(patient(arguments))
        .current_dir(directory)
        .output()
        .unwrap()
}

/// Runs the command with these bytes as its standard input.
fn polyport_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_polyport"))
        .args(patient(arguments))
        // Help is as wide as it says.
        .env_remove("COLUMNS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who does not want it may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// The arguments, of commands that talk to a server with time enough for a busy machine.
fn patient<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = arguments.to_vec();
    let talks = ["call", "list", "describe", "bench"];
    let is_patient = arguments.contains(&"--connect-timeout");
    if !is_patient && arguments.first().is_some_and(|name| talks.contains(name)) {
        arguments.splice(1..1, ["--connect-timeout", "60s"]);
    }
    arguments
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Descriptors of a `.proto` file of the examples, as other compilers write them.
fn descriptor_set(name: &str) -> Vec<u8> {
    let path = idl("examples/idl").join(name);
    polyport_build::Builder::new()
        .schema(&[path])
        .unwrap()
        .descriptors
        .to_vec()
}

/// A file of the repository.
fn idl(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    fs::canonicalize(path).unwrap()
}
