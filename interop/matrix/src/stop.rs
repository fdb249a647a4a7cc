//! Our server's graceful stop while another implementation's client calls it from many sides.

use std::fmt::Display;
use std::future::IntoFuture;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::time::Duration;

use polyport::Client;
use polyport::client::Connections;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::deadlines::sleep;
use crate::peers::Peer;
use crate::ports::Reserved;
use crate::report::Report;
use crate::time_limit::{LIMIT, SOON, TimeLimit};

/// What the generator makes of multi.thrift.
mod idl {
    polyport::include_idl!("multi");
}

/// How many goroutines call, each until it finds that nobody listens.
const CALLERS: u64 = 32;

/// The server's milliseconds for calls that end by themselves, of which one kind of clients takes half, and
/// for a request that may be on its way: many, for a busy machine.
const PATIENT: [&str; 4] = ["--drain", "20000", "--quiet", "5000"];

/// The time that a server has which was not told another one.
const DRAIN: Duration = Duration::from_secs(5);

pub(crate) fn run(client: &Peer, server: &Peer, report: &mut Report) {
    let column = format!("{} -> {} stop", client.name(), server.name());
    for mode in ["long", "short", "mux"] {
        let outcome = under_load(client, server, "multi", mode);
        report.record(&column, &format!("{mode} connections"), outcome);
    }
    report.record(&column, "deadline", deadline(server));
}

/// The same over HTTP/2, whose clients are told in time, all on one connection.
pub(crate) fn run_grpc(client: &Peer, server: &Peer, report: &mut Report) {
    let column = format!("{} -> {} stop", client.name(), server.name());
    for mode in ["unary", "streams"] {
        let outcome = under_load(client, server, "proto", mode);
        report.record(&column, mode, outcome);
    }
}

/// Each call gets its own answer, or finds that nobody listens.
fn under_load(client: &Peer, server: &Peer, fixture: &str, mode: &str) -> Result<(), String> {
    let mut server = Stopping::start(server, fixture, &PATIENT)?;
    let callers = CALLERS.to_string();
    let flags = ["load", "--addr", &server.address, "--mode", mode];
    let load = client.command(&flags).args(["--callers", &callers]).spawn();
    let mut load = Running(load.map_err(text)?);
    let limit = TimeLimit::of(&load.0);
    let mut lines = BufReader::new(load.0.stdout.take().ok_or("no output")?).lines();
    if let Some(mut log) = load.0.stderr.take() {
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    }
    let mut line = || {
        lines
            .next()
            .ok_or("the load has ended or hung")?
            .map_err(text)
    };
    let loaded = line()?;
    if loaded != "loaded" {
        return Err(loaded);
    }
    let log = server.stopped()?;
    let summary: Value = serde_json::from_str(&line()?).map_err(text)?;
    load.0.wait().map_err(text)?;
    limit.kept()?;
    let all_refused = summary["refused"] == CALLERS;
    let others = summary["failed"].as_object().ok_or("no summary")?;
    let says_nothing = log.lines().all(|line| line.starts_with("asleep: "));
    if all_refused && others.keys().all(|error| is_of(error, mode)) && says_nothing {
        Ok(())
    } else {
        Err(format!("{summary}, and the server said {log:?}"))
    }
}

/// Kitex's multiplexing client does not look for the notice in replies, and the frame by which
/// Kitex's multiplexing server gives it makes that client panic (0.16.3). So it calls on until the
/// connection is closed, also against Kitex's own server.
fn is_of(error: &str, mode: &str) -> bool {
    mode == "mux" && error == "remote or network error: conn closed"
}

/// A call that takes too long is cut at the limit, and the log says so.
fn deadline(server: &Peer) -> Result<(), String> {
    let mut server = Stopping::start(server, "multi", &[])?;
    let runtime = Runtime::new().map_err(text)?;
    let started = Instant::now();
    let (log, status) = runtime.block_on(async {
        let connections = Connections::Multiplexed { connections: 1 };
        let client = Client::options(&server.address).connections(connections);
        let client = client.connect_timeout(LIMIT);
        let client = idl::multi::ServiceAClient::new(client.connect().await.map_err(text)?);
        let call = |message: &str| {
            let message = message.to_owned();
            client.only_a(idl::multi::Request { message })
        };
        let mut slow = call(&sleep("late")).into_future();
        // Requests of one connection are read in order, so that the slow one is being served when
        // the other one is answered.
        tokio::select! {
            biased;
            answer = &mut slow => return Err(format!("{answer:?} at once")),
            answer = call("fast").into_future() => answer.map_err(text)?,
        };
        let stopped = tokio::task::spawn_blocking(move || server.stopped());
        let status = slow.await;
        Ok((stopped.await.map_err(text)??, status))
    })?;
    let took = started.elapsed();
    match status {
        Err(status) if status.is_transport() && log.contains("cut=1") && took >= DRAIN => Ok(()),
        other => Err(format!(
            "{other:?} after {took:?}, and the server said {log:?}"
        )),
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}

/// A program that ends when this is dropped, at the latest.
#[derive(Debug)]
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server whose warnings are kept.
#[derive(Debug)]
struct Stopping {
    program: Running,
    address: String,
    /// So that callers who call on find nobody when it has stopped, as long as this value is there.
    _reserved: Reserved,
    limit: Option<TimeLimit>,
}

impl Stopping {
    fn start(server: &Peer, fixture: &str, flags: &[&str]) -> Result<Self, String> {
        let reserved = Reserved::new();
        let child = server
            .command(&["serve", "--addr", &reserved.address, "--fixture", fixture])
            .args(flags)
            .env("RUST_LOG", "warn")
            .spawn();
        let mut program = Running(child.map_err(text)?);
        let limit = TimeLimit::of(&program.0);
        let mut line = String::new();
        let out = program.0.stdout.take().ok_or("no output")?;
        BufReader::new(out).read_line(&mut line).map_err(text)?;
        let address = line.trim().strip_prefix("listening on ");
        let address = address
            .ok_or_else(|| format!("no server: {line}"))?
            .to_owned();
        Ok(Self {
            program,
            address,
            _reserved: reserved,
            limit: Some(limit),
        })
    }

    /// Asks the server to stop and waits until it has; gives its warnings. Its port stays reserved.
    fn stopped(&mut self) -> Result<String, String> {
        let started = Instant::now();
        let process = self.program.0.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &process]).status();
        asked.map_err(text)?;
        let mut log = String::new();
        let errors = self.program.0.stderr.as_mut().ok_or("no log")?;
        errors.read_to_string(&mut log).map_err(text)?;
        let status = self.program.0.wait().map_err(text)?;
        if let Some(limit) = self.limit.take() {
            limit.kept()?;
        }
        let took = started.elapsed();
        if !status.success() || took > SOON {
            return Err(format!(
                "the server ended with {status} after {took:?}: {log}"
            ));
        }
        Ok(log)
    }
}
