//! One version of an IDL, with the places of everything in it.

use polyport_wire::schema::{Definition, DefinitionId, Schema, Service};

use crate::load::Unit;
use crate::model::index;
use crate::source::{FileId, Span};
use crate::thrift::ast;

/// What the files say, and where.
#[derive(Debug)]
pub(crate) struct Version<'a> {
    pub(crate) schema: &'a Schema,
    /// What the definitions of the schema were made of, by their numbers.
    definitions: Vec<&'a ast::Item>,
    /// What its services were made of.
    services: Vec<&'a ast::Service>,
    /// How many files stand before those of this version.
    files_before: usize,
}

impl<'a> Version<'a> {
    pub(crate) fn new(schema: &'a Schema, units: &'a [Unit], files_before: usize) -> Self {
        let items = || units.iter().flat_map(|unit| &unit.tree.items);
        let is_definition =
            |item: &&ast::Item| matches!(item, ast::Item::Struct(_) | ast::Item::Enum(_));
        let services = items().filter_map(|item| match item {
            ast::Item::Service(service) => Some(service),
            _ => None,
        });
        Self {
            schema,
            definitions: items().filter(is_definition).collect(),
            services: services.collect(),
            files_before,
        }
    }

    /// The place among the files of both versions.
    pub(super) fn place(&self, span: Span) -> Span {
        Span {
            file: FileId(span.file.0 + self.files_before),
            ..span
        }
    }

    pub(super) fn definition(&self, id: DefinitionId) -> (&'a Definition, &'a ast::Item) {
        (
            &self.schema.definitions[index(id)],
            self.definitions[index(id)],
        )
    }

    /// Every service with what it was made of.
    pub(super) fn services(&self) -> impl Iterator<Item = (&'a Service, &'a ast::Service)> {
        self.schema
            .services
            .iter()
            .zip(self.services.iter().copied())
    }

    /// A method as its service, or the one that it is inherited from, declares it.
    pub(super) fn method(&self, service: &Service, method: &str) -> Option<&'a ast::Method> {
        let schema = service.methods.iter().find(|known| known.name == method)?;
        let own = service.full_name();
        let declared_by = schema.declared_by.as_ref().unwrap_or(&own);
        let mut services = self.services();
        let (_, written) = services.find(|(service, _)| service.full_name() == *declared_by)?;
        let mut methods = written.methods.iter();
        methods.find(|written| written.name.text == method)
    }
}
