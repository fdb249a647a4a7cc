//! The load: one thread, any number of connections, one request at a time on each.

use std::io::{ErrorKind, Read, Write};
use std::net::{self, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::request;

/// Connections that have been made and tried.
pub(crate) struct Load {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    scratch: Vec<u8>,
    latencies: Histogram<u64>,
}

/// What came of a load.
pub(crate) struct Outcome {
    pub(crate) replies: u64,
    pub(crate) elapsed: Duration,
    /// In nanoseconds.
    pub(crate) latencies: Histogram<u64>,
}

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    /// The services that are called, in turns by connection.
    pub(crate) services: &'a [String],
    pub(crate) connections: usize,
    /// Bytes of the message in a request and in its reply.
    pub(crate) size: usize,
    /// Whether the server sends back the request as it is.
    pub(crate) echoes_frames: bool,
}

struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    /// How much of the request the socket has taken.
    sent: usize,
    /// How many bytes of the reply have arrived, and how many there will be.
    received: usize,
    reply: usize,
    since: Instant,
}

impl Load {
    /// Makes the connections and holds the first replies of each against what they must be.
    pub(crate) fn connect(address: SocketAddr, shape: Shape<'_>) -> Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::with_capacity(shape.connections);
        let services = shape.services.iter().cycle().take(shape.connections);
        for (index, service) in services.enumerate() {
            let mut connection = Connection::open(address, service, shape)
                .with_context(|| format!("connection {index} to {service}"))?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut connection.stream, Token(index), interest)?;
            connections.push(connection);
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            connections,
            scratch: vec![0; 64 * 1024],
            latencies: new_histogram()?,
        })
    }

    /// Sends the first request on every connection.
    pub(crate) fn begin(&mut self) -> Result<()> {
        for connection in &mut self.connections {
            connection.since = Instant::now();
            connection.sent = 0;
            connection.send()?;
        }
        Ok(())
    }

    /// Goes on for about `time`, and says what happened in it. Requests stay under way.
    pub(crate) fn run(&mut self, time: Duration) -> Result<Outcome> {
        let start = Instant::now();
        let mut replies = 0;
        while start.elapsed() < time {
            replies += self.turn()?;
        }
        Ok(Outcome {
            replies,
            elapsed: start.elapsed(),
            latencies: std::mem::replace(&mut self.latencies, new_histogram()?),
        })
    }

    /// Goes on until so many replies have arrived, or a few more.
    pub(crate) fn run_count(&mut self, replies: u64) -> Result<()> {
        let mut arrived = 0;
        while arrived < replies {
            arrived += self.turn()?;
        }
        Ok(())
    }

    /// Waits once, and answers every reply by the next request.
    fn turn(&mut self) -> Result<u64> {
        let silence = Some(Duration::from_secs(10));
        self.poll.poll(&mut self.events, silence)?;
        ensure!(!self.events.is_empty(), "the server answers no more");
        let mut replies = 0;
        for event in &self.events {
            let connection = &mut self.connections[event.token().0];
            if event.is_readable() && connection.receive(&mut self.scratch)? {
                replies += 1;
                let now = Instant::now();
                let nanoseconds = now.duration_since(connection.since).as_nanos();
                self.latencies
                    .saturating_record(u64::try_from(nanoseconds)?);
                connection.since = now;
                connection.sent = 0;
            }
            if connection.sent < connection.request.len() {
                connection.send()?;
            }
        }
        Ok(replies)
    }
}

impl Connection {
    fn open(address: SocketAddr, service: &str, shape: Shape<'_>) -> Result<Self> {
        let mut stream = net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let message = "x".repeat(shape.size);
        let request = request::encode(service, &message)?;
        let reply = exchange(&mut stream, &request)?;
        if shape.echoes_frames {
            ensure!(reply == request, "the frame comes back changed");
        } else {
            ensure!(
                request::decode_reply(&reply)? == message,
                "the message comes back changed"
            );
            let who = request::encode(service, request::WHO)?;
            let name = request::decode_reply(&exchange(&mut stream, &who)?)?;
            ensure!(name == service, "{name} answered instead");
        }
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            sent: request.len(),
            request,
            received: 0,
            reply: reply.len(),
            since: Instant::now(),
        })
    }

    /// Writes what has not been written of the request.
    fn send(&mut self) -> Result<()> {
        while let Some(rest @ [_, ..]) = self.request.get(self.sent..) {
            match self.stream.write(rest) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads what is there; whether the reply is complete now.
    fn receive(&mut self, scratch: &mut [u8]) -> Result<bool> {
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            self.received += read;
            // Replies to equal requests have equal lengths.
            ensure!(self.received <= self.reply, "a reply is too long");
            if self.received == self.reply {
                self.received = 0;
                return Ok(true);
            }
        }
    }
}

/// Sends a request and waits for the reply.
fn exchange(stream: &mut net::TcpStream, request: &[u8]) -> Result<Vec<u8>> {
    stream.write_all(request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; 4 + u32::from_be_bytes(length) as usize];
    reply[..4].copy_from_slice(&length);
    stream.read_exact(&mut reply[4..])?;
    Ok(reply)
}

/// Up to ten seconds, with two digits.
fn new_histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 10_000_000_000, 2)?)
}
