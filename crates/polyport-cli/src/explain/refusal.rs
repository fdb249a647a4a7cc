//! Why a server would not start, and what to do.

use polyport::Error;
use polyport::registration::RegistrationError;
use serde::Serialize;

use crate::explain::setup::Setup;
use crate::failure::Failure;

/// What is wrong with the services of a server.
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    starts: bool,
    /// In the server's words.
    errors: Vec<String>,
    help: Vec<String>,
}

impl Refusal {
    pub(super) fn new(setup: &Setup, error: &Error) -> Self {
        let errors = error.registration_errors();
        let mut help = Vec::new();
        if errors.iter().any(is_conflict) {
            help.extend(ways_out(setup));
        }
        let has = |is: fn(&RegistrationError) -> bool| errors.iter().any(is);
        if has(|error| matches!(error, RegistrationError::SeveralFallbacks { .. })) {
            help.push("give `--fallback` once for Thrift and once for Protobuf".to_owned());
        }
        if has(|error| matches!(error, RegistrationError::NotAlone { .. })) {
            help.push("`--service` explains one of them alone".to_owned());
        }
        Self {
            starts: false,
            errors: errors.iter().map(ToString::to_string).collect(),
            help,
        }
    }

    pub(super) fn into_failure(self) -> Failure {
        let mut text = self.errors.join("\n");
        for help in self.help {
            text.push_str("\nhelp: ");
            text.push_str(&help);
        }
        Failure::Other(text)
    }
}

fn is_conflict(error: &RegistrationError) -> bool {
    matches!(error, RegistrationError::Conflict { .. })
}

/// What would end the conflicts: found by trying, so that it holds.
fn ways_out(setup: &Setup) -> Vec<String> {
    let mut ways = Vec::new();
    for codec in setup.codecs() {
        if !conflicts(&setup.only(codec)) {
            continue;
        }
        let candidates = setup.of_codec(codec);
        let deciding = candidates.filter(|service| !conflicts(&setup.with_fallback(service)));
        let mut names: Vec<_> = deciding
            .map(|service| format!("`--fallback {}`", service.full_name()))
            .collect();
        names.dedup();
        ways.push(match names.is_empty() {
            true => format!("no {codec} service has all the methods that are in conflict"),
            false => format!("{codec} has no conflict with {}", names.join(" or ")),
        });
    }
    if !conflicts(&setup.refusing()) {
        let way = "`--refuse-traffic-without-service-name` ends all conflicts: it is for servers \
                   whose clients all name their service";
        ways.push(way.to_owned());
    }
    ways
}

fn conflicts(setup: &Setup) -> bool {
    let router = setup.server().router();
    router.is_err_and(|error| error.registration_errors().iter().any(is_conflict))
}
