//! The `polyport` command, which has no IDL: what it learns by reflection of grpc-go's and of our own.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::peers::Peer;
use crate::report::Report;
use crate::time_limit;

/// What grpc-go tells.
pub(crate) fn run(command: &Path, grpc_go: &Peer, report: &mut Report) {
    let serving = grpc_go.must_serve("proto", &[]);
    for (name, expected) in DESCRIBED {
        check(
            command,
            &["describe", &serving.address, name],
            grpc_go,
            expected,
            report,
        );
    }
    check(
        command,
        &["list", &serving.address],
        grpc_go,
        LISTED,
        report,
    );
}

/// What ours tells over Thrift is the same, and more.
pub(crate) fn run_ours(command: &Path, polyport: &Peer, report: &mut Report) {
    let serving = polyport.must_serve("all", &["--built-in"]);
    for (name, expected) in DESCRIBED.iter().chain(TOLD_OVER_THRIFT) {
        check(
            command,
            &["describe", &serving.address, name],
            polyport,
            expected,
            report,
        );
    }
}

/// Kitex has no reflection: it is to say so, and no service of its own is to be reached by guessing.
pub(crate) fn run_without(command: &Path, kitex: &Peer, report: &mut Report) {
    let serving = kitex.must_serve("multi", &[]);
    let expected = format!(
        "error: {} does not describe its services: over Thrift it says `unknown service \
         ThriftReflection, method reflectServices`",
        serving.address
    );
    let seen = said(command, &["list", &serving.address]);
    let seen = seen
        .split(", and by gRPC")
        .next()
        .unwrap_or_default()
        .to_owned();
    report.compare(&column(kitex), "list", &expected, &seen);
}

fn column(of: &Peer) -> String {
    format!("polyport list, describe -> {}", of.name())
}

fn check(command: &Path, args: &[&str], of: &Peer, expected: &str, report: &mut Report) {
    let cell = format!("{} {}", args[0], args.get(2).unwrap_or(&""));
    report.compare(
        &column(of),
        &cell,
        &expected.to_owned(),
        &said(command, args),
    );
}

/// What it prints, or else what it complains about; comments say which file it is.
fn said(command: &Path, args: &[&str]) -> String {
    let mut command = Command::new(command);
    command
        .args(args)
        .args(["--timeout", "60s", "--connect-timeout", "60s"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = match time_limit::output(&mut command) {
        Ok(output) => output,
        Err(reason) => return reason,
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let lines = printed.lines().chain(complaint.lines());
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("//")).collect();
    lines.join("\n")
}

const LISTED: &str = "\
grpc.reflection.v1.ServerReflection  Protobuf
multi.v1.ServiceA  Protobuf
  SameNamedMethod
  OnlyA
multi.v1.ServiceB  Protobuf
  SameNamedMethod
  OnlyB
multi.v1.Streams  Protobuf
  Bidirectional  bidirectional
  Client         client-stream
  Server         server-stream
  Unary";

/// What is described, and how.
const DESCRIBED: &[(&str, &str)] = &[
    (
        "multi.v1.Streams",
        "syntax = \"proto3\";\n\npackage multi.v1;\n\n\
         message Item {\n  int32 number = 1;\n  string message = 2;\n}\n\n\
         service Streams {\n  rpc Bidirectional(stream Item) returns (stream Item);\n  \
         rpc Client(stream Item) returns (Item);\n  \
         rpc Server(Item) returns (stream Item);\n  rpc Unary(Item) returns (Item);\n}",
    ),
    (
        ".multi.v1.Request",
        "syntax = \"proto3\";\n\npackage multi.v1;\n\n\
         message Request {\n  string message = 1;\n}",
    ),
];

const TOLD_OVER_THRIFT: &[(&str, &str)] = &[(
    "multi.ServiceD/onlyD",
    "namespace * multi\n\n\
     struct Request {\n  1: string message\n}\n\n\
     struct Response {\n  1: string message\n}\n\n\
     service ServiceD {\n  Response onlyD(1: Request req)\n}",
)];
