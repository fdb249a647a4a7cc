//! What the defaults of fields take in memory, of which nothing has to be on the wire.

use std::cell::RefCell;
use std::collections::HashMap;

use polyport_wire::schema::{Definition, DefinitionId, Field, Literal, StructKind, Type};

use super::Emitter;
use crate::model::{Boxed, FieldExtra, Text, TypeName, index, value_of};

/// What a value takes about where it stands; structs take it for each field.
const VALUE: usize = 32;

/// What the defaults of each struct take, once that is known: structs stand in one another, each as
/// often as one likes.
#[derive(Debug, Default)]
pub(super) struct Memory(RefCell<HashMap<usize, usize>>);

impl Emitter<'_> {
    /// What a field that did not come takes beside its own place: an estimate, and nothing only if
    /// there is nothing.
    pub(super) fn default_bytes(self, field: &Field, extra: &FieldExtra) -> usize {
        let behind = match &field.default {
            Some(value) => self.literal_bytes(value, &extra.kind),
            None if extra.is_option(field) => return 0,
            None => match self.model.target(&extra.kind) {
                TypeName::Plain(Type::Defined(id)) => self.defaults_bytes(*id),
                _ => 0,
            },
        };
        match extra.boxed {
            Boxed::No => behind,
            Boxed::Wished | Boxed::Recursive => {
                self.place_bytes(&extra.kind).saturating_add(behind)
            }
        }
    }

    /// The same of a struct of which nothing is given.
    fn defaults_bytes(self, id: DefinitionId) -> usize {
        let known = self.memory.0.borrow().get(&index(id)).copied();
        known.unwrap_or_else(|| {
            let bytes = self.struct_bytes(&[], id);
            self.memory.0.borrow_mut().insert(index(id), bytes);
            bytes
        })
    }

    /// What a value takes beside its own place.
    fn literal_bytes(self, value: &Literal, kind: &TypeName) -> usize {
        match (value, self.model.target(kind)) {
            // It stands in the program.
            (Literal::String(_), TypeName::Text(Text::Bytes)) => 0,
            (Literal::String(text), _) => text.len(),
            (Literal::List(values), TypeName::List(element) | TypeName::Set(element)) => values
                .iter()
                .map(|value| self.literal_bytes(value, element))
                .fold(
                    self.place_bytes(element) * values.len(),
                    usize::saturating_add,
                ),
            (Literal::Map(pairs), TypeName::Map(left, right)) => {
                let place = self.place_bytes(left) + self.place_bytes(right);
                let parts = pairs.iter().flat_map(|(key, value)| {
                    [
                        self.literal_bytes(key, left),
                        self.literal_bytes(value, right),
                    ]
                });
                parts.fold(place * pairs.len(), usize::saturating_add)
            }
            (Literal::Map(pairs), TypeName::Plain(Type::Defined(id))) => {
                self.struct_bytes(pairs, *id)
            }
            _ => 0,
        }
    }

    /// The same of a struct with these fields, and of its other ones, as far as they have defaults.
    fn struct_bytes(self, given: &[(Literal, Literal)], id: DefinitionId) -> usize {
        let Definition::Struct(definition) = self.model.definition(id) else {
            return 0;
        };
        let extras = &self.model.definition_extra(id).fields;
        let fields = definition.fields.iter().zip(extras);
        let bytes = fields.map(|(field, extra)| match value_of(given, &field.name) {
            Some(value) => self.literal_bytes(value, &extra.kind),
            None if definition.kind == StructKind::Union => 0,
            None => self.default_bytes(field, extra),
        });
        bytes.fold(0, usize::saturating_add)
    }

    /// What a value takes where it stands.
    fn place_bytes(self, kind: &TypeName) -> usize {
        let TypeName::Plain(Type::Defined(id)) = self.model.target(kind) else {
            return VALUE;
        };
        VALUE * self.model.definition_extra(*id).fields.len().max(1)
    }
}
