//! Structs, exceptions and the arguments of methods: fields that are there all at once.

use polyport_wire::schema::{
    Definition, DefinitionId, Field, Requiredness, Struct, StructKind, Type,
};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::derive::{attributes, derives};
use super::docs::docs;
use super::field::{RecordField, record_fields};
use super::value::integer;
use super::{Emitter, Place};
use crate::model::{DefinitionExtra, Text, TypeName, index};
use crate::names::Scope;

/// A struct to write: one of the IDL, or the arguments of a method.
pub(super) struct Record<'a> {
    pub(super) place: Place,
    /// Its Rust name.
    pub(super) name: &'a Ident,
    /// Its name in the trail of an error.
    pub(super) title: &'a str,
    pub(super) docs: TokenStream,
    pub(super) derives: TokenStream,
    /// The field for fields that the IDL does not know, if they are kept.
    pub(super) unknown: Option<&'a Ident>,
    pub(super) fields: Vec<RecordField<'a>>,
}

impl Emitter<'_> {
    pub(super) fn structure(
        self,
        place: Place,
        id: DefinitionId,
        definition: &Struct,
    ) -> TokenStream {
        let extra = self.model.definition_extra(id);
        let names = &self.names.definitions[index(id)];
        let record = self.record(&Record {
            place,
            name: &names.name,
            title: &definition.name,
            docs: docs(&definition.docs),
            derives: derives(extra, !has_defaults(&definition.fields)),
            unknown: extra.keeps_unknown.then_some(&names.unknown),
            fields: record_fields(&definition.fields, &extra.fields, &names.members),
        });
        let error = (definition.kind == StructKind::Exception)
            .then(|| self.exception(&names.name, definition, extra, &names.members));
        quote! {
            #record
            #error
        }
    }

    pub(super) fn record(self, record: &Record<'_>) -> TokenStream {
        let name = record.name;
        let docs = &record.docs;
        let derives = &record.derives;
        let fields = record.fields.iter().map(|of| self.field(record.place, of));
        let unknown = record.unknown.map(|name| {
            quote! {
                /// What came beside the fields of this IDL; it is written behind them.
                pub #name: ::polyport::codegen::UnknownFields,
            }
        });
        let has_defaults = record.fields.iter().any(|of| of.field.default.is_some());
        let default = has_defaults.then(|| self.default(record));
        let value = self.record_value(record);
        quote! {
            #docs
            #derives
            pub struct #name {
                #(#fields)*
                #unknown
            }

            #default
            #value
        }
    }

    fn field(self, place: Place, of: &RecordField<'_>) -> TokenStream {
        let docs = docs(&of.field.docs);
        let name = of.name;
        let mut kind = self.boxed(place, of.extra);
        if of.extra.is_option(of.field) {
            kind = quote!(::std::option::Option<#kind>);
        }
        let attributes = attributes(&of.extra.attributes);
        quote! {
            #docs
            #attributes
            pub #name: #kind,
        }
    }

    /// `Default` with the defaults of the IDL.
    fn default(self, record: &Record<'_>) -> TokenStream {
        let name = record.name;
        let fields = record.fields.iter().map(|of| {
            let name = of.name;
            match &of.field.default {
                Some(value) => {
                    let value = self.field_value(record.place, value, of.field, of.extra);
                    quote!(#name: #value,)
                }
                None => quote!(#name: ::std::default::Default::default(),),
            }
        });
        let unknown = record.unknown;
        let unknown = unknown.map(|name| quote!(#name: ::std::default::Default::default(),));
        quote! {
            impl ::std::default::Default for #name {
                fn default() -> Self {
                    Self { #(#fields)* #unknown }
                }
            }
        }
    }

    fn record_value(self, record: &Record<'_>) -> TokenStream {
        let name = record.name;
        let encoders = record.fields.iter().map(|of| {
            let (id, name) = (integer(of.field.id), of.name);
            match of.extra.is_option(of.field) {
                true => quote!(out.optional(#id, &self.#name);),
                false => quote!(out.field(#id, &self.#name);),
            }
        });
        let unknown = record.unknown.map(|name| quote!(self.#name.encode(out);));
        let decode = self.decode(record);
        quote! {
            impl ::polyport::codegen::Value for #name {
                const TYPE: ::polyport::codegen::WireType = ::polyport::codegen::WireType::STRUCT;
                const MINIMUM_SIZE: usize = 1;

                fn encode(&self, out: &mut ::polyport::codegen::Writer<'_>) {
                    #(#encoders)*
                    #unknown
                    out.stop();
                }

                fn decode(
                    input: &mut ::polyport::codegen::Reader<'_>,
                ) -> ::std::result::Result<Self, ::polyport::codegen::DecodeError> {
                    #decode
                }
            }
        }
    }

    /// Each field is a local until all have been read.
    fn decode(self, record: &Record<'_>) -> TokenStream {
        let mut scope = Scope::new(&["input", "field", "kind"]);
        let locals: Vec<Ident> = record
            .fields
            .iter()
            .map(|of| scope.take_like(of.name))
            .collect();
        let arms = record.fields.iter().zip(&locals).map(|(of, local)| {
            let kind = self.wire_type(&of.field.kind);
            let id = integer(of.field.id);
            let trail = format!("{}.{}", record.title, of.field.name);
            quote!((#kind, #id) => #local = Some(input.value(#trail)?),)
        });
        let fields = record.fields.iter().zip(&locals).map(|(of, local)| {
            let name = of.name;
            match self.decoded(record.place, of, local) {
                Some(value) => quote!(#name: #value,),
                None if name == local => quote!(#name,),
                None => quote!(#name: #local,),
            }
        });
        let unknown = record.unknown.map(|name| (name, scope.take_like(name)));
        let (rest, unknown, kept) = match &unknown {
            None => (skip(), None, None),
            Some((name, local)) => (
                keep(local),
                Some(quote! {
                    let mut #local = ::polyport::codegen::UnknownFields::default();
                }),
                Some(quote!(#name: #local,)),
            ),
        };
        quote! {
            #(let mut #locals = None;)*
            #unknown
            input.enter()?;
            while let Some(field) = input.field()? {
                match field {
                    #(#arms)*
                    #rest
                }
            }
            Ok(Self { #(#fields)* #kept })
        }
    }

    /// What becomes of a local when its field did not come; `None` if it stays as it is.
    fn decoded(self, place: Place, of: &RecordField<'_>, local: &Ident) -> Option<TokenStream> {
        let RecordField { field, extra, .. } = *of;
        let is_option = extra.is_option(field);
        if field.requiredness == Requiredness::Required {
            let name = &field.name;
            let again = is_option.then(|| quote!(.map(Some)));
            return Some(quote! {
                #local.ok_or(::polyport::codegen::DecodeErrorKind::MissingField(#name)) #again ?
            });
        }
        let bytes = self.default_bytes(field, extra);
        let Some(value) = &field.default else {
            return match (is_option, bytes) {
                (true, _) => None,
                (false, 0) => Some(quote!(#local.unwrap_or_default())),
                (false, bytes) => {
                    let default = quote!(::std::default::Default::default);
                    Some(or_default(local, bytes, &default))
                }
            };
        };
        let value = self.boxed_value(place, value, extra);
        let value = match (self.is_number(&field.kind), bytes) {
            (true, _) => quote!(#local.unwrap_or(#value)),
            (false, 0) => quote!(#local.unwrap_or_else(|| #value)),
            (false, bytes) => or_default(local, bytes, &quote!(|| #value)),
        };
        Some(match is_option {
            true => quote!(Some(#value)),
            false => value,
        })
    }

    /// Whether it costs nothing to make a value of the type.
    fn is_number(self, kind: &Type) -> bool {
        match kind {
            Type::String | Type::Binary | Type::List(_) | Type::Set(_) | Type::Map(..) => false,
            Type::Defined(id) => matches!(self.model.definition(*id), Definition::Enum(_)),
            _ => true,
        }
    }
}

/// A default that takes memory: `bytes` beside the field's own.
fn or_default(local: &Ident, bytes: usize, default: &TokenStream) -> TokenStream {
    let bytes = Literal::usize_unsuffixed(bytes);
    quote!(input.or_default(#local, #bytes, #default)?)
}

/// An arm for fields that the IDL does not know.
pub(super) fn skip() -> TokenStream {
    quote!((kind, _) => input.skip(kind)?,)
}

/// The same where they are kept.
pub(super) fn keep(local: &Ident) -> TokenStream {
    quote!((kind, id) => #local.keep(kind, id, input)?,)
}

fn has_defaults(fields: &[Field]) -> bool {
    fields.iter().any(|field| field.default.is_some())
}

impl Emitter<'_> {
    /// An exception is an error: it says its message, or all that it holds.
    fn exception(
        self,
        name: &Ident,
        definition: &Struct,
        extra: &DefinitionExtra,
        members: &[Ident],
    ) -> TokenStream {
        let title = &definition.name;
        let mut fields = record_fields(&definition.fields, &extra.fields, members).into_iter();
        let message = fields.find(|of| {
            let is_text = of.field.kind == Type::String;
            let bytes = TypeName::Text(Text::Bytes);
            of.field.name == "message" && is_text && *self.model.target(&of.extra.kind) != bytes
        });
        let display = match message {
            Some(RecordField { field, extra, name }) if extra.is_option(field) => quote! {
                match &self.#name {
                    Some(message) => f.write_str(message),
                    None => f.write_str(#title),
                }
            },
            Some(RecordField { name, .. }) => quote!(f.write_str(&self.#name)),
            None => quote!(::std::fmt::Debug::fmt(self, f)),
        };
        quote! {
            impl ::std::fmt::Display for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    #display
                }
            }

            impl ::std::error::Error for #name {}
        }
    }
}
