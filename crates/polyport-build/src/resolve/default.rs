//! Defaults that would need themselves: a struct whose default holds another of its kind.

use polyport_wire::schema::{Definition, DefinitionId, Field, Literal, StructKind, Type};

use crate::diagnostic::Diagnostic;
use crate::model::{FieldExtra, index, value_of};
use crate::resolve::Resolver;
use crate::resolve::layout::circles;
use crate::source::Span;

/// Making the default of one struct makes that of another.
struct Need {
    from: usize,
    to: usize,
    /// The type of the field that needs it.
    span: Span,
    /// Because of a default that the IDL gives; only such a field can be what is wrong.
    is_written: bool,
}

impl Resolver<'_> {
    pub(super) fn refuse_endless_defaults(&mut self) {
        let mut needs = Vec::new();
        let definitions = self.model.schema.definitions.iter();
        for (from, (definition, extra)) in definitions.zip(&self.model.definitions).enumerate() {
            let Definition::Struct(definition) = definition else {
                continue;
            };
            if definition.kind == StructKind::Union {
                continue;
            }
            for (field, extra) in definition.fields.iter().zip(&extra.fields) {
                let mut found = Vec::new();
                self.needs_of_field(field, extra, &mut found);
                needs.extend(found.into_iter().map(|to| Need {
                    from,
                    to: index(to),
                    span: extra.span,
                    is_written: field.default.is_some(),
                }));
            }
        }
        let mut next = vec![Vec::new(); self.model.definitions.len()];
        for need in &needs {
            next[need.from].push(need.to);
        }
        let circles = circles(&next);
        for need in needs {
            if need.is_written && circles[need.from] == circles[need.to] {
                let diagnostic = Diagnostic::error("this default has no end")
                    .at(need.span, "the default of this field needs itself")
                    .help("leave it out, or name all fields of the value");
                self.report(diagnostic);
            }
        }
    }

    /// The structs whose defaults are made for a field that has no value of its own.
    fn needs_of_field(&self, field: &Field, extra: &FieldExtra, found: &mut Vec<DefinitionId>) {
        match (&field.default, &field.kind) {
            (Some(value), kind) => self.needs_of_value(value, kind, found),
            (None, Type::Defined(id)) => {
                if !extra.is_option(field) && self.is_default_a_struct(*id) {
                    found.push(*id);
                }
            }
            (None, _) => {}
        }
    }

    fn needs_of_value(&self, value: &Literal, kind: &Type, found: &mut Vec<DefinitionId>) {
        match (value, kind) {
            (Literal::List(values), Type::List(element) | Type::Set(element)) => {
                for value in values {
                    self.needs_of_value(value, element, found);
                }
            }
            (Literal::Map(pairs), Type::Map(key_kind, value_kind)) => {
                for (key, value) in pairs {
                    self.needs_of_value(key, key_kind, found);
                    self.needs_of_value(value, value_kind, found);
                }
            }
            (Literal::Map(pairs), Type::Defined(id)) => {
                let Definition::Struct(definition) = self.model.definition(*id) else {
                    return;
                };
                let mut is_complete = true;
                for field in &definition.fields {
                    match value_of(pairs, &field.name) {
                        Some(value) => self.needs_of_value(value, &field.kind, found),
                        None => is_complete = false,
                    }
                }
                if !is_complete && self.is_default_a_struct(*id) {
                    found.push(*id);
                }
            }
            _ => {}
        }
    }

    /// Whether a type's default is made of the defaults of fields: a union's is not.
    fn is_default_a_struct(&self, id: DefinitionId) -> bool {
        match self.model.definition(id) {
            Definition::Struct(definition) => definition.kind != StructKind::Union,
            _ => false,
        }
    }
}
