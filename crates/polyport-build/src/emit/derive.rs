//! What stands before a type: derives, and attributes of the user's.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{DefinitionExtra, Traits};

/// The derives and attributes of a struct or union.
pub(super) fn derives(extra: &DefinitionExtra, default: bool) -> TokenStream {
    let derives = with_wishes(&plain_derives(extra.traits, default), &extra.derives);
    let attributes = attributes(&extra.attributes);
    quote! {
        #derives
        #attributes
    }
}

/// The derives of the arguments of a method.
pub(super) fn argument_derives(traits: Traits, default: bool) -> TokenStream {
    with_wishes(&plain_derives(traits, default), &[])
}

/// The derives and attributes of an enum.
pub(super) fn enum_derives(extra: &DefinitionExtra) -> TokenStream {
    let own = [
        "Clone",
        "Copy",
        "Default",
        "Eq",
        "Hash",
        "Ord",
        "PartialEq",
        "PartialOrd",
    ];
    let derives = with_wishes(&own, &extra.derives);
    let attributes = attributes(&extra.attributes);
    quote! {
        #derives
        #attributes
    }
}

/// Attributes as the user wrote them, which were held against Rust's grammar before.
pub(super) fn attributes(written: &[String]) -> TokenStream {
    let parsed = written
        .iter()
        .filter_map(|text| text.parse::<TokenStream>().ok());
    parsed.collect()
}

fn plain_derives(traits: Traits, default: bool) -> Vec<&'static str> {
    let all = [
        ("Clone", true),
        ("Debug", true),
        ("Default", default),
        ("Eq", traits.eq),
        ("Hash", traits.hash),
        ("PartialEq", true),
    ];
    all.into_iter()
        .filter(|(_, can)| *can)
        .map(|(name, _)| name)
        .collect()
}

/// What is derived or implemented anyway is not derived twice.
fn with_wishes(own: &[&str], wishes: &[String]) -> TokenStream {
    let is_new = |wish: &&String| {
        let name = wish.rsplit("::").next().unwrap_or_default();
        !own.contains(&name) && !["Debug", "Default"].contains(&name)
    };
    let wishes = wishes.iter().filter(is_new).map(String::as_str);
    let all = own.iter().copied().chain(wishes);
    let all = all.filter_map(|path| path.parse::<TokenStream>().ok());
    quote!(#[derive(#(#all),*)])
}
