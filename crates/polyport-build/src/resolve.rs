//! Names to what they mean: files to one [`Model`], or to everything that is wrong with them.

mod combine;
mod default;
mod layout;
mod service;
mod method;
mod definition;
mod field;
mod wish;
mod constant;
mod literal;
mod named;
mod budget;
mod convert;
mod typedef;
mod kind;
mod scope;

pub(crate) use crate::resolve::wish::is_attributes;

use polyport_wire::schema::{Annotation, Type};

use crate::choice::Choices;
use crate::combine::Combine;
use crate::diagnostic::Diagnostic;
use crate::load::Unit;
use crate::model::{Model, TypeName};
use crate::resolve::budget::Budget;
use crate::resolve::literal::Progress;
use crate::resolve::scope::Scope;
use crate::thrift::ast;

/// Resolves all files at once. The model is of use only if no diagnostic is an error.
pub(crate) fn resolve(
    units: &[Unit],
    combine: Combine,
    choices: &mut Choices,
) -> (Model, Vec<Diagnostic>) {
    let mut resolver = Resolver {
        units,
        choices,
        scope: Scope::default(),
        model: Model::default(),
        progress: Vec::new(),
        budget: Budget::default(),
        diagnostics: Vec::new(),
    };
    resolver.declare();
    resolver.typedefs();
    resolver.definitions();
    resolver.layout();
    resolver.values();
    resolver.refuse_endless_defaults();
    resolver.services();
    resolver.refuse_stray_annotations();
    if combine == Combine::Yes {
        resolver.combine();
    }
    resolver.count_wrong_names();
    (resolver.model, resolver.diagnostics)
}

/// The stages are methods, each in a file of its own; all of them add to the model and to the
/// diagnostics.
struct Resolver<'a> {
    units: &'a [Unit],
    choices: &'a mut Choices,
    scope: Scope<'a>,
    model: Model,
    /// How far each constant has been evaluated.
    progress: Vec<Progress>,
    budget: Budget,
    diagnostics: Vec<Diagnostic>,
}

impl Resolver<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The type without typedefs, unless a mistake in it was reported before.
    fn expand(&self, name: &TypeName) -> Option<Type> {
        self.model.expand(name)
    }
}

fn annotations(annotations: &[ast::Annotation]) -> Vec<Annotation> {
    let value = |text: Option<&ast::Text>| text.map_or("1", |text| &text.text).to_owned();
    annotations
        .iter()
        .map(|annotation| Annotation {
            name: annotation.name.text.clone(),
            value: value(annotation.value.as_ref()),
        })
        .collect()
}
