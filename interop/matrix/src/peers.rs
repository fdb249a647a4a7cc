//! The programs that are run: servers that end with the test, calls that print lines of JSON.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::implementations::Implementation;
use crate::time_limit::{self, TimeLimit};

/// A program that has hung so often is not run again: the cells would outlast everybody's patience.
const HANGS: usize = 3;

/// Shorter than handlers sleep that are to be ended.
const SOON: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) implementation: Implementation,
    name: &'static str,
    /// What stands before its servers, if anything does.
    proxy: Option<PathBuf>,
    /// A program and its first arguments: some peers are scripts.
    program: Vec<PathBuf>,
    /// How many of its calls have hung.
    hung: AtomicUsize,
}

/// A server that ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: String,
    /// What its log says of handlers that ended before they answered.
    given_up: Receiver<String>,
    /// The server behind it, if it is a proxy.
    behind: Option<Box<Self>>,
}

impl Serving {
    pub(crate) fn new(mut child: Child, address: String) -> Self {
        let (told, given_up) = mpsc::channel();
        // Somebody must read what the server logs, or it would stop at a full pipe.
        if let Some(log) = child.stderr.take() {
            thread::spawn(move || {
                // Not every line is UTF-8.
                for line in BufReader::new(log).split(b'\n').map_while(Result::ok) {
                    if let Some(called) = line.strip_prefix(b"given up: ") {
                        let _ = told.send(String::from_utf8_lossy(called).into_owned());
                    }
                }
            });
        }
        Self {
            child,
            address,
            given_up,
            behind: None,
        }
    }

    /// Waits for a handler that ends before it has answered, and gives what it was called as.
    pub(crate) fn given_up(&self) -> String {
        if let Some(server) = &self.behind {
            return server.given_up();
        }
        self.given_up
            .recv_timeout(SOON)
            .unwrap_or_else(|_| format!("no handler ended within {SOON:?}"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a server that should not start ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) text: String,
}

impl Peer {
    pub(crate) fn new(implementation: Implementation, program: Vec<PathBuf>) -> Self {
        Self {
            implementation,
            name: implementation.name(),
            proxy: None,
            program,
            hung: AtomicUsize::new(0),
        }
    }

    /// The same program under another name, each of its servers behind a proxy.
    pub(crate) fn behind(&self, proxy: PathBuf, name: &'static str) -> Self {
        Self {
            name,
            proxy: Some(proxy),
            ..Self::new(self.implementation, self.program.clone())
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Starts a server that has no reason not to.
    pub(crate) fn must_serve(&self, fixture: &str, flags: &[&str]) -> Serving {
        self.serve(fixture, flags).unwrap_or_else(|ended| {
            panic!("{} does not serve {fixture}: {}", self.name(), ended.text)
        })
    }

    /// Starts a server of a fixture.
    pub(crate) fn serve(&self, fixture: &str, flags: &[&str]) -> Result<Serving, Ended> {
        let mut all = vec!["serve", "--addr", "127.0.0.1:0", "--fixture", fixture];
        all.extend(flags);
        self.start(&all)
    }

    /// Starts a server, which must say where it listens; with a proxy before it, if there is to be one.
    pub(crate) fn start(&self, args: &[&str]) -> Result<Serving, Ended> {
        let server = listening(&mut self.command(args))?;
        let Some(proxy) = &self.proxy else {
            return Ok(server);
        };
        let args = ["127.0.0.1:0", server.address.as_str()];
        let mut proxy = listening(piped(Command::new(proxy).args(args)))?;
        proxy.behind = Some(Box::new(server));
        Ok(proxy)
    }

    /// Makes calls and gives the lines that came of them.
    pub(crate) fn call(&self, address: &str, flags: &[&str]) -> Vec<Value> {
        if self.hung.load(Ordering::Relaxed) >= HANGS {
            return vec![Value::from("not called, its calls hang")];
        }
        let mut command = self.command(&["call", "--addr", address]);
        command.args(flags).env("RUST_LOG", "error");
        let output = match time_limit::output(&mut command) {
            Ok(output) => output,
            Err(reason) => {
                self.hung.fetch_add(1, Ordering::Relaxed);
                return vec![Value::from(reason)];
            }
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| Value::from(line)))
            .collect();
        if lines.is_empty() {
            vec![Value::from(String::from_utf8_lossy(&output.stderr))]
        } else {
            lines
        }
    }

    /// The program with these arguments, its output to be read.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]).args(args);
        piped(&mut command);
        command
    }
}

/// Reads what a program says, and tells it nothing.
fn piped(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
}

/// Starts a server, which must say where it listens.
fn listening(command: &mut Command) -> Result<Serving, Ended> {
    let mut child = command
        .env("RUST_LOG", "error")
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let limit = TimeLimit::of(&child);
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        let _ = BufReader::new(out).read_line(&mut line);
    }
    let kept = limit.kept();
    match line.trim().strip_prefix("listening on ") {
        Some(address) => {
            let address = address.to_owned();
            Ok(Serving::new(child, address))
        }
        None => {
            let mut text = String::new();
            if let Some(mut log) = child.stderr.take() {
                let _ = log.read_to_string(&mut text);
            }
            if let Err(reason) = kept {
                text = format!("listens {reason}: {text}");
            }
            let status = child.wait().ok().and_then(|status| status.code());
            Err(Ended { status, text })
        }
    }
}
