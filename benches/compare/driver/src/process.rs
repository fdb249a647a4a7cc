//! Processes under test: started on a core, watched through `/proc`, ended when dropped.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Ticks a second in `/proc/PID/stat`: the kernel's interface has had this number on every
/// architecture for which there is a Rust standard library.
const TICKS: u64 = 100;

/// A running process that talks by lines.
pub(crate) struct Process {
    child: Child,
    lines: BufReader<ChildStdout>,
    input: Option<ChildStdin>,
    name: String,
}

impl Process {
    /// Starts `command`, bound to `core`.
    pub(crate) fn start(command: &[String], core: usize) -> Result<Self> {
        let name = command.join(" ");
        let mut child = Command::new("taskset")
            .args(["-c", &core.to_string()])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start taskset {name}"))?;
        let lines = child.stdout.take().map(BufReader::new);
        let input = child.stdin.take();
        let (Some(lines), Some(input)) = (lines, input) else {
            bail!("{name} has no standard input and output");
        };
        Ok(Self {
            child,
            lines,
            input: Some(input),
            name,
        })
    }

    /// The next line on the process's standard output.
    pub(crate) fn read_line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            bail!("{} ended", self.name);
        }
        Ok(line.trim_end().to_owned())
    }

    /// Writes a line to the process's standard input.
    pub(crate) fn write_line(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("the input is closed")?;
        writeln!(input, "{line}")?;
        Ok(())
    }

    /// Closes the process's standard input, upon which it should end, and waits until it does.
    pub(crate) fn finish(mut self) -> Result<()> {
        drop(self.input.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "{} ended with {status}", self.name);
        Ok(())
    }

    /// The address that a server says it listens on.
    pub(crate) fn address(&mut self) -> Result<SocketAddr> {
        let line = self.read_line()?;
        line.strip_prefix("listening on ")
            .and_then(|address| address.parse().ok())
            .with_context(|| format!("{} said {line:?} instead of an address", self.name))
    }

    /// The CPU time that all threads of the process have used, in user and kernel mode.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = fs::read_to_string(path)?;
        // The second field is the name in brackets, which may hold anything; utime and stime are
        // the fields 14 and 15.
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>())
            .sum::<Result<_, _>>()?;
        Ok(Duration::from_millis(ticks * 1000 / TICKS))
    }

    /// The most memory that the process has had so far, in KiB.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.context("no VmHWM in status")?.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which read_line reports.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a program can be started by this path or name.
pub(crate) fn exists(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).exists();
    }
    let directories = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&directories).any(|directory| directory.join(program).exists())
}
