//! Fields of structs, arguments of methods, exceptions in `throws`.

use polyport_wire::schema::{Field, Requiredness};

use crate::diagnostic::Diagnostic;
use crate::model::{Boxed, FieldExtra};
use crate::resolve::wish::Spot;
use crate::resolve::{Resolver, annotations};
use crate::source::FileId;
use crate::thrift::ast;

/// Where fields stand: it decides what they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Struct,
    Union,
    Arguments,
    Throws,
}

/// Fields without their defaults.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) fields: Vec<Field>,
    pub(super) extras: Vec<FieldExtra>,
}

impl Resolver<'_> {
    /// The fields of `owner` that are right; the others are reported.
    pub(super) fn fields(
        &mut self,
        unit: FileId,
        owner: &str,
        written: &[ast::Field],
        place: Place,
    ) -> Fields {
        self.refuse_duplicate_fields(written);
        let ids = self.field_ids(written);
        let mut found = Fields::default();
        for (field, id) in written.iter().zip(ids) {
            let (Some(mut name), Some(id)) = (self.kind(unit, &field.kind), id) else {
                continue;
            };
            let full_name = format!("{owner}.{}", field.name.text);
            let wishes = self.wishes(&full_name, &field.annotations, spot(place));
            if let Some(text) = wishes.text {
                name = self.model.with_text(&name, text);
            }
            let Some(kind) = self.expand(&name) else {
                continue;
            };
            found.extras.push(FieldExtra {
                kind: name,
                boxed: match wishes.boxed {
                    Some(true) => Boxed::Wished,
                    _ => Boxed::No,
                },
                has_default: field.default.is_some(),
                attributes: wishes.attributes,
                span: field.kind.span,
            });
            found.fields.push(Field {
                id,
                name: field.name.text.clone(),
                kind,
                requiredness: requiredness(field.requiredness, place),
                default: None,
                annotations: annotations(&field.annotations),
                docs: field.docs.clone(),
            });
        }
        found
    }

    /// The number of each field. Where there is none, it is one more than the one before, as for
    /// Kitex.
    fn field_ids(&mut self, written: &[ast::Field]) -> Vec<Option<i16>> {
        let mut ids: Vec<Option<i16>> = Vec::new();
        let mut warned = false;
        let mut next: i64 = 1;
        for (index, field) in written.iter().enumerate() {
            let number = field.id.map_or(next, |id| id.value);
            if field.id.is_none() && !std::mem::replace(&mut warned, true) {
                self.report(unnumbered(field, number));
            }
            next = number.saturating_add(1);
            let id = i16::try_from(number).ok();
            if id.is_none() {
                let span = field.id.map_or(field.name.span, |id| id.span);
                let message = format!("the field number {number} is out of range");
                let diagnostic =
                    Diagnostic::error(message).at(span, "it must be from -32768 to 32767");
                self.report(diagnostic);
            }
            if let Some(id) = id
                && let Some(first) = ids.iter().position(|other| *other == Some(id))
            {
                self.report(duplicate_id(&written[first], &written[index], id));
            }
            ids.push(id);
        }
        ids
    }

    fn refuse_duplicate_fields(&mut self, written: &[ast::Field]) {
        for (index, field) in written.iter().enumerate() {
            let name = &field.name;
            let mut before = written[..index].iter();
            if let Some(first) = before.find(|other| other.name.text == name.text) {
                let message = format!("two fields are called `{}`", name.text);
                let diagnostic = Diagnostic::error(message)
                    .at(name.span, "used here again")
                    .at(first.name.span, "first used here");
                self.report(diagnostic);
            }
        }
    }
}

fn spot(place: Place) -> Spot {
    match place {
        Place::Struct | Place::Union => Spot::Field,
        Place::Arguments => Spot::Argument,
        Place::Throws => Spot::Elsewhere,
    }
}

/// What the place makes of what is written.
fn requiredness(written: Requiredness, place: Place) -> Requiredness {
    match (place, written) {
        (Place::Union | Place::Throws, _) => Requiredness::Optional,
        // Kitex ignores it as well: arguments are always written.
        (Place::Arguments, Requiredness::Optional) => Requiredness::Default,
        (Place::Struct | Place::Arguments, written) => written,
    }
}

fn unnumbered(field: &ast::Field, number: i64) -> Diagnostic {
    let name = &field.name.text;
    Diagnostic::warning(format!("field `{name}` has no number"))
        .at(field.name.span, format!("taken as {number}, as Kitex does"))
        .help(format!(
            "write `{number}:` before it; Apache Thrift would take another number"
        ))
}

fn duplicate_id(first: &ast::Field, second: &ast::Field, id: i16) -> Diagnostic {
    let span = |field: &ast::Field| field.id.map_or(field.name.span, |id| id.span);
    Diagnostic::error(format!("two fields have the number {id}"))
        .at(span(second), "used here again")
        .at(span(first), "first used here")
}
