//! Enums, which are open: any number may come, and some have names.

use polyport_wire::schema::Enum;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Emitter;
use super::derive::enum_derives;
use super::docs::docs;
use super::value::integer;
use crate::model::DefinitionExtra;
use crate::names::DefinitionNames;

impl Emitter<'_> {
    pub(super) fn enumeration(
        self,
        definition: &Enum,
        extra: &DefinitionExtra,
        names: &DefinitionNames,
    ) -> TokenStream {
        let derives = enum_derives(extra);
        let name = &names.name;
        let type_docs = docs(&definition.docs);
        let constants = constants(definition, names);
        let written = written(definition);
        let debug = debug(name, &definition.name);
        let conversions = conversions(name);
        let value = value(name);
        quote! {
            #type_docs
            #derives
            pub struct #name(
                /// The number on the wire.
                pub i32,
            );

            impl #name {
                #(#constants)*
                #written
            }

            #debug
            #conversions
            #value
        }
    }
}

fn constants<'a>(
    definition: &'a Enum,
    names: &'a DefinitionNames,
) -> impl Iterator<Item = TokenStream> {
    let values = definition.values.iter().zip(&names.members);
    values.map(|(value, name)| {
        let docs = docs(&value.docs);
        let number = integer(value.number);
        quote! {
            #docs
            pub const #name: Self = Self(#number);
        }
    })
}

/// The function that tells a number's name.
fn written(definition: &Enum) -> TokenStream {
    let arms = definition.values.iter().map(|value| {
        let number = integer(value.number);
        let name = &value.name;
        quote!(#number => Some(#name),)
    });
    quote! {
        /// The name in the IDL, if the number has one.
        #[must_use]
        pub const fn name(self) -> ::std::option::Option<&'static str> {
            match self.0 {
                #(#arms)*
                _ => None,
            }
        }
    }
}

/// `RED`, or `Color(7)` when the number has no name.
fn debug(name: &Ident, written: &str) -> TokenStream {
    quote! {
        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => f.debug_tuple(#written).field(&self.0).finish(),
                }
            }
        }
    }
}

fn conversions(name: &Ident) -> TokenStream {
    quote! {
        impl ::std::convert::From<i32> for #name {
            fn from(number: i32) -> Self {
                Self(number)
            }
        }

        impl ::std::convert::From<#name> for i32 {
            fn from(value: #name) -> Self {
                value.0
            }
        }
    }
}

fn value(name: &Ident) -> TokenStream {
    quote! {
        impl ::polyport::codegen::Value for #name {
            const TYPE: ::polyport::codegen::WireType = ::polyport::codegen::WireType::I32;
            const MINIMUM_SIZE: usize = 4;

            fn encode(&self, out: &mut ::polyport::codegen::Writer<'_>) {
                ::polyport::codegen::Value::encode(&self.0, out);
            }

            fn decode(
                input: &mut ::polyport::codegen::Reader<'_>,
            ) -> ::std::result::Result<Self, ::polyport::codegen::DecodeError> {
                <i32 as ::polyport::codegen::Value>::decode(input).map(Self)
            }
        }
    }
}
