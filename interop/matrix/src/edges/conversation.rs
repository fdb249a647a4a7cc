//! One connection to a server: bytes go out as a case says, and what comes back is written down.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use polyport::Transport;
use tokio::time::Instant;

use crate::edges::bytes::Message;
use crate::edges::seen::Messages;

/// What a client does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    /// A pause that the case is about.
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

/// After this long without a byte the server is taken to have said everything, and is asked
/// something else. When it has more to say, it says so before the answer to that.
const QUIET: Duration = Duration::from_millis(400);

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

const PROBE: i32 = 0x0badcafe;

/// Has a conversation; the last line is `kept`, `closed`, or `waits`.
pub(crate) fn hold(address: &str, steps: &[Step], ending: Ending) -> Vec<String> {
    match try_to_hold(address, steps, ending) {
        Ok(lines) => lines,
        Err(error) => vec![format!("no connection: {error}")],
    }
}

fn try_to_hold(address: &str, steps: &[Step], ending: Ending) -> std::io::Result<Vec<String>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    for step in steps {
        match step {
            // A server that has closed already is found out by reading.
            Step::Send(bytes) => drop(stream.write_all(bytes)),
            Step::Pause(time) => pause(*time),
            Step::Finish => stream.shutdown(Shutdown::Write)?,
        }
    }
    let mut watching = Watching {
        stream,
        messages: Messages::default(),
        lines: Vec::new(),
        until: Instant::now()
            + match ending {
                Ending::Probe => PATIENCE,
                Ending::Watch(time) => time,
            },
    };
    let end = watching.watch(ending == Ending::Probe)?;
    watching.lines.extend(watching.messages.rest());
    watching.lines.push(end.to_owned());
    Ok(watching.lines)
}

#[expect(clippy::disallowed_methods, reason = "the case is about this pause")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

struct Watching {
    stream: TcpStream,
    messages: Messages,
    lines: Vec<String>,
    until: Instant,
}

impl Watching {
    /// Reads until it is clear what becomes of the connection.
    fn watch(&mut self, mut to_be_probed: bool) -> std::io::Result<&'static str> {
        self.stream.set_read_timeout(Some(QUIET))?;
        let mut buffer = vec![0; 64 * 1024];
        while Instant::now() < self.until {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok("closed"),
                Ok(count) => self.messages.push(&buffer[..count]),
                Err(error) if is_timeout(error.kind()) => {
                    if to_be_probed {
                        to_be_probed = false;
                        let _ = self.stream.write_all(&probe());
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
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn probe() -> Vec<u8> {
    let probe = Message::asking(Transport::Framed, "onlyA", "probe");
    probe.sequence(PROBE).bytes()
}
