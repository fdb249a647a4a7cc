//! What a request may be: the cases P of whole messages.

use polyport::Transport;
use polyport::validator::{Crc32c, PayloadValidator};

use crate::edges::bytes::{Message, SEQUENCE, kind, request};
use crate::edges::case::{CODEC_DOES_NOT_FIT, Case, answer, failure, refusal, reply};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for transport in Transport::ALL {
        cases.extend(results(transport));
        cases.extend(message_types(transport));
    }
    cases.extend(protobuf());
    for transport in [Transport::TtHeader, Transport::TtHeaderFramed] {
        cases.extend(checksums(transport));
        cases.extend(lengths(transport));
    }
    cases.extend(sizes());
    cases.push(multiplexed());
    cases
}

fn results(transport: Transport) -> Vec<Case> {
    let of = |name, message: Message| Case::of("P8", format!("{name}, {transport}"), &message);
    let declined = reply(transport, "declines", "[(1, I32(7)), (2, String(b\"no\"))]");
    let numbers = [
        &[10, 0, 1][..],
        &2_i64.to_be_bytes(),
        &[10, 0, 2],
        &3_i64.to_be_bytes(),
        &[0],
    ];
    let sum = reply(transport, "add", "[(0, I64(5))]");
    let none = reply(transport, "onlyA", "\"ServiceA/onlyA: \"");
    vec![
        of("void", Message::new(transport, "nothing"))
            .both(&[&reply(transport, "nothing", "{}"), "kept"]),
        of(
            "a declared exception",
            Message::asking(transport, "declines", "no"),
        )
        .both(&[&declined, "kept"]),
        of(
            "numbers",
            Message::new(transport, "add").body(numbers.concat()),
        )
        .both(&[&sum, "kept"]),
        of("no arguments", Message::new(transport, "onlyA")).both(&[&none, "kept"]),
        of(
            "one-way",
            Message::asking(transport, "notify", "n").kind(kind::ONEWAY),
        )
        .both(&["kept"]),
    ]
}

/// The method decides whether there is an answer, whatever the message says it is.
fn message_types(transport: Transport) -> Vec<Case> {
    let of =
        |name: &str, message: &Message| Case::of("P9", format!("{name}, {transport}"), message);
    let answer = answer(transport, "onlyA", "ServiceA/onlyA: hi");
    let asking = Message::asking(transport, "onlyA", "hi");
    let stream = of("stream", &asking.clone().kind(kind::STREAM));
    let stream = if transport.has_header() {
        stream.both(&[&answer, "kept"])
    } else {
        // Kitex does not keep the number of such a message.
        let numberless = answer.replace("#7", "#0");
        stream
            .kitex(&[&numberless, "kept"])
            .polyport(&[&answer, "kept"])
    };
    let mut cases = vec![
        of(
            "one-way to a method with a result",
            &asking.clone().kind(kind::ONEWAY),
        )
        .both(&[&answer, "kept"]),
        of(
            "a call of a one-way method",
            &Message::asking(transport, "notify", "n"),
        )
        .both(&["kept"]),
        stream,
    ];
    for number in [0, kind::REPLY, kind::EXCEPTION, 6, 0xffff] {
        let text = format!("invalid message type {number}: a request is a call (1) or one-way (4)");
        let refusal = refusal(transport, "onlyA", 2, &text);
        cases.push(
            of(&format!("type {number}"), &asking.clone().kind(number))
                .kitex(&["closed"])
                .polyport(&[&refusal, "closed"]),
        );
    }
    cases
}

/// A Thrift service says that the codec does not fit.
fn protobuf() -> Vec<Case> {
    [Transport::Framed, Transport::TtHeaderFramed]
        .into_iter()
        .map(|transport| {
            let call = Message::new(transport, "onlyA")
                .protobuf()
                .body(*b"\x0a\x02hi");
            let words = match transport {
                Transport::Framed => CODEC_DOES_NOT_FIT.to_owned(),
                _ => format!("TTHeader|{CODEC_DOES_NOT_FIT} | #7 22=3 crrst=1"),
            };
            Case::of("P5", format!("Kitex Protobuf, {transport}"), &call).both(&[&words, "closed"])
        })
        .collect()
}

