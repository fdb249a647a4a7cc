//! The other end of a connection, which says exactly what a test tells it to.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use polyport::{Status, Transport};
use polyport_wire::frame::{self, FrameDecoder};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, ApplicationException, Envelope, MessageType};
use polyport_wire::ttheader::{Header, HeaderRef, flags, keys};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::soon;

/// A request to be written down.
#[derive(Clone, Debug)]
pub struct Request {
    transport: Transport,
    kind: MessageType,
    method: String,
    sequence: i32,
    header_sequence: Option<i32>,
    flags: u16,
    ints: Vec<(u16, Vec<u8>)>,
    strings: Vec<(Vec<u8>, Vec<u8>)>,
    arguments: Bytes,
}

impl Request {
    /// A call without arguments and with sequence number 7.
    #[must_use]
    pub fn new(transport: Transport, method: &str) -> Self {
        Self {
            transport,
            kind: MessageType::Call,
            method: method.to_owned(),
            sequence: 7,
            header_sequence: None,
            flags: 0,
            ints: Vec::new(),
            strings: Vec::new(),
            arguments: Bytes::from_static(&[0]),
        }
    }

    /// Names the service, where the transport can.
    #[must_use]
    pub fn service(self, name: &str) -> Self {
        self.string(keys::SERVICE_NAME, name)
    }

    /// Sets a string key.
    #[must_use]
    pub fn string(mut self, key: &[u8], value: &str) -> Self {
        self.strings.push((key.to_owned(), value.into()));
        self
    }

    /// Sets an int key.
    #[must_use]
    pub fn int(mut self, key: u16, value: &str) -> Self {
        self.ints.push((key, value.into()));
        self
    }

    /// Sets the sequence number.
    #[must_use]
    pub fn sequence(mut self, sequence: i32) -> Self {
        self.sequence = sequence;
        self
    }

    /// Sets another sequence number in the header than in the message.
    #[must_use]
    pub fn header_sequence(mut self, sequence: i32) -> Self {
        self.header_sequence = Some(sequence);
        self
    }

    /// Takes replies in any order, as a multiplexing client does.
    #[must_use]
    pub fn multiplexed(mut self) -> Self {
        self.flags = flags::OUT_OF_ORDER;
        self
    }

    /// Sets the message type.
    #[must_use]
    pub fn kind(mut self, kind: MessageType) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the arguments struct.
    #[must_use]
    pub fn arguments(mut self, arguments: impl Into<Bytes>) -> Self {
        self.arguments = arguments.into();
        self
    }

    /// Sets one argument, number 1, of text.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        let mut out = BytesMut::new();
        let mut writer = thrift::Writer::new(&mut out);
        writer.field(1, &text.to_owned());
        writer.stop();
        writer.finish().unwrap();
        self.arguments(out.freeze())
    }

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let ints: Vec<_> = self
            .ints
            .iter()
            .map(|(key, text)| (*key, &text[..]))
            .collect();
        let strings: Vec<_> = self
            .strings
            .iter()
            .map(|(key, text)| (&key[..], &text[..]))
            .collect();
        let header = HeaderRef {
            flags: self.flags,
            sequence: self.header_sequence.unwrap_or(self.sequence),
            ints: &ints,
            strings: &strings,
            ..HeaderRef::default()
        };
        let mut out = BytesMut::new();
        frame::encode(self.transport, &header, usize::MAX, &mut out, |out| {
            let envelope = Envelope {
                kind: self.kind,
                method: &self.method,
                sequence: self.sequence,
            };
            envelope.encode(out)?;
            out.extend_from_slice(&self.arguments);
            Ok(())
        })
        .unwrap();
        out.freeze()
    }
}

/// A reply that was taken apart.
#[derive(Clone, Debug)]
pub struct Response {
    /// How it was cut.
    pub transport: Transport,
    /// Its header.
    pub header: Option<Header>,
    /// What it is.
    pub kind: MessageType,
    /// The method that it is for.
    pub method: String,
    /// The number of the request that it is for.
    pub sequence: i32,
    /// The struct in it.
    pub body: Bytes,
}

impl Response {
    /// The text that the method returned.
    #[track_caller]
    #[must_use]
    pub fn text(&self) -> String {
        assert_eq!(self.kind, MessageType::Reply, "{:?}", self.exception());
        let outcome = thrift::decode_outcome::<String, Status>(&self.body, &Limits::default());
        outcome.unwrap().expect("a result").expect("a success")
    }

