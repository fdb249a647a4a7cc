//! `src/services.rs`, where the server gets its services: a new one, and what is missing in one that
//! is there.

use polyport_build::ServiceOutline;
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprMethodCall, Item, ItemMod, Stmt};

use super::changes::Note;
use super::source::{Insertion, Names, RustFile, plain, segments, without_raw};
use super::text::{MAX_CALL_WIDTH, MAX_WIDTH, chain};

/// Where it is.
pub(super) const PATH: &str = "src/services.rs";

/// What refuses calls that name no service.
pub(super) const REFUSE: &str = "refuse_traffic_without_service_name";

const IMPORTS: &str = "use polyport::Server;\n\nuse crate::idl;\n";

/// A service with its handler.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) service: &'a ServiceOutline,
    /// The module of the handler, in that of the services.
    pub(super) module: String,
    /// The handler's type.
    pub(super) handler: String,
    pub(super) is_fallback: bool,
}

/// A new file.
pub(super) fn text(entries: &[Entry<'_>], refuses_nameless: bool) -> String {
    let mut modules: Vec<&str> = entries.iter().map(|entry| entry.module.as_str()).collect();
    modules.sort_by_key(|module| without_raw(module));
    let modules: String = modules
        .iter()
        .map(|module| format!("mod {module};\n"))
        .collect();
    let names = syn::parse_file(IMPORTS).map(|file| Names::of(&file));
    let names = names.unwrap_or_default();
    let mut calls: Vec<String> = entries.iter().map(|entry| entry.add(&names)).collect();
    if refuses_nameless {
        calls.push(format!(".{REFUSE}()"));
    }
    format!(
        "//! The handlers, a file for each service, and the server that has them all.\n\n\
         {modules}\n\
         {IMPORTS}\n\
         /// A server with all services: `main` gives it a port, and so do the tests.\n\
         pub fn server() -> Server {{\n    \
             {}\n\
         }}\n",
        chain("Server::new()", &calls, 4)
    )
}

impl Entry<'_> {
    /// The call that adds it to a server.
    fn add(&self, names: &Names) -> String {
        let server = names.shorten(&server(self.service));
        let handler = format!("{}::{}", self.module, self.handler);
        let fallback = if self.is_fallback { ".fallback()" } else { "" };
        let service = format!("{server}::new({handler}){fallback}");
        let line = format!(".add({service})");
        // As rustfmt would write it.
        let is_short = service.len() <= MAX_CALL_WIDTH;
        let can_break = !self.is_fallback && format!("{server}::new(").len() <= MAX_CALL_WIDTH;
        if is_short || !can_break && line.len() + 8 <= MAX_WIDTH {
            line
        } else if can_break {
            format!(".add({server}::new(\n            {handler},\n        ))")
        } else {
            let fallback = fallback.replace('.', "\n            .");
            format!(
                ".add(\n            {server}::new(\n                {handler},\n            )\
                 {fallback},\n        )"
            )
        }
    }
}

/// The path of what makes a service of a handler.
pub(super) fn server(service: &ServiceOutline) -> String {
    format!("{}::{}", service.module, service.server)
}

/// Whether a file makes a service of a handler, in whatever way.
pub(super) fn is_registered(file: &RustFile, service: &ServiceOutline) -> bool {
    let wanted = format!("{}::new", server(service));
    let mut mentions = file.mentions.iter();
    mentions.any(|mention| {
        let is_call = mention.path.last().is_some_and(|last| last == "new");
        is_call && file.names.lead_to(&mention.path, &wanted)
    })
}

/// The calls that make services of handlers, and whether these are fallbacks.
#[derive(Default)]
pub(super) struct Makers<'a> {
    calls: Vec<(&'a ExprCall, bool)>,
    /// Whether a server refuses calls that name no service.
    pub(super) refuse_nameless: bool,
}

impl<'a> Makers<'a> {
    pub(super) fn of(file: &'a RustFile) -> Self {
        let mut makers = Self::default();
        makers.visit_file(&file.tree);
        makers
    }

    /// Where the service is made, and whether it is the fallback.
    pub(super) fn maker(&self, file: &RustFile, service: &ServiceOutline) -> Option<(Span, bool)> {
        let wanted = format!("{}::new", server(service));
        let is_it = |call: &ExprCall| {
            called(call).is_some_and(|path| file.names.lead_to(&file.names.expand(path), &wanted))
        };
        let calls = self.calls.iter().filter(|(call, _)| is_it(call));
        let found = calls.max_by_key(|(_, is_fallback)| *is_fallback);
        found.map(|(call, is_fallback)| (call.span(), *is_fallback))
    }
}

