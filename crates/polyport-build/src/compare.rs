//! What changed between two versions of an IDL, and whom it breaks.
//!
//! A change breaks the *wire* when peers of the two versions no longer understand each other, and
//! the *source* when code that uses what is generated has to change.

mod services;
mod fields;
mod types;
mod messages;
mod values;
mod version;

use std::collections::HashSet;

use polyport_wire::schema::DefinitionId;

use crate::compare::messages::Pairs;
use crate::diagnostic::Diagnostic;
use crate::serving::Serving;
use crate::source::Span;

pub(crate) use version::Version;

/// The changes, each as a diagnostic with its places in both versions.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) breaking: Vec<Diagnostic>,
    pub(crate) compatible: Vec<Diagnostic>,
}

/// Compares everything in `old` with what became of it.
pub(crate) fn compare(old: &Version<'_>, new: &Version<'_>, serving: &Serving) -> Changes {
    let mut differ = Differ {
        old,
        new,
        serving,
        changes: Changes::default(),
        pending: Vec::new(),
        pairs: Pairs::default(),
        replaced: false,
        seen: HashSet::new(),
    };
    differ.services();
    differ.conflicts();
    differ.definitions();
    differ.messages();
    differ.changes
}

struct Differ<'a> {
    old: &'a Version<'a>,
    new: &'a Version<'a>,
    /// The server whose calls may become undecided.
    serving: &'a Serving,
    changes: Changes,
    /// Definitions that stand for each other, still to be compared.
    pending: Vec<(DefinitionId, DefinitionId)>,
    seen: HashSet<(DefinitionId, DefinitionId)>,
    /// The same for Protobuf's messages.
    pairs: Pairs,
    /// Whether the definitions that are compared have nothing to do with each other but that the
    /// one stands where the other stood: only the wire cares then.
    replaced: bool,
}

/// Whom a change breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Impact {
    wire: bool,
    source: bool,
}

impl Impact {
    const NONE: Self = Self {
        wire: false,
        source: false,
    };
    const WIRE: Self = Self {
        wire: true,
        source: false,
    };
    const SOURCE: Self = Self {
        wire: false,
        source: true,
    };
    const BOTH: Self = Self {
        wire: true,
        source: true,
    };

    fn and(self, other: Self) -> Self {
        Self {
            wire: self.wire || other.wire,
            source: self.source || other.source,
        }
    }

    fn code(self) -> &'static str {
        match (self.wire, self.source) {
            (true, true) => "wire, source",
            (true, false) => "wire",
            (false, _) => "source",
        }
    }
}

/// A place in a version, and what it says there.
struct Place {
    span: Span,
    says: String,
}

impl Differ<'_> {
    fn before(&self, span: Span, says: impl Into<String>) -> Place {
        Place {
            span: self.old.place(span),
            says: says.into(),
        }
    }

    fn after(&self, span: Span, says: impl Into<String>) -> Place {
        Place {
            span: self.new.place(span),
            says: says.into(),
        }
    }

    /// Notes a change; the first place is where a person looks first.
    fn change(&mut self, impact: Impact, message: String, places: impl IntoIterator<Item = Place>) {
        self.explained(impact, message, places, None);
    }

    /// Notes a change with the reason why it breaks, or how not to.
    fn explained(
        &mut self,
        impact: Impact,
        message: String,
        places: impl IntoIterator<Item = Place>,
        why: Option<&str>,
    ) {
        let impact = match self.replaced {
            true if impact.wire => Impact::WIRE,
            true => return,
            false => impact,
        };
        let is_breaking = impact != Impact::NONE;
        let mut diagnostic = match is_breaking {
            true => Diagnostic::error(message).code(impact.code()),
            false => Diagnostic::note(message),
        };
        for place in places {
            diagnostic = diagnostic.at(place.span, place.says);
        }
        if let Some(why) = why {
            diagnostic = diagnostic.help(why);
        }
        match is_breaking {
            true => self.changes.breaking.push(diagnostic),
            false => self.changes.compatible.push(diagnostic),
        }
    }
}
