//! Structs, exceptions and the arguments of methods: fields that are there all at once.

use polyport_wire::schema::{
    Definition, DefinitionId, Field, Requiredness, Struct, StructKind, Type,
};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::docs::docs;
use super::field::{RecordField, record_fields};
use super::value::integer;
use super::{Emitter, Place};
use crate::model::{Traits, index};
use crate::names::Scope;

/// A struct to write: one of the IDL, or the arguments of a method.
pub(super) struct Record<'a> {
    pub(super) place: Place,
    /// Its Rust name.
    pub(super) name: &'a Ident,
    /// Its name in the trail of an error.
    pub(super) title: &'a str,
    pub(super) docs: TokenStream,
    pub(super) traits: Traits,
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
            traits: extra.traits,
            fields: record_fields(&definition.fields, &extra.fields, &names.members),
        });
        let error = (definition.kind == StructKind::Exception)
            .then(|| exception(&names.name, definition, &names.members));
        quote! {
            #record
            #error
        }
    }

    pub(super) fn record(self, record: &Record<'_>) -> TokenStream {
        let name = record.name;
        let docs = &record.docs;
        let has_defaults = record.fields.iter().any(|of| of.field.default.is_some());
        let derives = derives(record.traits, !has_defaults);
        let fields = record.fields.iter().map(|of| self.field(record.place, of));
        let default = has_defaults.then(|| self.default(record));
        let value = self.record_value(record);
        quote! {
            #docs
            #derives
            pub struct #name {
                #(#fields)*
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
        quote! {
            #docs
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
        quote! {
            impl ::std::default::Default for #name {
                fn default() -> Self {
                    Self { #(#fields)* }
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
        let decode = self.decode(record);
        quote! {
            impl ::polyport::codegen::Value for #name {
                const TYPE: ::polyport::codegen::WireType = ::polyport::codegen::WireType::STRUCT;
                const MINIMUM_SIZE: usize = 1;

                fn encode(&self, out: &mut ::polyport::codegen::Writer<'_>) {
                    #(#encoders)*
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
            let value = self.decoded(record.place, of);
            if value.is_empty() && name == local {
                quote!(#name,)
            } else {
                quote!(#name: #local #value,)
            }
        });
        quote! {
            #(let mut #locals = None;)*
            input.enter()?;
            while let Some(field) = input.field()? {
                match field {
                    #(#arms)*
                    (kind, _) => input.skip(kind)?,
                }
            }
            Ok(Self { #(#fields)* })
        }
    }

    /// What is behind a local when its field did not come.
    fn decoded(self, place: Place, of: &RecordField<'_>) -> TokenStream {
        let field = of.field;
        let is_option = of.extra.is_option(field);
        if field.requiredness == Requiredness::Required {
            let name = &field.name;
            let again = is_option.then(|| quote!(.map(Some)));
            return quote! {
                .ok_or(::polyport::codegen::DecodeErrorKind::MissingField(#name)) #again ?
            };
        }
        let Some(value) = &field.default else {
            return match is_option {
                true => TokenStream::new(),
                false => quote!(.unwrap_or_default()),
            };
        };
        let value = self.field_value(place, value, field, of.extra);
        match (is_option, self.is_number(&field.kind)) {
            (true, true) => quote!(.or(#value)),
            (true, false) => quote!(.or_else(|| #value)),
            (false, true) => quote!(.unwrap_or(#value)),
            (false, false) => quote!(.unwrap_or_else(|| #value)),
        }
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

/// The traits of a struct or union.
pub(super) fn derives(traits: Traits, default: bool) -> TokenStream {
    let default = default.then(|| quote!(Default,));
    let eq = traits.eq.then(|| quote!(Eq,));
    let hash = traits.hash.then(|| quote!(Hash,));
    quote!(#[derive(Clone, Debug, #default #eq #hash PartialEq)])
}

/// An exception is an error: it says its message, or all that it holds.
fn exception(name: &Ident, definition: &Struct, members: &[Ident]) -> TokenStream {
    let title = &definition.name;
    let fields = definition.fields.iter().zip(members);
    let is_message = |field: &Field| field.name == "message" && field.kind == Type::String;
    let mut messages = fields.filter(|(field, _)| is_message(field));
    let display = match messages.next() {
        Some((field, member)) if field.requiredness == Requiredness::Optional => {
            quote!(f.write_str(self.#member.as_deref().unwrap_or(#title)))
        }
        Some((_, member)) => quote!(f.write_str(&self.#member)),
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
