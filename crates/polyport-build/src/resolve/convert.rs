//! Values of one type where another is wanted: what Thrift takes for what.

use polyport_wire::schema::{Definition, DefinitionId, Literal, Type};

use crate::resolve::Resolver;

impl Resolver<'_> {
    /// The value as one of the type `kind`, if it can be one.
    pub(super) fn convert(&self, value: &Literal, kind: &Type) -> Option<Literal> {
        match (value, kind) {
            (Literal::Bool(_), Type::Bool)
            | (Literal::Double(_), Type::Double)
            | (Literal::String(_), Type::String)
            | (Literal::Bytes(_), Type::Binary) => Some(value.clone()),
            (Literal::String(text), Type::Binary) => {
                Some(Literal::Bytes(text.clone().into_bytes().into()))
            }
            (Literal::Int(number @ (0 | 1)), Type::Bool) => Some(Literal::Bool(*number == 1)),
            (Literal::Int(number), Type::Double) => exact_double(*number).map(Literal::Double),
            (Literal::Int(number), Type::Defined(id)) if !self.is_struct(*id) => {
                i32::try_from(*number).is_ok().then(|| value.clone())
            }
            (Literal::Int(number), _) => {
                let (least, most) = range(kind)?;
                (least..=most).contains(number).then(|| value.clone())
            }
            (Literal::List(values), Type::List(element) | Type::Set(element)) => {
                let values = values.iter().map(|value| self.convert(value, element));
                Some(Literal::List(values.collect::<Option<_>>()?))
            }
            (Literal::Map(pairs), Type::Map(key_kind, value_kind)) => {
                let pairs = pairs.iter().map(|(key, value)| {
                    let key = self.convert(key, key_kind)?;
                    Some((key, self.convert(value, value_kind)?))
                });
                Some(Literal::Map(pairs.collect::<Option<_>>()?))
            }
            (Literal::Map(_), Type::Defined(_)) => Some(value.clone()),
            _ => None,
        }
    }

    /// Whether a value of the type `found` can stand where one of `wanted` must; its number may
    /// still be too large.
    pub(super) fn takes(&self, wanted: &Type, found: &Type) -> bool {
        match (wanted, found) {
            (Type::List(wanted) | Type::Set(wanted), Type::List(found) | Type::Set(found)) => {
                self.takes(wanted, found)
            }
            (Type::Map(wanted_key, wanted), Type::Map(found_key, found)) => {
                self.takes(wanted_key, found_key) && self.takes(wanted, found)
            }
            (Type::Defined(wanted), Type::Defined(found)) => wanted == found,
            (Type::Binary, Type::String) => true,
            _ => wanted == found || self.is_number(wanted) && self.is_number(found),
        }
    }

    /// Also an enum, whose values stand for numbers.
    fn is_number(&self, kind: &Type) -> bool {
        match kind {
            Type::Byte | Type::I16 | Type::I32 | Type::I64 | Type::Double => true,
            Type::Defined(id) => !self.is_struct(*id),
            _ => false,
        }
    }

    pub(super) fn is_struct(&self, id: DefinitionId) -> bool {
        matches!(self.model.definition(id), Definition::Struct(_))
    }
}

/// What an integer of this type can be.
pub(super) fn range(kind: &Type) -> Option<(i64, i64)> {
    match kind {
        Type::Bool => Some((0, 1)),
        Type::Byte => Some((i8::MIN.into(), i8::MAX.into())),
        Type::I16 => Some((i16::MIN.into(), i16::MAX.into())),
        Type::I32 => Some((i32::MIN.into(), i32::MAX.into())),
        Type::I64 => Some((i64::MIN, i64::MAX)),
        _ => None,
    }
}

/// The double of the same value; none above 2^53, where doubles have gaps.
#[expect(clippy::cast_precision_loss, reason = "checked: the number is exact")]
fn exact_double(number: i64) -> Option<f64> {
    (number.unsigned_abs() <= 1 << 53).then_some(number as f64)
}
