//! Values of one type where another is wanted: what Thrift takes for what.

use polyport_wire::schema::{Definition, DefinitionId, Literal, Type};

use crate::resolve::Resolver;

impl Resolver<'_> {
    /// The value as one of the type `kind`, if it can be one.
    pub(super) fn convert(&self, value: &Literal, kind: &Type) -> Option<Literal> {
        match (value, kind) {
            (Literal::Bool(_), Type::Bool)
            | (Literal::Double(_), Type::Double)
            | (Literal::String(_), Type::String | Type::Binary) => Some(value.clone()),
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
            (Literal::Map(pairs), Type::Defined(id)) => self.convert_struct(pairs, *id),
            _ => None,
        }
    }

    /// A map by the names of fields may become a struct.
    fn convert_struct(&self, pairs: &[(Literal, Literal)], id: DefinitionId) -> Option<Literal> {
        let Definition::Struct(definition) = self.model.definition(id) else {
            return None;
        };
        let pairs = pairs.iter().map(|(key, value)| {
            let Literal::String(name) = key else {
                return None;
            };
            let mut fields = definition.fields.iter();
            let field = fields.find(|field| field.name == *name)?;
            Some((key.clone(), self.convert(value, &field.kind)?))
        });
        Some(Literal::Map(pairs.collect::<Option<_>>()?))
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
