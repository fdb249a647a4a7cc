//! Constants.

use polyport_wire::schema::{Literal, Type};
use proc_macro2::TokenStream;
use quote::quote;

use super::docs::docs;
use super::{Emitter, Place};
use crate::model::ConstId;

impl Emitter<'_> {
    /// A `const` where Rust can compute it before the program runs, else a lazy `static`.
    pub(super) fn constant(self, id: ConstId) -> TokenStream {
        let constant = &self.model.consts[id.0];
        let name = &self.names.consts[id.0];
        let docs = docs(&constant.docs);
        let Some((written, value)) = &constant.value else {
            return TokenStream::new();
        };
        let Some(kind) = self.model.expand(written) else {
            return TokenStream::new();
        };
        let place = Place::in_module(constant.module);
        let tokens = self.value(place, value, written);
        let written = self.kind(place, written);
        let item = match (&kind, value) {
            (Type::String, Literal::String(text)) => quote!(pub const #name: &str = #text;),
            (Type::Binary, _) => quote!(pub static #name: #written = #tokens;),
            (_, Literal::List(_) | Literal::Map(_)) => quote! {
                pub static #name: ::std::sync::LazyLock<#written> =
                    ::std::sync::LazyLock::new(|| #tokens);
            },
            _ => quote!(pub const #name: #written = #tokens;),
        };
        quote! {
            #docs
            #item
        }
    }
}
