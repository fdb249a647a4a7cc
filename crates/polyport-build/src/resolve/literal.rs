//! Values against the types that they are for.

use std::collections::HashMap;

use polyport_wire::schema::{Definition, DefinitionId, Literal, StructKind, Type};

use crate::diagnostic::{Diagnostic, closest};
use crate::resolve::Resolver;
use crate::resolve::convert::range;
use crate::resolve::scope::{Symbol, Wanted};
use crate::source::{FileId, Span};
use crate::thrift::ast::{Value, ValueShape};

/// How far a constant has been evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Waiting,
    Running,
    Done,
}

impl Resolver<'_> {
    /// The value as one of the type `kind`; `None` if that was reported as a mistake.
    pub(super) fn literal(&mut self, unit: FileId, value: &Value, kind: &Type) -> Option<Literal> {
        self.deeper(value.span, |resolver| resolver.shaped(unit, value, kind))
    }

    fn shaped(&mut self, unit: FileId, value: &Value, kind: &Type) -> Option<Literal> {
        match (&value.shape, kind) {
            (ValueShape::Name(name), _) => self.named_value(unit, name, value.span, kind),
            (ValueShape::List(values), Type::List(element) | Type::Set(element)) => {
                let values: Vec<Option<Literal>> = values
                    .iter()
                    .map(|value| self.literal(unit, value, element))
                    .collect();
                Some(Literal::List(values.into_iter().collect::<Option<_>>()?))
            }
            // An empty one may be written as either, as for Kitex.
            (ValueShape::Map(pairs), Type::List(_) | Type::Set(_)) if pairs.is_empty() => {
                Some(Literal::List(Vec::new()))
            }
            (ValueShape::List(values), Type::Map(..)) if values.is_empty() => {
                Some(Literal::Map(Vec::new()))
            }
            (ValueShape::Map(pairs), Type::Map(key_kind, value_kind)) => {
                self.map_value(unit, pairs, key_kind, value_kind)
            }
            (ValueShape::Map(pairs), Type::Defined(id)) if self.is_struct(*id) => {
                self.struct_value(unit, pairs, value.span, *id)
            }
            _ => self.plain_value(value, kind),
        }
    }

    /// A number or a text.
    fn plain_value(&mut self, value: &Value, kind: &Type) -> Option<Literal> {
        let (literal, noun) = match &value.shape {
            ValueShape::Int(number) => (Some(Literal::Int(*number)), "an integer"),
            ValueShape::Double(number) => (Some(Literal::Double(*number)), "a double"),
            ValueShape::Text(text) => (Some(Literal::String(text.clone())), "a text"),
            ValueShape::List(_) => (None, "a list"),
            ValueShape::Map(_) => (None, "a map"),
            ValueShape::Name(_) => (None, "a name"),
        };
        if let Some(literal) = &literal
            && let Some(value) = self.convert(literal, kind)
        {
            return Some(value);
        }
        let diagnostic = match (&value.shape, range(kind)) {
            (ValueShape::Int(number), Some((least, most))) => {
                let message = format!("{number} does not fit `{}`", self.describe(kind));
                Diagnostic::error(message)
                    .at(value.span, format!("it must be from {least} to {most}"))
            }
            _ => {
                let wanted = self.describe(kind);
                Diagnostic::error(format!("expected a value of `{wanted}`, found {noun}"))
                    .at(value.span, format!("not of type `{wanted}`"))
            }
        };
        self.report(diagnostic);
        None
    }

    fn map_value(
        &mut self,
        unit: FileId,
        pairs: &[(Value, Value)],
        key_kind: &Type,
        value_kind: &Type,
    ) -> Option<Literal> {
        // By their texts: literals have no hash.
        let mut seen: HashMap<String, Span> = HashMap::new();
        let mut found: Vec<Option<(Literal, Literal)>> = Vec::new();
        for (key, value) in pairs {
            let literal = self.literal(unit, key, key_kind);
            let first = literal
                .as_ref()
                .and_then(|literal| seen.insert(format!("{literal:?}"), key.span));
            if let Some(first) = first {
                self.report(twice("a key stands twice in a map", key.span, first));
            }
            let value = self.literal(unit, value, value_kind);
            found.push(literal.zip(value));
        }
        Some(Literal::Map(found.into_iter().collect::<Option<_>>()?))
    }

    /// A struct, by the names of its fields.
    fn struct_value(
        &mut self,
        unit: FileId,
        pairs: &[(Value, Value)],
        span: Span,
        id: DefinitionId,
    ) -> Option<Literal> {
        let Definition::Struct(definition) = self.model.definition(id).clone() else {
            return None;
        };
        if definition.kind == StructKind::Union && pairs.len() > 1 {
            let message = format!("union `{}` can hold one value only", definition.name);
            self.report(Diagnostic::error(message).at(span, "more than one value"));
            return None;
        }
        self.refuse_second_values(pairs);
        let mut found: Vec<Option<(Literal, Literal)>> = Vec::new();
        for (key, value) in pairs {
            let ValueShape::Text(name) = &key.shape else {
                let message = format!("`{}` is a struct", definition.name);
                let label = "expected the name of a field in quotes";
                self.report(Diagnostic::error(message).at(key.span, label));
                found.push(None);
                continue;
            };
            let Some(field) = definition.fields.iter().find(|field| field.name == *name) else {
                self.report_missing_field(id, name, key.span);
                found.push(None);
                continue;
            };
            let value = self.literal(unit, value, &field.kind);
            found.push(value.map(|value| (Literal::String(name.clone()), value)));
        }
        Some(Literal::Map(found.into_iter().collect::<Option<_>>()?))
    }

    fn refuse_second_values(&mut self, pairs: &[(Value, Value)]) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for (key, _) in pairs {
            if let ValueShape::Text(name) = &key.shape
                && let Some(first) = seen.insert(name, key.span)
            {
                let message = format!("field `{name}` has two values");
                self.report(twice(message, key.span, first));
            }
        }
    }

    fn report_missing_field(&mut self, id: DefinitionId, name: &str, span: Span) {
        let Definition::Struct(definition) = self.model.definition(id) else {
            return;
        };
        if self.model.definition_extra(id).incomplete {
            return;
        }
        let names = definition.fields.iter().map(|field| field.name.as_str());
        let message = format!("`{}` has no field `{name}`", definition.name);
        let diagnostic = Diagnostic::error(message)
            .at(span, "no such field")
            .did_you_mean(closest(name, names));
        self.report(diagnostic);
    }

    /// `true`, `false`, a constant, or an enum's value.
    fn named_value(
        &mut self,
        unit: FileId,
        name: &str,
        span: Span,
        kind: &Type,
    ) -> Option<Literal> {
        let (literal, noun) = match name {
            "true" => (Literal::Bool(true), "a bool"),
            "false" => (Literal::Bool(false), "a bool"),
            _ => match self.enum_value(unit, name, span)? {
                Some(number) => (Literal::Int(number), "an enum's value"),
                None => (self.constant_value(unit, name, span, kind)?, "a constant"),
            },
        };
        if let Some(literal) = self.convert(&literal, kind) {
            return Some(literal);
        }
        let wanted = self.describe(kind);
        let message = format!("expected a value of `{wanted}`, found {noun}");
        let label = format!("`{name}` is not of type `{wanted}`");
        self.report(Diagnostic::error(message).at(span, label));
        None
    }

    /// The number behind `Enum.VALUE`. `Some(None)` if the name does not begin with an enum's,
    /// `None` if the enum has no such value.
    fn enum_value(&mut self, unit: FileId, name: &str, span: Span) -> Option<Option<i64>> {
        let Some((prefix, last)) = name.rsplit_once('.') else {
            return Some(None);
        };
        let Some(id) = self.find_enum(unit, prefix) else {
            return Some(None);
        };
        if let Some(found) = self.find(unit, prefix) {
            self.refuse_ambiguous(unit, prefix, span, found);
        }
        let Definition::Enum(definition) = self.model.definition(id) else {
            return Some(None);
        };
        let mut values = definition.values.iter();
        if let Some(value) = values.find(|value| value.name == last) {
            return Some(Some(value.number.into()));
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

    /// The value of a constant; `None` if it has none, which is reported.
    fn constant_value(
        &mut self,
        unit: FileId,
        name: &str,
        span: Span,
        kind: &Type,
    ) -> Option<Literal> {
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
        let (_, literal) = self.model.consts[id.0].value.clone()?;
        self.spend_on(&literal, span)?;
        Some(literal)
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

fn twice(message: impl Into<String>, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error(message)
        .at(second, "used here again")
        .at(first, "first used here")
}
