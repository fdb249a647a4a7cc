//! Every case of a server, against both.

use std::collections::BTreeMap;
use std::thread;

use crate::edges::case::{Case, Outcome};
use crate::edges::{broken, conversation, detection, encodings, errors, headers};
use crate::implementations::Implementation;
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
            for (case, seen) in hold_all(server, flags, &cases) {
                let expected = match server.implementation {
                    Implementation::Polyport => Some(&case.polyport),
                    _ => case.kitex.as_ref(),
                };
                let Some(expected) = expected else { continue };
                let name = format!("{} {}", case.id, case.name);
                report.compare(&column, &name, expected, &Outcome(seen));
            }
        }
    }
}

/// All conversations at the same time: many are about waiting.
fn hold_all<'a>(server: &Peer, flags: &str, cases: &[&'a Case]) -> Vec<(&'a Case, Vec<String>)> {
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let serving = server.must_serve(flags[0], &flags[1..]);
    let address = &serving.address;
    thread::scope(|scope| {
        let conversations: Vec<_> = cases
            .iter()
            .map(|case| scope.spawn(move || conversation::hold(address, &case.steps, case.ending)))
            .collect();
        let seen = conversations.into_iter().map(|one| {
            one.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        cases.iter().copied().zip(seen).collect()
    })
}
