//! How large values may become: constants stand in one another, each as often as one likes.

use polyport_wire::schema::{Literal, Type};

use crate::diagnostic::Diagnostic;
use crate::resolve::Resolver;
use crate::source::{FileId, Span};
use crate::thrift::ast::Value;

/// How deep a value may be nested, and its constants' values in it.
const MAX_DEPTH: usize = 64;
/// Of how many literals it may be made.
const MAX_LITERALS: usize = 100_000;

/// What is spent on the value that is being evaluated.
#[derive(Debug, Default)]
pub(super) struct Budget {
    depth: usize,
    literals: usize,
}

impl Resolver<'_> {
    /// The value of a constant or the default of a field, whose literals are counted apart.
    pub(super) fn whole(&mut self, unit: FileId, value: &Value, kind: &Type) -> Option<Literal> {
        let outer = std::mem::take(&mut self.budget.literals);
        let literal = self.literal(unit, value, kind);
        self.budget.literals = outer;
        literal
    }

    /// Does something one level deeper; `None` if that is too deep, which is reported.
    pub(super) fn deeper<T>(
        &mut self,
        span: Span,
        inside: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        self.budget.depth += 1;
        let result = match self.spend(0, 1, span) {
            Some(()) => inside(self),
            None => None,
        };
        self.budget.depth -= 1;
        result
    }

    /// Takes the value of a constant into account, which stands where its name does.
    pub(super) fn spend_on(&mut self, constant: &Literal, span: Span) -> Option<()> {
        let (depth, literals) = size(constant);
        self.spend(depth - 1, literals - 1, span)
    }

    fn spend(&mut self, depth: usize, literals: usize, span: Span) -> Option<()> {
        if self.budget.depth + depth > MAX_DEPTH {
            let message = format!("this value is nested deeper than {MAX_DEPTH} levels");
            let label = "one level too many, those of constants included";
            self.report(Diagnostic::error(message).at(span, label));
            return None;
        }
        let before = self.budget.literals;
        self.budget.literals += literals;
        let fits = self.budget.literals <= MAX_LITERALS;
        if !fits && before <= MAX_LITERALS {
            let message = format!("this value is made of more than {MAX_LITERALS} literals");
            let label = "one too many, those of constants included";
            self.report(Diagnostic::error(message).at(span, label));
        }
        fits.then_some(())
    }
}

/// How deep a value is nested, and of how many literals it is made: both at least one.
fn size(value: &Literal) -> (usize, usize) {
    let sizes: Vec<(usize, usize)> = match value {
        Literal::List(values) => values.iter().map(size).collect(),
        Literal::Map(pairs) => pairs
            .iter()
            .flat_map(|(key, value)| [size(key), size(value)])
            .collect(),
        _ => Vec::new(),
    };
    let add = |(depth, literals): (usize, usize), (inner, more): (usize, usize)| {
        (depth.max(inner + 1), literals + more)
    };
    sizes.into_iter().fold((1, 1), add)
}
