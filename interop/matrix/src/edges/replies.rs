//! Replies of every kind, and what a caller is told of them.

use polyport::Transport;
use polyport::validator::{Crc32c, PayloadValidator};
use serde_json::{Value, json};

use crate::edges::bytes::{Message, exception, kind, mesh_header, response, string_field};
use crate::edges::case::Outcome;
use crate::edges::client::{Case, ONLY_A, Of};
use crate::edges::played::Play;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = framings();
    cases.extend(message_types());
    cases.extend(numbers_and_names());
    cases.extend(exceptions());
    cases.extend(business());
    cases.extend(beside());
    cases.extend(headers());
    cases.extend(checksums());
    cases.extend(results());
    cases.extend(endings());
    cases
}

const ONE: &str = "one connection";
const TTHEADER: Transport = Transport::TtHeader;

/// A reply with the text `yes`.
fn yes(transport: Transport) -> Message {
    Message::new(transport, "onlyA")
        .kind(kind::REPLY)
        .body(response("yes"))
}

fn ok() -> Value {
    json!({ "ok": { "message": "yes" } })
}

fn lost() -> Value {
    json!("lost")
}

fn error(type_id: i32, message: &str) -> Value {
    json!({ "error": { "type": type_id, "message": message } })
}

fn biz(code: i32, message: &str, extra: &Value) -> Value {
    json!({ "biz": { "code": code, "message": message, "extra": extra } })
}

fn outcome(line: &Value) -> Outcome {
    Outcome(vec![line.to_string(), ONE.to_owned()])
}

/// A case in which the message gets the number of the request, unless it is about numbers.
fn case(id: &'static str, name: impl Into<String>, message: Message) -> Case {
    played(id, name, move |sequence| {
        Play::Answer(message.clone().sequence(sequence).bytes())
    })
}

fn played(
    id: &'static str,
    name: impl Into<String>,
    play: impl Fn(i32) -> Play + Send + Sync + 'static,
) -> Case {
    Case {
        id,
        name: name.into(),
        flags: format!("--transport ttheader {ONLY_A}"),
        play: Box::new(play),
        kitex: Outcome::default(),
        polyport: Outcome::default(),
        of: Of::Outcome,
    }
}

impl Case {
    fn flags(self, flags: &str) -> Self {
        let flags = flags.to_owned();
        Self { flags, ..self }
    }

    /// For a client that waits until it has no more patience.
    fn timeout(self, milliseconds: &str) -> Self {
        let flags = format!("{} --timeout {milliseconds}", self.flags);
        Self { flags, ..self }
    }

    fn both(self, line: &Value) -> Self {
        self.kitex(line).polyport(line)
    }

    fn kitex(self, line: &Value) -> Self {
        let kitex = outcome(line);
        Self { kitex, ..self }
    }

    fn polyport(self, line: &Value) -> Self {
        let polyport = outcome(line);
        Self { polyport, ..self }
    }

    /// Two calls, by how many connections.
    fn twice(self, line: &Value, [kitex, polyport]: [&str; 2]) -> Self {
        let of = |connections: &str| {
            Outcome(vec![
                line.to_string(),
                line.to_string(),
                connections.to_owned(),
            ])
        };
        let flags = format!("{} --count 2", self.flags);
        let (kitex, polyport) = (of(kitex), of(polyport));
        Self {
            flags,
            kitex,
            polyport,
            ..self
        }
    }
}

/// A reply may be cut in another way than its request.
fn framings() -> Vec<Case> {
    let mut cases = Vec::new();
    for asked in ["buffered", "framed", "ttheader", "ttheader-framed"] {
        for transport in Transport::ALL {
            let name = format!("a reply over {transport} to a request over {asked}");
            let flags = format!("--transport {asked} {ONLY_A}");
            cases.push(case("P1", name, yes(transport)).flags(&flags).both(&ok()));
        }
    }
    let meshed = |sequence| {
        let reply = yes(Transport::Framed).sequence(sequence).bytes();
        Play::Answer([mesh_header(&[("a", "b")]), reply].concat())
    };
    let mut seen = ok();
    seen["back"] = json!({ "a": "b" });
    cases.push(played("D9", "a reply behind a MeshHeader", meshed).both(&seen));
    cases
}

