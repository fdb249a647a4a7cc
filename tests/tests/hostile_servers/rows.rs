//! The table: what a server sends, and how the calls on it end.

use std::io::Write as _;
use std::sync::LazyLock;

use flate2::write::GzEncoder;
use polyport::Code;
use polyport_tests::frames::{END_HEADERS, END_STREAM, frame, header, kind};

/// One hostile server.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    /// What it sends before it is asked for anything.
    pub(crate) at_once: Vec<u8>,
    /// What it sends on a stream.
    pub(crate) answer: fn(u32) -> Vec<u8>,
    /// Whether it closes the connection then.
    pub(crate) closes: bool,
    pub(crate) ends: Ends,
    /// What the status says.
    pub(crate) says: &'static str,
}

/// How a call ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ends {
    /// By its time.
    Late,
    /// With its connection, or with an answer that cannot be understood.
    Broken,
    /// With a code.
    Code(Code),
}

/// A server that begins well.
fn row(what: &'static str, answer: fn(u32) -> Vec<u8>, ends: Ends, says: &'static str) -> Row {
    Row {
        what,
        at_once: frame(kind::SETTINGS, 0, 0, &[]),
        answer,
        closes: false,
        ends,
        says,
    }
}

/// The same that says more before it is asked.
fn at_once(mut row: Row, bytes: impl AsRef<[u8]>) -> Row {
    row.at_once.extend_from_slice(bytes.as_ref());
    row
}

/// The answer `hi`, whole.
pub(crate) fn hi(stream: u32) -> Vec<u8> {
    let message = frame(kind::DATA, 0, stream, b"\0\0\0\0\x04\x0a\x02hi");
    [head(stream), message, end(stream, &[("grpc-status", "0")])].concat()
}

/// The headers of an answer.
fn head(stream: u32) -> Vec<u8> {
    frame(kind::HEADERS, END_HEADERS, stream, &grpc())
}

/// `:status: 200` (RFC 7541, appendix A) and gRPC's content type.
fn grpc() -> Vec<u8> {
    [&[0x88][..], &header("content-type", "application/grpc")].concat()
}

/// The trailers.
fn end(stream: u32, trailers: &[(&str, &str)]) -> Vec<u8> {
    let trailers: Vec<u8> = trailers
        .iter()
        .flat_map(|(name, value)| header(name, value))
        .collect();
    frame(kind::HEADERS, END_HEADERS | END_STREAM, stream, &trailers)
}

/// A whole answer of headers alone.
fn headers_only(stream: u32, headers: &[u8]) -> Vec<u8> {
    frame(kind::HEADERS, END_HEADERS | END_STREAM, stream, headers)
}

fn nothing(_stream: u32) -> Vec<u8> {
    Vec::new()
}

/// Every row.
pub(crate) fn all() -> Vec<Row> {
    LazyLock::force(&ZEROS);
    let mut rows = no_servers();
    rows.extend(silent());
    rows.extend(no_grpc());
    rows.extend(headers());
    rows.extend(messages());
    rows.extend(floods());
    rows
}

fn no_servers() -> Vec<Row> {
    let says = |what, at_once: &[u8]| Row {
        at_once: at_once.to_vec(),
        ..row(what, nothing, Ends::Broken, "the connection failed")
    };
    let mut closes = row(
        "closes at once",
        nothing,
        Ends::Broken,
        "the connection failed",
    );
    closes.closes = true;
    vec![
        says(
            "HTTP/1",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        ),
        // A fatal alert: unexpected message.
        says("TLS", &[0x15, 3, 1, 0, 2, 2, 10]),
        says(
            "text",
            &b"hello, who are you, and what do you want of me? ".repeat(1000),
        ),
        closes,
    ]
}

fn silent() -> Vec<Row> {
    let no_settings = Row {
        at_once: Vec::new(),
        ..row("not even settings", nothing, Ends::Late, "")
    };
    vec![
        no_settings,
        row("nothing but settings", nothing, Ends::Late, ""),
        row("headers, and silence", head, Ends::Late, ""),
        row(
            "half a message, and silence",
            |stream| {
                [
                    head(stream),
                    frame(kind::DATA, 0, stream, &[0, 0, 0, 0, 9, 1]),
                ]
                .concat()
            },
            Ends::Late,
            "",
        ),
    ]
}

