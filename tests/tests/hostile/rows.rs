//! The table: what a peer sends, what it gets back, what the log says of it.

use hex_literal::hex;
use polyport::Transport;
use tracing::Level;

use crate::bytes::{HI, announced, call, framed, nested, with_section, with_size};

/// One hostile connection.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ending: Ending,
    pub(crate) outcome: Outcome,
    /// How much the one line of the log matters, and what stands in it.
    pub(crate) log: Option<(Level, &'static str)>,
}

/// What the peer does when it has sent its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Open,
    Finish,
    Reset,
}

/// What the peer gets before the server ends the connection by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Closed,
    /// An exception of this type whose text has this part.
    Exception(i32, &'static str),
    /// The answer to a good request.
    Echo,
    /// Something that holds this text.
    Says(&'static str),
    /// What was not expected.
    Unexpected(String),
}

/// Every row.
pub(crate) fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(other_protocols());
    rows.extend(frames_that_lie());
    rows.extend(headers_that_lie());
    rows.extend(values_that_lie());
    rows.extend(values_too_deep());
    rows.extend(texts_that_are_none());
    rows.extend(peers_that_leave());
    rows
}

/// A connection that is closed without an answer, and the operator is told.
fn closed(what: &str, bytes: impl Into<Vec<u8>>, says: &'static str) -> Row {
    Row {
        what: what.to_owned(),
        bytes: bytes.into(),
        ending: Ending::Open,
        outcome: Outcome::Closed,
        log: Some((Level::WARN, says)),
    }
}

fn other_protocols() -> Vec<Row> {
    const NOTHING: &str = "is nothing that this port speaks: gRPC, Thrift";
    const HTTP1: &str = "looks like HTTP/1: this port speaks gRPC, Thrift";
    const TLS: &str = "looks like TLS, and this port speaks plain text: switch TLS off";
    const COMPACT: &str = "looks like Thrift's compact protocol: use its strict binary protocol";
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = std::iter::repeat_with(|| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_le_bytes()
    });
    let noise: Vec<u8> = noise.take(8192).flatten().collect();
    let hello = hex!("16 0301 0200 01 0001fc 0303 00 00 00");
    let theader = hex!("00000010 0fff 0000 00000001 0001 00 00 0000 00000000");
    let get = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let post = b"POST /Demo/echo HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
    vec![
        closed("TLS", hello, TLS),
        told("HTTP/1 GET", get, HTTP1),
        told("HTTP/1 POST", post, HTTP1),
        closed(
            "fbthrift's THeader",
            theader,
            "looks like the THeader of fbthrift: use TTHeader",
        ),
        closed(
            "framed compact",
            hex!("00000010 8221 01 04 6563686f 00 0000000000"),
            COMPACT,
        ),
        closed("compact", hex!("8221 01 04 6563686f 00 00 0000"), COMPACT),
        closed("SSH", *b"SSH-2.0-OpenSSH_9.6\r\n", NOTHING),
        closed("Redis", *b"*1\r\n$4\r\nPING\r\n", NOTHING),
        closed("noise", noise, NOTHING),
        closed("zeros", [0; 64], NOTHING),
        closed("ones", [0xff; 64], NOTHING),
        closed("a wrong magic", with_magic([0x0f, 0xfe]), NOTHING),
    ]
}

/// A client of HTTP/1, which can be told in its own words, unless it comes behind a call.
fn told(what: &str, bytes: &[u8], says: &'static str) -> Row {
    Row {
        outcome: Outcome::Says("This port speaks gRPC over HTTP/2, and Kitex Thrift and Protobuf:"),
        ..closed(what, bytes, says)
    }
}

fn with_magic(magic: [u8; 2]) -> Vec<u8> {
    let mut frame = with_section(&hex!("00 00 00"));
    frame[4..6].copy_from_slice(&magic);
    frame
}

/// A request that is told what is wrong with it, by a line in the log of this level.
fn refused(level: Level, what: String, bytes: Vec<u8>, type_id: i32, text: &'static str) -> Row {
    Row {
        what,
        bytes,
        ending: Ending::Open,
        outcome: Outcome::Exception(type_id, text),
        log: Some((level, text)),
    }
}

