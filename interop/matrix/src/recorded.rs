//! Conversations that Kitex's client and server had once: every request is sent again as it was, and
//! what is answered is compared with what was.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::edges::seen::Messages;
use crate::implementations::Implementation;
use crate::peers::Peer;
use crate::report::Report;

/// Fixtures and their conversations.
const RECORDINGS: [(&str, &str); 2] = [
    (
        "multi",
        include_str!("../../../crates/polyport-wire/tests/vectors/multi.txt"),
    ),
    (
        "proto",
        include_str!("../../../crates/polyport-wire/tests/vectors/proto.txt"),
    ),
];

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(server: &Peer, report: &mut Report) {
    let column = format!("recorded kitex -> {}", server.name());
    for (fixture, recording) in RECORDINGS {
        let serving = server.must_serve(fixture, &[]);
        for turns in conversations(recording) {
            let answers = converse(&serving.address, &turns);
            for answer in answers {
                if !differs(server, answer.call) {
                    let (expected, seen) = (&answer.recorded, &answer.seen);
                    report.compare(&column, answer.call, expected, seen);
                }
            }
        }
    }
}

/// A business status without a TTHeader: Kitex loses it, Polyport makes an exception of it.
fn differs(server: &Peer, call: &str) -> bool {
    let has_header = !call.starts_with("buffered") && !call.starts_with("framed");
    server.implementation == Implementation::Polyport && !has_header && call.contains("biz:")
}

/// What one side sent at once.
struct Turn<'a> {
    /// What the client did.
    call: &'a str,
    of_client: bool,
    bytes: Vec<u8>,
}

/// What was answered to a call, in words.
struct Answer<'a> {
    call: &'a str,
    recorded: String,
    seen: String,
}

/// The turns on each connection, but for those of HTTP/2, in which no message stands alone, and of
/// TTHeader Streaming, which is not served.
fn conversations(recording: &str) -> Vec<Vec<Turn<'_>>> {
    let mut connections: BTreeMap<&str, Vec<Turn<'_>>> = BTreeMap::new();
    let mut call = "";
    for line in recording.lines().filter(|line| !line.starts_with('#')) {
        if let Some(title) = line.strip_prefix("== ") {
            if !title.starts_with("client saw") {
                call = title;
            }
            continue;
        }
        let is_left_out = call.starts_with("grpc") || call.starts_with("ttstream");
        let Some((direction, hex)) = line.split_once(' ') else {
            continue;
        };
        if is_left_out || hex == "FIN" {
            continue;
        }
        let connection = direction.trim_end_matches(['<', '>']);
        connections.entry(connection).or_default().push(Turn {
            call,
            of_client: direction.ends_with('>'),
            bytes: unhex(hex),
        });
    }
    connections.into_values().collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let pairs = pairs.filter_map(|pair| std::str::from_utf8(pair).ok());
    pairs
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect()
}

fn converse<'a>(address: &str, turns: &[Turn<'a>]) -> Vec<Answer<'a>> {
    let mut recorded = Messages::default();
    let mut seen = Messages::default();
    let mut answers = Vec::new();
    let mut stream = connect(address);
    for turn in turns {
        if turn.of_client {
            // A connection that is gone is found out by reading.
            let _ = stream.as_mut().map(|stream| stream.write_all(&turn.bytes));
            continue;
        }
        recorded.push(&turn.bytes);
        while let Some(words) = recorded.next() {
            let answer = match &mut stream {
                Ok(stream) => next(stream, &mut seen).unwrap_or_else(|error| error.to_string()),
                Err(error) => error.to_string(),
            };
            answers.push(Answer {
                call: turn.call,
                recorded: words,
                seen: answer,
            });
        }
    }
    answers
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Reads until there is a message.
fn next(stream: &mut TcpStream, messages: &mut Messages) -> io::Result<String> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if let Some(words) = messages.next() {
            return Ok(words);
        }
        match stream.read(&mut buffer)? {
            0 => return Ok("closed".to_owned()),
            count => messages.push(&buffer[..count]),
        }
    }
}
