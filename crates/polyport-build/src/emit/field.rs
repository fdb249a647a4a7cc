//! Fields, with what the schema, the model and the names say of them.

use polyport_wire::schema::Field;
use proc_macro2::Ident;

use crate::model::FieldExtra;

/// A field with all that is known of it.
#[derive(Clone, Copy)]
pub(super) struct RecordField<'a> {
    pub(super) field: &'a Field,
    pub(super) extra: &'a FieldExtra,
    pub(super) name: &'a Ident,
}

/// Puts the three lists of fields together.
pub(super) fn record_fields<'a>(
    fields: &'a [Field],
    extras: &'a [FieldExtra],
    names: &'a [Ident],
) -> Vec<RecordField<'a>> {
    fields
        .iter()
        .zip(extras)
        .zip(names)
        .map(|((field, extra), name)| RecordField { field, extra, name })
        .collect()
}
