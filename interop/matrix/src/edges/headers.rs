//! What a TTHeader may hold, and how its lengths may contradict each other.

use polyport::Transport;

use crate::edges::bytes::Message;
use crate::edges::case::{Case, answer, failure, refusal};
use crate::edges::encodings;

const TRANSPORT: Transport = Transport::TtHeader;
const SAME: &str = "sameNamedMethod";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = known_keys();
    cases.extend(encodings::numbers());
    cases.extend(sections());
    cases.extend(broken_sections());
    cases.extend(protocol_ids());
    cases.extend(contradictions());
    cases
}

fn asking(text: &str) -> Message {
    Message::asking(TRANSPORT, "onlyA", text)
}

/// Who calls, how long it may take, and the token that has a group of its own.
fn known_keys() -> Vec<Case> {
    let who = |caller: &str, reason: &str| {
        let who = format!("ServiceA/onlyA caller={caller} transport=TTHeader");
        let kitex = answer(TRANSPORT, "onlyA", &who);
        let polyport = answer(
            TRANSPORT,
            "onlyA",
            &format!("{who} kind=unary reason={reason}"),
        );
        (kitex, polyport)
    };
    let of = |id, name, message: &Message, (kitex, polyport): (String, String)| {
        Case::of(id, name, message)
            .kitex(&[&kitex, "kept"])
            .polyport(&[&polyport, "kept"])
    };
    let slept = answer(TRANSPORT, "onlyA", "ServiceA/onlyA: late");
    let deadline = failure(
        TRANSPORT,
        "onlyA",
        6,
        "biz error: context deadline exceeded",
    );
    let mut cases = vec![
        of(
            "P10",
            "a caller",
            &asking("who").int(3, "me").int(20, "mine"),
            who("me", "fallback"),
        ),
        of(
            "P10",
            "no caller",
            &asking("who").int(3, ""),
            who("", "fallback"),
        ),
        of(
            "L20",
            "service, method and caller of a named call",
            &asking("who").string("isn", "ServiceA").int(3, "me"),
            who("me", "named"),
        ),
        // Kitex tells its handler, and goes on when the time is over.
        Case::of(
            "P10",
            "a timeout",
            &asking("sleep:6000:late").int(12, "50").int(17, "50"),
        )
        .kitex(&[&slept, "kept"])
        .polyport(&[&deadline, "kept"]),
        Case::of(
            "P10",
            "only a connect timeout",
            &asking("sleep:50:late").int(17, "1"),
        )
        .both(&[&slept, "kept"]),
    ];
    for no_timeout in ["", "0", "-5", "soon", "99999999999999999999"] {
        let call = asking("sleep:50:late").int(12, no_timeout);
        let name = format!("a timeout of {no_timeout:?}");
        cases.push(Case::of("P10", name, &call).both(&[&slept, "kept"]));
    }
    let token = answer(TRANSPORT, "onlyA", "secret");
    let absent = answer(TRANSPORT, "onlyA", "absent");
    let asks = |token: &[u8]| asking("meta:gdpr-token").section(token);
    cases.extend([
        Case::of("P12", "a token", &asks(b"\x11\0\x06secret")).both(&[&token, "kept"]),
        Case::of("P12", "two tokens", &asks(b"\x11\0\x03old\x11\0\x06secret"))
            .both(&[&token, "kept"]),
        Case::of("P12", "an empty token", &asks(b"\x11\0\0")).both(&[&absent, "kept"]),
        Case::of(
            "P12",
            "a token longer than the section",
            &asks(b"\x11\0\xffsecret"),
        )
        .broken(TRANSPORT, "onlyA"),
        Case::of(
            "P12",
            "a token as a string key",
            &asking("meta:gdpr-token").string("RPC_TRANSIT_gdpr-token", "secret"),
        )
        .both(&[&token, "kept"]),
    ]);
    cases
}

/// Odd, and allowed.
fn sections() -> Vec<Case> {
    let hi = answer(TRANSPORT, "onlyA", "ServiceA/onlyA: hi");
    let same_b = answer(TRANSPORT, SAME, "ServiceB/sameNamedMethod: hi");
    let same = || Message::asking(TRANSPORT, SAME, "hi");
    let of = |name, message: &Message| Case::of("P14", name, message);
    let unknown = |name: &str| {
        let text = format!("unknown service {name}, method {SAME}");
        refusal(TRANSPORT, SAME, 20, &text)
    };
    vec![
        of(
            "padding between groups",
            &same()
                .section(&[0, 0, 0])
                .string("isn", "ServiceB")
                .section(&[0, 0, 0, 0, 0])
                .int(3, "me"),
        )
        .both(&[&same_b, "kept"]),
        of(
            "a key twice in a group",
            &same().strings(&[("isn", "ServiceA"), ("isn", "ServiceB")]),
        )
        .both(&[&same_b, "kept"]),
        of(
            "a key in two groups",
            &same()
                .string("isn", "ServiceA")
                .string("a", "b")
                .string("isn", "ServiceB"),
        )
        .both(&[&same_b, "kept"]),
        of(
            "groups of nothing",
            &asking("hi").section(&[1, 0, 0, 0x10, 0, 0]),
        )
        .both(&[&hi, "kept"]),
        of("a long section", &asking("hi").section(&vec![0; 4000])).both(&[&hi, "kept"]),
        of(
            "unknown int keys",
            &asking("hi").int(999, "x").int(0xffff, "y"),
        )
        .both(&[&hi, "kept"]),
        of("a key without a name", &asking("hi").string("", "x")).both(&[&hi, "kept"]),
        of("transforms", &asking("hi").transforms(&[1, 2])).both(&[&hi, "kept"]),
        of("flags for duplex and SASL", &asking("hi").flags(0x0018)).both(&[&hi, "kept"]),
        of(
            "a name that is no text",
            &same().section(b"\x01\0\x01\0\x03isn\0\x02\xff\xfe"),
        )
        .kitex(&[&unknown("\u{fffd}\u{fffd}"), "closed"])
        .polyport(&[&unknown("\u{fffd}"), "closed"]),
    ]
}

