//! Every case of a server, against both.

use std::collections::BTreeMap;
use std::thread;

use crate::edges::case::{Case, Outcome};
use crate::edges::{broken, conversation, detection, encodings, errors, headers};
use crate::peers::Peer;
use crate::report::Report;

pub(crate) fn run(servers: [&Peer; 2], report: &mut Report) {
    let mut cases = detection::cases();
    cases.extend(encodings::cases());
    cases.extend(headers::cases());
    cases.extend(errors::cases());
    cases.extend(broken::cases());
    for server in servers {
        let column = format!("edges: {} as the server", server.name());
        let mut by_flags: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
        for case in &cases {
            by_flags.entry(case.server).or_default().push(case);
        }
        for (flags, cases) in by_flags {
            for (case, expected, seen) in hold_all(server, flags, &cases) {
                let name = format!("{} {}", case.id, case.name);
                report.compare(&column, &name, expected, &Outcome(seen));
            }
        }
    }
}

type Held<'a> = (&'a Case, &'a Outcome, Vec<String>);

/// All conversations at the same time: many are about waiting.
fn hold_all<'a>(server: &Peer, flags: &str, cases: &[&'a Case]) -> Vec<Held<'a>> {
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let serving = server.must_serve(flags[0], &flags[1..]);
    let address = &serving.address;
    thread::scope(|scope| {
        let conversations: Vec<_> = cases
            .iter()
            .filter_map(|&case| {
                let expected = case.expected(server.implementation)?;
                let hold = || conversation::hold(address, &case.steps, case.ending, expected);
                Some((case, expected, scope.spawn(hold)))
            })
            .collect();
        let held = conversations.into_iter().map(|(case, expected, seen)| {
            let seen = seen.join();
            let seen = seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (case, expected, seen)
        });
        held.collect()
    })
}
