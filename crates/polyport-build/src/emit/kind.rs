//! Types, and the paths to them.

use polyport_wire::schema::{Definition, DefinitionId, Type};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::docs::docs;
use super::{Emitter, Place};
use crate::model::{Boxed, FieldExtra, Message, ModuleId, Text, TypeName, TypedefId, index};

impl Emitter<'_> {
    pub(super) fn typedef(self, id: TypedefId) -> TokenStream {
        let typedef = &self.model.typedefs[id.0];
        let name = &self.names.typedefs[id.0];
        let docs = docs(&typedef.docs);
        let place = Place::in_module(typedef.module);
        let target = typedef.target.as_ref();
        let target = target.map(|target| self.kind(place, target));
        quote! {
            #docs
            pub type #name = #target;
        }
    }

    /// A type, as it is written at `place`.
    pub(super) fn kind(self, place: Place, name: &TypeName) -> TokenStream {
        match name {
            TypeName::Plain(kind) => self.plain(place, kind),
            TypeName::Text(Text::Bytes) => quote!(::polyport::codegen::Bytes),
            TypeName::Text(Text::Shared) => quote!(::std::sync::Arc<str>),
            TypeName::Message(id) => {
                let Message { module, path, .. } = &self.model.messages[id.0];
                match module {
                    Some(module) => self.path(place, *module, path),
                    None => path.clone(),
                }
            }
            TypeName::Typedef(id) => {
                let module = self.model.typedefs[id.0].module;
                self.path(place, module, &self.names.typedefs[id.0])
            }
            TypeName::List(element) => {
                let (list, element) = (list(), self.kind(place, element));
                quote!(#list<#element>)
            }
            TypeName::Set(element) => {
                let (set, element) = (self.set(element), self.kind(place, element));
                quote!(#set<#element>)
            }
            TypeName::Map(key, value) => {
                let (map, key) = (self.map(key), self.kind(place, key));
                let value = self.kind(place, value);
                quote!(#map<#key, #value>)
            }
        }
    }

    /// A type of Thrift's own, or a definition.
    pub(super) fn plain(self, place: Place, kind: &Type) -> TokenStream {
        match kind {
            Type::Bool => quote!(bool),
            Type::Byte => quote!(i8),
            Type::I16 => quote!(i16),
            Type::I32 => quote!(i32),
            Type::I64 => quote!(i64),
            Type::Double => quote!(f64),
            Type::String => quote!(::std::string::String),
            Type::Binary => quote!(::polyport::codegen::Bytes),
            Type::Defined(id) => self.defined(place, *id),
            _ => TokenStream::new(),
        }
    }

    /// The set for these elements.
    pub(super) fn set(self, element: &TypeName) -> TokenStream {
        match self.has_hash(element) {
            true => quote!(::std::collections::HashSet),
            false => quote!(::polyport::codegen::ListSet),
        }
    }

    /// The map for these keys.
    pub(super) fn map(self, key: &TypeName) -> TokenStream {
        match self.has_hash(key) {
            true => quote!(::std::collections::HashMap),
            false => quote!(::polyport::codegen::ListMap),
        }
    }

    fn has_hash(self, name: &TypeName) -> bool {
        let kind = self.model.expand(name);
        kind.is_some_and(|kind| self.model.traits(&kind).hash)
    }

    /// The path to a definition.
    pub(super) fn defined(self, place: Place, id: DefinitionId) -> TokenStream {
        let module = self.model.definition_extra(id).module;
        self.path(place, module, &self.names.definitions[index(id)].name)
    }

    /// The type of a field that holds a value of its type at once, in a box if need be.
    pub(super) fn boxed(self, place: Place, extra: &FieldExtra) -> TokenStream {
        let kind = self.kind(place, &extra.kind);
        match extra.boxed {
            Boxed::No => kind,
            Boxed::Wished | Boxed::Recursive => quote!(::std::boxed::Box<#kind>),
        }
    }

    /// The path from a place to a name in a module.
    pub(super) fn path(self, place: Place, module: ModuleId, name: &impl ToTokens) -> TokenStream {
        let (from, to) = (self.ancestors(place.module), self.ancestors(module));
        let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let steps_up = from.len() - shared + usize::from(place.in_service);
        let up = std::iter::repeat_n(quote!(super::), steps_up);
        let down = to[shared..]
            .iter()
            .map(|module| &self.names.modules[module.0]);
        let root = from.is_empty().then_some(self.root);
        quote!(#root #(#up)* #(#down::)* #name)
    }

    /// The path to the schema.
    pub(super) fn schema_path(self, place: Place) -> TokenStream {
        let home = self.names.schemas.first();
        home.map(|(module, name)| self.path(place, *module, name))
            .unwrap_or_default()
    }

    /// The modules around a module, itself included, the top of the file not.
    fn ancestors(self, id: ModuleId) -> Vec<ModuleId> {
        let mut path = Vec::new();
        let mut next = id;
        while let Some(parent) = self.model.modules[next.0].parent {
            path.push(next);
            next = parent;
        }
        path.reverse();
        path
    }

    /// The type that announces a value on the wire.
    pub(super) fn wire_type(self, kind: &Type) -> TokenStream {
        let name = match kind {
            Type::Bool => quote!(BOOL),
            Type::Byte => quote!(BYTE),
            Type::I16 => quote!(I16),
            Type::I32 => quote!(I32),
            Type::I64 => quote!(I64),
            Type::Double => quote!(DOUBLE),
            Type::String | Type::Binary => quote!(STRING),
            Type::List(_) => quote!(LIST),
            Type::Set(_) => quote!(SET),
            Type::Map(..) => quote!(MAP),
            Type::Defined(id) => match self.model.definition(*id) {
                Definition::Enum(_) => quote!(I32),
                _ => quote!(STRUCT),
            },
            _ => quote!(STRUCT),
        };
        quote!(::polyport::codegen::WireType::#name)
    }
}

pub(super) fn list() -> TokenStream {
    quote!(::std::vec::Vec)
}
