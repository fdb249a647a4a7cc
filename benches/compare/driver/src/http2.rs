//! Just enough of HTTP/2 to load a server: requests that are all the same, answers that are counted.
//!
//! A client by a library would cost as much as the servers do, and then wait for itself.

use std::collections::{HashMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use mio::net::TcpStream;

/// What the server may send before it must wait for us, of one stream and of all.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// The largest frame that every server takes.
const FRAME: usize = 16 * 1024;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// What is called, and how.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) path: String,
    /// Bytes of the message in a request and in an answer.
    pub(crate) size: usize,
    pub(crate) streams: usize,
    pub(crate) shape: Shape,
}

/// How the messages of a stream follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One there, one back.
    Unary,
    /// One there, many back.
    Answers,
    /// So many on their way at a time, for ever.
    Both { depth: usize },
}

/// One connection with its streams.
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    plan: Plan,
    /// One message with its prefix.
    message: Vec<u8>,
    /// The headers of the first request, and of all others, which name the first one's.
    headers: [Vec<u8>; 2],
    next_stream: u32,
    streams: HashMap<u32, Stream>,
    /// Streams that have something to send.
    ready: VecDeque<u32>,
    window: i64,
    initial_window: i64,
    received: u32,
    input: Vec<u8>,
    output: Vec<u8>,
    sent: usize,
    /// Messages that have arrived.
    pub(crate) messages: u64,
}

#[derive(Default)]
struct Stream {
    /// Bytes that are to be sent of `message`, over and over.
    unsent: usize,
    /// Where in the message the next one of them is.
    position: usize,
    window: i64,
    /// Bytes of messages that have arrived, and since the window was widened.
    arrived: usize,
    unannounced: u32,
}

impl Connection {
    /// Connects; requests go out by [`begin`](Self::begin).
    pub(crate) fn open(address: SocketAddr, plan: &Plan) -> Result<Self> {
        let socket = std::net::TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut output = PREFACE.to_vec();
        let window = STREAM_WINDOW.to_be_bytes();
        frame(&mut output, 4, 0, 0, &[&[0, 4][..], &window].concat());
        let update = (CONNECTION_WINDOW - 65_535).to_be_bytes();
        frame(&mut output, 8, 0, 0, &update);
        Ok(Self {
            socket: TcpStream::from_std(socket),
            message: message(plan.size)?,
            headers: headers(&plan.path)?,
            plan: plan.clone(),
            next_stream: 1,
            streams: HashMap::new(),
            ready: VecDeque::new(),
            window: 65_535,
            initial_window: 65_535,
            received: 0,
            input: Vec::new(),
            output,
            sent: 0,
            messages: 0,
        })
    }

    /// Opens the streams.
    pub(crate) fn begin(&mut self) -> Result<()> {
        for _ in 0..self.plan.streams {
            self.request();
        }
        self.send()
    }

    /// Reads what is there and sends what follows from it.
    pub(crate) fn turn(&mut self, scratch: &mut [u8]) -> Result<()> {
        loop {
            let read = match self.socket.read(scratch) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            let mut input = std::mem::take(&mut self.input);
            input.extend_from_slice(&scratch[..read]);
            let used = self.frames(&input)?;
            input.drain(..used);
            self.input = input;
        }
        self.send()
    }

    /// Takes whole frames; says how many bytes they were.
    fn frames(&mut self, input: &[u8]) -> Result<usize> {
        let mut used = 0;
        while let Some(&[a, b, c, kind, flags, d, e, f, g]) = input[used..].first_chunk() {
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            let Some(payload) = input[used + 9..].get(..length) else {
                break;
            };
            used += 9 + length;
            self.frame(kind, flags, u32::from_be_bytes([d, e, f, g]), payload)?;
        }
        Ok(used)
    }

    fn frame(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) -> Result<()> {
        match kind {
            0 => self.data(id, payload)?,
            1 => {}
            3 => bail!("the server has reset a stream: {payload:?}"),
            4 if flags & ACK == 0 => self.settings(payload),
            6 if flags & ACK == 0 => frame(&mut self.output, 6, ACK, 0, payload),
            7 => bail!("the server goes away: {}", payload.escape_ascii()),
            8 => self.widen(id, payload),
            _ => return Ok(()),
        }
        if kind <= 1 && flags & END_STREAM != 0 {
            self.ended(id)?;
        }
        Ok(())
    }

    fn settings(&mut self, payload: &[u8]) {
        for setting in payload.chunks_exact(6) {
            if let [0, 4, a, b, c, d] = *setting {
                let window = i64::from(u32::from_be_bytes([a, b, c, d]));
                let more = window - self.initial_window;
                self.initial_window = window;
                for (id, stream) in &mut self.streams {
                    stream.window += more;
                    self.ready.push_back(*id);
                }
            }
        }
        frame(&mut self.output, 4, ACK, 0, &[]);
    }

    fn widen(&mut self, id: u32, payload: &[u8]) {
        let more = payload
            .first_chunk()
            .map_or(0, |more| u32::from_be_bytes(*more));
        if id == 0 {
            self.window += i64::from(more);
            let waiting = self.streams.iter().filter(|(_, stream)| stream.unsent > 0);
            self.ready.extend(waiting.map(|(id, _)| *id));
        } else if let Some(stream) = self.streams.get_mut(&id) {
            stream.window += i64::from(more);
            self.ready.push_back(id);
        }
    }

