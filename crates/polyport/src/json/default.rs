//! What a field has that is not set: its default, as the schema writes it.

use std::cell::Cell;
use std::fmt;

use bytes::Bytes;
use polyport_wire::schema::{Definition, DefinitionId, Field, Literal, Schema, StructKind, Type};
use polyport_wire::thrift::Dynamic;

use crate::json::{DEPTH, JsonError};

/// How many bytes the defaults of one message may take. What is not set takes none on the wire, so a
/// small message can have more of them than there is memory for; and a schema may come from a peer.
const BYTES: usize = 64 * 1024 * 1024;

/// What a value takes about, with its place in an object or a list.
const VALUE: usize = 256;

/// Fills in what a message leaves out, by its schema.
pub(super) struct Filling<'a> {
    pub(super) schema: &'a Schema,
    /// How many levels there may still be.
    depth: Cell<usize>,
    /// How many bytes there may still be.
    left: Cell<usize>,
}

impl<'a> Filling<'a> {
    /// For one message.
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self {
            schema,
            depth: Cell::new(DEPTH),
            left: Cell::new(BYTES),
        }
    }

    /// The default of a field; `None` if it has none.
    pub(super) fn default(&self, field: &Field) -> Result<Option<Dynamic>, JsonError> {
        let Some(literal) = &field.default else {
            return Ok(None);
        };
        let value = self.value(&field.kind, literal);
        value.map(Some).map_err(|error| error.within(&*field.name))
    }

    fn value(&self, kind: &Type, literal: &Literal) -> Result<Dynamic, JsonError> {
        self.take(VALUE)?;
        let depth = self.depth.get();
        let below = depth.checked_sub(1);
        let below = below.ok_or_else(|| JsonError::new("the default is nested too deeply"))?;
        self.depth.set(below);
        let value = self.value_within(kind, literal);
        self.depth.set(depth);
        value
    }

    fn take(&self, bytes: usize) -> Result<(), JsonError> {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.ok_or_else(too_large)?);
        Ok(())
    }

    fn value_within(&self, kind: &Type, literal: &Literal) -> Result<Dynamic, JsonError> {
        Ok(match (kind, literal) {
            (Type::Bool, Literal::Bool(value)) => Dynamic::Bool(*value),
            (Type::Bool, Literal::Int(value)) => Dynamic::Bool(*value != 0),
            (Type::Byte, Literal::Int(value)) => Dynamic::Byte(fitting(*value)?),
            (Type::I16, Literal::Int(value)) => Dynamic::I16(fitting(*value)?),
            (Type::I32, Literal::Int(value)) => Dynamic::I32(fitting(*value)?),
            (Type::I64, Literal::Int(value)) => Dynamic::I64(*value),
            (Type::Double, Literal::Double(value)) => Dynamic::Double(*value),
            #[expect(clippy::cast_precision_loss, reason = "as every compiler takes it")]
            (Type::Double, Literal::Int(value)) => Dynamic::Double(*value as f64),
            (Type::String | Type::Binary, Literal::String(text)) => {
                self.take(text.len())?;
                Dynamic::String(Bytes::copy_from_slice(text.as_bytes()))
            }
            (Type::String | Type::Binary, Literal::Bytes(bytes)) => {
                // No copy yet, but JSON has it as text.
                self.take(bytes.len())?;
                Dynamic::String(bytes.clone())
            }
            (Type::List(kind), Literal::List(elements)) => {
                Dynamic::List(kind.wire_type(self.schema), self.values(kind, elements)?)
            }
            (Type::Set(kind), Literal::List(elements)) => {
                Dynamic::Set(kind.wire_type(self.schema), self.values(kind, elements)?)
            }
            (Type::Map(key, value), Literal::Map(pairs)) => {
                let filled = pairs
                    .iter()
                    .map(|(left, right)| Ok((self.value(key, left)?, self.value(value, right)?)));
                let filled = filled.collect::<Result<_, JsonError>>()?;
                Dynamic::Map(
                    key.wire_type(self.schema),
                    value.wire_type(self.schema),
                    filled,
                )
            }
            (Type::Defined(id), literal) => self.defined(*id, literal)?,
            (kind, literal) => return Err(misfit(&format_args!("{kind:?}"), literal)),
        })
    }

    fn values(&self, kind: &Type, literals: &[Literal]) -> Result<Vec<Dynamic>, JsonError> {
        let values = literals.iter().map(|literal| self.value(kind, literal));
        values.collect()
    }

    fn defined(&self, id: DefinitionId, literal: &Literal) -> Result<Dynamic, JsonError> {
        match (self.schema.definition(id), literal) {
            (Some(Definition::Enum(_)), Literal::Int(number)) => {
                Ok(Dynamic::I32(fitting(*number)?))
            }
            (Some(Definition::Struct(definition)), Literal::Map(given)) => {
                let is_union = definition.kind == StructKind::Union;
                self.fields(&definition.fields, given, !is_union)
            }
            (definition, literal) => {
                let name = definition.map_or("?", Definition::name);
                Err(misfit(&name, literal))
            }
        }
    }

    /// A struct by the names of its fields; with `defaults`, those that are not given have theirs.
    fn fields(
        &self,
        fields: &[Field],
        given: &[(Literal, Literal)],
        defaults: bool,
    ) -> Result<Dynamic, JsonError> {
        let mut values = Vec::new();
        for field in fields {
            let is_it =
                |name: &Literal| matches!(name, Literal::String(name) if *name == field.name);
            let own = given.iter().find(|(name, _)| is_it(name));
            let own = own.map(|(_, literal)| literal);
            let literal = own.or_else(|| field.default.as_ref().filter(|_| defaults));
            if let Some(literal) = literal {
                let value = self.value(&field.kind, literal);
                values.push((field.id, value.map_err(|error| error.within(&*field.name))?));
            }
        }
        Ok(Dynamic::Struct(values))
    }
}

#[cold]
fn too_large() -> JsonError {
    JsonError::new("the defaults of this message are too large")
}

fn fitting<T: TryFrom<i64>>(number: i64) -> Result<T, JsonError> {
    let fitted = T::try_from(number);
    fitted.map_err(|_| JsonError::new(format!("the default {number} does not fit the type")))
}

fn misfit(kind: &dyn fmt::Display, literal: &Literal) -> JsonError {
    JsonError::new(format!("the default {literal:?} is no {kind}"))
}
