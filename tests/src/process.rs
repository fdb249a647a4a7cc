//! A server in a process of its own, whose memory and file descriptors are nobody else's.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use polyport::Server;
use tracing::Level;

/// The process, which ends with this value.
///
/// It is the running program once more, with the argument `serve`: its `main` must then await
/// [`serve`].
#[derive(Debug)]
pub struct Process {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    log: mpsc::Receiver<String>,
}

/// Serves, in the process that was started for it, until that is killed.
pub async fn serve(server: Server) {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(Level::INFO)
        .init();
    let listening = server.bind("127.0.0.1:0").await.unwrap();
    println!("{}", listening.address());
    listening.serve_until(std::future::pending()).await;
}

impl Process {
    /// Starts it.
    #[must_use]
    pub fn start() -> Self {
        Self::spawn(Command::new(std::env::current_exe().unwrap()).arg("serve"))
    }

    /// Starts it with so many file descriptors and no more.
    #[must_use]
    pub fn start_with_descriptors(most: usize) -> Self {
        let program = std::env::current_exe().unwrap();
        let script = format!("ulimit -n {most} && exec \"$0\" serve");
        Self::spawn(Command::new("sh").arg("-c").arg(script).arg(program))
    }

    fn spawn(command: &mut Command) -> Self {
        let pipes = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let errors = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().parse().unwrap();
        let (said, log) = mpsc::channel();
        thread::spawn(move || {
            errors
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| said.send(line))
        });
        Self {
            address,
            child,
            log,
        }
    }

    /// The lines of its log since the last time.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.log.try_iter().collect()
    }

    /// KiB of its memory that are in use.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.status("VmRSS:")
    }

    /// The most that has been, in KiB, since it was asked last.
    #[must_use]
    pub fn peak(&self) -> usize {
        let peak = self.status("VmHWM:");
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
        peak
    }

    fn status(&self, name: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.unwrap().split_whitespace().next();
        number.unwrap().parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
