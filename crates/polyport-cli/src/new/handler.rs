//! What answers the calls of a service: its file, and what is missing in one that is there.

use polyport_build::{MethodOutline, ServiceOutline};
use proc_macro2::Span;
use syn::{ImplItem, ImplItemFn};

use super::changes::Note;
use super::signature::{Signature, is_same, paths};
use super::source::{Insertion, Names, RustFile};

/// What `polyport` has that a handler may use.
const SHORT_NAMES: [&str; 5] = ["Bytes", "Context", "Sink", "Status", "Streaming"];

/// The file of a new handler.
pub(super) fn text(service: &ServiceOutline, name: &str, idl: &str) -> String {
    let full_name = service.description.full_name();
    let imports = imports(service, name);
    let names = syn::parse_file(&imports).map(|file| Names::of(&file));
    let names = names.unwrap_or_default();
    let handler = names.shorten(&format!("{}::{}", service.module, service.handler));
    let stubs: Vec<String> = service
        .methods
        .iter()
        .map(|method| stub(method, &names))
        .collect();
    let body = match stubs.is_empty() {
        true => String::new(),
        false => format!("\n{}", stubs.join("\n")),
    };
    format!(
        "//! The calls of `{full_name}`, which `{idl}` describes.\n\n\
         {imports}\n\
         /// Answers them. What its methods share, such as a database, goes into its fields.\n\
         #[derive(Debug)]\n\
         pub struct {name};\n\n\
         impl {handler} for {name} {{{body}}}\n"
    )
}

fn imports(service: &ServiceOutline, name: &str) -> String {
    let kinds: Vec<&str> = service
        .methods
        .iter()
        .flat_map(|method| {
            let parameters = method.parameters.iter().map(|parameter| &parameter.kind);
            parameters.chain([&method.result, &method.error])
        })
        .flat_map(|kind| paths(kind))
        .collect();
    let is_used = |short: &&str| {
        let is_context = *short == "Context" && !service.methods.is_empty();
        is_context || kinds.contains(&format!("polyport::{short}").as_str())
    };
    let used: Vec<&str> = SHORT_NAMES.into_iter().filter(is_used).collect();
    let polyport = match used.as_slice() {
        [] => String::new(),
        [one] => format!("use polyport::{one};\n\n"),
        several => format!("use polyport::{{{}}};\n\n", several.join(", ")),
    };
    format!("{polyport}use {};\n", home(service, name))
}

/// The module to import: that of the service, unless its name means something else in the file.
fn home<'a>(service: &'a ServiceOutline, name: &str) -> &'a str {
    let own = service.module.rsplit("::").next().unwrap_or_default();
    match own == name || ["polyport", "std", "core", "alloc"].contains(&own) {
        true => "crate::idl",
        false => &service.module,
    }
}

/// A method that nobody has written yet.
fn stub(method: &MethodOutline, names: &Names) -> String {
    let head = Signature::of(method, names).indented(4);
    let status = match method.error == "polyport::Status" {
        true => "cx.not_implemented()",
        false => "cx.not_implemented().into()",
    };
    format!("{head}\n        Err({status})\n    }}\n")
}

/// A handler that is there: the file, and the implementation in it.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) file: &'a RustFile,
    pub(super) item: &'a syn::ItemImpl,
}

impl<'a> Site<'a> {
    /// The methods that the implementation lacks, to be inserted at its end.
    pub(super) fn missing(self, service: &ServiceOutline) -> Option<Insertion> {
        let is_there = |method: &&MethodOutline| {
            let mut functions = self.functions();
            functions.any(|function| function.sig.ident == method.function)
        };
        let missing = service.methods.iter().filter(|method| !is_there(method));
        let stubs: Vec<String> = missing
            .map(|method| stub(method, &self.file.names))
            .collect();
        if stubs.is_empty() {
            return None;
        }
        let blank = if self.item.items.is_empty() { "" } else { "\n" };
        let text = format!("{blank}{}", stubs.join("\n"));
        let brace = self.file.start(self.item.brace_token.span.close());
        let before = &self.file.text[..brace];
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some(match before[line..].trim().is_empty() {
            true => Insertion { at: line, text },
            false => Insertion {
                at: brace,
                text: format!("\n{text}"),
            },
        })
    }

    /// What the implementation has and the IDL has not, or has otherwise.
    pub(super) fn differences(self, service: &ServiceOutline) -> Vec<Note> {
        let full_name = service.description.full_name();
        let difference = |function: &ImplItemFn| {
            let name = &function.sig.ident;
            let method = service
                .methods
                .iter()
                .find(|method| *name == method.function);
            let message = match method {
                None => format!("the IDL has no method for `{name}` in `{full_name}` any more"),
                Some(method) if is_same(&function.sig, method, self.file) => return None,
                Some(method) => {
                    let wanted = Signature::of(method, &self.file.names).line();
                    let method = &method.description.name;
                    format!("`{full_name}.{method}` is another one in the IDL now: `{wanted}`")
                }
            };
            Some(self.note(name.span(), message))
        };
        self.functions().filter_map(difference).collect()
    }

    /// Something to say about a place in the file.
    pub(super) fn note(self, place: Span, message: String) -> Note {
        Note::at(&self.file.path, place.start().line, message)
    }

    fn functions(self) -> impl Iterator<Item = &'a ImplItemFn> {
        self.item.items.iter().filter_map(|item| match item {
            ImplItem::Fn(function) => Some(function),
            _ => None,
        })
    }
}
