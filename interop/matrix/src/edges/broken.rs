//! Arguments that are no arguments: the cases E4. Texts of decoders are everybody's own.

use std::time::Duration;

use polyport::Transport;

use crate::edges::bytes::{Message, request, string_field};
use crate::edges::case::{Case, answer, refusal};
use crate::edges::conversation::Step;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for transport in Transport::ALL {
        cases.extend(odd(transport));
        cases.extend(broken(transport));
    }
    cases.extend(stalls());
    cases
}

/// Odd, and allowed.
fn odd(transport: Transport) -> Vec<Case> {
    let of = |name: &str, body: Vec<u8>| {
        let call = Message::new(transport, "onlyA").body(body);
        Case::of("E4", format!("{name}, {transport}"), &call)
    };
    let none = answer(transport, "onlyA", "ServiceA/onlyA: ");
    let hi = answer(transport, "onlyA", "ServiceA/onlyA: hi");
    let unknown = [&[8, 0, 99, 0, 0, 0, 1][..], &request("hi")].concat();
    let twice = [
        &[12, 0, 1][..],
        &string_field(1, "old"),
        &string_field(1, "hi"),
        &[0, 0],
    ]
    .concat();
    vec![
        of("a field of another type", vec![8, 0, 1, 0, 0, 0, 1, 0]).both(&[&none, "kept"]),
        of("an unknown field", unknown).both(&[&hi, "kept"]),
        of("a field twice", twice).both(&[&hi, "kept"]),
    ]
}

fn broken(transport: Transport) -> Vec<Case> {
    let rows: [(&str, Vec<u8>); 6] = [
        (
            "a text of negative length",
            vec![12, 0, 1, 11, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0],
        ),
        ("an unknown type", vec![1, 0, 9, 0, 0]),
        (
            "a list of negative size",
            vec![15, 0, 9, 8, 0xff, 0xff, 0xff, 0xff, 0],
        ),
        (
            "a map of negative size",
            vec![13, 0, 9, 8, 8, 0xff, 0xff, 0xff, 0xff, 0],
        ),
        (
            "structs in structs, 100 deep",
            [[12, 0, 1].repeat(100), vec![0; 100], vec![0]].concat(),
        ),
        ("lists in lists, 100 deep", nested_lists(100)),
    ];
    rows.into_iter()
        .map(|(name, body)| {
            let call = Message::new(transport, "onlyA").body(body);
            let refusal = refusal(transport, "onlyA", 7, "...");
            let case = Case::of("E4", format!("{name}, {transport}"), &call);
            match transport {
                Transport::Buffered => case.broken(transport, "onlyA"),
                _ => case.both(&[&refusal, "closed"]),
            }
        })
        .collect()
}

fn nested_lists(depth: usize) -> Vec<u8> {
    let mut body = vec![15, 0, 9];
    for _ in 0..depth {
        body.extend([15, 0, 0, 0, 1]);
    }
    body.extend([8, 0, 0, 0, 0, 0]);
    body
}

/// The message stops in the middle, and goes on too late for Kitex, which gives up after 5 s, and early
/// enough for Polyport, which gives up after 30 s.
fn stalls() -> Vec<Case> {
    Transport::ALL
        .into_iter()
        .map(|transport| {
            let call = Message::asking(transport, "onlyA", "hi").bytes();
            let (start, rest) = call.split_at(call.len() - 3);
            let steps = vec![
                Step::Send(start.to_vec()),
                Step::Pause(Duration::from_secs(12)),
                Step::Send(rest.to_vec()),
            ];
            let case = Case::steps("E4", format!("a pause of 12 s, {transport}"), steps);
            let hi = answer(transport, "onlyA", "ServiceA/onlyA: hi");
            let late = refusal(transport, "onlyA", 7, "...");
            match transport {
                Transport::Buffered => case.kitex(&["closed"]),
                _ => case.kitex(&[&late, "closed"]),
            }
            .polyport(&[&hi, "kept"])
        })
        .collect()
}
