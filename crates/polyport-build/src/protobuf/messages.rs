//! Messages and enums as buffa's generator writes them, with our paths.

use std::collections::HashMap;

use buffa_codegen::context::CodeGenContext;
use buffa_codegen::idents::rust_path_to_tokens;
use buffa_codegen::{BytesRepr, CodeGenConfig, MapRepr, PointerRepr};
use buffa_descriptor::generated::descriptor::{DescriptorProto, FileDescriptorProto};
use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};
use quote::quote;

use crate::model::Package;
use crate::protobuf::choices::Chosen;
use crate::protobuf::is_library;
use crate::protobuf::set::FileSet;

/// The generator with its input.
#[derive(Debug)]
pub(super) struct Messages {
    files: Vec<FileDescriptorProto>,
    /// The files to generate for.
    names: Vec<String>,
    config: CodeGenConfig,
}

/// Where a message is in Rust.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its package; none for one of a library's.
    pub(super) package: Option<String>,
    /// The path from the package's module.
    pub(super) path: TokenStream,
}

impl Messages {
    pub(super) fn new(set: &FileSet, chosen: Chosen) -> Self {
        let files: Vec<FileDescriptorProto> = set.files.iter().map(without_extensions).collect();
        let names = files.iter().filter_map(|file| file.name.clone());
        Self {
            names: names.filter(|name| !is_library(name)).collect(),
            files,
            config: config(chosen),
        }
    }

    /// For each package its name and its code.
    pub(super) fn packages(&self) -> Result<Vec<(String, Package)>, String> {
        let problem = |error: &dyn std::fmt::Display| format!("cannot generate messages: {error}");
        let files = buffa_codegen::generate(&self.files, &self.names, &self.config)
            .map_err(|error| problem(&error))?;
        let package = |file: buffa_codegen::GeneratedFile| {
            let code: TokenStream = file.content.parse().map_err(|error| problem(&error))?;
            let code = redirect(code);
            let taken = defined(&code);
            Ok((file.package, Package { code, taken }))
        };
        files.into_iter().map(package).collect()
    }

    /// The places of all messages that methods take and give, by the names that methods have for
    /// them.
    pub(super) fn places(&self) -> HashMap<String, Place> {
        let context = CodeGenContext::for_generate(&self.files, &self.names, &self.config);
        let services = self.files.iter().flat_map(|file| &file.service);
        let methods = services.flat_map(|service| &service.method);
        let names = methods.flat_map(|method| [&method.input_type, &method.output_type]);
        let place = |name: &String| {
            let found = context.rust_type_relative_split(name, "", 0)?;
            let path = rust_path_to_tokens(&found.within_package);
            let place = if found.is_extern {
                let library = rust_path_to_tokens(&found.to_package);
                Place {
                    package: None,
                    path: redirect(quote!(#library::#path)),
                }
            } else {
                Place {
                    package: Some(found.to_package.replace("::", ".")),
                    path,
                }
            };
            Some((name.clone(), place))
        };
        names.flatten().filter_map(place).collect()
    }
}

fn config(chosen: Chosen) -> CodeGenConfig {
    let everywhere = || ".".to_owned();
    let mut config = CodeGenConfig::default();
    config.generate_views = false;
    config.generate_with_setters = false;
    config.emit_register_fn = false;
    config.file_per_package = true;
    config.idiomatic_field_names = true;
    // Without them a message has no hidden field: it is a plain struct.
    config.preserve_unknown_fields = chosen.keep_unknown_fields;
    config.type_attributes = chosen.type_attributes;
    config.field_attributes = chosen.field_attributes;
    config.allow_message_set = true;
    config.bytes_fields.push((everywhere(), BytesRepr::Bytes));
    // Types that people know, as for Thrift.
    let map = MapRepr::Custom("::std::collections::HashMap".to_owned());
    config.map_fields.push((everywhere(), map));
    config.pointer_fields.push((everywhere(), PointerRepr::Box));
    config
}

/// Extensions are not generated: they would live in unknown fields only.
fn without_extensions(file: &FileDescriptorProto) -> FileDescriptorProto {
    fn strip(message: &mut DescriptorProto) {
        message.extension.clear();
        message.nested_type.iter_mut().for_each(strip);
    }
    let mut file = file.clone();
    file.extension.clear();
    file.message_type.iter_mut().for_each(strip);
    file
}

/// Whether generated code must not name this crate: it finds it in `polyport::codegen`.
fn is_ours(name: &Ident) -> bool {
    ["buffa", "buffa_types", "buffa_descriptor"]
        .iter()
        .any(|ours| name == ours)
}

/// Rewrites the paths that begin with a crate, wherever they stand, and leaves out the lints that
/// are allowed here and there: they are for the whole file.
fn redirect(tokens: TokenStream) -> TokenStream {
    let mut redirected: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(hash)
                if hash.as_char() == '#' && tokens.peek().is_some_and(is_allowance) =>
            {
                tokens.next();
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), redirect(group.stream()));
                inner.set_span(group.span());
                redirected.push(inner.into());
            }
            TokenTree::Ident(name) if is_ours(&name) && is_crate(&redirected) => {
                // The `::` before it stands already.
                redirected.extend(quote!(polyport::codegen::#name));
                // `buffa::alloc` is the standard library.
                shorten(&mut redirected, &name, &mut tokens);
            }
            other => redirected.push(other),
        }
    }
    redirected.into_iter().collect()
}