fn broken_sections() -> Vec<Case> {
    let of = |id, name, message: &Message| Case::of(id, name, message).broken(TRANSPORT, "onlyA");
    // Where the section ends too early, what is left of it looks like a length.
    let early = |name, message: &Message| {
        Case::of("P14", name, message).broken(Transport::TtHeaderFramed, "onlyA")
    };
    let told = |transport| refusal(transport, "onlyA", 7, "...");
    let hi = || asking("hi");
    vec![
        early("no section", &hi().section_size(0)),
        of("W14", "an unknown group", &hi().section(&[0x42, 0, 1])),
        early(
            "more transforms than there are",
            &hi().transforms(&[1; 3]).section_size(1),
        ),
        of(
            "P14",
            "more keys than there are",
            &hi().section(b"\x01\xff\xff\0\x01a\0\x01b"),
        ),
        of(
            "P14",
            "more int keys than there are",
            &hi().section(b"\x10\xff\xff\0\x01\0\x01b"),
        ),
        of(
            "P14",
            "a key longer than the section",
            &hi().section(b"\x01\0\x01\xff\xffa"),
        ),
        of(
            "P14",
            "a group that ends in its count",
            &hi().section(&[0, 0x01]),
        ),
        // Kitex waits for a section that cannot be there.
        Case::of(
            "W17",
            "a section longer than the frame",
            &hi().section_size(0xffff),
        )
        .watch(2)
        .kitex(&["waits"])
        .polyport(&["closed"]),
        Case::of("W17", "a frame of 2 GiB", &hi().outer_lie(i32::MAX - 100))
            .watch(2)
            .kitex(&["waits"])
            .polyport(&[&told(TRANSPORT), "closed"]),
        Case::of(
            "W17",
            "Framed of 2 GiB",
            &Message::asking(Transport::Framed, "onlyA", "hi").inner_lie(i32::MAX - 100),
        )
        .watch(2)
        .kitex(&["waits"])
        .polyport(&[&told(Transport::Framed), "closed"]),
    ]
}

fn protocol_ids() -> Vec<Case> {
    let hi = answer(TRANSPORT, "onlyA", "ServiceA/onlyA: hi");
    let id = |id: u8| if id == 9 { "W14" } else { "P14" };
    (0..=0x12)
        .chain([0x7f, 0xff])
        .map(|number| {
            let call = asking("hi").protocol(number);
            let case = Case::of(id(number), format!("protocol id {number:#04x}"), &call);
            match number {
                0 | 3 | 4 | 0x10 | 0x11 => case.both(&[&hi, "kept"]),
                _ => case.broken(TRANSPORT, "onlyA"),
            }
        })
        .collect()
}

/// Lengths that are not those of what stands behind them. Where a TTHeader and the message in it
/// disagree, Kitex believes the message, and Polyport the one around it.
fn contradictions() -> Vec<Case> {
    let both = Transport::TtHeaderFramed;
    let of = |name, transport, outer, inner| {
        let call = Message::asking(transport, "onlyA", "hi");
        Case::of("P15", name, &call.outer_lie(outer).inner_lie(inner))
    };
    let hi = |transport| answer(transport, "onlyA", "ServiceA/onlyA: hi");
    let broken = |transport| refusal(transport, "onlyA", 7, "...");
    // What is missing is taken from the next call, of which the rest is one without a length.
    let next = "PurePayload reply onlyA #195939070 \"ServiceA/onlyA: probe\"";
    let framed = Transport::Framed;
    vec![
        of("TTHeader shorter", TRANSPORT, -2, 0).both(&[&broken(TRANSPORT), "closed"]),
        of("TTHeader longer", TRANSPORT, 4, 0).both(&[&hi(TRANSPORT), next, "kept"]),
        of("TTHeader shorter than its message's length", both, -2, 0)
            .kitex(&[&hi(both), "kept"])
            .polyport(&[&broken(both), "closed"]),
        of("TTHeader longer than its message's length", both, 4, 0)
            .kitex(&[&hi(both), "kept"])
            .polyport(&[&hi(both), next, "kept"]),
        of("TTHeader around a shorter message", both, 0, -2).both(&[&broken(both), "closed"]),
        of("TTHeader around a longer message", both, 0, 4)
            .kitex(&[&hi(both), next, "kept"])
            .polyport(&[&broken(both), "closed"]),
        of("Framed shorter", framed, 0, -2).both(&[&broken(framed), "closed"]),
        of("Framed longer", framed, 0, 4).both(&[&hi(framed), next, "kept"]),
        of("Framed shorter than any message", framed, 0, -32)
            .kitex(&[&broken(framed), "closed"])
            .polyport(&[&broken(framed), "closed"]),
        Case::of("P15", "a TTHeader alone", &Message::nothing())
            .watch(2)
            .kitex(&["waits"])
            .polyport(&[&refusal(TRANSPORT, "", 7, "..."), "closed"]),
    ]
}
