//! What stands in a service's own module: for each method its token, arguments and exceptions.

use polyport_wire::schema::{CallKind, Field, Method};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs::{docs, own_docs};
use super::structure::{Record, record_fields};
use super::value::integer;
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

impl<'a> Emitter<'a> {
    /// The methods of a service that code is generated for: all but the streaming ones.
    pub(super) fn methods(self, id: ServiceId) -> Vec<MethodParts<'a>> {
        let methods = &self.model.schema.services[id.0].methods;
        let extras = &self.model.services[id.0].methods;
        let names = &self.names.services[id.0].methods;
        methods
            .iter()
            .zip(extras)
            .zip(names)
            .filter(|((method, _), _)| !method.kind.is_streaming())
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
        let arguments = self.arguments_type(place, parts);
        let result = self.result_type(place, parts);
        let error = self.error_type(place, parts);
        let service = &self.model.schema.services[parts.service.0].name;
        let name = &method.name;
        let kind = match method.kind {
            CallKind::Oneway => quote!(Oneway),
            _ => quote!(Unary),
        };
        let types = parts.extra.origin.is_none().then(|| {
            let arguments = self.arguments(place, parts);
            let errors = (!method.throws.is_empty()).then(|| self.errors(place, parts));
            quote!(#arguments #errors)
        });
        let token_docs = own_docs(&format!("`{service}.{name}`"));
        quote! {
            #token_docs
            pub static #token: ::polyport::codegen::Method<#arguments, #result, #error> =
                ::polyport::codegen::Method::new(
                    #service,
                    #name,
                    ::polyport::codegen::CallKind::#kind,
                );
            #types
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
        self.record(&Record {
            place,
            name: &names.arguments_type,
            title: &method.name,
            docs: own_docs(&format!("The arguments of `{service}.{}`.", method.name)),
            traits,
            fields: record_fields(&method.arguments, &extra.arguments, &names.arguments),
        })
    }

    pub(super) fn arguments_type(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        self.in_service_module(place, parts, &parts.home.arguments_type)
    }

    pub(super) fn result_type(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        match &parts.extra.result {
            Some(kind) => self.kind(place, kind),
            None => quote!(()),
        }
    }

    pub(super) fn error_type(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        if parts.method.throws.is_empty() {
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

    /// The enum of a method's exceptions.
    fn errors(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        let name = &parts.names.error_type;
        let service = &self.model.schema.services[parts.service.0].name;
        let type_docs = own_docs(&format!(
            "What `{service}.{}` fails with.",
            parts.method.name
        ));
        let variants: Vec<Variant<'_>> = parts
            .method
            .throws
            .iter()
            .zip(&parts.names.exceptions)
            .map(|(field, name)| Variant {
                name,
                field,
                kind: self.schema_kind(place, field),
            })
            .collect();
        let declared = variants.iter().map(|variant| {
            let Variant { name, kind, field } = variant;
            let docs = docs(&field.docs);
            quote! {
                #docs
                #name(#kind),
            }
        });
        let conversions = conversions(name, &variants);
        let error = error(name, &variants);
        let throws = throws(name, parts.method, &variants);
        quote! {
            #type_docs
            #[derive(Clone, Debug, PartialEq)]
            pub enum #name {
                #(#declared)*
                /// Anything else.
                Status(::polyport::codegen::Status),
            }

            #conversions
            #error
            #throws
        }
    }
}

struct Variant<'a> {
    name: &'a Ident,
    field: &'a Field,
    kind: TokenStream,
}

fn conversions(name: &Ident, variants: &[Variant<'_>]) -> TokenStream {
    // Two exceptions of one type cannot both be what `?` makes of it.
    let is_only = |variant: &Variant<'_>| {
        let same = variants
            .iter()
            .filter(|other| other.field.kind == variant.field.kind);
        same.count() == 1
    };
    let conversions = variants.iter().filter(|variant| is_only(variant));
    let conversions = conversions.map(
        |Variant {
             name: variant,
             kind,
             ..
         }| {
            quote! {
                impl ::std::convert::From<#kind> for #name {
                    fn from(exception: #kind) -> Self {
                        Self::#variant(exception)
                    }
                }
            }
        },
    );
    quote! {
        #(#conversions)*

        impl ::std::convert::From<::polyport::codegen::Status> for #name {
            fn from(status: ::polyport::codegen::Status) -> Self {
                Self::Status(status)
            }
        }
    }
}

/// The enum says what its variant says.
fn error(name: &Ident, variants: &[Variant<'_>]) -> TokenStream {
    let names = || variants.iter().map(|variant| variant.name);
    let (displayed, sources) = (names(), names());
    quote! {
        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    #(Self::#displayed(exception) => ::std::fmt::Display::fmt(exception, f),)*
                    Self::Status(status) => ::std::fmt::Display::fmt(status, f),
                }
            }
        }

        impl ::std::error::Error for #name {
            fn source(&self) -> ::std::option::Option<&(dyn ::std::error::Error + 'static)> {
                match self {
                    #(Self::#sources(exception) => ::std::error::Error::source(exception),)*
                    Self::Status(status) => ::std::error::Error::source(status),
                }
            }
        }
    }
}

fn throws(name: &Ident, method: &Method, variants: &[Variant<'_>]) -> TokenStream {
    let encoders = variants.iter().map(|Variant { name, field, .. }| {
        let id = integer(field.id);
        quote!(Self::#name(exception) => out.field(#id, exception),)
    });
    let decoders = variants.iter().map(|Variant { name, field, .. }| {
        let id = integer(field.id);
        let trail = format!("{}.{}", method.name, field.name);
        quote! {
            (::polyport::codegen::WireType::STRUCT, #id) => {
                Ok(Some(Self::#name(input.value(#trail)?)))
            }
        }
    });
    let names = variants.iter().map(|Variant { name, field, .. }| {
        let written = &field.name;
        quote!(Self::#name(_) => Some(#written),)
    });
    quote! {
        impl ::polyport::codegen::Throws for #name {
            fn encode_exception(&self, out: &mut ::polyport::codegen::Writer<'_>) {
                match self {
                    #(#encoders)*
                    Self::Status(_) => {}
                }
            }

            fn decode_exception(
                kind: ::polyport::codegen::WireType,
                id: i16,
                input: &mut ::polyport::codegen::Reader<'_>,
            ) -> ::std::result::Result<
                ::std::option::Option<Self>,
                ::polyport::codegen::DecodeError,
            > {
                match (kind, id) {
                    #(#decoders)*
                    _ => Ok(None),
                }
            }
        }

        impl ::polyport::codegen::MethodError for #name {
            fn into_status(self) -> ::std::result::Result<::polyport::codegen::Status, Self> {
                match self {
                    Self::Status(status) => Ok(status),
                    exception => Err(exception),
                }
            }

            fn name(&self) -> ::std::option::Option<&'static str> {
                match self {
                    #(#names)*
                    Self::Status(_) => None,
                }
            }
        }
    }
}
