//! What a project calls by the clients of the IDL's services, and what is gone of it.

use std::collections::HashMap;

use polyport_build::{MethodOutline, ServiceOutline};
use proc_macro2::Span;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprCall, ExprMethodCall, Local, Macro, Pat, Token};

use super::changes::Note;
use super::files::argument_count;
use super::registration::called;
use super::source::{RustFile, plain};

/// What to say of calls of methods that the services do not have, or have with other arguments.
pub(super) fn differences(file: &RustFile, services: &[ServiceOutline]) -> Vec<Note> {
    let mut calls = Calls {
        file,
        services,
        clients: HashMap::new(),
        notes: Vec::new(),
    };
    calls.visit_file(&file.tree);
    calls.notes
}

struct Calls<'a> {
    file: &'a RustFile,
    services: &'a [ServiceOutline],
    /// The services whose clients the variables are that can be seen.
    clients: HashMap<String, &'a ServiceOutline>,
    notes: Vec<Note>,
}

impl<'a> Calls<'a> {
    /// The service whose client an expression is.
    fn service(&self, expression: &Expr) -> Option<&'a ServiceOutline> {
        match expression {
            Expr::Path(path) => self.clients.get(&plain(path.path.get_ident()?)).copied(),
            Expr::Call(call) => self.made(call, "new"),
            Expr::Paren(wrapped) => self.service(&wrapped.expr),
            Expr::Reference(wrapped) => self.service(&wrapped.expr),
            Expr::Try(wrapped) => self.connected(&wrapped.expr),
            Expr::MethodCall(call) => match &*call.method.to_string() {
                "clone" => self.service(&call.receiver),
                "expect" | "unwrap" => self.connected(&call.receiver),
                _ => None,
            },
            _ => None,
        }
    }

    /// The same for one that is a client if no error stands in its place.
    fn connected(&self, expression: &Expr) -> Option<&'a ServiceOutline> {
        let Expr::Await(wrapped) = expression else {
            return None;
        };
        match &*wrapped.base {
            Expr::Call(call) => self.made(call, "connect"),
            _ => None,
        }
    }

    /// The service whose client this function makes.
    fn made(&self, call: &ExprCall, function: &str) -> Option<&'a ServiceOutline> {
        let mut path = self.file.names.expand(called(call)?);
        let is_it = path.pop()? == function;
        let is_client = |service: &&ServiceOutline| {
            let client = format!("{}::{}", service.module, service.client);
            self.file.names.lead_to(&path, &client)
        };
        is_it
            .then(|| self.services.iter().find(is_client))
            .flatten()
    }

    fn check(&mut self, service: &ServiceOutline, call: &ExprMethodCall) {
        let name = plain(&call.method);
        let full_name = service.description.full_name();
        let mut methods = service.methods.iter();
        let method = methods.find(|method| call.method == method.function);
        let message = match method {
            // It is what every client has.
            None if name == "clone" => return,
            None => format!("the IDL has no method for `{name}` in `{full_name}` any more"),
            Some(method) if argument_count(method) == call.args.len() => return,
            Some(method) => taking(&full_name, method),
        };
        self.note(call.method.span(), message);
    }

    fn note(&mut self, place: Span, message: String) {
        let line = place.start().line;
        self.notes.push(Note::at(&self.file.path, line, message));
    }
}

fn taking(service: &str, method: &MethodOutline) -> String {
    let name = &method.description.name;
    let count = match argument_count(method) {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        count => format!("{count} arguments"),
    };
    format!("a call of `{service}.{name}` takes {count} now")
}

impl<'ast> Visit<'ast> for Calls<'_> {
    /// Variables end with their block.
    fn visit_block(&mut self, block: &'ast Block) {
        let around = self.clients.clone();
        visit::visit_block(self, block);
        self.clients = around;
    }

    fn visit_local(&mut self, local: &'ast Local) {
        visit::visit_local(self, local);
        let pattern = match &local.pat {
            Pat::Type(typed) => &typed.pat,
            pattern => pattern,
        };
        let Pat::Ident(variable) = pattern else {
            return;
        };
        let value = local.init.as_ref();
        let name = plain(&variable.ident);
        match value.and_then(|init| self.service(&init.expr)) {
            Some(service) => self.clients.insert(name, service),
            None => self.clients.remove(&name),
        };
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if let Some(service) = self.service(&call.receiver) {
            self.check(service, call);
        }
        visit::visit_expr_method_call(self, call);
    }

    /// Most macros of tests hold expressions, with commas between them.
    fn visit_macro(&mut self, call: &'ast Macro) {
        let expressions = Punctuated::<Expr, Token![,]>::parse_terminated;
        for expression in expressions
            .parse2(call.tokens.clone())
            .into_iter()
            .flatten()
        {
            self.visit_expr(&expression);
        }
    }
}
