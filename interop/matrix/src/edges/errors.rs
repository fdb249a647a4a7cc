//! What a client is told when its call is not served, and whether it may go on: the cases E.

use polyport::Transport;

use crate::edges::bytes::{Message, kind};
use crate::edges::case::{Case, answer, failure, refusal};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for transport in Transport::ALL {
        cases.extend(lookups(transport));
        cases.extend(failures(transport));
        cases.extend(oneway(transport));
        if transport.has_header() {
            cases.extend(named_lookups(transport));
            cases.extend(business(transport));
        } else {
            cases.push(lost_business(transport));
        }
    }
    cases
}

const SAME: &str = "sameNamedMethod";

fn lookups(transport: Transport) -> Vec<Case> {
    let of =
        |id, name: &str, message: &Message| Case::of(id, format!("{name}, {transport}"), message);
    let unknown = refusal(transport, "nope", 20, "unknown service , method nope");
    let refused = refusal(
        transport,
        SAME,
        20,
        "unknown service , method sameNamedMethod",
    );
    let says_so = refusal(
        transport,
        SAME,
        21,
        "no service name while the server has WithRefuseTrafficWithoutServiceName option enabled",
    );
    let combined = refusal(transport, "nope", 1, "unknown method nope (service )");
    let same = Message::asking(transport, SAME, "hi");
    vec![
        of("E1", "unknown method", &Message::new(transport, "nope")).both(&[&unknown, "closed"]),
        of("E1", "refused", &same)
            .server("conflict --refuse")
            .kitex(&[&refused, "closed"])
            .polyport(&[&says_so, "closed"]),
        of(
            "E1",
            "unknown method of a combined service",
            &Message::new(transport, "nope"),
        )
        .server("combine")
        .both(&[&combined, "closed"]),
        of("W14", "no method", &Message::new(transport, ""))
            .kitex(&["closed"])
            .polyport(&[
                &refusal(transport, "", 1, "method name that receive is empty"),
                "closed",
            ]),
    ]
}

fn named_lookups(transport: Transport) -> Vec<Case> {
    let named =
        |name: &str, method: &str| Message::asking(transport, method, "hi").string("isn", name);
    let of =
        |id, name: &str, message: &Message| Case::of(id, format!("{name}, {transport}"), message);
    let refused = |method: &str, type_id, text: &str| refusal(transport, method, type_id, text);
    let only_b = answer(transport, "onlyB", "ServiceB/onlyB: hi");
    let same_a = answer(transport, SAME, "ServiceA/sameNamedMethod: hi");
    let no_name = refused(
        SAME,
        21,
        "no service name while the server has WithRefuseTrafficWithoutServiceName option enabled",
    );
    let unknown = |name: &str| {
        refused(
            SAME,
            20,
            &format!("unknown service {name}, method sameNamedMethod"),
        )
    };
    vec![
        of("E1", "unknown service", &named("Nope", SAME)).both(&[&unknown("Nope"), "closed"]),
        of("W5", "wrong service", &named("Nope", "onlyB")).both(&[&only_b, "kept"]),
        of("W7", "another case", &named("servicea", SAME)).both(&[&unknown("servicea"), "closed"]),
        of("W8", "CombineService", &named("CombineService", SAME))
            .both(&[&unknown("CombineService"), "closed"]),
        of("W8", "$GenericService", &named("$GenericService", "onlyB")).both(&[&only_b, "kept"]),
        of("W2", "an empty name", &named("", SAME)).both(&[&same_a, "kept"]),
        of(
            "L20",
            "unknown method of a known service",
            &named("ServiceA", "dummy"),
        )
        .both(&[
            &refused("dummy", 1, "unknown method dummy (service ServiceA)"),
            "closed",
        ]),
        of(
            "E1",
            "method of another service",
            &named("ServiceA", "onlyB"),
        )
        .both(&[
            &refused("onlyB", 1, "unknown method onlyB (service ServiceA)"),
            "closed",
        ]),
        of("E1", "refused with an empty name", &named("", SAME))
            .server("conflict --refuse")
            .kitex(&[
                &refused(SAME, 20, "unknown service , method sameNamedMethod"),
                "closed",
            ])
            .polyport(&[&no_name, "closed"]),
        of("E1", "refused with an unknown name", &named("Nope", SAME))
            .server("conflict --refuse")
            .both(&[&unknown("Nope"), "closed"]),
        of(
            "E1",
            "unknown method of a combined service with a name",
            &named("CombineService", "nope"),
        )
        .server("combine")
        .both(&[
            &refused("nope", 1, "unknown method nope (service CombineService)"),
            "closed",
        ]),
    ]
}

