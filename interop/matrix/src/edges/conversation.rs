//! One connection to a server: bytes go out as a case says, and what comes back is written down.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use polyport::Transport;
use tokio::time::Instant;

use crate::edges::bytes::Message;
use crate::edges::case::Outcome;
use crate::edges::seen::Messages;

/// What a client does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    /// A pause that the case is about; it ends when the server says something.
    Pause(Duration),
    /// Sends no more, and still reads.
    Finish,
}

/// How to find out what becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Another call is made on it.
    Probe,
    /// It is watched for so long: a server that waits for more must not get it.
    Watch(Duration),
}

/// A server that has not said what it is to say is given this long from one byte to the next, and is
/// then asked something else: some wait for more. When it has more to say, it says so before the
/// answer to that.
const QUIET: Duration = Duration::from_secs(3);

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

const PROBE: i32 = 0x0badcafe;

/// Has a conversation; the last line is `kept`, `closed`, or `waits`. What is expected says only what
/// there is to wait for.
pub(crate) fn hold(
    address: &str,
    steps: &[Step],
    ending: Ending,
    expected: &Outcome,
) -> Vec<String> {
    match try_to_hold(address, steps, ending, expected) {
        Ok(lines) => lines,
        Err(error) => vec![format!("no connection: {error}")],
    }
}

fn try_to_hold(
    address: &str,
    steps: &[Step],
    ending: Ending,
    expected: &Outcome,
) -> std::io::Result<Vec<String>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    for step in steps {
        match step {
            // A server that has closed already is found out by reading.
            Step::Send(bytes) => drop(stream.write_all(bytes)),
            Step::Pause(time) => pause(&stream, *time)?,
            Step::Finish => stream.shutdown(Shutdown::Write)?,
        }
    }
    let mut watching = Watching {
        stream,
        messages: Messages::default(),
        lines: Vec::new(),
        awaited: &expected.0,
        until: Instant::now() + PATIENCE,
    };
    let end = match ending {
        Ending::Probe => watching.watch(QUIET, true)?,
        Ending::Watch(time) => watching.watch(time, false)?,
    };
    watching.lines.extend(watching.messages.rest());
    watching.lines.push(end.to_owned());
    Ok(watching.lines)
}

/// Waits for so long, or until there is something to read, which is left where it is.
fn pause(stream: &TcpStream, time: Duration) -> std::io::Result<()> {
    stream.set_read_timeout(Some(time))?;
    // What became of the connection is found out later.
    let _ = stream.peek(&mut [0]);
    Ok(())
}

struct Watching<'a> {
    stream: TcpStream,
    messages: Messages,
    lines: Vec<String>,
    /// The lines that are to come, the end being the last of them.
    awaited: &'a [String],
    until: Instant,
}

impl Watching<'_> {
    /// Reads until it is clear what becomes of the connection: it is silent for so long, unless
    /// something else ends it before.
    fn watch(&mut self, quiet: Duration, mut to_be_probed: bool) -> std::io::Result<&'static str> {
        self.stream.set_read_timeout(Some(quiet))?;
        let mut buffer = vec![0; 64 * 1024];
        while Instant::now() < self.until {
            if to_be_probed && self.is_to_be_kept() {
                to_be_probed = false;
                self.probe();
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok("closed"),
                Ok(count) => self.messages.push(&buffer[..count]),
                Err(error) if is_timeout(error.kind()) => {
                    if to_be_probed {
                        to_be_probed = false;
                        self.probe();
                    } else if self.is_to_wait() {
                        return Ok("waits");
                    }
                }
                Err(_) => return Ok("closed"),
            }
            while let Some(line) = self.messages.next() {
                let answers_probe = line.contains(&format!("#{PROBE} "));
                if !answers_probe || !line.starts_with("Framed ") {
                    self.lines.push(line);
                }
                if answers_probe {
                    return Ok("kept");
                }
            }
        }
        Ok("waits")
    }

    /// Whether everything has come behind which another call is to be answered.
    fn is_to_be_kept(&self) -> bool {
        match self.awaited {
            [lines @ .., end] => {
                end == "kept" && !lines.is_empty() && self.lines.len() >= lines.len()
            }
            [] => false,
        }
    }

    /// Whether everything has come behind which the server is to be silent.
    fn is_to_wait(&self) -> bool {
        let come = self.lines.len() + usize::from(self.messages.has_rest());
        match self.awaited {
            [lines @ .., end] => end == "waits" && come >= lines.len(),
            [] => true,
        }
    }

    /// Makes another call. That it cannot be sent is found out by reading.
    fn probe(&mut self) {
        let probe = Message::asking(Transport::Framed, "onlyA", "probe");
        let _ = self.stream.write_all(&probe.sequence(PROBE).bytes());
    }
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
