//! The table: what a peer sends, what it gets back, what the log says of it.

use polyport_tests::frames::{
    END_HEADERS, END_STREAM, PREFACE, frame, header, kind, open, request_head,
};

const UNARY: &str = "/test.v1.Streams/Unary";
const ECHO: &str = "/test.v1.Streams/Echo";

/// One hostile connection.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    /// What is sent, with somebody else's call behind each piece.
    pub(crate) bytes: Vec<Vec<u8>>,
    pub(crate) outcome: Outcome,
    /// What stands in the one warning of the log, if there is any.
    pub(crate) says: Option<&'static str>,
}

/// What the peer gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The end of the connection, and no word.
    Closed,
    /// The end, although it does not look.
    Cut,
    /// The end, with a code and a word.
    GoAway(u32, String),
    /// The end of this stream, with a code.
    Reset(u32, u32),
    /// Headers on this stream.
    Answer(u32),
    /// What was not expected.
    Unexpected(String),
}

const PROTOCOL: u32 = 1;
const FRAME_SIZE: u32 = 6;
const REFUSED: u32 = 7;
const CANCEL: u32 = 8;
const CALM: u32 = 11;

fn away(code: u32, word: &str) -> Outcome {
    Outcome::GoAway(code, word.to_owned())
}

/// A connection that begins well.
fn row(
    what: &'static str,
    bytes: impl Into<Vec<u8>>,
    outcome: Outcome,
    says: impl Into<Option<&'static str>>,
) -> Row {
    let begin = [PREFACE, &frame(kind::SETTINGS, 0, 0, &[])].concat();
    Row {
        what,
        bytes: vec![begin, bytes.into()],
        outcome,
        says: says.into(),
    }
}

/// Every row.
pub(crate) fn all() -> Vec<Row> {
    let mut rows = floods();
    rows.extend(unread());
    rows.extend(streams());
    rows.extend(headers());
    rows.extend(no_frames());
    rows.extend(slow());
    rows
}

/// Streams that a client opens, one after the other.
fn each_stream(count: u32, make: impl FnMut(u32) -> Vec<u8>) -> Vec<u8> {
    (0..count).map(|n| 2 * n + 1).flat_map(make).collect()
}

fn floods() -> Vec<Row> {
    let flood = |kind, payload: &[u8], count| frame(kind, 0, 0, payload).repeat(count);
    let control = || away(CALM, "too_many_control_frames");
    let empty = [open(1, ECHO), frame(kind::DATA, 0, 1, &[]).repeat(30_000)].concat();
    let on_stream =
        |kind, payload: &[u8]| [open(1, ECHO), frame(kind, 0, 1, payload).repeat(10_000)].concat();
    vec![
        row(
            "pings",
            flood(kind::PING, &[0; 8], 5000),
            away(CALM, "too_many_pings"),
            "it sends too many pings",
        ),
        row(
            "settings",
            flood(kind::SETTINGS, &[], 20_000),
            control(),
            "frames that move nothing",
        ),
        row(
            "window updates",
            flood(kind::WINDOW_UPDATE, &[0, 0, 0, 1], 20_000),
            control(),
            "frames that move nothing",
        ),
        row(
            "window updates of a stream",
            on_stream(kind::WINDOW_UPDATE, &[0, 0, 0, 1]),
            control(),
            "frames that move nothing",
        ),
        row(
            "priorities",
            on_stream(kind::PRIORITY, &[0, 0, 0, 3, 1]),
            control(),
            "frames that move nothing",
        ),
        row(
            "frames of no known kind",
            flood(0xbe, &[1], 20_000),
            control(),
            "frames that move",
        ),
        row(
            "empty data",
            empty,
            away(CALM, "too_many_data_frames"),
            "excessive load",
        ),
    ]
}

/// Data that no handler reads, on streams in turn, so that no two frames can be made one.
fn unread() -> Vec<Row> {
    const WAIT: &[u8] = b"\0\0\0\0\x06\x0a\x04wait";
    let frames = |streams: u32, size: usize, rounds| {
        // The server's own windows hold only when they are acknowledged.
        let settings = frame(kind::SETTINGS, END_STREAM, 0, &[]);
        let begin = |stream| [open(stream, ECHO), frame(kind::DATA, 0, stream, WAIT)].concat();
        let begin = each_stream(streams, begin);
        let round = each_stream(streams, |stream| {
            frame(kind::DATA, 0, stream, &vec![0; size])
        });
        [settings, begin, round.repeat(rounds)].concat()
    };
    // As much as the windows allow.
    let next = 2 * 28 + 1;
    let call = [
        open(next, UNARY),
        frame(kind::DATA, END_STREAM, next, b"\0\0\0\0\x04\x0a\x02hi"),
    ];
    vec![
        row(
            "unread data, a byte in each frame",
            frames(2, 1, 20_000),
            away(CALM, "too_many_data_frames"),
            "excessive load",
        ),
        row(
            "unread data in small frames",
            [frames(28, 256, 1000), call.concat()].concat(),
            Outcome::Answer(next),
            None,
        ),
    ]
}

