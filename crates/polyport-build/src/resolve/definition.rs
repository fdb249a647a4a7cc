//! Structs, unions, exceptions and enums.

use std::collections::HashMap;

use polyport_wire::schema::{Definition, Enum, EnumValue, Struct, StructKind};

use crate::diagnostic::Diagnostic;
use crate::model::index;
use crate::resolve::field::Place;
use crate::resolve::scope::Symbol;
use crate::resolve::wish::Spot;
use crate::resolve::{Resolver, annotations};
use crate::source::FileId;
use crate::thrift::ast;

impl Resolver<'_> {
    /// Fills the schema's list of definitions, in the order of their numbers.
    pub(super) fn definitions(&mut self) {
        for declared in self.scope.declared.clone() {
            let Symbol::Definition(id) = declared.symbol else {
                continue;
            };
            let definition = match declared.item {
                ast::Item::Struct(item) => {
                    let (definition, is_complete) = self.structure(declared.unit, item, index(id));
                    self.model.definitions[index(id)].incomplete = !is_complete;
                    Definition::Struct(definition)
                }
                ast::Item::Enum(item) => {
                    let full_name = self.full_name(declared.unit, &item.name.text);
                    let wishes = self.wishes(&full_name, &item.annotations, Spot::Enum);
                    let extra = &mut self.model.definitions[index(id)];
                    extra.incomplete = item.incomplete;
                    extra.derives = wishes.derives;
                    extra.attributes = wishes.attributes;
                    Definition::Enum(self.enumeration(declared.unit, item))
                }
                _ => continue,
            };
            self.model.schema.definitions.push(definition);
        }
    }

    fn structure(&mut self, unit: FileId, item: &ast::Struct, index: usize) -> (Struct, bool) {
        let place = match item.kind {
            StructKind::Union => Place::Union,
            StructKind::Struct | StructKind::Exception => Place::Struct,
        };
        let full_name = self.full_name(unit, &item.name.text);
        let fields = self.fields(unit, &full_name, &item.fields, place);
        let wishes = self.wishes(&full_name, &item.annotations, Spot::Struct);
        let is_complete = !item.incomplete && fields.fields.len() == item.fields.len();
        let extra = &mut self.model.definitions[index];
        extra.fields = fields.extras;
        extra.derives = wishes.derives;
        extra.attributes = wishes.attributes;
        extra.keeps_unknown = wishes.keep_unknown_fields == Some(true);
        let definition = Struct {
            package: self.scope.package(unit).to_owned(),
            name: item.name.text.clone(),
            kind: item.kind,
            fields: fields.fields,
            annotations: annotations(&item.annotations),
            docs: item.docs.clone(),
        };
        (definition, is_complete)
    }

    fn enumeration(&mut self, unit: FileId, item: &ast::Enum) -> Enum {
        let mut values: Vec<EnumValue> = Vec::new();
        let mut names: HashMap<&str, &ast::EnumValue> = HashMap::new();
        let mut numbers: HashMap<i64, &ast::EnumValue> = HashMap::new();
        let mut next: i64 = 0;
        for value in &item.values {
            let number = value.number.map_or(next, |number| number.value);
            next = number.saturating_add(1);
            if let Some(first) = names.insert(&value.name.text, value) {
                let message = format!("two values are called `{}`", value.name.text);
                self.report(twice(message, value, first));
                continue;
            }
            if let Some(first) = numbers.insert(number, value) {
                self.report(twice(format!("two values are {number}"), value, first));
                continue;
            }
            let Ok(number) = i32::try_from(number) else {
                self.report(too_large(value, number));
                continue;
            };
            values.push(EnumValue {
                name: value.name.text.clone(),
                number,
                docs: value.docs.clone(),
            });
        }
        Enum {
            package: self.scope.package(unit).to_owned(),
            name: item.name.text.clone(),
            values,
            annotations: annotations(&item.annotations),
            docs: item.docs.clone(),
        }
    }
}

fn twice(message: String, second: &ast::EnumValue, first: &ast::EnumValue) -> Diagnostic {
    Diagnostic::error(message)
        .at(second.name.span, "defined here again")
        .at(first.name.span, "first defined here")
}

fn too_large(value: &ast::EnumValue, number: i64) -> Diagnostic {
    let span = value.number.map_or(value.name.span, |number| number.span);
    Diagnostic::error(format!("the number {number} does not fit an enum"))
        .at(span, "enums are 32 bits on the wire")
        .help("use `const i64` for large constants")
}