fn no_grpc() -> Vec<Row> {
    vec![
        row(
            "a page",
            |stream| {
                let page = [&[0x88][..], &header("content-type", "text/html")].concat();
                let head = frame(kind::HEADERS, END_HEADERS, stream, &page);
                [head, frame(kind::DATA, END_STREAM, stream, b"<html>")].concat()
            },
            Ends::Code(Code::UNKNOWN),
            "its content type is text/html",
        ),
        row(
            "HTTP 503",
            |stream| headers_only(stream, &header(":status", "503")),
            Ends::Code(Code::UNAVAILABLE),
            "503",
        ),
        row(
            "no trailers",
            |stream| [head(stream), frame(kind::DATA, END_STREAM, stream, &[])].concat(),
            Ends::Code(Code::INTERNAL),
            "without sending trailers",
        ),
        row(
            "a message and no trailers",
            |stream| {
                let message = b"\0\0\0\0\x04\x0a\x02hi";
                [head(stream), frame(kind::DATA, END_STREAM, stream, message)].concat()
            },
            Ends::Code(Code::INTERNAL),
            "without sending trailers",
        ),
        row(
            "headers that end the stream, and no status",
            |stream| headers_only(stream, &grpc()),
            Ends::Code(Code::INTERNAL),
            "without sending trailers",
        ),
        row(
            "trailers without a status",
            |stream| [head(stream), end(stream, &[("a", "b")])].concat(),
            Ends::Code(Code::UNKNOWN),
            "no grpc-status",
        ),
        row(
            "a status that is no number",
            |stream| [head(stream), end(stream, &[("grpc-status", "fine")])].concat(),
            Ends::Code(Code::UNKNOWN),
            "no number",
        ),
    ]
}

fn headers() -> Vec<Row> {
    vec![
        row(
            "huge headers",
            |stream| {
                let large = header("large", &"x".repeat(15_000));
                let more = frame(kind::CONTINUATION, 0, stream, &large).repeat(5);
                let last = frame(kind::CONTINUATION, END_HEADERS, stream, &[]);
                [frame(kind::HEADERS, 0, stream, &grpc()), more, last].concat()
            },
            Ends::Code(Code::INTERNAL),
            "the stream was ended",
        ),
        row(
            "endless headers",
            |stream| {
                let more = frame(kind::CONTINUATION, 0, stream, &header("a", "b"));
                [
                    frame(kind::HEADERS, 0, stream, &grpc()),
                    more.repeat(100_000),
                ]
                .concat()
            },
            Ends::Code(Code::RESOURCE_EXHAUSTED),
            "too_many_continuations",
        ),
        row(
            "a reset of each stream",
            |stream| frame(kind::RST_STREAM, 0, stream, &[0, 0, 0, 2]),
            Ends::Code(Code::INTERNAL),
            "the stream was ended",
        ),
        row(
            "a refusal of each stream",
            |stream| frame(kind::RST_STREAM, 0, stream, &[0, 0, 0, 7]),
            Ends::Code(Code::UNAVAILABLE),
            "refused",
        ),
    ]
}

fn messages() -> Vec<Row> {
    vec![
        row(
            "a message of 4 GiB",
            |stream| {
                let message = [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3];
                [head(stream), frame(kind::DATA, 0, stream, &message)].concat()
            },
            Ends::Code(Code::RESOURCE_EXHAUSTED),
            "a gRPC message of 4294967295 is over the limit",
        ),
        row(
            "half a message, and the end",
            |stream| {
                let half = frame(kind::DATA, END_STREAM, stream, &[0, 0, 0, 0, 9, 1]);
                [head(stream), half].concat()
            },
            Ends::Code(Code::INTERNAL),
            "inside of a message",
        ),
        row(
            "a message that is none",
            |stream| {
                let broken = frame(kind::DATA, 0, stream, b"\0\0\0\0\x02\xff\xff");
                [head(stream), broken, end(stream, &[("grpc-status", "0")])].concat()
            },
            Ends::Broken,
            "the reply is broken",
        ),
        row(
            "a bomb",
            bomb,
            Ends::Code(Code::RESOURCE_EXHAUSTED),
            "a decompressed message",
        ),
    ]
}

/// Three times 4 MiB of zeros, compressed; made before memory is counted.
static ZEROS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 4 * 1024 * 1024]).unwrap();
    encoder.finish().unwrap().repeat(3)
});

fn bomb(stream: u32) -> Vec<u8> {
    let length = u32::try_from(ZEROS.len()).unwrap();
    let message = [&[1], &length.to_be_bytes()[..], &ZEROS].concat();
    let gzip = [grpc(), header("grpc-encoding", "gzip")].concat();
    let head = frame(kind::HEADERS, END_HEADERS, stream, &gzip);
    let data = message
        .chunks(16_000)
        .flat_map(|part| frame(kind::DATA, 0, stream, part));
    [head, data.collect(), end(stream, &[("grpc-status", "0")])].concat()
}

fn floods() -> Vec<Row> {
    let flooded = |what, bytes: Vec<u8>| {
        at_once(
            row(what, nothing, Ends::Broken, "the connection failed"),
            bytes,
        )
    };
    vec![
        flooded("pings", frame(kind::PING, 0, 0, &[0; 8]).repeat(20_000)),
        flooded("settings", frame(kind::SETTINGS, 0, 0, &[]).repeat(20_000)),
        flooded(
            "window updates",
            frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]).repeat(20_000),
        ),
        row(
            "a farewell to each stream",
            |_| frame(kind::GOAWAY, 0, 0, &[0; 8]),
            Ends::Late,
            "",
        ),
    ]
}
