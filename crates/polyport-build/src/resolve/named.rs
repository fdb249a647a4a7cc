//! Values by their names: constants, values of enums, `true` and `false`.

use polyport_wire::schema::{Definition, DefinitionId, Literal, Type};

use crate::diagnostic::{Diagnostic, closest};
use crate::resolve::Resolver;
use crate::resolve::scope::{Symbol, Wanted, ambiguous};
use crate::source::{FileId, Span};

impl Resolver<'_> {
    /// `true`, `false`, a constant, or an enum's value.
    pub(super) fn named_value(
        &mut self,
        unit: FileId,
        name: &str,
        span: Span,
        kind: &Type,
    ) -> Option<Literal> {
        if let Some(literal) = truth(name, kind) {
            return Some(literal);
        }
        let (literal, found) = match name {
            "true" | "false" => (None, Type::Bool),
            _ => match self.enum_value(unit, name, span)? {
                Some((id, number)) => (Some(Literal::Int(number)), Type::Defined(id)),
                None => {
                    let (literal, found) = self.constant_value(unit, name, span, kind)?;
                    (Some(literal), found)
                }
            },
        };
        let literal = literal.filter(|_| self.takes(kind, &found));
        if let Some(literal) = &literal
            && let Some(literal) = self.convert(literal, kind)
        {
            return Some(literal);
        }
        let (wanted, found) = (self.describe(kind), self.describe(&found));
        let diagnostic = match literal {
            Some(Literal::Int(number)) => {
                Diagnostic::error(format!("{number} does not fit `{wanted}`"))
                    .at(span, format!("`{name}` is {number}"))
            }
            _ => {
                let message = format!("expected a value of `{wanted}`, found one of `{found}`");
                Diagnostic::error(message).at(span, format!("`{name}` is of type `{found}`"))
            }
        };
        self.report(diagnostic);
        None
    }

    /// The enum and the number of `Enum.VALUE`. `Some(None)` if the name does not begin with an
    /// enum's, `None` if the enum has no such value.
    fn enum_value(
        &mut self,
        unit: FileId,
        name: &str,
        span: Span,
    ) -> Option<Option<(DefinitionId, i64)>> {
        let Some((prefix, last)) = name.rsplit_once('.') else {
            return Some(None);
        };
        let Some(id) = self.find_enum(unit, prefix) else {
            return Some(None);
        };
        if let Some(found) = self.find(unit, prefix)
            && let Some(other) = self.second_meaning(unit, prefix, &found)
        {
            let diagnostic = Diagnostic::error(format!("`{prefix}` can mean two things"));
            self.report(ambiguous(diagnostic, span, [found, other]));
        }
        let Definition::Enum(definition) = self.model.definition(id) else {
            return Some(None);
        };
        let mut values = definition.values.iter();
        if let Some(value) = values.find(|value| value.name == last) {
            return Some(Some((id, value.number.into())));
        }
        if !self.model.definition_extra(id).incomplete {
            let names = definition.values.iter().map(|value| value.name.as_str());
            let near = closest(last, names).map(|near| format!("{prefix}.{near}"));
            let diagnostic = Diagnostic::error(format!("there is no value `{name}`"))
                .at(
                    span,
                    format!("enum `{}` has no such value", definition.name),
                )
                .did_you_mean(near.as_deref());
            self.report(diagnostic);
        }
        None
    }

    /// The enum of a name, also through typedefs.
    fn find_enum(&self, unit: FileId, name: &str) -> Option<DefinitionId> {
        let id = match self.find(unit, name)?.symbol {
            Symbol::Definition(id) => id,
            Symbol::Typedef(id) => {
                match self.expand(self.model.typedefs[id.0].target.as_ref()?)? {
                    Type::Defined(id) => id,
                    _ => return None,
                }
            }
            Symbol::Const(_) | Symbol::Service(_) => return None,
        };
        (!self.is_struct(id)).then_some(id)
    }

    /// The value of a constant and its type; `None` if it has none, which is reported.
    fn constant_value(
        &mut self,
        unit: FileId,
        name: &str,
        span: Span,
        kind: &Type,
    ) -> Option<(Literal, Type)> {
        if let Some(diagnostic) = self.bare_enum_value(unit, name, span, kind) {
            self.report(diagnostic);
            return None;
        }
        let declared = self.lookup(unit, name, span, Wanted::Const)?;
        let Symbol::Const(id) = declared.symbol else {
            let noun = declared.item.a_noun();
            let message = format!("`{name}` is {noun}, not a constant");
            let diagnostic = Diagnostic::error(message)
                .at(span, "expected a value")
                .at(declared.item.name().span, "defined here");
            self.report(diagnostic);
            return None;
        };
        self.constant(declared, id);
        let (found, literal) = self.model.consts[id.0].value.clone()?;
        self.spend_on(&literal, span)?;
        Some((literal, self.expand(&found)?))
    }

    /// `RED` where `Color.RED` is meant.
    fn bare_enum_value(
        &self,
        unit: FileId,
        name: &str,
        span: Span,
        kind: &Type,
    ) -> Option<Diagnostic> {
        let Type::Defined(id) = kind else {
            return None;
        };
        let Definition::Enum(definition) = self.model.definition(*id) else {
            return None;
        };
        let is_value = definition.values.iter().any(|value| value.name == name);
        if !is_value || self.find(unit, name).is_some() {
            return None;
        }
        let full = format!("{}.{name}", definition.name);
        Some(
            Diagnostic::error(format!("there is no constant `{name}`"))
                .at(span, "an enum's value needs the name of the enum")
                .did_you_mean(Some(&full)),
        )
    }
}

/// `true` and `false`, which are 1 and 0 where a number is wanted, as for Kitex.
fn truth(name: &str, kind: &Type) -> Option<Literal> {
    let value = match name {
        "true" => true,
        "false" => false,
        _ => return None,
    };
    match kind {
        Type::Bool => Some(Literal::Bool(value)),
        Type::Double => Some(Literal::Double(f64::from(u8::from(value)))),
        Type::Byte | Type::I16 | Type::I32 | Type::I64 => Some(Literal::Int(value.into())),
        _ => None,
    }
}
