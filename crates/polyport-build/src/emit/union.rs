//! Unions: one field at a time.

use polyport_wire::schema::{DefinitionId, Struct};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::derive::{attributes, derives};
use super::docs::docs;
use super::field::{RecordField, record_fields};
use super::structure::{keep, skip};
use super::value::integer;
use super::{Emitter, Place};
use crate::model::index;

impl Emitter<'_> {
    pub(super) fn union(self, place: Place, id: DefinitionId, definition: &Struct) -> TokenStream {
        let extra = self.model.definition_extra(id);
        let names = &self.names.definitions[index(id)];
        let name = &names.name;
        let fields = record_fields(&definition.fields, &extra.fields, &names.members);
        let docs = docs(&definition.docs);
        let derives = derives(extra, true);
        let variants = fields.iter().map(|of| self.variant(place, of));
        let unknown = extra.keeps_unknown.then_some(&names.unknown);
        let kept = unknown.map(|name| {
            quote! {
                /// No field of this IDL, but others.
                #name(::polyport::codegen::UnknownFields),
            }
        });
        let encode = encode(&fields, unknown);
        let decode = self.decode_union(definition, &fields, unknown);
        quote! {
            #docs
            #derives
            pub enum #name {
                #(#variants)*
                #kept
                /// No field, or one that this IDL does not know.
                #[default]
                Unset,
            }

            impl ::polyport::codegen::Value for #name {
                const TYPE: ::polyport::codegen::WireType = ::polyport::codegen::WireType::STRUCT;
                const MINIMUM_SIZE: usize = 1;

                #encode
                #decode
            }
        }
    }

    fn variant(self, place: Place, of: &RecordField<'_>) -> TokenStream {
        let docs = docs(&of.field.docs);
        let name = of.name;
        let kind = self.boxed(place, of.extra);
        let attributes = attributes(&of.extra.attributes);
        quote! {
            #docs
            #attributes
            #name(#kind),
        }
    }

    /// If several fields come, the last one counts.
    fn decode_union(
        self,
        definition: &Struct,
        fields: &[RecordField<'_>],
        unknown: Option<&Ident>,
    ) -> TokenStream {
        let decoders = fields.iter().map(|of| {
            let kind = self.wire_type(&of.field.kind);
            let (id, name) = (integer(of.field.id), of.name);
            let trail = format!("{}.{}", definition.name, of.field.name);
            quote!((#kind, #id) => value = Self::#name(input.value(#trail)?),)
        });
        let binding = match fields.is_empty() {
            true => quote!(value),
            false => quote!(mut value),
        };
        let local = Ident::new("unknown", Span::call_site());
        let (declaration, rest, result) = match unknown {
            None => (None, skip(), quote!(value)),
            Some(name) => (
                Some(quote! {
                    let mut #local = ::polyport::codegen::UnknownFields::default();
                }),
                keep(&local),
                quote! {
                    match value {
                        Self::Unset if !#local.is_empty() => Self::#name(#local),
                        value => value,
                    }
                },
            ),
        };
        quote! {
            fn decode(
                input: &mut ::polyport::codegen::Reader<'_>,
            ) -> ::std::result::Result<Self, ::polyport::codegen::DecodeError> {
                let #binding = Self::Unset;
                #declaration
                input.enter()?;
                while let Some(field) = input.field()? {
                    match field {
                        #(#decoders)*
                        #rest
                    }
                }
                Ok(#result)
            }
        }
    }
}

fn encode(fields: &[RecordField<'_>], unknown: Option<&Ident>) -> TokenStream {
    let unknown = unknown.map(|name| quote!(Self::#name(fields) => fields.encode(out),));
    let encoders = fields.iter().map(|of| {
        let (id, name) = (integer(of.field.id), of.name);
        quote!(Self::#name(value) => out.field(#id, value),)
    });
    quote! {
        fn encode(&self, out: &mut ::polyport::codegen::Writer<'_>) {
            match self {
                #(#encoders)*
                #unknown
                Self::Unset => {}
            }
            out.stop();
        }
    }
}
