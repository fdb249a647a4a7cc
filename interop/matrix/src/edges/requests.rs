//! What clients send: every transport, with and without names, metadata and times.

use polyport::Transport;
use polyport::validator::{Crc32c, PayloadValidator};

use crate::edges::bytes::{Message, kind, response};
use crate::edges::case::Outcome;
use crate::edges::client::{Case, ONLY_A, Of};
use crate::edges::played::Play;

pub(crate) fn cases() -> Vec<Case> {
    let transports = [
        ("buffered", Transport::Buffered),
        ("framed", Transport::Framed),
        ("ttheader", Transport::TtHeader),
        ("ttheader-framed", Transport::TtHeaderFramed),
        ("mux", Transport::TtHeaderFramed),
    ];
    let mut cases = Vec::new();
    for (name, transport) in transports {
        let request = Request { name, transport };
        cases.extend([
            request.case("P7", "", Names::Sent, ""),
            request.case("P7", "--no-service-name", Names::None, ""),
            request.case("P10", "--caller me --timeout 60000", Names::From("me"), ""),
            request.case(
                "P12",
                "--transient gdpr-token=secret --transient K=v --persistent P=w",
                Names::Sent,
                " RPC_PERSIST_P=w RPC_TRANSIT_K=v RPC_TRANSIT_gdpr-token=secret",
            ),
            request.case("P13", "--validator crc32c", Names::Sent, ""),
            request.case("P13", "--validator length", Names::Sent, ""),
        ]);
    }
    cases
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    None,
    Sent,
    From(&'static str),
}

#[derive(Clone, Copy, Debug)]
struct Request {
    name: &'static str,
    transport: Transport,
}

impl Request {
    fn case(self, id: &'static str, flags: &str, names: Names, metadata: &str) -> Case {
        let Self { name, transport } = self;
        let expected = Outcome(vec![self.line(flags, names, metadata)]);
        Case {
            id,
            name: format!("the request over {name} {flags}"),
            flags: format!("--transport {name} {ONLY_A} {flags}"),
            play: Box::new(move |sequence| {
                let reply = Message::new(transport, "onlyA").kind(kind::REPLY);
                Play::Answer(reply.body(response("yes")).sequence(sequence).bytes())
            }),
            kitex: expected.clone(),
            polyport: expected,
            of: Of::Request,
        }
    }

    fn line(self, flags: &str, names: Names, metadata: &str) -> String {
        let Self { name, transport } = self;
        let mut line = format!("{transport} call onlyA #N \"hi\"");
        if !transport.has_header() {
            return line;
        }
        line += " | #N";
        if name == "mux" {
            line += " flags=0x0001";
        }
        let caller = match names {
            Names::From(caller) => caller,
            Names::Sent | Names::None => "",
        };
        if names != Names::None {
            let framing = if transport.is_framed() {
                "framed"
            } else {
                "unframed"
            };
            line += &format!(" 1={framing} 3={caller} 6=ServiceA 9=onlyA");
            if flags.contains("--timeout") {
                line += " 12=T";
            }
            line += " 17=60000 20= 22=1";
        }
        line += metadata;
        // The numbers of both clients begin with 1.
        let call = Message::asking(transport, "onlyA", "hi").sequence(1);
        if flags.contains("crc32c") {
            let checksum = Crc32c.generate(&call.payload()).unwrap_or_default();
            line += &format!(" crc32c={checksum}");
        }
        if flags.contains("length") {
            line += &format!(" PV_length={}", call.payload().len());
        }
        if names != Names::None {
            line += " isn=ServiceA";
        }
        line
    }
}
