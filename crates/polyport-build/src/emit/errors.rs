//! The enum of a method's exceptions, and all that makes an error of it.

use polyport_wire::schema::{Field, Method};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs::{docs, own_docs};
use super::method::MethodParts;
use super::value::integer;
use super::{Emitter, Place};

/// An exception in the enum.
struct Variant<'a> {
    name: &'a Ident,
    field: &'a Field,
    kind: TokenStream,
}

impl Emitter<'_> {
    pub(super) fn errors(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        let MethodParts { method, names, .. } = parts;
        let name = &names.error_type;
        let service = &self.model.schema.services[parts.service.0].name;
        let type_docs = own_docs(&format!("What `{service}.{}` fails with.", method.name));
        let throws = method.throws.iter().zip(&names.exceptions);
        let variants: Vec<Variant<'_>> = throws
            .map(|(field, name)| Variant {
                name,
                field,
                kind: self.plain(place, &field.kind),
            })
            .collect();
        let declared = variants.iter().map(declaration);
        let conversions = conversions(name, &variants);
        let error = error(name, &variants);
        let throws = throws_of(name, method, &variants);
        let method_error = method_error(name, &variants);
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
            #method_error
        }
    }
}

fn declaration(Variant { name, kind, field }: &Variant<'_>) -> TokenStream {
    let docs = docs(&field.docs);
    quote! {
        #docs
        #name(#kind),
    }
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

fn throws_of(name: &Ident, method: &Method, variants: &[Variant<'_>]) -> TokenStream {
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
    }
}

fn method_error(name: &Ident, variants: &[Variant<'_>]) -> TokenStream {
    let names = variants.iter().map(|Variant { name, field, .. }| {
        let written = &field.name;
        quote!(Self::#name(_) => Some(#written),)
    });
    quote! {
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
