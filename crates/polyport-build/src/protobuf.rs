//! The front end for Protobuf: what `.proto` files and descriptor sets add to a model.
//!
//! protox reads the files, buffa's generator writes the messages, and the services go the way that
//! Thrift's go.

mod services;
mod shapes;
mod messages;
mod choices;
mod options;
mod read;
mod set;
mod mistakes;
mod places;

use std::path::{Path, PathBuf};

use crate::choice::Choices;
use crate::combine::Combine;
use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::protobuf::services::Services;
use crate::protobuf::set::FileSet;
use crate::source::{DescriptorSet, Sources};

/// What the user asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// The `.proto` files.
    pub(crate) files: &'a [PathBuf],
    pub(crate) descriptor_sets: &'a [DescriptorSet],
    pub(crate) include_dirs: &'a [PathBuf],
    pub(crate) combine: Combine,
}

/// Adds messages and services to the model. It is of use only if no diagnostic is an error.
pub(crate) fn add(
    request: Request<'_>,
    choices: &mut Choices,
    sources: &mut Sources,
    model: &mut Model,
) -> Vec<Diagnostic> {
    let mut set = FileSet::default();
    let mut diagnostics = read::read(request.files, request.include_dirs, sources, &mut set);
    for given in request.descriptor_sets {
        diagnostics.extend(set.add_encoded(given, sources));
    }
    diagnostics.extend(set.complete());
    if diagnostics.iter().any(Diagnostic::is_error) || set.is_empty() {
        return diagnostics;
    }
    model.shapes = shapes::shapes(&set, sources);
    let services = Services::new(&set, sources, model);
    diagnostics.extend(services.add(request, choices));
    diagnostics
}

/// Whether Google's library has the file, so that nothing is generated for it.
fn is_library(name: &str) -> bool {
    name.starts_with("google/protobuf/")
}

/// The path, as `import` would write it.
fn import_name(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path
        .components()
        .map(|part| match part {
            std::path::Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    parts
        .map(|parts| parts.join("/"))
        .filter(|name| !name.is_empty())
}