/// `[allow(...)]`
fn is_allowance(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else {
        return false;
    };
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(name)) if name == "allow")
}

/// `::polyport::codegen::buffa` and then `::alloc` to `::std`: the same types, as people know them.
fn shorten(
    before: &mut Vec<TokenTree>,
    name: &Ident,
    behind: &mut std::iter::Peekable<proc_macro2::token_stream::IntoIter>,
) {
    let mut ahead = behind.clone().skip(2);
    let next = ahead.next().map(|token| token.to_string());
    if name == "buffa" && next.as_deref() == Some("alloc") {
        behind.by_ref().take(3).for_each(drop);
        // `polyport :: codegen :: buffa`
        before.truncate(before.len() - 7);
        before.push(Ident::new("std", name.span()).into());
    }
}

/// Whether a name behind these tokens is a crate's: behind a `::` that nothing stands before.
fn is_crate(before: &[TokenTree]) -> bool {
    let is_colon = |token: &TokenTree, spacing| {
        matches!(token, TokenTree::Punct(punct)
        if punct.as_char() == ':' && punct.spacing() == spacing)
    };
    let [rest @ .., first, second] = before else {
        return false;
    };
    is_colon(first, Spacing::Joint) && is_colon(second, Spacing::Alone) && !is_path(rest)
}

/// The keywords that stand before a path and are no part of it.
const BEFORE_PATHS: [&str; 25] = [
    "as", "async", "await", "break", "const", "dyn", "else", "extern", "for", "if", "impl", "in",
    "let", "match", "move", "mut", "pub", "ref", "return", "static", "type", "unsafe", "use",
    "where", "while",
];

/// Whether a `::` behind these tokens goes on with their path.
fn is_path(before: &[TokenTree]) -> bool {
    match before {
        // `->`
        [.., TokenTree::Punct(dash), TokenTree::Punct(_)] if dash.as_char() == '-' => false,
        [.., TokenTree::Ident(name)] => !BEFORE_PATHS.iter().any(|word| name == word),
        [.., TokenTree::Punct(punct)] => punct.as_char() == '>',
        _ => false,
    }
}

/// The names of the items in the code.
fn defined(code: &TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_named = false;
    for token in code.clone() {
        match token {
            TokenTree::Ident(word) => {
                let word = word.to_string();
                if is_named {
                    names.push(word.trim_start_matches("r#").to_owned());
                }
                let words = ["struct", "enum", "mod", "const", "static", "type", "trait"];
                is_named = !is_named && words.contains(&word.as_str());
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {}
            _ => is_named = false,
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, expected: &str) {
        let redirected = redirect(code.parse().unwrap()).to_string();
        let expected: TokenStream = expected.parse().unwrap();
        assert_eq!(redirected, expected.to_string());
    }

    #[test]
    fn paths_that_begin_with_a_crate_find_it_at_home() {
        check(
            "impl ::buffa::Message for A { x: ::buffa_types::B<::buffa::C> }",
            "impl ::polyport::codegen::buffa::Message for A {
                 x: ::polyport::codegen::buffa_types::B<::polyport::codegen::buffa::C> }",
        );
        check(
            "::buffa::impl_default_instance!(A);",
            "::polyport::codegen::buffa::impl_default_instance!(A);",
        );
        check(
            "use ::buffa::Enumeration as _; <A as ::buffa::B>::c()",
            "use ::polyport::codegen::buffa::Enumeration as _;
             <A as ::polyport::codegen::buffa::B>::c()",
        );
        check(
            "fn a(b: &mut ::buffa::C) -> ::buffa::D",
            "fn a(b: &mut ::polyport::codegen::buffa::C) -> ::polyport::codegen::buffa::D",
        );
        check(
            "::buffa::alloc::vec::Vec<::buffa::alloc::string::String>",
            "::std::vec::Vec<::std::string::String>",
        );
    }

    #[test]
    fn lints_are_for_the_whole_file() {
        check(
            "#[allow(a)] struct B { #[doc = \"c\"] #[allow(d, e)] f: i32 }",
            "struct B { #[doc = \"c\"] f: i32 }",
        );
    }

    #[test]
    fn a_package_of_the_same_name_is_not_the_crate() {
        let check = |code: &str| check(code, code);
        check("super::buffa::Message");
        check("self::buffa::Message");
        check("a::buffa::Message");
        check("buffa::Message");
        check("<A>::buffa::B");
    }

    #[test]
    fn items_are_found_by_their_words() {
        let code = "#[derive(Clone)] pub struct A { b: i32 } impl C for A { const D: i32 = 1; }
                    pub mod e { pub enum F {} } pub enum r#G {}";
        assert_eq!(defined(&code.parse().unwrap()), ["A", "e", "G"]);
    }
}
