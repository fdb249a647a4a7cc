//! Requests that are well-formed HTTP/2, and nothing that gRPC asks for: each is answered or reset, is
//! named in the log, and costs its connection nothing.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::write::GzEncoder;
use polyport::{Client, Server};
use polyport_tests::frames::{
    END_HEADERS, END_STREAM, FramePeer, PREFACE, frame, header, kind, open,
};
use polyport_tests::log::Log;
use polyport_tests::serving::Serving;
use polyport_tests::streams;
use tokio::time::timeout;

use crate::{MEMORY, PATIENCE, ROOM, good_call, limits};

const UNARY: &str = "/test.v1.Streams/Unary";
const ECHO: &str = "/test.v1.Streams/Echo";

/// The message `hi`, with its prefix.
const HI: &[u8] = b"\0\0\0\0\x04\x0a\x02hi";

/// One request.
struct Ask {
    what: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    gets: Gets,
    /// What stands in the one line of the log that a server writes of it, if it does.
    says: Option<&'static str>,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gets {
    /// HTTP's 200, with an answer or a status of gRPC.
    Grpc,
    /// Another status of HTTP.
    Http,
    /// The end of the stream, with a code.
    Reset(u32),
}

/// Every row, and a crowd of streams that do nothing.
pub(crate) async fn all(log: &Log) {
    let server = Server::new().limits(limits()).add(streams::protobuf().0);
    let serving = Serving::start(server).await;
    let options = Client::options(serving.address.to_string());
    let bystander = options.transport(polyport::Transport::Grpc).connect();
    let bystander = bystander.await.unwrap();
    let mut complaints = String::new();
    for ask in rows() {
        let _said = log.take();
        if let Err(complaint) = play(&ask, &serving, &bystander, log).await {
            writeln!(complaints, "{}: {complaint}", ask.what).unwrap();
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    idle_streams(&serving, &bystander).await;
}

async fn begin(serving: &Serving) -> FramePeer {
    let mut peer = FramePeer::connect(serving.address).await;
    peer.send(PREFACE).await;
    peer.send(&frame(kind::SETTINGS, 0, 0, &[])).await;
    peer.send(&frame(kind::SETTINGS, END_STREAM, 0, &[])).await;
    // Before that, its windows are those that every connection has.
    peer.next_of(kind::WINDOW_UPDATE).await.unwrap();
    peer
}

async fn play(ask: &Ask, serving: &Serving, bystander: &Client, log: &Log) -> Result<(), String> {
    let bytes = ask.encode();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut peer = begin(serving).await;
    let address = peer.socket.local_addr().unwrap();
    peer.send(&bytes).await;
    good_call(bystander).await;
    let gets = timeout(PATIENCE, outcome(&mut peer, 1)).await;
    let gets = gets.map_err(|_| "nothing".to_owned())?;
    if gets != Some(ask.gets) {
        let log = log.take();
        return Err(format!(
            "{gets:?} instead of {:?}; the log says {log:?}",
            ask.gets
        ));
    }
    let peak = MEMORY.peak_usage().saturating_sub(before);
    if peak > ROOM {
        return Err(format!("{peak} bytes of memory"));
    }
    let name = format!("peer={address}");
    let lines: Vec<_> = log
        .take()
        .into_iter()
        .filter(|line| line.text.contains(&name))
        .collect();
    match (ask.says, &lines[..]) {
        (None, []) => {}
        (Some(says), [line]) if line.text.contains(says) => {}
        _ => return Err(format!("the log says {lines:?} instead of {:?}", ask.says)),
    }
    // The connection goes on.
    peer.send(&open(3, UNARY)).await;
    peer.send(&frame(kind::DATA, END_STREAM, 3, HI)).await;
    match timeout(PATIENCE, outcome(&mut peer, 3)).await {
        Ok(Some(Gets::Grpc)) => Ok(()),
        other => Err(format!("and then {other:?}")),
    }
}

/// How this stream begins to end.
async fn outcome(peer: &mut FramePeer, stream: u32) -> Option<Gets> {
    /// `:status: 200` (RFC 7541, appendix A).
    const OK: u8 = 0x88;
    loop {
        let frame = peer.next().await?;
        match frame.kind {
            kind::HEADERS if frame.stream == stream && frame.payload[0] == OK => {
                break Some(Gets::Grpc);
            }
            kind::HEADERS if frame.stream == stream => break Some(Gets::Http),
            kind::RST_STREAM if frame.stream == stream => {
                let code = u32::from_be_bytes(frame.payload[..].try_into().unwrap());
                break Some(Gets::Reset(code));
            }
            _ => {}
        }
    }
}

/// Streams that are open, and nothing more.
async fn idle_streams(serving: &Serving, bystander: &Client) {
    const STREAMS: u32 = 1000;
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut peer = begin(serving).await;
    for stream in (0..STREAMS).map(|n| 2 * n + 1) {
        peer.send(&open(stream, ECHO)).await;
    }
    let last = 2 * STREAMS + 1;
    peer.send(&open(last, UNARY)).await;
    peer.send(&frame(kind::DATA, END_STREAM, last, HI)).await;
    assert_eq!(outcome(&mut peer, last).await, Some(Gets::Grpc));
    good_call(bystander).await;
    let peak = MEMORY.peak_usage().saturating_sub(before);
    println!("{STREAMS} idle streams: {peak} bytes");
    assert!(peak < ROOM, "{peak} bytes of memory");
}

impl Ask {
    /// A good request.
    fn good(what: &'static str) -> Self {
        let headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", UNARY),
            (":authority", "test"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ];
        Self {
            what,
            headers: headers
                .map(|(name, value)| (name, value.to_owned()))
                .to_vec(),
            body: HI.to_vec(),
            gets: Gets::Grpc,
            says: None,
        }
    }

    /// The same without this header.
    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self
    }

    /// The same with another value of this header.
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        match self.headers.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value.into(),
            None => self.headers.push((name, value.into())),
        }
        self
    }

    fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { body, ..self }
    }

    fn gets(self, gets: Gets, says: impl Into<Option<&'static str>>) -> Self {
        let says = says.into();
        Self { gets, says, ..self }
    }

    fn encode(&self) -> Vec<u8> {
        let head: Vec<u8> = self
            .headers
            .iter()
            .flat_map(|(name, value)| header(name, value))
            .collect();
        let mut parts = head.chunks(16_000);
        let first = parts.next().unwrap();
        let more: Vec<&[u8]> = parts.collect();
        let flags = if more.is_empty() { END_HEADERS } else { 0 };
        let mut bytes = frame(kind::HEADERS, flags, 1, first);
        for (place, part) in more.iter().enumerate() {
            let flags = if place + 1 == more.len() {
                END_HEADERS
            } else {
                0
            };
            bytes.extend(frame(kind::CONTINUATION, flags, 1, part));
        }
        for part in self.body.chunks(16_000) {
            bytes.extend(frame(kind::DATA, 0, 1, part));
        }
        bytes.extend(frame(kind::DATA, END_STREAM, 1, &[]));
        bytes
    }
}