fn checksums(transport: Transport) -> Vec<Case> {
    let asking = Message::asking(transport, "onlyA", "hi");
    let right = Crc32c.generate(&asking.payload()).unwrap_or_default();
    let of = |name: &str, message: &Message| {
        Case::of("P13", format!("{name}, {transport}"), message).server("multi --validator crc32c")
    };
    let with = |value: &str| asking.clone().string("crc32c", value);
    let guarded = |method: &str, text: &str| {
        let result = Message::new(transport, method).kind(kind::REPLY);
        let result = result.body(crate::edges::bytes::response(text));
        let checksum = Crc32c.generate(&result.payload()).unwrap_or_default();
        format!("{} crc32c={checksum}", answer(transport, method, text))
    };
    let answer = guarded("onlyA", "ServiceA/onlyA: hi");
    let unknown = Message::new(transport, "nope").string("crc32c", "00000000");
    vec![
        of("right", &with(&right)).both(&[&answer, "kept"]),
        of("none", &asking).both(&[&answer, "kept"]),
        of("empty", &with("")).both(&[&answer, "kept"]),
        of("wrong", &with("00000000")).both(&["closed"]),
        of("in capitals", &with(&right.to_uppercase())).both(&["closed"]),
        of("cut", &with(&right[..7])).both(&["closed"]),
        of("wrong, unknown method", &unknown).both(&["closed"]),
    ]
}

/// A validator of the application: it sees an empty value when there is none.
fn lengths(transport: Transport) -> Vec<Case> {
    let asking = Message::asking(transport, "onlyA", "hi");
    let right = asking.payload().len();
    let of = |name: &str, message: &Message| {
        let name = format!("{name} of a custom validator, {transport}");
        Case::of("P13", name, message).server("multi --validator length")
    };
    let with = |length: usize| asking.clone().string("PV_length", &length.to_string());
    let result = Message::new(transport, "onlyA");
    let result = result.body(crate::edges::bytes::response("ServiceA/onlyA: hi"));
    let answer = answer(transport, "onlyA", "ServiceA/onlyA: hi");
    let answer = format!("{answer} PV_length={}", result.payload().len());
    vec![
        of("right value", &with(right)).both(&[&answer, "kept"]),
        of("wrong value", &with(right + 1)).both(&["closed"]),
        of("no value", &asking).both(&["closed"]),
    ]
}

/// Kitex knows no length of a Buffered message and lets it pass.
fn sizes() -> Vec<Case> {
    Transport::ALL
        .into_iter()
        .map(|transport| {
            let long = "x".repeat(2000);
            let call = Message::asking(transport, "nothing", &long);
            let case = Case::of("P16", format!("more than is allowed, {transport}"), &call);
            let case = case.server("multi --max-size 1000");
            let case = case.broken(transport, "nothing");
            match transport {
                Transport::Buffered => case.kitex(&[&reply(transport, "nothing", "{}"), "kept"]),
                _ => case,
            }
        })
        .collect()
}

/// Three requests at once, flagged for any order; the first one takes its time.
fn multiplexed() -> Case {
    let transport = Transport::TtHeaderFramed;
    let call = |text: &str, number: i32| {
        let call = Message::asking(transport, "onlyA", text).flags(1);
        call.sequence(number).header_sequence(number + 100).bytes()
    };
    let calls = [call("sleep:1000:slow", 1), call("2", 2), call("3", 3)].concat();
    let line = |text: &str, number: i32, header: i32| {
        let answer = format!("ServiceA/onlyA: {text}");
        format!("{transport} reply onlyA #{number} {answer:?} | #{header} 22=2")
    };
    Case::new("P17", "requests in any order", calls)
        .kitex(&[
            &line("slow", 1, 1),
            &line("2", 2, 2),
            &line("3", 3, 3),
            "kept",
        ])
        .polyport(&[
            &line("2", 2, 102),
            &line("3", 3, 103),
            &line("slow", 1, 101),
            "kept",
        ])
}

/// Numbers of a request, in the header and in the message.
pub(crate) fn numbers() -> Vec<Case> {
    let transport = Transport::TtHeaderFramed;
    let asking = Message::asking(transport, "onlyA", "hi");
    let line = |number: i32| {
        format!("{transport} reply onlyA #{number} \"ServiceA/onlyA: hi\" | #{number} 22=2")
    };
    let unknown = |number: i32| {
        format!(
            "{transport} exception nope #{number} 20 \"unknown service , method nope\" | \
             #{number} 22=3 crrst=1"
        )
    };
    let of = |name, message: &Message| Case::of("P11", name, message);
    vec![
        of("another in the header", &asking.clone().header_sequence(5))
            .both(&[&line(SEQUENCE), "kept"]),
        of("negative", &asking.clone().sequence(-2)).both(&[&line(-2), "kept"]),
        of("zero", &asking.clone().sequence(0).header_sequence(5)).both(&[&line(0), "kept"]),
        of("the smallest", &asking.sequence(i32::MIN)).both(&[&line(i32::MIN), "kept"]),
        of(
            "another in the header of a refused call",
            &Message::new(transport, "nope")
                .body(request("hi"))
                .header_sequence(5),
        )
        .both(&[&unknown(SEQUENCE), "closed"]),
        Case::of(
            "P11",
            "another in the header of a failed call",
            &Message::asking(transport, "onlyA", "error:bad").header_sequence(5),
        )
        .both(&[&failure(transport, "onlyA", 6, "biz error: bad"), "kept"]),
    ]
}