/// A frame that lies, and is answered because what it asks for is known.
fn lying(what: &str, bytes: Vec<u8>, text: &'static str) -> Row {
    refused(Level::WARN, what.to_owned(), bytes, 7, text)
}

fn frames_that_lie() -> Vec<Row> {
    const OVER: u32 = 64 * 1024 * 1024 - 3;
    let message = call(Transport::Buffered, "echo", HI);
    let header = hex!("1000 0000 00000007 0001 00 00 0000");
    let behind = [&header[..], &message].concat();
    let inner = announced(0x7fff_ffff, &message);
    vec![
        lying(
            "a frame of 0x7fffffff",
            announced(0x7fff_ffff, &message),
            "frame of 2147483651 is over the limit of 67108864",
        ),
        lying(
            "a frame of 0xffffffff",
            announced(0xffff_ffff, &message),
            "frame of 4294967299 is over the limit of 67108864",
        ),
        lying(
            "a frame of one byte too many",
            announced(OVER, &message),
            "frame of 67108865 is over the limit of 67108864",
        ),
        lying(
            "a frame of 0",
            announced(0, &message),
            "frame length cannot be 0 (0x0)",
        ),
        lying(
            "a TTHeader of 0x7fffffff",
            announced(0x7fff_ffff, &behind),
            "TTHeader frame of 2147483651 is over the limit of 67108864",
        ),
        lying(
            "a TTHeader of 0xffffffff",
            announced(0xffff_ffff, &behind),
            "TTHeader frame of 4294967299 is over the limit of 67108864",
        ),
        lying(
            "a TTHeader of 4",
            announced(4, &behind),
            "TTHeader length cannot be 4 (0x4)",
        ),
        lying(
            "a frame in a TTHeader, longer than it",
            framed(&[&header[..], &inner].concat()),
            "TTHeader: frame of 2147483651 is over the limit of",
        ),
        closed(
            "a frame of 0x7fffffff zeros",
            announced(0x7fff_ffff, &[0; 8]),
            "is nothing that",
        ),
        closed(
            "no version and no length",
            hex!("00000004 6563686f 01 00000001 00"),
            "a message that starts with",
        ),
        closed(
            "a method's name of -1",
            hex!("80010001 ffffffff"),
            "method name length cannot be",
        ),
        closed(
            "a method's name of 2 GiB",
            hex!("80010001 7fffffff"),
            "message of 2147483659 is over",
        ),
    ]
}

fn headers_that_lie() -> Vec<Row> {
    let many = [&hex!("00 00 01 ffff")[..], &[0; 6]].concat();
    let many_ints = [&hex!("00 00 10 ffff")[..], &[0; 6]].concat();
    vec![
        closed(
            "a header beyond the frame",
            with_size(0xffff, &hex!("00 00 0000")),
            "TTHeader section of 262140 is over the limit of",
        ),
        lying(
            "a header of size 0",
            with_size(0, &[]),
            "TTHeader section size cannot be 0 (0x0)",
        ),
        lying(
            "65535 keys with short data",
            with_section(&many),
            "TTHeader section: number of keys of 65535 is over the limit of 1",
        ),
        lying(
            "65535 int keys with short data",
            with_section(&many_ints),
            "TTHeader section: number of keys of 65535 is over the limit of 1",
        ),
        lying(
            "a key beyond the header",
            with_section(&hex!("00 00 01 0001 ffff 61 0001 62")),
            "TTHeader section: the message ends inside of a value",
        ),
        lying(
            "a value beyond the header",
            with_section(&hex!("00 00 10 0001 0001 ffff 62 00")),
            "TTHeader section: the message ends inside of a value",
        ),
        lying(
            "a token beyond the header",
            with_section(&hex!("00 00 11 ffff 61 00")),
            "TTHeader section: the message ends inside of a value",
        ),
        lying(
            "transforms beyond the header",
            with_section(&hex!("00 ff 00 00")),
            "TTHeader section: the message ends inside of a value",
        ),
        lying(
            "info id 0x42",
            with_section(&hex!("00 00 42 00")),
            "TTHeader section: info id 66 (0x42) is not supported",
        ),
        lying(
            "protocol id 9",
            with_section(&hex!("09 00 00 00")),
            "TTHeader section: protocol id 9 (0x9) is not supported",
        ),
        lying(
            "65535 keys in a MeshHeader",
            [
                &hex!("ffaf 0006 ffff 00000000")[..],
                &call(Transport::Framed, "echo", HI),
            ]
            .concat(),
            "MeshHeader: number of keys of 65535 is over the limit of 1",
        ),
    ]
}