    /// Counts what arrives, and holds it against what was sent.
    fn data(&mut self, id: u32, payload: &[u8]) -> Result<()> {
        let Some(stream) = self.streams.get_mut(&id) else {
            bail!("data on stream {id}, which there is not");
        };
        let size = self.message.len();
        let mut rest = payload;
        while !rest.is_empty() {
            let at = stream.arrived % size;
            let (part, behind) = rest.split_at(rest.len().min(size - at));
            ensure!(
                self.message[at..at + part.len()] == *part,
                "a message comes back changed"
            );
            stream.arrived += part.len();
            rest = behind;
            if stream.arrived % size == 0 {
                self.messages += 1;
                if matches!(self.plan.shape, Shape::Both { .. }) {
                    stream.unsent += size;
                    self.ready.push_back(id);
                }
            }
        }
        let length = u32::try_from(payload.len())?;
        stream.unannounced += length;
        if stream.unannounced > STREAM_WINDOW / 2 {
            let update = std::mem::take(&mut stream.unannounced).to_be_bytes();
            frame(&mut self.output, 8, 0, id, &update);
        }
        self.received += length;
        if self.received > CONNECTION_WINDOW / 2 {
            let update = std::mem::take(&mut self.received).to_be_bytes();
            frame(&mut self.output, 8, 0, 0, &update);
        }
        Ok(())
    }

    /// A stream has ended; the next one begins.
    fn ended(&mut self, id: u32) -> Result<()> {
        let arrived = self.streams.remove(&id).map_or(0, |stream| stream.arrived);
        let size = self.message.len();
        ensure!(
            arrived > 0 && arrived % size == 0 && !matches!(self.plan.shape, Shape::Both { .. }),
            "a stream ended after {arrived} bytes"
        );
        self.request();
        Ok(())
    }

    fn request(&mut self) {
        let id = self.next_stream;
        self.next_stream += 2;
        let headers = &self.headers[usize::from(id > 1)];
        frame(&mut self.output, 1, END_HEADERS, id, headers);
        let messages = match self.plan.shape {
            Shape::Both { depth } => depth,
            _ => 1,
        };
        let stream = Stream {
            unsent: messages * self.message.len(),
            window: self.initial_window,
            ..Stream::default()
        };
        self.streams.insert(id, stream);
        self.ready.push_back(id);
    }

    /// Cuts what the windows allow into frames.
    fn fill(&mut self) {
        let ends = !matches!(self.plan.shape, Shape::Both { .. });
        while let Some(id) = self.ready.pop_front() {
            let Some(stream) = self.streams.get_mut(&id) else {
                continue;
            };
            let allowed = self.window.min(stream.window).max(0);
            let left = self.message.len() - stream.position;
            let part = left
                .min(stream.unsent)
                .min(FRAME)
                .min(usize::try_from(allowed).unwrap_or(0));
            if part == 0 {
                continue;
            }
            let end = stream.position + part;
            stream.unsent -= part;
            let flags = if ends && stream.unsent == 0 {
                END_STREAM
            } else {
                0
            };
            frame(
                &mut self.output,
                0,
                flags,
                id,
                &self.message[stream.position..end],
            );
            stream.position = end % self.message.len();
            self.window -= part as i64;
            stream.window -= part as i64;
            if stream.unsent > 0 {
                self.ready.push_front(id);
            }
        }
    }

    /// Writes what the socket takes.
    pub(crate) fn send(&mut self) -> Result<()> {
        self.fill();
        while self.sent < self.output.len() {
            match self.socket.write(&self.output[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        self.output.clear();
        self.sent = 0;
        Ok(())
    }
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// A gRPC message whose field 1 is a string of this size.
fn message(size: usize) -> Result<Vec<u8>> {
    let mut field = vec![0x0a];
    let mut length = size;
    while length > 0x7f {
        field.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    field.push(length as u8);
    field.resize(field.len() + size, b'x');
    let mut message = vec![0];
    message.extend_from_slice(&u32::try_from(field.len())?.to_be_bytes());
    message.extend(field);
    Ok(message)
}

/// A request's headers (RFC 7541): for the first time with names and values that the table then
/// has, afterwards as numbers in the table.
fn headers(path: &str) -> Result<[Vec<u8>; 2]> {
    // `:method: POST` and `:scheme: http` are in everybody's table.
    let mut first = vec![0x83, 0x86];
    let known = [
        (Some(4), "", path),
        (Some(1), "", "localhost"),
        (None, "te", "trailers"),
        (Some(31), "", "application/grpc"),
        (Some(58), "", "compare"),
    ];
    for (number, name, value) in known {
        first.push(0x40 | number.unwrap_or(0));
        if number.is_none() {
            text(&mut first, name)?;
        }
        text(&mut first, value)?;
    }
    // The newest has number 62.
    let again = [
        0x83,
        0x86,
        0x80 | 66,
        0x80 | 65,
        0x80 | 64,
        0x80 | 63,
        0x80 | 62,
    ];
    Ok([first, again.to_vec()])
}

fn text(out: &mut Vec<u8>, text: &str) -> Result<()> {
    ensure!(text.len() < 127, "{text} is too long");
    out.push(u8::try_from(text.len())?);
    out.extend_from_slice(text.as_bytes());
    Ok(())
}
