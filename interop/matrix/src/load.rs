//! The `polyport` command against other servers: a load, of which no call may fail.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::peers::Peer;
use crate::report::Report;
use crate::time_limit;

const COLUMN: &str = "polyport bench -> kitex";

/// Where the IDLs are.
const IDLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../idl");

/// How many calls each load has.
const CALLS: &str = "200";

pub(crate) fn run(command: &Path, kitex: &Peer, report: &mut Report) {
    for load in LOADS {
        let serving = kitex.must_serve(load.fixture, &[]);
        for flags in load.flags {
            let cell = format!("{} {flags}", load.method);
            let seen = load.put(command, &serving.address, flags);
            report.compare(COLUMN, &cell, &format!("{CALLS} answered, []"), &seen);
        }
    }
}

/// What is called, and over what.
struct Load {
    fixture: &'static str,
    idl: &'static str,
    method: &'static str,
    request: &'static str,
    flags: &'static [&'static str],
}

const LOADS: [Load; 3] = [
    Load {
        fixture: "multi",
        idl: "multi.thrift",
        method: "multi.ServiceA/onlyA",
        request: r#"{"req":{"message":"hi"}}"#,
        flags: &[
            "--transport buffered",
            "--transport framed",
            "--transport ttheader",
            "--transport ttheader-framed",
            "--transport ttheader --in-flight 8",
            "--transport grpc",
            "--transport grpc --in-flight 8",
            "--transport ttheader --rate 1000",
        ],
    },
    Load {
        fixture: "multi",
        idl: "streams.thrift",
        method: "streams.Streams/bidirectional",
        request: r#"{"number":1,"message":"hi"}"#,
        flags: &["--messages 10 --in-flight 4"],
    },
    Load {
        fixture: "proto",
        idl: "multi.proto",
        method: "multi.v1.ServiceA/OnlyA",
        request: r#"{"message":"hi"}"#,
        flags: &[
            "--transport framed",
            "--transport ttheader-framed",
            "--transport ttheader-framed --in-flight 8",
            "--transport grpc",
            "--transport grpc --in-flight 8",
        ],
    },
];

impl Load {
    /// What became of it: how many calls were answered, and the failures.
    fn put(&self, command: &Path, address: &str, flags: &str) -> String {
        let mut command = Command::new(command);
        command
            .args(["bench", address, self.method, "-d", self.request])
            .args(["--idl", &format!("{IDLS}/{}", self.idl), "-I", IDLS])
            .args(["--calls", CALLS, "--connections", "4", "--json"])
            .args(["--timeout", "60s", "--connect-timeout", "60s"])
            .args(flags.split(' '))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = match time_limit::output(&mut command) {
            Ok(output) => output,
            Err(reason) => return reason,
        };
        match serde_json::from_slice::<Value>(&output.stdout) {
            Ok(outcome) => format!("{} answered, {}", outcome["answered"], outcome["failures"]),
            Err(_) => String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