    /// Type and text of the exception.
    #[track_caller]
    #[must_use]
    pub fn exception(&self) -> (i32, String) {
        assert_eq!(self.kind, MessageType::Exception);
        let exception: ApplicationException =
            thrift::decode(&self.body, &Limits::default()).unwrap();
        (exception.type_id, exception.message.into_owned())
    }

    /// The value of a string key.
    #[must_use]
    pub fn string(&self, key: &[u8]) -> Option<&str> {
        let value = self.header.as_ref()?.string(key)?;
        Some(std::str::from_utf8(value).unwrap())
    }

    /// The value of an int key.
    #[must_use]
    pub fn int(&self, key: u16) -> Option<&str> {
        let value = self.header.as_ref()?.int(key)?;
        Some(std::str::from_utf8(value).unwrap())
    }

    /// Whether the server says that the connection must not be used again.
    #[must_use]
    pub fn resets(&self) -> bool {
        match self.string(keys::CONNECTION_RESET) {
            None => false,
            Some(value) => {
                assert_eq!(value, "1");
                true
            }
        }
    }
}

/// A connection to a server, or a client's connection on a server that a test plays.
#[derive(Debug)]
pub struct Peer {
    /// The connection itself.
    pub stream: TcpStream,
    input: BytesMut,
    decoder: FrameDecoder,
}

impl Peer {
    /// Connects to a server.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::new(soon(TcpStream::connect(address)).await.unwrap())
    }

    /// Takes over a connection.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            input: BytesMut::new(),
            decoder: FrameDecoder::new(Limits::default()),
        }
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Sends no more.
    pub async fn finish(&mut self) {
        soon(self.stream.shutdown()).await.unwrap();
    }

    /// The next message that the other side sends.
    pub async fn response(&mut self) -> Response {
        self.next()
            .await
            .expect("the other side ended the connection")
    }

    /// Sends a request and waits for the reply.
    pub async fn call(&mut self, request: &Request) -> Response {
        self.send(request.encode()).await;
        self.response().await
    }

    /// Sends a request; gives the reply, or nothing when the connection has ended.
    pub async fn try_call(&mut self, request: &Request) -> Option<Response> {
        soon(self.stream.write_all(&request.encode())).await.ok()?;
        // Whoever closes with unread input resets the connection.
        soon(self.stream.readable()).await.ok()?;
        let mut byte = [0];
        match soon(self.stream.peek(&mut byte)).await {
            Ok(1..) => self.next().await,
            Ok(0) | Err(_) => None,
        }
    }

    /// Waits for the end of the connection, before which nothing else may come.
    pub async fn ended(&mut self) {
        if let Some(response) = self.next().await {
            panic!("a reply instead of the end: {response:?}");
        }
    }

    /// Everything that comes before the end of the connection.
    pub async fn rest(&mut self) -> Bytes {
        soon(async {
            while !matches!(self.stream.read_buf(&mut self.input).await, Ok(0) | Err(_)) {}
        })
        .await;
        self.input.split().freeze()
    }

    /// The next message, or nothing when the other side ends the connection.
    pub async fn next(&mut self) -> Option<Response> {
        loop {
            if let Some(frame) = self.decoder.decode(&mut self.input).unwrap() {
                let (envelope, body) = Envelope::decode(&frame.payload).unwrap_or_else(|error| {
                    // The answer to a request without a method's name has none either.
                    assert_eq!(error.method, "", "{error:?}");
                    let kind = MessageType::Exception;
                    let envelope = Envelope {
                        kind,
                        method: "",
                        sequence: error.sequence,
                    };
                    (envelope, &frame.payload[12..])
                });
                return Some(Response {
                    transport: frame.transport,
                    kind: envelope.kind,
                    method: envelope.method.to_owned(),
                    sequence: envelope.sequence,
                    body: frame.payload.slice_ref(body),
                    header: frame.header,
                });
            }
            match soon(self.stream.read_buf(&mut self.input)).await {
                Ok(0) => {
                    assert!(self.input.is_empty(), "half a message: {:?}", self.input);
                    return None;
                }
                Ok(_) => {}
                Err(error) => panic!("the connection failed: {error}"),
            }
        }
    }
}