impl<'a> Visit<'a> for Makers<'a> {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        self.refuse_nameless |= call.method == REFUSE;
        if call.method == "fallback"
            && let Expr::Call(root) = root(&call.receiver)
        {
            self.calls.push((root, true));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if called(call).is_some_and(|path| path.last().is_some_and(|last| last == "new")) {
            self.calls.push((call, false));
        }
        visit::visit_expr_call(self, call);
    }
}

/// The path of the function that is called.
pub(super) fn called(call: &ExprCall) -> Option<Vec<String>> {
    match &*call.func {
        Expr::Path(path) => Some(segments(&path.path).collect()),
        _ => None,
    }
}

/// What the calls of methods begin with.
fn root(expression: &Expr) -> &Expr {
    let mut current = expression;
    while let Expr::MethodCall(call) = current {
        current = &call.receiver;
    }
    current
}

/// What is to be added to the file, and what the user has to add.
pub(super) fn additions(
    file: &RustFile,
    entries: &[Entry<'_>],
    refuses_nameless: bool,
) -> (Vec<Insertion>, Vec<Note>) {
    let mut insertions: Vec<Insertion> = entries
        .iter()
        .filter_map(|entry| module(file, &entry.module))
        .collect();
    let mut calls: Vec<String> = entries.iter().map(|entry| entry.add(&file.names)).collect();
    if refuses_nameless {
        calls.push(format!(".{REFUSE}()"));
    }
    if calls.is_empty() {
        return (insertions, Vec::new());
    }
    match end_of_server(file) {
        Some(at) => {
            let text = calls
                .iter()
                .map(|call| format!("\n        {call}"))
                .collect();
            insertions.push(Insertion { at, text });
            (insertions, Vec::new())
        }
        None => {
            let message = |call| format!("add this to your server, which was not found: `{call}`");
            let notes = calls
                .into_iter()
                .map(|call| Note::of_file(&file.path, message(call)));
            (insertions, notes.collect())
        }
    }
}

/// The line that declares a module, unless it is there.
fn module(file: &RustFile, name: &str) -> Option<Insertion> {
    let modules = file.tree.items.iter().filter_map(|item| match item {
        Item::Mod(item) if item.content.is_none() => Some(item),
        _ => None,
    });
    let modules: Vec<&ItemMod> = modules.collect();
    let own = without_raw(name);
    if modules.iter().any(|module| plain(&module.ident) == own) {
        return None;
    }
    let next = modules
        .iter()
        .find(|module| plain(&module.ident).as_str() > own);
    Some(match (next, modules.last(), file.tree.items.first()) {
        (Some(next), _, _) => Insertion {
            at: file.start(next.span()),
            text: format!("mod {name};\n"),
        },
        (None, Some(last), _) => Insertion {
            at: file.end(last.span()),
            text: format!("\nmod {name};"),
        },
        (None, None, Some(first)) => Insertion {
            at: file.start(first.span()),
            text: format!("mod {name};\n\n"),
        },
        (None, None, None) => Insertion {
            at: file.text.len(),
            text: format!("\nmod {name};\n"),
        },
    })
}

/// Where more services can be added to what a function returns.
fn end_of_server(file: &RustFile) -> Option<usize> {
    let functions = file.tree.items.iter().filter_map(|item| match item {
        Item::Fn(function) => Some(function),
        _ => None,
    });
    let mut returned = functions.filter_map(|function| match function.block.stmts.last() {
        Some(Stmt::Expr(expression, None)) => Some(expression),
        _ => None,
    });
    returned.find_map(|expression| {
        let Expr::Call(start) = root(expression) else {
            return None;
        };
        let path = file.names.expand(called(start)?);
        file.names
            .lead_to(&path, "polyport::Server::new")
            .then(|| file.end(last_added(expression).span()))
    })
}

/// The server with the last service that is added to it.
fn last_added(server: &Expr) -> &Expr {
    let mut current = server;
    while let Expr::MethodCall(call) = current {
        if ["add", "add_all"].contains(&call.method.to_string().as_str()) {
            return current;
        }
        current = &call.receiver;
    }
    current
}