/// So many zeros, compressed.
fn zeros(size: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; size]).unwrap();
    encoder.finish().unwrap()
}

/// A message that is said to be compressed.
fn compressed(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&[1], &length.to_be_bytes()[..], bytes].concat()
}

fn rows() -> Vec<Ask> {
    let mut rows = content_types();
    rows.extend(heads());
    rows.extend(bodies());
    rows
}

fn content_types() -> Vec<Ask> {
    let typed = |what, value| Ask::good(what).with("content-type", value);
    let refused = "content type Some";
    vec![
        // What stands behind the plus sign is the codec's name, and Protobuf's has several.
        typed("another codec's name", "application/grpc+json"),
        typed("a parameter", "application/grpc;charset=utf-8"),
        typed("a word that begins like it", "application/grpcfoo").gets(Gets::Http, refused),
        typed("a page", "text/html").gets(Gets::Http, refused),
        typed("an empty type", "").gets(Gets::Http, refused),
        Ask::good("no type")
            .without("content-type")
            .gets(Gets::Http, "content type None"),
    ]
}

fn heads() -> Vec<Ask> {
    const PROTOCOL: u32 = 1;
    let path = |what, path: &str| Ask::good(what).with(":path", path);
    let time = |what, time: &str| Ask::good(what).with("grpc-timeout", time);
    let malformed = "malformed grpc-timeout";
    vec![
        path("a path of one part", "/Unary").gets(Gets::Grpc, "malformed method name"),
        path("a path of three parts", "/a/b/c").gets(Gets::Grpc, "unknown service a/b"),
        path("nothing but a slash", "/").gets(Gets::Grpc, "malformed method name"),
        path("an empty path", "").gets(Gets::Reset(PROTOCOL), None),
        path("a path without a slash", "Unary").gets(Gets::Reset(PROTOCOL), None),
        path("a path of 60 KiB", &format!("/{}/b", "a".repeat(60_000)))
            .gets(Gets::Grpc, "unknown service aaa"),
        path("a path of 64 KiB", &format!("/{}/b", "a".repeat(65_536))).gets(Gets::Http, None),
        Ask::good("no path")
            .without(":path")
            .gets(Gets::Reset(PROTOCOL), None),
        Ask::good("no method")
            .without(":method")
            .gets(Gets::Reset(PROTOCOL), None),
        Ask::good("no te").without("te"),
        Ask::good("GET")
            .with(":method", "GET")
            .gets(Gets::Http, "GET with content type"),
        time("a timeout that is a word", "soon").gets(Gets::Grpc, malformed),
        time("a timeout below nothing", "-1S").gets(Gets::Grpc, malformed),
        time("a timeout without a unit", "10").gets(Gets::Grpc, malformed),
        time("an empty timeout", "").gets(Gets::Grpc, malformed),
        time("a timeout of nine digits", "999999999S").gets(Gets::Grpc, malformed),
        time("a timeout of 50 KiB", &"9".repeat(50_000)).gets(Gets::Grpc, malformed),
        time("a timeout of 11,000 years", "99999999H"),
        Ask::good("an unknown compression")
            .with("grpc-encoding", "br")
            .gets(Gets::Grpc, "Decompressor is not installed"),
    ]
}

