//! The first bytes of a connection, and what may follow them on it: the cases D.

use std::time::Duration;

use polyport::Transport;

use crate::edges::bytes::{Message, mesh_header};
use crate::edges::case::{CODEC_DOES_NOT_FIT, Case, answer, refusal};
use crate::edges::conversation::Step;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(first_bytes());
    cases.extend(slow_bytes());
    cases.extend(foreign());
    cases.extend(changes());
    cases.extend(streaming_flags());
    cases.extend(mesh_headers());
    cases.extend(pipelines());
    cases
}

/// The trailer of a stream.
fn not_served(method: &str) -> String {
    format!(
        "TTHeader exception {method} #7 9 \"TTHeader Streaming is not served by this version of \
         Polyport\" | #7 flags=0x0002 protocol=0x10 9={method} 27=4"
    )
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The settings that Polyport begins HTTP/2 with.
const SETTINGS: &str = "bytes 000018040000000000000300000400000400040000000500010000000600010000";

/// TTHeader Streaming is not served yet.
fn first_bytes() -> Vec<Case> {
    let mut cases: Vec<Case> = Transport::ALL
        .into_iter()
        .map(|transport| {
            let call = Message::asking(transport, "onlyA", "hi");
            let answer = answer(transport, "onlyA", "ServiceA/onlyA: hi");
            Case::of("D1", format!("{transport}"), &call).both(&[&answer, "kept"])
        })
        .collect();
    let opening = Message::new(Transport::TtHeader, "nope").flags(2);
    let opening = opening.protocol(0x10).int(27, "2").int(9, "nope");
    cases.extend([
        Case::new("D1", "HTTP/2", PREFACE)
            .watch(5)
            .kitex(&[
                "bytes 000006040000000000000500004000000000040100000000",
                "waits",
            ])
            .polyport(&[
                &format!("{SETTINGS}000000040100000000000004080000000000006f0001"),
                "waits",
            ]),
        Case::of("D1", "TTHeader Streaming", &opening)
            .watch(2)
            .kitex(&["waits"])
            .polyport(&[&not_served("nope"), "closed"]),
    ]);
    cases
}

fn slow_bytes() -> Vec<Case> {
    let call = Message::asking(Transport::Framed, "onlyA", "hi").bytes();
    let answer = answer(Transport::Framed, "onlyA", "ServiceA/onlyA: hi");
    let after = |milliseconds| {
        let steps = vec![
            Step::Send(call[..1].to_vec()),
            Step::Pause(Duration::from_millis(milliseconds)),
            Step::Send(call[1..8].to_vec()),
            Step::Pause(Duration::from_millis(milliseconds)),
            Step::Send(call[8..].to_vec()),
        ];
        Case::steps("D2", format!("pauses of {milliseconds} ms"), steps)
    };
    vec![
        after(100).both(&[&answer, "kept"]),
        after(2000).both(&[&answer, "kept"]),
        // Both give up after 5 s, by their own clocks.
        after(60_000).both(&["closed"]),
        Case::new("D3", "one byte and silence", [0])
            .watch(7)
            .both(&["closed"]),
        Case::new("D3", "silence", []).watch(7).both(&["waits"]),
        Case::steps("D3", "nothing and the end", vec![Step::Finish]).both(&["closed"]),
        Case::steps(
            "D3",
            "one byte and the end",
            vec![Step::Send(vec![0]), Step::Finish],
        )
        .both(&["closed"]),
    ]
}

/// What looks like something else.
fn foreign() -> Vec<Case> {
    let mut spoiled = PREFACE.to_vec();
    spoiled[18] = b'X';
    vec![
        Case::new("D4", "HTTP/2 with another end", spoiled)
            .watch(7)
            // Its settings do not always arrive before the end.
            .kitex_varies()
            .polyport(&[SETTINGS, "closed"]),
        Case::new("D5", "HTTP/1.1", *b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .kitex(&["closed"])
            .polyport(&["text HTTP/1.1 421 Misdirected Request", "closed"]),
        Case::new(
            "D5",
            "TLS",
            [
                &b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"[..],
                &[0x42; 194],
            ]
            .concat(),
        )
        .both(&["closed"]),
        Case::new("D5", "telnet", *b"\xff\xf4\xff\xfd\x06hello\r\n").both(&["closed"]),
        Case::new("D5", "words", *b"hello, world\r\n").both(&["closed"]),
        Case::new("D5", "Dubbo", [&b"\xda\xbb\xc2\x00"[..], &[0; 12]].concat()).both(&["closed"]),
        Case::new(
            "W14",
            "THeader of fbthrift",
            [&b"\0\0\0\x20\x0f\xff\0\0\0\0\0\x07\0\x01"[..], &[0; 22]].concat(),
        )
        .both(&["closed"]),
    ]
}

/// Other framings on the same connection, which was found to be ping-pong.
fn changes() -> Vec<Case> {
    let asking = |transport| Message::asking(transport, "onlyA", "hi").bytes();
    let answer = |transport| answer(transport, "onlyA", "ServiceA/onlyA: hi");
    let order = [
        Transport::Framed,
        Transport::TtHeader,
        Transport::Buffered,
        Transport::TtHeaderFramed,
        Transport::Buffered,
    ];
    let all: Vec<u8> = order.into_iter().flat_map(asking).collect();
    let mut lines: Vec<String> = order.into_iter().map(answer).collect();
    lines.push("kept".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let protobuf = Message::new(Transport::Framed, "onlyA").protobuf();
    let protobuf = protobuf.body(*b"\x0a\x02hi").bytes();
    let streaming = Message::new(Transport::TtHeader, "onlyA").flags(2).bytes();
    let opening = Message::nothing().flags(2).int(27, "2").bytes();
    let framed = answer(Transport::Framed);
    let empty = refusal(Transport::TtHeader, "", 7, "...");
    let none = self::answer(Transport::TtHeader, "onlyA", "ServiceA/onlyA: ");
    vec![
        Case::new("D6", "every framing in turn", all).both(&lines),
        Case::new(
            "D6",
            "Kitex Protobuf after Framed",
            [asking(Transport::Framed), protobuf].concat(),
        )
        .both(&[&framed, CODEC_DOES_NOT_FIT, "closed"]),
        Case::new(
            "D7",
            "a streaming frame after Framed",
            [asking(Transport::Framed), streaming.clone()].concat(),
        )
        .both(&[&framed, &none, "kept"]),
        Case::new(
            "D7",
            "a streaming frame without a message after Framed",
            [asking(Transport::Framed), opening].concat(),
        )
        .watch(2)
        .kitex(&[&framed, "waits"])
        .polyport(&[&framed, &empty, "closed"]),
        Case::new(
            "D7",
            "Framed after a streaming frame",
            [streaming, asking(Transport::Framed)].concat(),
        )
        .kitex(&["closed"])
        .polyport(&[&not_served(""), "closed"]),
    ]
}

/// The bit for streaming among others, in front of a request.
fn streaming_flags() -> Vec<Case> {
    [0x0003, 0x0006]
        .into_iter()
        .map(|flags| {
            let call = Message::asking(Transport::TtHeader, "onlyA", "hi").flags(flags);
            Case::of("D8", format!("flags {flags:#06x}"), &call)
                .kitex(&["closed"])
                .polyport(&[&not_served(""), "closed"])
        })
        .collect()
}

fn mesh_headers() -> Vec<Case> {
    let behind = |pairs: &[(&str, &str)], transport, method, text| {
        let call = Message::asking(transport, method, text).bytes();
        [mesh_header(pairs), call].concat()
    };
    let (framed, buffered) = (Transport::Framed, Transport::Buffered);
    let b = answer(framed, "sameNamedMethod", "ServiceB/sameNamedMethod: hi");
    let b_buffered = answer(buffered, "sameNamedMethod", "ServiceB/sameNamedMethod: hi");
    let a = answer(framed, "onlyA", "ServiceA/onlyA: hi");
    let value = answer(framed, "onlyA", "v");
    let unknown = refusal(
        framed,
        "sameNamedMethod",
        20,
        "unknown service Nope, method sameNamedMethod",
    );
    let same = "sameNamedMethod";
    vec![
        Case::new(
            "D9",
            "a service's name, Framed",
            behind(&[("isn", "ServiceB")], framed, same, "hi"),
        )
        .both(&[&b, "kept"]),
        Case::new(
            "D9",
            "a service's name, Buffered",
            behind(&[("isn", "ServiceB")], buffered, same, "hi"),
        )
        .both(&[&b_buffered, "kept"]),
        Case::new(
            "D9",
            "an unknown name",
            behind(&[("isn", "Nope")], framed, same, "hi"),
        )
        .both(&[&unknown, "closed"]),
        Case::new("D9", "no keys", behind(&[], framed, "onlyA", "hi")).both(&[&a, "kept"]),
        Case::new(
            "D9",
            "metadata",
            behind(&[("RPC_TRANSIT_k", "v")], framed, "onlyA", "meta:k"),
        )
        .both(&[&value, "kept"]),
        Case::new(
            "D9",
            "more keys than there are",
            [
                b"\xff\xaf\0\x02\0\x09".to_vec(),
                Message::asking(framed, "onlyA", "hi").bytes(),
            ]
            .concat(),
        )
        .broken(framed, "onlyA"),
        Case::new(
            "D9",
            "TTHeader behind it",
            behind(&[], Transport::TtHeader, "onlyA", "hi"),
        )
        .both(&["closed"]),
    ]
}

fn pipelines() -> Vec<Case> {
    let call = |text| Message::asking(Transport::Framed, "onlyA", text).bytes();
    let first = answer(Transport::Framed, "onlyA", "ServiceA/onlyA: 1");
    let second = answer(Transport::Framed, "onlyA", "ServiceA/onlyA: 2");
    vec![
        Case::new(
            "D10",
            "two requests at once",
            [call("1"), call("2")].concat(),
        )
        .both(&[&first, &second, "kept"]),
        Case::steps(
            "D10",
            "a request and the end",
            vec![Step::Send(call("1")), Step::Finish],
        )
        .watch(5)
        .kitex_varies()
        .polyport(&[&first, "closed"]),
    ]
}
