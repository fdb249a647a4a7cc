//! Values of constants and defaults.

use polyport_wire::schema::{Definition, DefinitionId, Field, Literal, StructKind, Type};
use proc_macro2::{Literal as Token, TokenStream};
use quote::quote;

use super::field::{RecordField, record_fields};
use super::kind::list;
use super::{Emitter, Place};
use crate::model::{Boxed, FieldExtra, Text, TypeName, index, value_of};

impl Emitter<'_> {
    /// An expression for the value, which the resolver made one of this type.
    pub(super) fn value(self, place: Place, value: &Literal, kind: &TypeName) -> TokenStream {
        match (value, self.model.target(kind)) {
            (Literal::Bool(value), _) => quote!(#value),
            (Literal::Int(number), TypeName::Plain(Type::Defined(id))) => {
                self.enum_value(place, *number, *id)
            }
            (Literal::Int(number), _) => integer(*number),
            (Literal::Double(number), _) => double(*number),
            (Literal::Bytes(bytes), _) => {
                let bytes = Token::byte_string(bytes);
                quote!(::polyport::codegen::Bytes::from_static(#bytes))
            }
            (Literal::String(text), TypeName::Text(Text::Bytes)) => {
                let bytes = Token::byte_string(text.as_bytes());
                quote!(::polyport::codegen::Bytes::from_static(#bytes))
            }
            (Literal::String(text), TypeName::Text(Text::Shared)) => {
                quote!(::std::sync::Arc::<str>::from(#text))
            }
            (Literal::String(text), _) => quote!(::std::string::String::from(#text)),
            (Literal::List(values), TypeName::List(element)) => {
                let values = values.iter().map(|value| self.value(place, value, element));
                collection(&list(), values)
            }
            (Literal::List(values), TypeName::Set(element)) => {
                let values = values.iter().map(|value| self.value(place, value, element));
                collection(&self.set(element), values)
            }
            (Literal::Map(pairs), TypeName::Map(key_kind, value_kind)) => {
                let pairs = pairs.iter().map(|(key, value)| {
                    let key = self.value(place, key, key_kind);
                    let value = self.value(place, value, value_kind);
                    quote!((#key, #value))
                });
                collection(&self.map(key_kind), pairs)
            }
            (Literal::Map(pairs), TypeName::Plain(Type::Defined(id))) => {
                self.struct_value(place, pairs, *id)
            }
            _ => TokenStream::new(),
        }
    }

    fn enum_value(self, place: Place, number: i64, id: DefinitionId) -> TokenStream {
        let path = self.defined(place, id);
        let Definition::Enum(definition) = self.model.definition(id) else {
            return TokenStream::new();
        };
        let names = &self.names.definitions[index(id)].members;
        let mut values = definition.values.iter().zip(names);
        match values.find(|(value, _)| i64::from(value.number) == number) {
            Some((_, name)) => quote!(#path::#name),
            None => {
                let number = integer(number);
                quote!(#path(#number))
            }
        }
    }

    fn struct_value(
        self,
        place: Place,
        pairs: &[(Literal, Literal)],
        id: DefinitionId,
    ) -> TokenStream {
        let path = self.defined(place, id);
        let Definition::Struct(definition) = self.model.definition(id) else {
            return TokenStream::new();
        };
        let extras = &self.model.definition_extra(id).fields;
        let names = &self.names.definitions[index(id)].members;
        let fields = record_fields(&definition.fields, extras, names);
        let mut set = fields
            .into_iter()
            .filter_map(|of| Some((of, value_of(pairs, &of.field.name)?)));
        if definition.kind == StructKind::Union {
            let Some((RecordField { extra, name, .. }, value)) = set.next() else {
                return quote!(#path::Unset);
            };
            let value = in_box(extra, self.value(place, value, &extra.kind));
            return quote!(#path::#name(#value));
        }
        let fields: Vec<TokenStream> = set
            .map(|(RecordField { field, extra, name }, value)| {
                let value = self.field_value(place, value, field, extra);
                quote!(#name: #value,)
            })
            .collect();
        let is_complete = fields.len() == definition.fields.len();
        let rest = (!is_complete).then(|| quote!(..::std::default::Default::default()));
        let keeps_unknown = is_complete && self.model.definition_extra(id).keeps_unknown;
        let unknown = keeps_unknown.then(|| {
            let name = &self.names.definitions[index(id)].unknown;
            quote!(#name: ::std::default::Default::default(),)
        });
        quote!(#path { #(#fields)* #unknown #rest })
    }

    /// A value as a field of a struct holds it.
    pub(super) fn field_value(
        self,
        place: Place,
        value: &Literal,
        field: &Field,
        extra: &FieldExtra,
    ) -> TokenStream {
        let value = self.boxed_value(place, value, extra);
        match extra.is_option(field) {
            true => quote!(Some(#value)),
            false => value,
        }
    }

    /// The same of a field that is there.
    pub(super) fn boxed_value(
        self,
        place: Place,
        value: &Literal,
        extra: &FieldExtra,
    ) -> TokenStream {
        in_box(extra, self.value(place, value, &extra.kind))
    }
}

fn in_box(extra: &FieldExtra, value: TokenStream) -> TokenStream {
    match extra.boxed {
        Boxed::No => value,
        Boxed::Wished | Boxed::Recursive => quote!(::std::boxed::Box::new(#value)),
    }
}

fn collection(
    path: &TokenStream,
    values: impl ExactSizeIterator<Item = TokenStream>,
) -> TokenStream {
    match values.len() {
        0 => quote!(#path::new()),
        _ => quote!(#path::from([#(#values),*])),
    }
}

/// A number without its type, which its place decides.
pub(super) fn integer(number: impl Into<i64>) -> TokenStream {
    let number = number.into();
    let digits = Token::u64_unsuffixed(number.unsigned_abs());
    match number < 0 {
        true => quote!(-#digits),
        false => quote!(#digits),
    }
}

fn double(number: f64) -> TokenStream {
    if !number.is_finite() {
        // What a double cannot hold was refused before.
        return quote!(f64::INFINITY);
    }
    let digits = Token::f64_unsuffixed(number.abs());
    match number.is_sign_negative() {
        true => quote!(-#digits),
        false => quote!(#digits),
    }
}