fn bodies() -> Vec<Ask> {
    let body = |what, body: Vec<u8>| Ask::good(what).body(body);
    let gzip = |what, bytes: &[u8]| {
        Ask::good(what)
            .with("grpc-encoding", "gzip")
            .body(compressed(bytes))
    };
    // As much as a stream's window has room for; none of the parts says how much they are together.
    let parts = zeros(16 * 1024 * 1024).repeat(12);
    vec![
        body("no message", vec![]).gets(Gets::Grpc, "EOF"),
        body("half a prefix", vec![0; 3]).gets(Gets::Grpc, "inside of a message"),
        body("half a message", HI[..7].to_vec()).gets(Gets::Grpc, "inside of a message"),
        body("bytes behind the message", [HI, b"and more"].concat()),
        body("a prefix that is none", b"\x02\0\0\0\0".to_vec()).gets(Gets::Grpc, "compressed flag"),
        body("a message of 4 GiB", b"\0\xff\xff\xff\xff123".to_vec())
            .gets(Gets::Grpc, "a gRPC message of 4294967295 is over the limit"),
        body("compressed by nobody knows what", compressed(b"hi"))
            .gets(Gets::Grpc, "no grpc-encoding says how"),
        gzip("compressed by something else", b"hi").gets(Gets::Grpc, "gzip"),
        gzip("a bomb that says so", &zeros(32 * 1024 * 1024)).gets(
            Gets::Grpc,
            "a decompressed message of 33554432 is over the limit",
        ),
        gzip("a bomb that does not", &parts).gets(
            Gets::Grpc,
            "a decompressed message of 16777217 is over the limit",
        ),
    ]
}