fn streams() -> Vec<Row> {
    let rapid = each_stream(3000, |stream| {
        [
            open(stream, ECHO),
            frame(kind::RST_STREAM, 0, stream, &[0, 0, 0, 8]),
        ]
        .concat()
    });
    let made_you = each_stream(3000, |stream| {
        [
            open(stream, ECHO),
            frame(kind::WINDOW_UPDATE, 0, stream, &[0x7f, 0xff, 0xff, 0xff]),
        ]
        .concat()
    });
    let too_many = each_stream(1025, |stream| open(stream, ECHO));
    let announced = [
        open(1, UNARY),
        frame(kind::DATA, 0, 1, &[0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]),
    ];
    vec![
        row(
            "rapid reset",
            rapid,
            away(CALM, "too_many_resets"),
            "excessive load",
        ),
        row(
            "made you reset",
            made_you,
            away(CALM, "too_many_internal_resets"),
            "excessive load",
        ),
        row(
            "a stream too many",
            too_many,
            Outcome::Reset(2049, REFUSED),
            None,
        ),
        row(
            "a message of 4 GiB",
            announced.concat(),
            Outcome::Answer(1),
            None,
        ),
        row(
            "a stream with a server's number",
            open(2, UNARY),
            away(PROTOCOL, ""),
            "its HTTP/2 is broken",
        ),
        row(
            "data for no stream",
            frame(kind::DATA, 0, 0, b"hi"),
            away(PROTOCOL, ""),
            "its HTTP/2 is broken",
        ),
    ]
}

fn headers() -> Vec<Row> {
    let long = "x".repeat(4000);
    let whole = |rest: &[u8]| [&request_head(UNARY), rest].concat();
    let large = whole(
        &(0..20)
            .flat_map(|_| header("x-large", &long))
            .collect::<Vec<_>>(),
    );
    let (first, rest) = large.split_at(16_000);
    let mut pieces = frame(kind::HEADERS, END_STREAM, 1, first);
    for piece in rest.chunks(16_000) {
        pieces.extend(frame(kind::CONTINUATION, 0, 1, piece));
    }
    pieces.extend(frame(kind::CONTINUATION, END_HEADERS, 1, &[]));
    // Remembered once, then named by one byte each time.
    let mut remembered = header("x-bomb", &long);
    remembered[0] = 0x40;
    let bomb = whole(&[&remembered[..], &[0x80 | 62; 12_000]].concat());
    let endless = [
        frame(kind::HEADERS, 0, 1, &request_head(UNARY)),
        frame(kind::CONTINUATION, 0, 1, &header("a", "b")).repeat(100_000),
    ];
    vec![
        row("headers over the limit", pieces, Outcome::Answer(1), None),
        row(
            "a bomb of headers",
            frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &bomb),
            away(CALM, "header_list_way_too_large"),
            "excessive load",
        ),
        row(
            "endless headers",
            endless.concat(),
            away(CALM, "too_many_continuations"),
            "excessive load",
        ),
    ]
}

fn no_frames() -> Vec<Row> {
    let too_large = [0xff, 0xff, 0xff, kind::DATA, 0, 0, 0, 0, 1];
    vec![
        row(
            "garbage",
            [0xa5; 4000],
            away(FRAME_SIZE, ""),
            "its HTTP/2 is broken",
        ),
        row(
            "much garbage",
            [0xa5; 200_000],
            away(FRAME_SIZE, ""),
            "its HTTP/2 is broken",
        ),
        row(
            "a frame too large",
            too_large,
            away(FRAME_SIZE, ""),
            "its HTTP/2 is broken",
        ),
        Row {
            what: "a preface that goes astray",
            bytes: vec![[&PREFACE[..20], b"nonsense"].concat()],
            outcome: Outcome::Closed,
            says: Some("it does not begin as HTTP/2 does"),
        },
    ]
}

/// More than the kernel keeps of what nobody reads.
const ECHOES: u32 = 100;

fn slow() -> Vec<Row> {
    let half = [open(1, UNARY), frame(kind::DATA, 0, 1, &[0, 0, 0, 0, 9, 1])].concat();
    // All windows are open, and nothing is read.
    let open_windows = frame(kind::SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]);
    // The server's own windows hold only when they are acknowledged.
    let acknowledged = frame(kind::SETTINGS, END_STREAM, 0, &[]);
    let settings = [open_windows, acknowledged.clone()].concat();
    let window = frame(kind::WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]);
    let text = [&[0x0a, 0xc0, 0x9a, 0x0c][..], &[b'x'; 200_000]].concat();
    let message = [&[0, 0, 0x03, 0x0d, 0x44][..], &text].concat();
    let call = |stream| {
        let data = message
            .chunks(16_000)
            .flat_map(|part| frame(kind::DATA, 0, stream, part));
        let end = frame(kind::DATA, END_STREAM, stream, &[]);
        [open(stream, UNARY), data.collect(), end].concat()
    };
    let mut greedy = row(
        "a client that reads nothing",
        settings,
        Outcome::Cut,
        "taken no answer",
    );
    // Nothing of an answer has room, and the socket is read.
    let closed = frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let refused = row(
        "a client that makes no room for its answer",
        [acknowledged, closed, call(1)].concat(),
        Outcome::Reset(1, CANCEL),
        None,
    );
    greedy.bytes.push(window);
    greedy.bytes.extend((0..ECHOES).map(|n| call(2 * n + 1)));
    vec![
        row(
            "half a message, and silence",
            half,
            Outcome::Answer(1),
            None,
        ),
        row(
            "an open stream, and silence",
            open(1, UNARY),
            Outcome::Answer(1),
            None,
        ),
        Row {
            what: "half a preface, and silence",
            bytes: PREFACE[..20].chunks(1).map(<[u8]>::to_vec).collect(),
            outcome: Outcome::Closed,
            says: Some("it had not sent all of HTTP/2's preface"),
        },
        greedy,
        refused,
    ]
}
