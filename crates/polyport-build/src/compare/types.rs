//! Structs, unions, exceptions and enums, and the types of fields.

use polyport_wire::schema::{Definition, DefinitionId, Enum, Struct, StructKind, Type};

use super::fields::{Fields, Role};
use super::values::Values;
use super::{Differ, Impact};
use crate::source::Span;
use crate::thrift::ast;

impl Differ<'_> {
    /// Every definition with the one of the same name, then those that fields put in its place.
    pub(super) fn definitions(&mut self) {
        for index in 0..self.old.schema.definitions.len() {
            let old = DefinitionId(u32::try_from(index).unwrap_or(u32::MAX));
            match self.successor(old) {
                Some(new) => self.pending.push((old, new)),
                None => self.definition_removed(old),
            }
        }
        while let Some((old, new)) = self.pending.pop() {
            if self.seen.insert((old, new)) {
                let names = (self.old.definition(old).0, self.new.definition(new).0);
                self.replaced = names.0.name() != names.1.name();
                self.definition(old, new);
            }
        }
        self.replaced = false;
        self.definitions_added();
    }

    /// The new definition of the same name; of the same namespace, if there are several.
    fn successor(&self, old: DefinitionId) -> Option<DefinitionId> {
        let (old, _) = self.old.definition(old);
        let same_name = |known: &&Definition| known.name() == old.name();
        let known = self.new.schema.definitions.iter();
        let in_package = known
            .clone()
            .position(|known| known.name() == old.name() && known.package() == old.package());
        let only = match known.clone().filter(same_name).count() {
            1 => known.clone().position(|known| known.name() == old.name()),
            _ => None,
        };
        let index = in_package.or(only)?;
        u32::try_from(index).ok().map(DefinitionId)
    }

    fn definition_removed(&mut self, old: DefinitionId) {
        let (_, item) = self.old.definition(old);
        self.gone(item.noun(), &item.name().text, item.name().span);
    }

    pub(super) fn gone(&mut self, noun: &str, name: &str, span: Span) {
        let message = format!("{noun} `{name}` is gone");
        let places = [self.before(span, "it was here")];
        self.change(Impact::SOURCE, message, places);
    }

    pub(super) fn new_here(&mut self, noun: &str, name: &str, span: Span) {
        let message = format!("{noun} `{name}` is new");
        let places = [self.after(span, "added here")];
        self.change(Impact::NONE, message, places);
    }

    fn definitions_added(&mut self) {
        for (index, definition) in self.new.schema.definitions.iter().enumerate() {
            let mut known = self.old.schema.definitions.iter();
            if known.any(|known| known.name() == definition.name()) {
                continue;
            }
            let id = DefinitionId(u32::try_from(index).unwrap_or(u32::MAX));
            let (_, item) = self.new.definition(id);
            self.new_here(item.noun(), &item.name().text, item.name().span);
        }
    }

    fn definition(&mut self, old: DefinitionId, new: DefinitionId) {
        let ((old, old_item), (new, new_item)) =
            (self.old.definition(old), self.new.definition(new));
        match (old, new, old_item, new_item) {
            (
                Definition::Struct(old),
                Definition::Struct(new),
                ast::Item::Struct(old_item),
                ast::Item::Struct(new_item),
            ) => self.structure((old, old_item), (new, new_item)),
            (
                Definition::Enum(old),
                Definition::Enum(new),
                ast::Item::Enum(old_item),
                ast::Item::Enum(new_item),
            ) => self.enumeration((old, old_item), (new, new_item)),
            _ => {
                let (old, new) = (old_item, new_item);
                self.kind_changed(
                    Impact::BOTH,
                    (old.name(), old.noun()),
                    (new.name(), new.noun()),
                );
            }
        }
    }

    /// A definition that is of another kind now; each with what it is.
    fn kind_changed(
        &mut self,
        impact: Impact,
        (old_name, old): (&ast::Name, &str),
        (new_name, new): (&ast::Name, &str),
    ) {
        let article = if new.starts_with('e') { "an" } else { "a" };
        let message = format!("{old} `{}` is now {article} {new}", old_name.text);
        let places = [
            self.after(new_name.span, format!("now: {new}")),
            self.before(old_name.span, format!("was: {old}")),
        ];
        self.change(impact, message, places);
    }

    fn structure(&mut self, old: (&Struct, &ast::Struct), new: (&Struct, &ast::Struct)) {
        // A union wants one field, a struct writes all.
        let union = [old.0.kind, new.0.kind].contains(&StructKind::Union);
        if old.0.kind != new.0.kind {
            let impact = if union { Impact::BOTH } else { Impact::SOURCE };
            self.kind_changed(
                impact,
                (&old.1.name, old.1.noun()),
                (&new.1.name, new.1.noun()),
            );
            if union {
                return;
            }
        }
        let role = match new.0.kind {
            StructKind::Union => Role::Union,
            StructKind::Struct | StructKind::Exception => Role::Struct,
        };
        self.fields(
            role,
            &format!("`{}`", new.0.name),
            Fields::new(&old.0.fields, &old.1.fields, old.1.name.span),
            Fields::new(&new.0.fields, &new.1.fields, new.1.name.span),
        );
    }

    fn enumeration(&mut self, old: (&Enum, &ast::Enum), new: (&Enum, &ast::Enum)) {
        self.values(values(old), values(new));
    }

    /// What it means that a value of one type is now one of another.
    pub(super) fn type_change(&mut self, old: &Type, new: &Type) -> Impact {
        let (before, after) = (self.old.schema, self.new.schema);
        if old.wire_type(before) != new.wire_type(after) {
            return Impact::BOTH;
        }
        match (old, new) {
            (Type::List(old), Type::List(new)) | (Type::Set(old), Type::Set(new)) => {
                self.type_change(old, new)
            }
            (Type::Map(old_key, old_value), Type::Map(new_key, new_value)) => {
                let keys = self.type_change(old_key, new_key);
                keys.and(self.type_change(old_value, new_value))
            }
            (Type::Defined(old), Type::Defined(new)) => {
                self.pending.push((*old, *new));
                let (old, new) = (self.old.definition(*old).0, self.new.definition(*new).0);
                if old.name() == new.name() {
                    Impact::NONE
                } else {
                    Impact::SOURCE
                }
            }
            (Type::Message(old), Type::Message(new)) => {
                self.pairs.push(old, new);
                if old == new {
                    Impact::NONE
                } else {
                    Impact::SOURCE
                }
            }
            // Text that is not UTF-8 is refused now.
            (Type::Binary, Type::String) => Impact::BOTH,
            (old, new) if old == new => Impact::NONE,
            _ => Impact::SOURCE,
        }
    }
}

fn values<'a>((item, written): (&'a Enum, &ast::Enum)) -> Values<'a> {
    let span = |name: &str| {
        let mut values = written.values.iter();
        let found = values.find(|value| value.name.text == name);
        found.map_or(written.name.span, |value| value.name.span)
    };
    let values = item.values.iter();
    Values {
        owner: &item.name,
        span: written.name.span,
        values: values
            .map(|value| (value.name.as_str(), value.number, span(&value.name)))
            .collect(),
    }
}