fn message_types() -> Vec<Case> {
    let of = |number: u16| {
        case(
            "P9",
            format!("a reply of type {number}"),
            yes(TTHEADER).kind(number),
        )
    };
    vec![
        of(kind::STREAM).both(&ok()),
        of(kind::CALL).both(&lost()),
        of(kind::ONEWAY).both(&lost()),
        of(0).both(&lost()),
        of(6).both(&lost()),
    ]
}

fn numbers_and_names() -> Vec<Case> {
    let numbered = |name, message: Message, add: i32| {
        played("P11", name, move |sequence| {
            let message = message.clone().sequence(sequence + add);
            Play::Answer(message.header_sequence(sequence).bytes())
        })
    };
    let failed = Message::new(TTHEADER, "onlyA")
        .kind(kind::EXCEPTION)
        .body(exception(6, "bad"));
    let other_header = played(
        "P11",
        "a reply with another number in its header",
        |sequence| Play::Answer(yes(TTHEADER).sequence(sequence).header_sequence(99).bytes()),
    );
    let mut other_method = Message::new(TTHEADER, "other").kind(kind::REPLY);
    other_method = other_method.body(response("yes"));
    let other_failed = Message::new(TTHEADER, "other")
        .kind(kind::EXCEPTION)
        .body(exception(6, "bad"));
    let no_number = {
        let failed = failed.clone();
        played("P11", "an exception without a number", move |_| {
            Play::Answer(failed.clone().sequence(0).bytes())
        })
    };
    vec![
        other_header.both(&ok()),
        numbered("a reply with another number", yes(TTHEADER), 1).both(&lost()),
        // It may be for a one-way call before.
        numbered("an exception with another number", failed, 1)
            .kitex(&error(6, "bad"))
            .polyport(&lost()),
        no_number.both(&error(6, "bad")),
        case("P11", "a reply for another method", other_method).both(&lost()),
        case("P11", "an exception for another method", other_failed).both(&error(6, "bad")),
    ]
}

fn exceptions() -> Vec<Case> {
    let of = |name: &str, body: Vec<u8>| {
        let message = Message::new(TTHEADER, "onlyA").kind(kind::EXCEPTION);
        case("E1", name, message.body(body))
    };
    let texts = [
        (0, "unknown application exception"),
        (1, "unknown method"),
        (2, "invalid message type"),
        (3, "wrong method name"),
        (4, "bad sequence ID"),
        (5, "missing result"),
        (6, "unknown internal error"),
        (7, "unknown protocol error"),
        (8, "Invalid transform"),
        (9, "Invalid protocol"),
        (10, "Unsupported client type"),
        (20, "unknown service"),
        (1000, "application exception of type 1000"),
    ];
    // Kitex's peer prints what came; in a Go error there would be the same words.
    let mut cases: Vec<Case> = texts
        .into_iter()
        .map(|(type_id, text)| {
            of(
                &format!("exception {type_id} without a text"),
                exception(type_id, ""),
            )
            .kitex(&error(type_id, ""))
            .polyport(&error(type_id, text))
        })
        .collect();
    cases.extend([
        of("an exception of nothing", vec![0])
            .kitex(&error(0, ""))
            .polyport(&error(0, "unknown application exception")),
        of(
            "an exception with an unknown field",
            [&string_field(9, "x")[..], &exception(6, "bad")].concat(),
        )
        .kitex(&lost())
        .polyport(&error(6, "bad")),
        of(
            "an exception that is broken",
            vec![11, 0, 1, 0xff, 0xff, 0xff, 0xff],
        )
        .kitex(&json!({ "timeout": true }))
        .polyport(&lost())
        .timeout("10000"),
    ]);
    cases
}

