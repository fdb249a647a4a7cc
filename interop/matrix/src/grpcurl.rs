//! grpcurl, which has no IDL: what it learns by reflection, and calls that it makes with that.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Deserializer, Value};

use crate::peers::Peer;
use crate::report::Report;
use crate::time_limit;

const COLUMN: &str = "grpcurl -> polyport reflection";

pub(crate) fn run(grpcurl: &Path, polyport: &Peer, report: &mut Report) {
    // Thrift's services are beside those that can be described.
    let serving = polyport.must_serve("all", &["--built-in"]);
    let asks = |flags: &[&str], of: &[&str]| said(grpcurl, flags, &serving.address, of);
    for (of, expected) in DESCRIBED {
        let seen = asks(&[], of);
        report.compare(COLUMN, &of.join(" "), &(*expected).to_owned(), &seen);
    }
    for (flags, method, message, expected) in CALLED {
        let mut all = vec!["-d", message];
        all.extend(*flags);
        let seen = asks(&all, &[method]);
        let cell = format!("{method} {message} {}", flags.join(" "));
        report.compare(COLUMN, &cell, &(*expected).to_owned(), &seen);
    }
}

/// What it prints: messages a line each, then what it complains about.
fn said(grpcurl: &Path, flags: &[&str], address: &str, of: &[&str]) -> String {
    let mut command = Command::new(grpcurl);
    command
        .args(["-plaintext", "-connect-timeout", "60"])
        .args(flags)
        .arg(address)
        .args(of)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = match time_limit::output(&mut command) {
        Ok(output) => output,
        Err(reason) => return reason,
    };
    let [printed, complaint] = [&output.stdout, &output.stderr].map(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.trim().to_owned()
    });
    let messages: Result<Vec<Value>, _> = Deserializer::from_str(&printed).into_iter().collect();
    let mut lines: Vec<String> = match messages {
        Ok(messages) => messages.iter().map(Value::to_string).collect(),
        Err(_) => vec![printed],
    };
    if !complaint.is_empty() {
        lines.push(complaint);
    }
    lines.join("\n")
}

/// Commands, and what is printed.
const DESCRIBED: &[(&[&str], &str)] = &[
    (
        &["list"],
        "grpc.health.v1.Health\ngrpc.reflection.v1.ServerReflection\n\
         grpc.reflection.v1alpha.ServerReflection\nmulti.v1.ServiceA\nmulti.v1.ServiceB\n\
         multi.v1.Streams",
    ),
    (
        &["list", "multi.v1.Streams"],
        "multi.v1.Streams.Bidirectional\nmulti.v1.Streams.Client\nmulti.v1.Streams.Server\n\
         multi.v1.Streams.Unary",
    ),
    (
        &["list", "grpc.health.v1.Health"],
        "grpc.health.v1.Health.Check\ngrpc.health.v1.Health.Watch",
    ),
    (
        &["list", "ServiceD"],
        "Failed to list methods for service \"ServiceD\": Symbol not found: ServiceD",
    ),
    (
        &["describe", "multi.v1.Streams"],
        "multi.v1.Streams is a service:\nservice Streams {\n  \
         rpc Bidirectional ( stream .multi.v1.Item ) returns ( stream .multi.v1.Item );\n  \
         rpc Client ( stream .multi.v1.Item ) returns ( .multi.v1.Item );\n  \
         rpc Server ( .multi.v1.Item ) returns ( stream .multi.v1.Item );\n  \
         rpc Unary ( .multi.v1.Item ) returns ( .multi.v1.Item );\n}",
    ),
    (
        &["describe", "multi.v1.Item"],
        "multi.v1.Item is a message:\nmessage Item {\n  int32 number = 1;\n  string message = 2;\n}",
    ),
    (
        &["describe", "multi.v1.ServiceA.OnlyA"],
        "multi.v1.ServiceA.OnlyA is a method:\n\
         rpc OnlyA ( .multi.v1.Request ) returns ( .multi.v1.Response );",
    ),
    (
        &["describe", "multi.v1.Nope"],
        "Failed to resolve symbol \"multi.v1.Nope\": Symbol not found: multi.v1.Nope",
    ),
];

/// Flags, a method, its messages, and what is printed.
const CALLED: &[(&[&str], &str, &str, &str)] = &[
    (
        &[],
        "multi.v1.ServiceA/OnlyA",
        r#"{"message":"hi"}"#,
        r#"{"message":"ServiceA/OnlyA: hi"}"#,
    ),
    (
        &["-rpc-header", "x-key: value"],
        "multi.v1.ServiceB/OnlyB",
        r#"{"message":"meta:x-key"}"#,
        r#"{"message":"value"}"#,
    ),
    (
        &[],
        "multi.v1.ServiceA/OnlyA",
        r#"{"message":"typed:7:no"}"#,
        "ERROR:\n  Code: PermissionDenied\n  Message: no [biz error]",
    ),
    (
        &["-max-time", "10"],
        "multi.v1.ServiceA/OnlyA",
        r#"{"message":"sleep:3600000:late"}"#,
        "ERROR:\n  Code: DeadlineExceeded\n  Message: context deadline exceeded",
    ),
    (
        &[],
        "multi.v1.Streams/Server",
        r#"{"number":3,"message":"hi"}"#,
        "{\"message\":\"echo hi\"}\n{\"message\":\"echo hi\",\"number\":1}\n\
         {\"message\":\"echo hi\",\"number\":2}",
    ),
    (
        &[],
        "multi.v1.Streams/Client",
        r#"{"message":"a"} {"message":"b"}"#,
        r#"{"message":"a,b","number":2}"#,
    ),
    (
        &[],
        "multi.v1.Streams/Bidirectional",
        r#"{"number":1,"message":"a"} {"number":2,"message":"b"}"#,
        "{\"message\":\"echo a\",\"number\":1}\n{\"message\":\"echo b\",\"number\":2}",
    ),
    (
        &[],
        "multi.v1.Streams/Bidirectional",
        r#"{"number":1,"message":"a"} {"message":"typed:5:gone"}"#,
        "{\"message\":\"echo a\",\"number\":1}\n\
         ERROR:\n  Code: NotFound\n  Message: gone [biz error]",
    ),
    (
        &[],
        "grpc.health.v1.Health/Check",
        "{}",
        r#"{"status":"SERVING"}"#,
    ),
    (
        &[],
        "grpc.health.v1.Health/Check",
        r#"{"service":"multi.v1.Streams"}"#,
        r#"{"status":"SERVING"}"#,
    ),
    (
        &[],
        "grpc.health.v1.Health/Check",
        r#"{"service":"multi.v1.Nope"}"#,
        "ERROR:\n  Code: NotFound\n  Message: unknown service",
    ),
    (
        &["-max-time", "10"],
        "grpc.health.v1.Health/Watch",
        r#"{"service":"multi.v1.ServiceA"}"#,
        "{\"status\":\"SERVING\"}\n\
         ERROR:\n  Code: DeadlineExceeded\n  Message: context deadline exceeded",
    ),
];
