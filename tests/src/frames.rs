//! HTTP/2 frame by frame: a peer that says exactly what a test tells it to.

use std::net::SocketAddr;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::soon;

/// What a client's connection begins with, before its settings.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames (RFC 9113, section 6).
pub mod kind {
    #![expect(missing_docs, reason = "they are the standard's names")]
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// The flag that ends a stream, and acknowledges settings and pings.
pub const END_STREAM: u8 = 1;
/// The flag that ends the headers.
pub const END_HEADERS: u8 = 4;

/// A frame that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// The stream it belongs to; 0 for the connection.
    pub stream: u32,
    /// What is in it.
    pub payload: Bytes,
}

/// One end of a connection.
#[derive(Debug)]
pub struct FramePeer {
    /// The socket.
    pub socket: TcpStream,
    input: BytesMut,
}

/// A frame as bytes.
#[must_use]
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    let header = [&length.to_be_bytes()[1..], &[kind, flags]];
    [&header.concat(), &stream.to_be_bytes()[..], payload].concat()
}

/// A header that is spelt out and not remembered (RFC 7541, section 6.2.2).
#[must_use]
pub fn header(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        put_length(text.len(), &mut bytes);
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// The head of a gRPC request.
#[must_use]
pub fn request_head(path: &str) -> Vec<u8> {
    [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "test"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    .map(|(name, value)| header(name, value))
    .concat()
}

/// The frame that opens a stream of a request.
#[must_use]
pub fn open(stream: u32, path: &str) -> Vec<u8> {
    frame(kind::HEADERS, END_HEADERS, stream, &request_head(path))
}

/// A length of seven bits and as many more as it takes (RFC 7541, section 5.1).
fn put_length(length: usize, bytes: &mut Vec<u8>) {
    const FIRST: usize = 127;
    if length < FIRST {
        bytes.push(u8::try_from(length).unwrap());
        return;
    }
    bytes.push(127);
    let mut rest = length - FIRST;
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
}

impl FramePeer {
    /// One end of this connection.
    #[must_use]
    pub fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            input: BytesMut::new(),
        }
    }

    /// Connects, and says nothing; little waits here for being read.
    pub async fn connect(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        Self::new(soon(socket.connect(address)).await.unwrap())
    }

    /// Sends bytes; who has seen enough may be gone before they are all sent.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = soon(self.socket.write_all(bytes)).await;
    }

    /// Takes what a client's connection begins with.
    pub async fn skip_preface(&mut self) {
        let mut preface = [0; PREFACE.len()];
        self.socket.read_exact(&mut preface).await.unwrap();
        assert_eq!(preface, PREFACE);
    }

    /// The next frame; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        while self.missing() > 0 {
            if !matches!(soon(self.socket.read_buf(&mut self.input)).await, Ok(1..)) {
                return None;
            }
        }
        let length = self.length();
        let head = self.input.split_to(9);
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: (&head[5..]).get_u32(),
            payload: self.input.split_to(length).freeze(),
        })
    }

    /// The next frame of this kind; `None` when the connection ends before.
    pub async fn next_of(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    fn length(&self) -> usize {
        usize::from(self.input[0]) << 16 | (&self.input[1..3]).get_u16() as usize
    }

    fn missing(&self) -> usize {
        match self.input.len() {
            0..9 => 9 - self.input.len(),
            there => (9 + self.length()).saturating_sub(there),
        }
    }
}
