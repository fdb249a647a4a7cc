//! The programs that are run: servers that end with the test, calls that print lines of JSON.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::heard::Speaker;
use crate::implementations::Implementation;
use crate::ports::{Reserved, listens};
use crate::time_limit::{self, SOON, TimeLimit};

/// A program that has hung so often is not run again: the cells would outlast everybody's patience.
const HANGS: usize = 3;

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
    /// What its log says of handlers that sleep.
    told: Receiver<Told>,
    /// The server behind it, if it is a proxy.
    behind: Option<Box<Self>>,
    /// Its port, if it was told one.
    reserved: Option<Reserved>,
}

/// What a handler says that sleeps, and what it is to say when it wakes up.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Asleep {
        dream: String,
    },
    /// It ended before it woke up.
    GivenUp {
        called: String,
        dream: String,
    },
}

impl Told {
    /// `asleep: SERVICE/METHOD DREAM`, or the same with `given up`.
    fn in_line(line: &str) -> Option<Self> {
        let (what, rest) = line.split_once(": ")?;
        let (called, dream) = rest.split_once(' ')?;
        let (called, dream) = (called.to_owned(), dream.to_owned());
        match what {
            "asleep" => Some(Self::Asleep { dream }),
            "given up" => Some(Self::GivenUp { called, dream }),
            _ => None,
        }
    }
}

/// What became of handlers that were to be given up.
#[derive(Debug, Default)]
pub(crate) struct Sleepers {
    /// How many began.
    pub(crate) asleep: usize,
    /// What those were called as that ended before they woke up.
    pub(crate) given_up: Vec<String>,
}

impl Serving {
    fn new(name: &str, mut child: Child, address: String) -> Self {
        let (tell, told) = mpsc::channel();
        let speaker = Speaker::new(format!("{name} {address}"));
        // Somebody must read what the server logs, or it would stop at a full pipe.
        if let Some(log) = child.stderr.take() {
            thread::spawn(move || {
                for line in BufReader::new(log).split(b'\n').map_while(Result::ok) {
                    let line = String::from_utf8_lossy(&line);
                    speaker.says(&line);
                    if let Some(told) = Told::in_line(&line) {
                        let _ = tell.send(told);
                    }
                }
            });
        }
        Self {
            child,
            address,
            told,
            behind: None,
            reserved: None,
        }
    }

    /// A server that was told its port, and does not say when it listens there.
    ///
    /// # Panics
    ///
    /// Panics if it does not.
    pub(crate) fn when_it_listens(name: &str, child: Child, reserved: Reserved) -> Self {
        let mut serving = Self::new(name, child, reserved.address.clone());
        if let Err(reason) = listens(&mut serving.child, &reserved) {
            panic!("{name} was told its port: {reason}");
        }
        serving.reserved = Some(reserved);
        serving
    }

    /// Whether the server is behind a proxy.
    pub(crate) fn is_proxied(&self) -> bool {
        self.behind.is_some()
    }

    /// Waits until a handler has fallen asleep that has this dream, of which there is no other.
    pub(crate) fn wait_for_sleeper(&self, dream: &str) -> bool {
        let until = Instant::now() + SOON;
        let asleep = Told::Asleep {
            dream: dream.to_owned(),
        };
        std::iter::from_fn(|| self.told_before(until)).any(|told| told == asleep)
    }

    /// Waits until so many handlers with this dream have ended before they woke up, but not for longer
    /// than that.
    pub(crate) fn sleepers(&self, dream: &str, count: usize, most: Duration) -> Sleepers {
        if let Some(server) = &self.behind {
            return server.sleepers(dream, count, most);
        }
        let until = Instant::now() + most;
        let mut sleepers = Sleepers::default();
        while sleepers.given_up.len() < count {
            match self.told_before(until) {
                Some(Told::Asleep { dream: of }) if of == dream => sleepers.asleep += 1,
                Some(Told::GivenUp { called, dream: of }) if of == dream => {
                    sleepers.given_up.push(called);
                }
                // Of a call before.
                Some(_) => {}
                None => break,
            }
        }
        sleepers
    }

    fn told_before(&self, until: Instant) -> Option<Told> {
        let left = until.saturating_duration_since(Instant::now());
        self.told.recv_timeout(left).ok()
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
        self.ask("call", address, flags)
    }

    /// Runs another command of the program, and gives its lines.
    pub(crate) fn ask(&self, command: &str, address: &str, flags: &[&str]) -> Vec<Value> {
        if self.hung.load(Ordering::Relaxed) >= HANGS {
            return vec![Value::from("not called, its calls hang")];
        }
        let mut command = self.command(&[command, "--addr", address]);
        command.args(flags).env("RUST_LOG", "error");
        let output = match time_limit::output(&mut command) {
            Ok(output) => output,
            Err(reason) => {
                self.hung.fetch_add(1, Ordering::Relaxed);
                return vec![Value::from(reason)];
            }
        };
        let complaints = String::from_utf8_lossy(&output.stderr);
        let caller = Speaker::new(format!("{} as the client", self.name));
        complaints.lines().for_each(|line| caller.says(line));
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| Value::from(line)))
            .collect();
        if lines.is_empty() {
            vec![Value::from(complaints)]
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
    let program = Path::new(command.get_program()).file_name();
    let name = program.unwrap_or_default().to_string_lossy().into_owned();
    let mut child = command
        .env("RUST_LOG", "warn")
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
            Ok(Serving::new(&name, child, address))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleepers_are_told_apart_by_their_dreams() {
        let dream = "late 1".to_owned();
        let called = "ServiceA/onlyA".to_owned();
        let told = Told::in_line("given up: ServiceA/onlyA late 1");
        assert_eq!(told, Some(Told::GivenUp { called, dream }));
        assert_eq!(Told::in_line("2026-11-21 WARN: one two three"), None);
    }
}
