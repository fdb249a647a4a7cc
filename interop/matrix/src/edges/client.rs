//! Every case of a client, with both.

use std::thread;

use serde_json::{Value, json};

use crate::edges::case::Outcome;
use crate::edges::played::{self, Notes, Play};
use crate::edges::{replies, requests};
use crate::implementations::Implementation;
use crate::peers::Peer;
use crate::report::Report;

/// A call, and what a server answers to it.
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) name: String,
    /// The command line, without the address.
    pub(crate) flags: String,
    pub(crate) play: Box<dyn Fn(i32) -> Play + Send + Sync>,
    pub(crate) kitex: Outcome,
    pub(crate) polyport: Outcome,
    /// What of it is compared.
    pub(crate) of: Of,
}

/// The call that most cases make.
pub(crate) const ONLY_A: &str =
    r#"--service ServiceA --method onlyA --json {"req":{"message":"hi"}}"#;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// What the caller gets, a line for each call, and how many connections there were.
    Outcome,
    /// The request.
    Request,
}

pub(crate) fn run(clients: [&Peer; 2], report: &mut Report) {
    let mut cases = replies::cases();
    cases.extend(requests::cases());
    for client in clients {
        let column = format!("edges: {} as the client", client.name());
        for (case, seen) in call_all(client, &cases) {
            let expected = match client.implementation {
                Implementation::Polyport => &case.polyport,
                _ => &case.kitex,
            };
            let name = format!("{} {}", case.id, case.name);
            report.compare(&column, &name, expected, &seen);
        }
    }
}

/// Some at a time, each by a program of its own.
fn call_all<'a>(client: &Peer, cases: &'a [Case]) -> Vec<(&'a Case, Outcome)> {
    const AT_ONCE: usize = 8;
    let some = cases.chunks(AT_ONCE);
    some.flat_map(|some| {
        thread::scope(|scope| {
            let calls: Vec<_> = some
                .iter()
                .map(|case| scope.spawn(|| call(client, case)))
                .collect();
            let seen = calls.into_iter().map(|one| {
                one.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            some.iter().zip(seen).collect::<Vec<_>>()
        })
    })
    .collect()
}

fn call(client: &Peer, case: &Case) -> Outcome {
    let flags: Vec<&str> = case.flags.split_whitespace().collect();
    match played::serve(&case.play, |address| client.call(address, &flags)) {
        Err(error) => Outcome(vec![format!("no server: {error}")]),
        Ok((lines, notes)) => match case.of {
            Of::Outcome => outcome(&lines, &notes),
            Of::Request => Outcome(notes.requests.iter().map(|line| timeless(line)).collect()),
        },
    }
}

fn outcome(lines: &[Value], notes: &Notes) -> Outcome {
    let mut words: Vec<String> = lines.iter().map(|line| plain(line).to_string()).collect();
    words.push(match notes.connections {
        1 => "one connection".to_owned(),
        many => format!("{many} connections"),
    });
    Outcome(words)
}

/// Everybody has own words for what is no answer.
fn plain(line: &Value) -> Value {
    match line.get("transport_error") {
        Some(_) => json!("lost"),
        None => line.clone(),
    }
}

/// Requests are numbered as their client likes, and what is left of a time is left to the clock.
fn timeless(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        if word.starts_with('#') {
            "#N"
        } else if word.starts_with("12=") {
            "12=T"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
