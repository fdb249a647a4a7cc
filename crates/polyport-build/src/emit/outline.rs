//! Services as code outside of the generated file names them.

use proc_macro2::TokenStream;
use quote::quote;

use super::method::MethodParts;
use super::{Emitter, Place};
use crate::model::{ModuleId, ServiceId};
use crate::names::ServiceNames;
use crate::outline::{MethodOutline, Parameter, ServiceOutline};
use crate::source::Sources;

/// Generated code names everything by one path, users by those that are documented.
const PATHS: [(&str, &str); 7] = [
    (
        "::polyport::codegen::buffa_types::google::protobuf::",
        "polyport::protobuf::well_known::",
    ),
    (
        "::polyport::codegen::ListMap",
        "polyport::wire::thrift::ListMap",
    ),
    (
        "::polyport::codegen::ListSet",
        "polyport::wire::thrift::ListSet",
    ),
    ("::polyport::codegen::", "polyport::"),
    ("::std::string::String", "String"),
    ("::std::vec::Vec", "Vec"),
    ("::std::", "std::"),
];

impl Emitter<'_> {
    pub(super) fn outline(self, id: ServiceId, sources: &Sources) -> ServiceOutline {
        let extra = &self.model.services[id.0];
        let ServiceNames {
            name,
            server,
            client,
            module,
            ..
        } = &self.names.services[id.0];
        let top = Place::in_module(ModuleId(0));
        let path = text(&self.path(top, extra.module, &quote!()));
        let methods = self.methods(id);
        let methods = methods.into_iter().map(|parts| self.method_outline(parts));
        ServiceOutline {
            description: self.model.schema.services[id.0].clone(),
            file: sources.get(extra.span.file).path.clone(),
            module: path.trim_end_matches(':').to_owned(),
            handler: name.to_string(),
            server: server.to_string(),
            client: client.to_string(),
            types: module.to_string(),
            methods: methods.collect(),
        }
    }

    fn method_outline(self, parts: MethodParts<'_>) -> MethodOutline {
        let top = Place::in_module(ModuleId(0));
        let inputs = self.handler_inputs(top, parts).into_iter();
        let parameters = inputs.map(|input| Parameter {
            name: input.name.to_string(),
            kind: text(&input.kind),
        });
        MethodOutline {
            description: parts.method.clone(),
            function: parts.names.function.to_string(),
            parameters: parameters.collect(),
            result: text(&self.handler_result(top, parts)),
            error: text(&self.error_type(top, parts)),
        }
    }
}

/// A type as people write it.
fn text(kind: &TokenStream) -> String {
    // Types are paths, their parameters and tuples: blanks stand behind commas only.
    let text = kind.to_string().replace(' ', "").replace(',', ", ");
    text.split_inclusive(['<', '>', '(', ')', ' '])
        .map(path)
        .collect()
}

/// A path, and what is behind it.
fn path(text: &str) -> String {
    let known = PATHS.iter().find_map(|(generated, documented)| {
        let rest = text.strip_prefix(generated)?;
        Some(format!("{documented}{rest}"))
    });
    known.unwrap_or_else(|| text.to_owned())
}
