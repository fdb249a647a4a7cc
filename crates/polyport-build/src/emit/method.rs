//! What stands in a service's own module: for each method its token, arguments and exceptions.

use polyport_wire::schema::{CallKind, Method, Service};
use polyport_wire::transport::Codec;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};

use super::derive::argument_derives;
use super::docs::own_docs;
use super::field::record_fields;
use super::structure::Record;
use super::{Emitter, Place};
use crate::model::{MethodExtra, ServiceId, Traits};
use crate::names::{MethodNames, ServiceNames};

/// A method with all that is known of it.
#[derive(Clone, Copy)]
pub(super) struct MethodParts<'a> {
    pub(super) service: ServiceId,
    pub(super) method: &'a Method,
    pub(super) extra: &'a MethodExtra,
    pub(super) names: &'a MethodNames,
    /// The names of the method whose types it uses: its own, or those where it is inherited from.
    home: &'a MethodNames,
    /// The service that has these types.
    home_service: ServiceId,
}

/// A parameter of a function.
pub(super) struct Parameter {
    pub(super) name: Ident,
    pub(super) kind: TokenStream,
}

impl ToTokens for Parameter {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { name, kind } = self;
        tokens.extend(quote!(#name: #kind));
    }
}

impl<'a> MethodParts<'a> {
    /// The names of the arguments, as parameters and as fields.
    pub(super) fn fields(&self) -> &'a [Ident] {
        &self.names.arguments
    }

    pub(super) fn is_streaming(&self) -> bool {
        self.method.kind.is_streaming()
    }
}

impl<'a> Emitter<'a> {
    /// The methods of a service.
    pub(super) fn methods(self, id: ServiceId) -> Vec<MethodParts<'a>> {
        let methods = &self.model.schema.services[id.0].methods;
        let extras = &self.model.services[id.0].methods;
        let names = &self.names.services[id.0].methods;
        methods
            .iter()
            .zip(extras)
            .zip(names)
            .map(|((method, extra), names)| {
                let (home_service, home) = match extra.origin {
                    None => (id, names),
                    Some((service, place)) => {
                        (service, &self.names.services[service.0].methods[place])
                    }
                };
                MethodParts {
                    service: id,
                    method,
                    extra,
                    names,
                    home,
                    home_service,
                }
            })
            .collect()
    }

    /// The token of a method, and its types if they are its own.
    pub(super) fn method(self, parts: MethodParts<'_>) -> TokenStream {
        let MethodParts { method, names, .. } = parts;
        let place = Place::in_service(self.model.services[parts.service.0].module);
        let token = &names.token;
        let message = self.message_type(place, parts);
        let result = self.result_type(place, parts);
        let type_name = match parts.is_streaming() {
            true => quote!(::polyport::codegen::StreamMethod<#message, #result>),
            false => {
                let error = self.error_type(place, parts);
                quote!(::polyport::codegen::Method<#message, #result, #error>)
            }
        };
        let service = &self.model.schema.services[parts.service.0].name;
        let constructor = self.constructor(parts);
        let types = self.owns_types(parts).then(|| {
            let arguments = self.arguments(place, parts);
            let errors = (!method.throws.is_empty()).then(|| self.errors(place, parts));
            quote!(#arguments #errors)
        });
        let token_docs = own_docs(&format!("`{service}.{}`", method.name));
        quote! {
            #token_docs
            pub static #token: #type_name = #constructor;
            #types
        }
    }

    /// How the token is made: it knows how its messages are written.
    fn constructor(self, parts: MethodParts<'_>) -> TokenStream {
        let service = &self.model.schema.services[parts.service.0];
        let Service { name, package, .. } = service;
        let method = &parts.method.name;
        let kind = match parts.method.kind {
            CallKind::Oneway => quote!(Oneway),
            CallKind::ClientStream => quote!(ClientStream),
            CallKind::ServerStream => quote!(ServerStream),
            CallKind::Bidirectional => quote!(Bidirectional),
            _ => quote!(Unary),
        };
        let kind = quote!(::polyport::codegen::CallKind::#kind);
        let in_package = (!package.is_empty()).then(|| quote!(.package(#package)));
        let combined = (service.combined && !parts.is_streaming()).then(|| quote!(.combined()));
        let made = match (service.codec, parts.is_streaming()) {
            (Codec::Protobuf, false) => quote!(Method::protobuf(#package, #name, #method, #kind)),
            (Codec::Protobuf, true) => {
                quote!(StreamMethod::protobuf(#package, #name, #method, #kind))
            }
            (_, false) => quote!(Method::new(#name, #method, #kind) #in_package),
            (_, true) => quote!(StreamMethod::thrift(#name, #method, #kind) #in_package),
        };
        quote!(::polyport::codegen::#made #combined)
    }

    /// Whether a call has a struct of arguments, as Thrift's have that do not stream.
    pub(super) fn has_arguments(self, parts: MethodParts<'_>) -> bool {
        let codec = self.model.schema.services[parts.service.0].codec;
        codec == Codec::ThriftBinary && !parts.is_streaming()
    }

    fn owns_types(self, parts: MethodParts<'_>) -> bool {
        parts.extra.origin.is_none() && self.has_arguments(parts)
    }

    /// What a call begins with, or streams.
    pub(super) fn message_type(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        match parts.extra.arguments.first() {
            Some(only) if !self.has_arguments(parts) => self.kind(place, &only.kind),
            _ => self.in_service_module(place, parts, &parts.home.arguments_type),
        }
    }

    fn arguments(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        let MethodParts {
            method,
            extra,
            names,
            ..
        } = parts;
        let service = &self.model.schema.services[parts.service.0].name;
        let traits = method.arguments.iter().fold(Traits::ALL, |traits, field| {
            traits.and(self.model.traits(&field.kind))
        });
        let has_defaults = method.arguments.iter().any(|field| field.default.is_some());
        self.record(&Record {
            place,
            name: &names.arguments_type,
            title: &method.name,
            docs: own_docs(&format!("The arguments of `{service}.{}`.", method.name)),
            derives: argument_derives(traits, !has_defaults),
            unknown: None,
            fields: record_fields(&method.arguments, &extra.arguments, &names.arguments),
        })
    }

    /// The parameters of a method for what its caller gives.
    pub(super) fn parameters(self, place: Place, parts: MethodParts<'_>) -> Vec<Parameter> {
        let arguments = parts.extra.arguments.iter().zip(parts.fields());
        arguments
            .map(|(extra, name)| Parameter {
                name: name.clone(),
                kind: self.kind(place, &extra.kind),
            })
            .collect()
    }

    pub(super) fn result_type(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        match &parts.extra.result {
            Some(kind) => self.kind(place, kind),
            None => quote!(()),
        }
    }

    pub(super) fn error_type(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        // A stream ends with a status.
        if parts.method.throws.is_empty() || parts.is_streaming() {
            quote!(::polyport::codegen::Status)
        } else {
            self.in_service_module(place, parts, &parts.home.error_type)
        }
    }

    /// The path to a type in the module of the service that declares the method.
    fn in_service_module(self, place: Place, parts: MethodParts<'_>, name: &Ident) -> TokenStream {
        if place.in_service && parts.home_service == parts.service {
            return quote!(#name);
        }
        let module = self.model.services[parts.home_service.0].module;
        let ServiceNames { module: inner, .. } = &self.names.services[parts.home_service.0];
        let path = self.path(place, module, inner);
        quote!(#path::#name)
    }
}
