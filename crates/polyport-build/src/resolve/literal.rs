//! Values against the types that they are for.

use std::collections::HashMap;

use polyport_wire::schema::{
    Definition, DefinitionId, Field, Literal, Requiredness, Struct, StructKind, Type,
};

use crate::diagnostic::{Diagnostic, closest};
use crate::resolve::Resolver;
use crate::resolve::convert::range;
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
            (ValueShape::Text(bytes), Type::Binary) => Some(Literal::Bytes(bytes.clone().into())),
            (ValueShape::Text(bytes), Type::String) => self.text(bytes, value.span),
            _ => self.plain_value(value, kind),
        }
    }

    fn text(&mut self, bytes: &[u8], span: Span) -> Option<Literal> {
        let text = String::from_utf8(bytes.to_vec()).ok();
        if text.is_none() {
            let diagnostic = Diagnostic::error("this text is not UTF-8, as `string` must be")
                .at(span, "because of its escapes")
                .help("use `binary` for bytes that are not text");
            self.report(diagnostic);
        }
        text.map(Literal::String)
    }

    /// A number or a text.
    fn plain_value(&mut self, value: &Value, kind: &Type) -> Option<Literal> {
        let (literal, noun) = match &value.shape {
            ValueShape::Int(number) => (Some(Literal::Int(*number)), "an integer"),
            ValueShape::Double(number) => (Some(Literal::Double(*number)), "a double"),
            ValueShape::Text(_) => (None, "a text"),
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
            let Some(name) = field_name(key) else {
                let message = format!("`{}` is a struct", definition.name);
                let label = "expected the name of a field in quotes";
                self.report(Diagnostic::error(message).at(key.span, label));
                found.push(None);
                continue;
            };
            let Some(field) = definition.fields.iter().find(|field| field.name == name) else {
                self.report_missing_field(id, name, key.span);
                found.push(None);
                continue;
            };
            let value = self.literal(unit, value, &field.kind);
            found.push(value.map(|value| (Literal::String(name.to_owned()), value)));
        }
        found.extend(self.zeros(&definition, id, pairs).into_iter().map(Some));
        Some(Literal::Map(found.into_iter().collect::<Option<_>>()?))
    }

    /// What a value of a struct does not name is zero for Kitex, whatever the field's default is.
    /// Where Kitex leaves it out, a peer takes the default.
    fn zeros(
        &self,
        definition: &Struct,
        id: DefinitionId,
        pairs: &[(Value, Value)],
    ) -> Vec<(Literal, Literal)> {
        let extras = &self.model.definition_extra(id).fields;
        let is_named = |name: &str| pairs.iter().any(|(key, _)| field_name(key) == Some(name));
        let fields = definition.fields.iter().zip(extras);
        fields
            .filter(|(field, extra)| extra.has_default && !is_named(&field.name))
            .filter(|_| definition.kind != StructKind::Union)
            .filter_map(|(field, _)| Some((Literal::String(field.name.clone()), self.zero(field)?)))
            .collect()
    }

    fn zero(&self, field: &Field) -> Option<Literal> {
        let is_optional = field.requiredness == Requiredness::Optional;
        match &field.kind {
            Type::Bool => Some(Literal::Bool(false)),
            Type::Double => Some(Literal::Double(0.0)),
            Type::String => Some(Literal::String(String::new())),
            Type::Binary if !is_optional => Some(Literal::Bytes(Vec::new().into())),
            Type::List(_) | Type::Set(_) if !is_optional => Some(Literal::List(Vec::new())),
            Type::Map(..) if !is_optional => Some(Literal::Map(Vec::new())),
            Type::Defined(id) if !self.is_struct(*id) => Some(Literal::Int(0)),
            kind => range(kind).map(|_| Literal::Int(0)),
        }
    }

    fn refuse_second_values(&mut self, pairs: &[(Value, Value)]) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for (key, _) in pairs {
            if let Some(name) = field_name(key)
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
}

/// The name of a field, as the value of a struct has it.
fn field_name(key: &Value) -> Option<&str> {
    match &key.shape {
        ValueShape::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn twice(message: impl Into<String>, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error(message)
        .at(second, "used here again")
        .at(first, "first used here")
}
