//! Where one call goes, and why.

use std::io::{self, Write};

use polyport::router::{Explanation, Router};
use polyport::wire::thrift::ApplicationException;
use polyport::{Codec, RouteReason, Transport};
use serde::Serialize;

use crate::args::{CallPlace, TransportName};
use crate::explain::setup::Setup;

/// What a router says about a call.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    transport: &'static str,
    codec: String,
    /// The service as the call names it.
    named: Option<String>,
    method: String,
    outcome: Outcome,
    why: String,
    #[serde(skip)]
    text: String,
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Outcome {
    /// By a service, or by the handler for what no service has.
    Answered {
        service: Option<String>,
        reason: String,
    },
    Refused {
        exception: i32,
        message: String,
    },
}

impl Answer {
    /// One for each codec that the server has services of: the call may be written in any of them.
    pub(super) fn all(
        setup: &Setup,
        router: &Router,
        transport: Transport,
        call: &CallPlace,
    ) -> Vec<Self> {
        let explain = |codec| {
            let service = call.service.as_deref();
            router.explain(transport, codec, service, &call.method)
        };
        let codecs = setup.codecs().into_iter();
        codecs
            .map(|codec| Self::new(setup, &explain(codec)))
            .collect()
    }

    fn new(setup: &Setup, explanation: &Explanation) -> Self {
        Self {
            transport: TransportName::of(explanation.transport),
            codec: explanation.codec.to_string(),
            named: explanation.service.clone(),
            method: explanation.method.clone(),
            outcome: Outcome::of(explanation),
            why: why(setup, explanation),
            text: explanation.to_string(),
        }
    }

    pub(super) fn is_answered(&self) -> bool {
        matches!(self.outcome, Outcome::Answered { .. })
    }

    pub(super) fn print(&self, out: &mut impl Write, with_codec: bool) -> io::Result<()> {
        if with_codec {
            write!(out, "{}: ", self.codec)?;
        }
        writeln!(out, "{}\n  {}", self.text, self.why)
    }
}

impl Outcome {
    pub(super) fn of(explanation: &Explanation) -> Self {
        match &explanation.outcome {
            Ok((service, reason)) => Self::Answered {
                // The other handler has no name of its own.
                service: Some(service.clone()).filter(|_| *reason != RouteReason::Unknown),
                reason: reason.to_string(),
            },
            Err(exception) => Self::Refused {
                exception: exception.type_id,
                message: exception.message.to_string(),
            },
        }
    }

    /// In as few words as a column has.
    pub(super) fn in_short(&self) -> String {
        match self {
            Self::Answered {
                service: None,
                reason,
            } => reason.clone(),
            Self::Answered {
                service: Some(service),
                reason,
            } => format!("{service} ({reason})"),
            Self::Refused { exception, .. } => format!("exception {exception}"),
        }
    }
}

fn why(setup: &Setup, explanation: &Explanation) -> String {
    let reason = match &explanation.outcome {
        Ok((_, reason)) => *reason,
        Err(exception) => return why_not(setup, explanation, exception),
    };
    match reason {
        RouteReason::Named => "the call names the service".to_owned(),
        RouteReason::Alias => "the call names the service by an old name".to_owned(),
        RouteReason::Method => {
            "the call names no service, and this is the only one with the method".to_owned()
        }
        RouteReason::Fallback => {
            "the call does not say which service it is for, and this is the fallback".to_owned()
        }
        RouteReason::WrongName => {
            "no service has this name, but only this one has the method".to_owned()
        }
        RouteReason::Combined => {
            "the combined service answers all calls, whatever they name".to_owned()
        }
        other => other.to_string(),
    }
}

fn why_not(setup: &Setup, explanation: &Explanation, exception: &ApplicationException) -> String {
    let holders = holders(setup, explanation.codec, &explanation.method);
    let method = &explanation.method;
    match exception.type_id {
        ApplicationException::UNKNOWN_METHOD => match holders.is_empty() {
            true => format!("no {} service has `{method}`", explanation.codec),
            false => format!("`{method}` is in {}", holders.join(", ")),
        },
        ApplicationException::INVALID_PROTOCOL => {
            format!("it is not a {} service that has it", explanation.codec)
        }
        ApplicationException::NO_SERVICE_NAME => {
            "the server refuses calls that name no service".to_owned()
        }
        _ if holders.is_empty() => format!("no {} service has `{method}`", explanation.codec),
        _ => format!(
            "the call does not name its service rightly, and `{method}` does not decide: it is in {}",
            holders.join(", ")
        ),
    }
}

/// The services of a codec that have a method.
pub(super) fn holders(setup: &Setup, codec: Codec, method: &str) -> Vec<String> {
    let services = setup.of_codec(codec);
    let having = services.filter(|service| service.methods().any(|known| known == method));
    let mut names: Vec<_> = having.map(|service| service.full_name()).collect();
    names.sort();
    names
}
