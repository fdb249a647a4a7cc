//! Fields of structs, arguments of methods, exceptions in `throws`.

use polyport_wire::schema::{Field, Requiredness};

use super::{Differ, Impact};
use crate::source::Span;
use crate::thrift::ast;

/// What fields are there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Struct,
    Union,
    Arguments,
    Throws,
}

/// Fields with their places.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    fields: &'a [Field],
    written: &'a [ast::Field],
    /// Where what has the fields has its name.
    owner: Span,
}

impl<'a> Fields<'a> {
    pub(super) fn new(fields: &'a [Field], written: &'a [ast::Field], owner: Span) -> Self {
        Self {
            fields,
            written,
            owner,
        }
    }

    fn by_id(self, id: i16) -> Option<&'a Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    fn by_name(self, name: &str) -> Option<&'a Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    fn written(self, field: &Field) -> Option<&'a ast::Field> {
        let mut written = self.written.iter();
        written.find(|written| written.name.text == field.name)
    }

    /// From the number to the name.
    fn span(self, field: &Field) -> Span {
        match self.written(field) {
            Some(written) => match written.id {
                Some(id) => id.span.to(written.name.span),
                None => written.name.span,
            },
            None => self.owner,
        }
    }

    fn type_span(self, field: &Field) -> Span {
        self.written(field)
            .map_or(self.owner, |written| written.kind.span)
    }
}

impl Role {
    fn noun(self) -> &'static str {
        match self {
            Self::Struct | Self::Union => "field",
            Self::Arguments => "argument",
            Self::Throws => "exception",
        }
    }

    /// What it means that something comes or goes.
    fn coming_and_going(self, required: bool) -> (Impact, Option<&'static str>) {
        match self {
            Self::Throws => (
                Impact::BOTH,
                Some("clients of the one version cannot tell what servers of the other throw"),
            ),
            _ if required => (
                Impact {
                    wire: true,
                    source: self == Self::Arguments,
                },
                Some("one version requires it, and the other does not send it"),
            ),
            Self::Arguments => (Impact::SOURCE, None),
            Self::Struct | Self::Union => (Impact::NONE, None),
        }
    }
}