/// The transports whose messages have a length, in which everything else may lie.
const WITH_LENGTH: [Transport; 3] = [
    Transport::Framed,
    Transport::TtHeader,
    Transport::TtHeaderFramed,
];

/// A call over every transport that is refused with a text of its own for messages without a length.
fn broken(
    what: &str,
    method: &str,
    arguments: &[u8],
    text: &'static str,
    bare: &'static str,
) -> Vec<Row> {
    let what = |transport| format!("{what}, {transport}");
    let bytes = |transport| call(transport, method, arguments).to_vec();
    let mut rows: Vec<Row> = WITH_LENGTH
        .into_iter()
        .map(|transport| refused(Level::DEBUG, what(transport), bytes(transport), 7, text))
        .collect();
    let transport = Transport::Buffered;
    rows.push(refused(
        Level::WARN,
        what(transport),
        bytes(transport),
        7,
        bare,
    ));
    rows
}

fn values_that_lie() -> Vec<Row> {
    let rows: &[(&str, &str, &[u8], &'static str, &'static str)] = &[
        (
            "a text of 2^31-1",
            "echo",
            &hex!("0b0001 7fffffff 00"),
            "EchoArgs.text: string length of 2147483647 is over the limit of 1",
            "message of 2147483670 is over the limit of 67108864",
        ),
        (
            "a text of -1",
            "echo",
            &hex!("0b0001 ffffffff 00"),
            "EchoArgs.text: string length cannot be -1 (0xffffffffffffffff)",
            "string length cannot be -1 (0xffffffffffffffff)",
        ),
        (
            "a list of 2^31-1",
            "echoList",
            &hex!("0f0001 0c 7fffffff 00"),
            "echoList.values: list size of 2147483647 is over the limit of 1",
            "message of",
        ),
        (
            "a list of -1",
            "echoList",
            &hex!("0f0001 0c ffffffff 00"),
            "echoList.values: list size cannot be -1",
            "list size cannot be -1",
        ),
        (
            "a map of 2^31-1",
            "echoMap",
            &hex!("0d0001 0b0b 7fffffff 00"),
            "echoMap.values: map size of 2147483647 is over the limit of 0",
            "message of",
        ),
        (
            "a map of -2^31",
            "echoMap",
            &hex!("0d0001 0b0b 80000000 00"),
            "echoMap.values: map size cannot be -2147483648",
            "map size cannot be",
        ),
        (
            "an unknown set of 2^31-1",
            "echo",
            &hex!("0e0009 0b 7fffffff 00"),
            "list size of 2147483647 is over the limit of 0",
            "message of",
        ),
        (
            "an unknown set of -1",
            "echo",
            &hex!("0e0009 0b ffffffff 00"),
            "list size cannot be -1",
            "list size cannot be",
        ),
        (
            "an unknown map of 2^31-1",
            "echo",
            &hex!("0d0009 0a0a 7fffffff 00"),
            "map size of 2147483647 is over the limit of 0",
            "message of",
        ),
        (
            "an unknown type",
            "echo",
            &hex!("630001 00"),
            "field type cannot be 99",
            "field type cannot be 99",
        ),
    ];
    rows.iter()
        .flat_map(|(what, method, arguments, text, bare)| {
            broken(what, method, arguments, text, bare)
        })
        .collect()
}

