//! Apache Thrift's cross test: its client in Python calls Polyport, Polyport calls its servers.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::implementations::Implementation;
use crate::peers::{Peer, Serving};
use crate::ports::Reserved;
use crate::report::Report;
use crate::time_limit;

const TRANSPORTS: [&str; 2] = ["buffered", "framed"];
/// Python's and C's implementation of the binary protocol, and both of them multiplexed.
const CLIENT_PROTOCOLS: [&str; 4] = ["binary", "accel", "multi", "multia"];
const SERVERS: [&str; 4] = [
    "TSimpleServer",
    "TThreadedServer",
    "TThreadPoolServer",
    "TNonblockingServer",
];
/// So that a client with fewer cases is noticed.
const CLIENT_CASES: usize = 22;

/// Apache's programs in Python.
#[derive(Debug)]
pub(crate) struct Apache {
    pub(crate) python: PathBuf,
    /// The directory that `interop/thrifttest/fetch` made
    pub(crate) tests: PathBuf,
    /// What the Thrift compiler made of the IDL
    pub(crate) generated: PathBuf,
}

pub(crate) fn run(polyport: Vec<PathBuf>, apache: &Apache, report: &mut Report) {
    let polyport = Peer::new(Implementation::Polyport, polyport);
    let serving = polyport
        .start(&["serve"])
        .unwrap_or_else(|ended| panic!("ThriftTest is not served: {}", ended.text));
    for transport in TRANSPORTS {
        for protocol in CLIENT_PROTOCOLS {
            client(apache, &serving, transport, protocol, report);
        }
        for server in SERVERS {
            // It knows frames only.
            if server != "TNonblockingServer" || transport == "framed" {
                let column = format!("polyport -> ThriftTest {server} {transport}");
                called(&polyport, apache, server, transport, &column, report);
            }
        }
    }
}

/// Apache's client says at the end how many cases it ran and which of them failed.
fn client(
    apache: &Apache,
    serving: &Serving,
    transport: &str,
    protocol: &str,
    report: &mut Report,
) {
    let (_, port) = serving.address.rsplit_once(':').unwrap_or_default();
    let column = format!("ThriftTest -> polyport {transport} {protocol}");
    let mut command = apache.command("TestClient.py", transport, protocol, port);
    command
        .arg("--host=127.0.0.1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = match time_limit::output(&mut command) {
        Ok(output) => output,
        Err(reason) => return report.record(&column, "all cases", Err(reason)),
    };
    let text = String::from_utf8_lossy(&output.stderr);
    let failed: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("FAIL: ") || line.starts_with("ERROR: "))
        .collect();
    if !text.contains(&format!("Ran {CLIENT_CASES} tests")) {
        report.record(&column, "all cases", Err(text.into_owned()));
        return;
    }
    for case in &failed {
        report.record(&column, case, Err(text.clone().into_owned()));
    }
    for _ in failed.len()..CLIENT_CASES {
        report.record(&column, "passed", Ok(()));
    }
}

/// Polyport's client prints a line a case.
#[expect(clippy::too_many_arguments, reason = "a row of a table")]
fn called(
    polyport: &Peer,
    apache: &Apache,
    server: &str,
    transport: &str,
    column: &str,
    report: &mut Report,
) {
    let serving = apache.serve(server, transport);
    let lines = polyport.call(&serving.address, &["--transport", transport]);
    for line in &lines {
        let line = line.as_str().unwrap_or_default();
        match line.strip_prefix("ok ") {
            Some(case) => report.record(column, case, Ok(())),
            None => report.record(column, "", Err(line.to_owned())),
        }
    }
}

impl Apache {
    fn command(&self, program: &str, transport: &str, protocol: &str, port: &str) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(self.tests.join("py").join(program))
            .arg("--genpydir")
            .arg(&self.generated)
            .args(["--transport", transport, "--protocol", protocol])
            .args(["--port", port])
            .stdin(Stdio::null());
        command
    }

    /// It wants to be told its port, and does not say when it listens.
    fn serve(&self, server: &str, transport: &str) -> Serving {
        let reserved = Reserved::new();
        let child = self
            .command("TestServer.py", transport, "binary", reserved.port())
            .arg(server)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("TestServer.py cannot be run: {error}"));
        Serving::when_it_listens(server, child, reserved)
    }
}