impl Differ<'_> {
    /// `owner` is what has the fields.
    pub(super) fn fields(&mut self, role: Role, owner: &str, old: Fields<'_>, new: Fields<'_>) {
        for field in old.fields {
            match (new.by_id(field.id), new.by_name(&field.name)) {
                (Some(found), _) if found.name == field.name => {
                    self.field(role, owner, (field, old), (found, new));
                }
                (_, Some(found)) => self.renumbered(role, owner, (field, old), (found, new)),
                (Some(found), None) => {
                    self.renamed(role, owner, (field, old), (found, new));
                    self.field(role, owner, (field, old), (found, new));
                }
                (None, None) => self.removed(role, owner, (field, old), new),
            }
        }
        for field in new.fields {
            if old.by_id(field.id).is_none() && old.by_name(&field.name).is_none() {
                self.added(role, owner, (field, new));
            }
        }
    }

    fn renumbered(
        &mut self,
        role: Role,
        owner: &str,
        (field, old): (&Field, Fields<'_>),
        (found, new): (&Field, Fields<'_>),
    ) {
        let (noun, name) = (role.noun(), &field.name);
        let (before, after) = (field.id, found.id);
        let message =
            format!("{noun} `{name}` of {owner} had the number {before} and now has {after}");
        let places = [
            self.after(new.span(found), format!("now {after}")),
            self.before(old.span(field), format!("was {before}")),
        ];
        self.change(Impact::WIRE, message, places);
    }

    fn renamed(
        &mut self,
        role: Role,
        owner: &str,
        (field, old): (&Field, Fields<'_>),
        (found, new): (&Field, Fields<'_>),
    ) {
        let (noun, id) = (role.noun(), field.id);
        let (before, after) = (&field.name, &found.name);
        let message = format!("{noun} {id} of {owner} was `{before}` and is now `{after}`");
        let places = [
            self.after(new.span(found), format!("now `{after}`")),
            self.before(old.span(field), format!("was `{before}`")),
        ];
        // No code has to use the names of arguments and exceptions.
        let impact = match role {
            Role::Struct | Role::Union => Impact::SOURCE,
            Role::Arguments | Role::Throws => Impact::NONE,
        };
        self.change(impact, message, places);
    }

    fn removed(
        &mut self,
        role: Role,
        owner: &str,
        (field, old): (&Field, Fields<'_>),
        new: Fields<'_>,
    ) {
        let (impact, why) = role.coming_and_going(field.requiredness == Requiredness::Required);
        let (noun, id, name) = (role.noun(), field.id, &field.name);
        let message = format!("{noun} {id} `{name}` of {owner} is gone");
        let places = [
            self.before(old.span(field), "it was here"),
            self.after(new.owner, "not in here"),
        ];
        self.explained(impact.and(Impact::SOURCE), message, places, why);
    }

    fn added(&mut self, role: Role, owner: &str, (field, new): (&Field, Fields<'_>)) {
        let (impact, why) = role.coming_and_going(field.requiredness == Requiredness::Required);
        let (noun, id, name) = (role.noun(), field.id, &field.name);
        let message = format!("{noun} {id} `{name}` of {owner} is new");
        let places = [self.after(new.span(field), "added here")];
        self.explained(impact, message, places, why);
    }

    /// A field that kept its number.
    fn field(
        &mut self,
        role: Role,
        owner: &str,
        (field, old): (&Field, Fields<'_>),
        (found, new): (&Field, Fields<'_>),
    ) {
        let impact = self.type_change(&field.kind, &found.kind);
        let (noun, name) = (role.noun(), &found.name);
        if impact != Impact::NONE {
            let before = self.old.schema.type_name(&field.kind);
            let after = self.new.schema.type_name(&found.kind);
            let message =
                format!("{noun} `{name}` of {owner} was of type `{before}` and is now `{after}`");
            let places = [
                self.after(new.type_span(found), format!("now `{after}`")),
                self.before(old.type_span(field), format!("was `{before}`")),
            ];
            self.change(impact, message, places);
        }
        if let Some((impact, why)) = requiredness(field.requiredness, found.requiredness) {
            let before = word(field.requiredness);
            let after = word(found.requiredness);
            let message = format!("{noun} `{name}` of {owner} was {before} and is now {after}");
            let places = [
                self.after(new.span(found), format!("now {after}")),
                self.before(old.span(field), format!("was {before}")),
            ];
            self.explained(impact, message, places, why);
        }
        if field.default != found.default {
            let message = format!("the default of {noun} `{name}` of {owner} changed");
            let places = [
                self.after(new.span(found), "now this"),
                self.before(old.span(field), "was this"),
            ];
            self.change(Impact::NONE, message, places);
        }
    }
}

/// Whom it breaks that a field must come now, or need not any more.
fn requiredness(old: Requiredness, new: Requiredness) -> Option<(Impact, Option<&'static str>)> {
    use Requiredness::{Default, Optional, Required};
    let source = Impact {
        wire: false,
        source: (old == Optional) != (new == Optional),
    };
    match (old, new) {
        (Default, Default) | (Required, Required) | (Optional, Optional) => None,
        (_, Required) => Some((
            source.and(Impact::WIRE),
            Some("peers of the old version need not send it, and are refused then"),
        )),
        (Required, _) => Some((
            source.and(Impact::WIRE),
            Some("peers of the old version refuse what comes without it"),
        )),
        (Default, Optional) | (Optional, Default) => Some((source, None)),
    }
}

fn word(requiredness: Requiredness) -> &'static str {
    match requiredness {
        Requiredness::Default => "of default requiredness",
        Requiredness::Required => "required",
        Requiredness::Optional => "optional",
    }
}