fn values_too_deep() -> Vec<Row> {
    const LEVELS: usize = 100_000;
    const DEEP: &str = "nested deeper than 64 levels";
    let rows: &[(&str, &str, &[u8], &[u8])] = &[
        (
            "unknown structs",
            "echo",
            &hex!("0b0001 00000002 6869"),
            &hex!("0c0002"),
        ),
        (
            "unknown lists",
            "echo",
            &hex!("0f0002 0f 00000001"),
            &hex!("0f 00000001"),
        ),
        (
            "unknown sets",
            "echo",
            &hex!("0e0002 0e 00000001"),
            &hex!("0e 00000001"),
        ),
        (
            "unknown maps",
            "echo",
            &hex!("0d0002 03 0d 00000001"),
            &hex!("00 03 0d 00000001"),
        ),
        (
            "trees",
            "echoList",
            // A list with an element whose field 18 is a tree, whose field 2 is a list of trees.
            &hex!("0f0001 0c 00000001 0c0012"),
            &hex!("0f0002 0c 00000001"),
        ),
    ];
    rows.iter()
        .flat_map(|(what, method, start, level)| {
            broken(what, method, &nested(start, level, LEVELS), DEEP, DEEP)
        })
        .collect()
}

fn texts_that_are_none() -> Vec<Row> {
    let mut rows = Vec::new();
    for transport in Transport::ALL {
        let what = |what| format!("{what}, {transport}");
        let refused = |what, bytes, text| refused(Level::DEBUG, what, bytes, 7, text);
        rows.push(refused(
            what("a text that is not UTF-8"),
            call(transport, "echo", &hex!("0b0001 00000001 ff 00")).to_vec(),
            "EchoArgs.text: text is not UTF-8",
        ));
        let mut bytes = call(transport, "echo", HI).to_vec();
        let name = bytes
            .windows(4)
            .position(|window| window == b"echo")
            .unwrap();
        bytes[name] = 0xff;
        rows.push(refused(
            what("a method's name that is not UTF-8"),
            bytes,
            "the method's name is not UTF-8",
        ));
    }
    // The log has one line of it, whatever the name is made of.
    let forged = call(Transport::Framed, "a\nb\u{1b}[31m", HI).to_vec();
    rows.push(Row {
        what: "a method's name that forges the log".to_owned(),
        bytes: forged,
        ending: Ending::Open,
        outcome: Outcome::Exception(20, "unknown service , method a\nb\u{1b}[31m"),
        log: Some((Level::DEBUG, "method a\u{fffd}b\u{fffd}[31m")),
    });
    let unknown = with_section(&hex!("00 00 01 0001 0003 69736e 0001 ff"));
    rows.push(refused(
        Level::DEBUG,
        "a service's name that is not UTF-8".to_owned(),
        unknown,
        20,
        "unknown service \u{fffd}, method echo",
    ));
    rows
}

fn peers_that_leave() -> Vec<Row> {
    let mut rows = vec![Row {
        what: "nothing at all".to_owned(),
        bytes: Vec::new(),
        ending: Ending::Finish,
        outcome: Outcome::Closed,
        log: None,
    }];
    for transport in Transport::ALL {
        let whole = call(transport, "echo", HI).to_vec();
        for cut in 1..whole.len() {
            rows.push(Row {
                what: format!("{transport}, cut at {cut}"),
                bytes: whole[..cut].to_vec(),
                ending: Ending::Finish,
                outcome: Outcome::Closed,
                log: Some((Level::DEBUG, "a connection ended: it was ")),
            });
        }
        rows.push(Row {
            what: format!("{transport}, and no more is sent"),
            bytes: whole.clone(),
            ending: Ending::Finish,
            outcome: Outcome::Echo,
            log: None,
        });
        rows.push(Row {
            what: format!("{transport}, a reset in the middle"),
            bytes: whole[..whole.len() - 1].to_vec(),
            ending: Ending::Reset,
            outcome: Outcome::Closed,
            log: Some((Level::DEBUG, "a connection ended: ")),
        });
    }
    rows
}