fn business() -> Vec<Case> {
    let empty = || Message::new(TTHEADER, "onlyA").kind(kind::REPLY);
    let of = |name: &str, keys: &[(&str, &str)]| case("E2", name, empty().strings(keys));
    let none = json!({});
    let status = |code| [("biz-status", code), ("biz-message", "m")];
    vec![
        of("a business error", &status("404")).both(&biz(404, "m", &none)),
        of("a negative business error", &status("-1")).both(&biz(-1, "m", &none)),
        of(
            "a business error without a message",
            &[("biz-status", "404")],
        )
        .both(&biz(404, "", &none)),
        of(
            "a business error with more",
            &[
                ("biz-status", "1"),
                ("biz-message", "m"),
                ("biz-extra", r#"{"k":"\u003c"}"#),
            ],
        )
        .both(&biz(1, "m", &json!({ "k": "<" }))),
        of(
            "a business error whose extra is broken",
            &[
                ("biz-status", "1"),
                ("biz-message", "m"),
                ("biz-extra", "{"),
            ],
        )
        .kitex(&json!({ "ok": null }))
        .polyport(&biz(1, "m", &none)),
        of("business error 0", &status("0"))
            .kitex(&json!({ "ok": null }))
            .polyport(&error(5, "missing result")),
        of("a business error that is no number", &status("x"))
            .kitex(&json!({ "ok": null }))
            .polyport(&error(5, "missing result")),
        of("a business error beyond 32 bits", &status("4294967296"))
            .kitex(&json!({ "ok": null }))
            .polyport(&error(5, "missing result")),
        case(
            "E2",
            "a business error beside a result",
            yes(TTHEADER).strings(&status("404")),
        )
        .both(&biz(404, "m", &none)),
    ]
}

/// What is said about the connection, and metadata.
fn beside() -> Vec<Case> {
    let with = |key, value| yes(TTHEADER).string(key, value);
    let back = |key: &str, value: &str| {
        let mut line = ok();
        line["back"] = json!({ key: value });
        line
    };
    let failed = Message::new(TTHEADER, "onlyA").kind(kind::EXCEPTION);
    vec![
        case(
            "P12",
            "a token in a reply",
            yes(TTHEADER).section(b"\x11\0\x06secret"),
        )
        .both(&back("RPC_TRANSIT_gdpr-token", "secret")),
        case("P12", "metadata in a reply", with("key", "value")).both(&back("key", "value")),
        case(
            "P12",
            "a prefix in a reply",
            with("RPC_BACKWARD_key", "value"),
        )
        .both(&back("RPC_BACKWARD_key", "value")),
        case("P12", "empty metadata in a reply", with("key", ""))
            .kitex(&back("key", ""))
            .polyport(&ok()),
        case("E1", "the connection is kept", yes(TTHEADER)).twice(&ok(), [ONE, ONE]),
        case("E1", "crrst", with("crrst", "1")).twice(&ok(), ["2 connections", "2 connections"]),
        case("E1", "an empty crrst", with("crrst", ""))
            .twice(&ok(), ["2 connections", "2 connections"]),
        // Kitex gives up a connection after every error.
        case(
            "E1",
            "after an error of a handler",
            failed.clone().body(exception(6, "bad")),
        )
        .twice(&error(6, "bad"), ["2 connections", ONE]),
        case(
            "E1",
            "after an unknown service",
            failed.body(exception(20, "bad")),
        )
        .twice(&error(20, "bad"), ["2 connections", "2 connections"]),
    ]
}

fn headers() -> Vec<Case> {
    let of = |id, name: &str, message: Message| case(id, format!("a reply with {name}"), message);
    let yes = || yes(TTHEADER);
    let mut cases: Vec<Case> = [0_u8, 2, 3, 4, 5, 9, 0x10, 0x11]
        .into_iter()
        .map(|number| {
            let case = of(
                "P14",
                &format!("protocol id {number:#04x}"),
                yes().protocol(number),
            );
            match number {
                0 | 3 | 4 | 0x10 | 0x11 => case.both(&ok()),
                _ => case.both(&lost()),
            }
        })
        .collect();
    cases.extend([
        of("P14", "no section", yes().section_size(0)).both(&lost()),
        of("P14", "an unknown group", yes().section(&[0x42])).both(&lost()),
        of("P14", "transforms", yes().transforms(&[1])).both(&ok()),
        of("P14", "padding", yes().section(&[0; 9]).int(22, "2")).both(&ok()),
        of("P14", "flags", yes().flags(0x00ff)).both(&ok()),
        of(
            "P14",
            "more keys than there are",
            yes().section(b"\x01\xff\xff\0\x01a"),
        )
        .both(&lost()),
    ]);
    cases
}

fn checksums() -> Vec<Case> {
    let mut cases = Vec::new();
    for (asked, transport) in [
        ("ttheader", TTHEADER),
        ("ttheader-framed", Transport::TtHeaderFramed),
    ] {
        let of =
            |validator: &str, name: &str, value: fn(&[u8]) -> Option<(&'static str, String)>| {
                let name = format!("a reply with {name} over {transport}");
                let reply = move |sequence| {
                    let message = yes(transport).sequence(sequence);
                    Play::Answer(match value(&message.payload()) {
                        Some((key, value)) => message.string(key, &value).bytes(),
                        None => message.bytes(),
                    })
                };
                let flags = format!("--transport {asked} {ONLY_A} --validator {validator}");
                played("P13", name, reply).flags(&flags)
            };
        // Whoever validates sees the value as metadata, too.
        let mut seen = ok();
        let length = yes(transport).payload().len();
        seen["back"] = json!({ "PV_length": length.to_string() });
        cases.extend([
            of("crc32c", "the right checksum", |payload| {
                Some(("crc32c", Crc32c.generate(payload)?))
            })
            .both(&ok()),
            of("crc32c", "a wrong checksum", |_| {
                Some(("crc32c", "00000000".to_owned()))
            })
            .both(&lost()),
            of("crc32c", "no checksum", |_| None).both(&ok()),
            of("length", "the right length", |payload| {
                Some(("PV_length", payload.len().to_string()))
            })
            .both(&seen),
            of("length", "a wrong length", |_| {
                Some(("PV_length", "1".to_owned()))
            })
            .both(&lost()),
            of("length", "no length", |_| None).both(&lost()),
        ]);
    }
    cases
}

fn results() -> Vec<Case> {
    let of = |name: &str, body: Vec<u8>| {
        let message = Message::new(TTHEADER, "onlyA").kind(kind::REPLY);
        case("P8", name, message.body(body))
    };
    let void = |name: &str, body: Vec<u8>| {
        let message = Message::new(TTHEADER, "nothing").kind(kind::REPLY);
        case("P8", name, message.body(body))
            .flags("--transport ttheader --service ServiceA --method nothing")
    };
    let unknown = [&[8, 0, 9, 0, 0, 0, 1][..], &response("yes")].concat();
    vec![
        // Kitex takes a result that is missing for an empty one.
        of("an empty result", vec![0])
            .kitex(&json!({ "ok": null }))
            .polyport(&error(5, "missing result")),
        of("an unknown field before the result", unknown).both(&ok()),
        of("a result of another type", vec![8, 0, 0, 0, 0, 0, 1, 0])
            .kitex(&json!({ "ok": null }))
            .polyport(&error(5, "missing result")),
        of(
            "a result that is broken",
            vec![12, 0, 0, 11, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0],
        )
        .both(&lost()),
        void("nothing", vec![0]).both(&json!({ "ok": null })),
        // It may be an exception that this side's IDL does not know.
        void("nothing with an unknown field", vec![12, 0, 1, 0, 0])
            .kitex(&json!({ "ok": null }))
            .polyport(&error(5, "missing result")),
    ]
}

/// A connection that ends where a reply should be.
fn endings() -> Vec<Case> {
    let last = |id, name: &str, bytes: fn(i32) -> Vec<u8>| {
        played(id, name, move |sequence| Play::Last(bytes(sequence)))
    };
    vec![
        last("E1", "no reply", |_| Vec::new()).both(&lost()),
        last("E1", "half a reply", |sequence| {
            let mut reply = yes(TTHEADER).sequence(sequence).bytes();
            reply.truncate(20);
            reply
        })
        .both(&lost()),
        last("P15", "a reply longer than it says", |sequence| {
            yes(TTHEADER).sequence(sequence).outer_lie(-2).bytes()
        })
        .both(&lost()),
        last("P15", "a reply shorter than it says", |sequence| {
            yes(TTHEADER).sequence(sequence).outer_lie(2).bytes()
        })
        .both(&lost()),
        last("D5", "HTTP", |_| {
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()
        })
        .both(&lost()),
        last("P5", "Kitex Protobuf", |sequence| {
            Message::new(Transport::Framed, "onlyA")
                .protobuf()
                .kind(kind::REPLY)
                .body(*b"\x0a\x03yes")
                .sequence(sequence)
                .bytes()
        })
        .both(&lost()),
        last("W14", "a message without a version", |sequence| {
            let mut reply = b"\0\0\0\x20\0\0\0\x05onlyA\x02".to_vec();
            reply.extend(sequence.to_be_bytes());
            reply.extend(response("yes"));
            reply
        })
        .both(&lost()),
    ]
}