fn failures(transport: Transport) -> Vec<Case> {
    let rows = [
        ("E2", "error:bad", 6, "biz error: bad".to_owned()),
        ("E2", "error:", 6, "biz error: ".to_owned()),
        (
            "E2",
            "typed:1000:special",
            1000,
            "special [biz error]".to_owned(),
        ),
        ("E2", "typed:0:zero", 0, "zero [biz error]".to_owned()),
        (
            "E2",
            "typed:-1:negative",
            -1,
            "negative [biz error]".to_owned(),
        ),
        (
            "E2",
            "typed:20:like an unknown service",
            20,
            "like an unknown service [biz error]".to_owned(),
        ),
        ("E8", "typed:5:", 5, " [biz error]".to_owned()),
        ("E3", "panic:oh", 6, panic("oh")),
        ("E3", "panic:", 6, panic("")),
    ];
    rows.into_iter()
        .map(|(id, asks, type_id, text)| {
            let call = Message::asking(transport, "onlyA", asks);
            let line = failure(transport, "onlyA", type_id, &text);
            Case::of(id, format!("{asks}, {transport}"), &call).both(&[&line, "kept"])
        })
        .collect()
}

fn panic(text: &str) -> String {
    format!(
        "panic: [happened in biz handler, method=ServiceA.onlyA, please check the panic at the \
         server side] {text}"
    )
}

/// Business errors over TTHeader, key by key.
fn business(transport: Transport) -> Vec<Case> {
    let rows = [
        (
            "biz:404:not found",
            "22=2 biz-message=not found biz-status=404",
        ),
        ("biz:-7:negative", "22=2 biz-message=negative biz-status=-7"),
        (
            "biz:1:\u{4f60}:html=<&>",
            "22=2 biz-extra={\"html\":\"\\u003c\\u0026\\u003e\"} biz-message=\u{4f60} biz-status=1",
        ),
    ];
    let mut cases: Vec<Case> = rows
        .into_iter()
        .map(|(asks, keys)| {
            let call = Message::asking(transport, "onlyA", asks);
            let line = format!("{transport} reply onlyA #7 {{}} | #7 {keys}");
            // Go escapes what may not stand in HTML; the JSON is the same.
            let plain = ["\\u003c", "\\u0026", "\\u003e"]
                .iter()
                .zip(["<", "&", ">"]);
            let plain = plain.fold(line.clone(), |line, (code, letter)| {
                line.replace(code, letter)
            });
            Case::of("E2", format!("{asks}, {transport}"), &call)
                .kitex(&[&line, "kept"])
                .polyport(&[&plain, "kept"])
        })
        .collect();
    let zero = Message::asking(transport, "onlyA", "biz:0:nothing");
    let text = "biz error: code=0, msg=nothing";
    cases.push(
        Case::of("E2", format!("biz:0:nothing, {transport}"), &zero)
            .kitex(&[
                &format!(
                    "{transport} reply onlyA #7 {{}} | #7 22=2 biz-message=nothing biz-status=0"
                ),
                "kept",
            ])
            .polyport(&[&failure(transport, "onlyA", 6, text), "kept"]),
    );
    cases
}

/// Without a header Kitex answers nothing at all, with success.
fn lost_business(transport: Transport) -> Case {
    let call = Message::asking(transport, "onlyA", "biz:404:not found");
    let text = "biz error: code=404, msg=not found";
    Case::of("E2", format!("biz:404:not found, {transport}"), &call)
        .kitex(&[&format!("{transport} reply onlyA #7 {{}}"), "kept"])
        .polyport(&[&failure(transport, "onlyA", 6, text), "kept"])
}

/// Nobody is told, but for a method that the server does not know to be one-way.
fn oneway(transport: Transport) -> Vec<Case> {
    let of = |name: &str, message: Message| {
        let message = message.kind(kind::ONEWAY);
        Case::of("E1", format!("one-way: {name}, {transport}"), &message)
    };
    let unknown = refusal(transport, "nope", 20, "unknown service , method nope");
    let broken = of(
        "broken arguments",
        Message::new(transport, "notify").body([11, 0, 1, 0xff, 0xff, 0xff, 0xff, 0]),
    );
    vec![
        of("served", Message::asking(transport, "notify", "n")).both(&["kept"]),
        of("unknown method", Message::new(transport, "nope")).both(&[&unknown, "closed"]),
        broken.both(&["closed"]),
    ]
}
