//! One version of an IDL, with the places of everything in it.

use std::collections::HashSet;

use polyport_wire::schema::{Definition, DefinitionId, Method, Schema, Service};

use crate::load::Unit;
use crate::model::{Model, ServiceExtra, index};
use crate::shape::Shapes;
use crate::source::{FileId, Span};
use crate::thrift::ast;

/// What the files say, and where.
#[derive(Debug)]
pub(crate) struct Version<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) shapes: &'a Shapes,
    /// What the definitions of the schema were made of, by their numbers.
    definitions: Vec<&'a ast::Item>,
    /// What its services were made of, Thrift's; Protobuf's stand behind them.
    services: Vec<&'a ast::Service>,
    extras: &'a [ServiceExtra],
    /// The files that were given, and not only included.
    given: HashSet<FileId>,
    /// How many files stand before those of this version.
    files_before: usize,
}

/// A service with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) service: &'a Service,
    extra: &'a ServiceExtra,
    written: Option<&'a ast::Service>,
    /// Where its name stands.
    pub(super) span: Span,
}

/// A method with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct MethodAt<'a> {
    pub(super) method: &'a Method,
    /// None in Protobuf.
    pub(super) written: Option<&'a ast::Method>,
    /// Where its name stands.
    pub(super) span: Span,
}

impl<'a> Version<'a> {
    /// `given` are the files that were named by the user.
    pub(crate) fn new(
        model: &'a Model,
        units: &'a [Unit],
        given: HashSet<FileId>,
        files_before: usize,
    ) -> Self {
        let items = || units.iter().flat_map(|unit| &unit.tree.items);
        let is_definition =
            |item: &&ast::Item| matches!(item, ast::Item::Struct(_) | ast::Item::Enum(_));
        let services = items().filter_map(|item| match item {
            ast::Item::Service(service) => Some(service),
            _ => None,
        });
        Self {
            schema: &model.schema,
            shapes: &model.shapes,
            definitions: items().filter(is_definition).collect(),
            services: services.collect(),
            extras: &model.services,
            given,
            files_before,
        }
    }

    /// Whether a service stands in a file that was given.
    pub(super) fn gives(&self, at: At<'a>) -> bool {
        self.given.contains(&at.extra.span.file)
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

    /// Every service with its place.
    pub(super) fn services(&self) -> impl Iterator<Item = At<'a>> {
        let services = self.schema.services.iter().zip(self.extras);
        services.enumerate().map(|(index, (service, extra))| {
            let written = self.services.get(index).copied();
            At {
                service,
                extra,
                written,
                span: written.map_or(extra.span, |written| written.name.span),
            }
        })
    }

    /// A method as its service, or the one that it is inherited from, declares it.
    pub(super) fn method(&self, at: At<'a>, name: &str) -> Option<MethodAt<'a>> {
        let mut methods = at.service.methods.iter();
        let index = methods.position(|known| known.name == name)?;
        let method = &at.service.methods[index];
        if at.written.is_none() {
            return Some(MethodAt {
                method,
                written: None,
                span: at.extra.methods.get(index)?.span,
            });
        }
        let own = at.service.full_name();
        let declared_by = method.declared_by.as_ref().unwrap_or(&own);
        let mut services = self.services();
        let declaring = services.find(|at| at.service.full_name() == *declared_by)?;
        let mut methods = declaring.written?.methods.iter();
        let written = methods.find(|written| written.name.text == name)?;
        Some(MethodAt {
            method,
            written: Some(written),
            span: written.name.span,
        })
    }
}
