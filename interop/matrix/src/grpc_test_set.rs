//! gRPC's own interoperability test: our client and grpc-go's server, and the other way around.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::implementations::Implementation;
use crate::peers::{Peer, Serving};
use crate::ports::Reserved;
use crate::report::Report;
use crate::time_limit;

/// The cases of grpc-go's client that need no credentials and no compression.
const CASES: [&str; 14] = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
];

/// The programs of grpc-go.
#[derive(Debug)]
pub(crate) struct GrpcGo {
    pub(crate) client: PathBuf,
    pub(crate) server: PathBuf,
}

/// `ours` is the program of interop/grpc.
pub(crate) fn run(ours: Vec<PathBuf>, theirs: &GrpcGo, report: &mut Report) {
    let ours = Peer::new(Implementation::Polyport, ours);
    let serving = ours
        .start(&["serve"])
        .unwrap_or_else(|ended| panic!("gRPC's test is not served: {}", ended.text));
    for case in CASES {
        let outcome = theirs.call(&serving.address, case);
        report.record("grpc-go test -> polyport", case, outcome);
    }
    called(&ours, &serving, "polyport -> polyport grpc test", report);
    called(&ours, &theirs.serve(), "polyport -> grpc-go test", report);
}

/// Our client prints a line a case.
fn called(ours: &Peer, serving: &Serving, column: &str, report: &mut Report) {
    let lines = ours.call(&serving.address, &[]);
    for case in CASES {
        let passed = lines.iter().any(|line| *line == format!("ok {case}"));
        let outcome = if passed {
            Ok(())
        } else {
            Err(format!("{lines:?}"))
        };
        report.record(column, case, outcome);
    }
}

impl GrpcGo {
    fn call(&self, address: &str, case: &str) -> Result<(), String> {
        let (host, port) = address.rsplit_once(':').unwrap_or_default();
        let mut command = Command::new(&self.client);
        command
            .args(["-server_host", host, "-server_port", port])
            .args(["-test_case", case])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = time_limit::output(&mut command)?;
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// It wants to be told its port, and does not say when it listens.
    fn serve(&self) -> Serving {
        let reserved = Reserved::new();
        let child = Command::new(&self.server)
            .args(["-port", reserved.port()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be run: {error}", self.server.display()));
        Serving::when_it_listens("grpc-go test", child, reserved)
    }
}
