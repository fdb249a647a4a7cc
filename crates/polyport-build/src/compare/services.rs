//! Services and methods, and the calls that name no service.

use polyport_wire::schema::{Method, Service, Type};

use super::fields::{Fields, Role};
use super::{Differ, Impact};
use crate::source::Span;
use crate::thrift::ast;

/// A method with its place.
#[derive(Clone, Copy)]
struct Written<'a> {
    method: &'a Method,
    written: &'a ast::Method,
}

impl Differ<'_> {
    pub(super) fn services(&mut self) {
        let (old, new) = (self.old, self.new);
        for (service, written) in old.services() {
            let Some((found, found_written)) = successor(service, new.services()) else {
                let message = format!("service `{}` is gone", service.full_name());
                let places = [self.before(written.name.span, "it was here")];
                self.change(Impact::BOTH, message, places);
                continue;
            };
            if service.package != found.package {
                self.moved(service, written, found, found_written);
            }
            self.methods(service, found, found_written.name.span);
        }
        for (service, written) in new.services() {
            if successor(service, old.services()).is_none() {
                let message = format!("service `{}` is new", service.full_name());
                let places = [self.after(written.name.span, "added here")];
                self.change(Impact::NONE, message, places);
            }
        }
    }

    fn moved(
        &mut self,
        old: &Service,
        old_written: &ast::Service,
        new: &Service,
        new_written: &ast::Service,
    ) {
        let message = format!("service `{}` is now `{}`", old.full_name(), new.full_name());
        let places = [
            self.after(new_written.name.span, "in another namespace"),
            self.before(old_written.name.span, "than before"),
        ];
        self.change(Impact::SOURCE, message, places);
    }

    fn methods(&mut self, old: &Service, new: &Service, new_span: Span) {
        let name = &new.name;
        for method in &old.methods {
            let Some(written) = self.old.method(old, &method.name) else {
                continue;
            };
            let old = Written { method, written };
            let Some(found) = new.methods.iter().find(|found| found.name == method.name) else {
                let message = format!("method `{name}.{}` is gone", method.name);
                let places = [
                    self.before(written.name.span, "it was here"),
                    self.after(new_span, "not in here"),
                ];
                self.change(Impact::BOTH, message, places);
                continue;
            };
            // What both inherit is compared where it is declared.
            if !is_inherited(method, found)
                && let Some(written) = self.new.method(new, &found.name)
            {
                let new = Written {
                    method: found,
                    written,
                };
                self.method(name, old, new);
            }
        }
        for method in &new.methods {
            let is_known = old.methods.iter().any(|known| known.name == method.name);
            if let (false, Some(written)) = (is_known, self.new.method(new, &method.name)) {
                let message = format!("method `{name}.{}` is new", method.name);
                let places = [self.after(written.name.span, "added here")];
                let why = "who implements the service has to add it";
                self.explained(Impact::NONE, message, places, Some(why));
            }
        }
    }

    fn method(&mut self, service: &str, old: Written<'_>, new: Written<'_>) {
        let owner = format!("`{service}.{}`", new.method.name);
        if old.method.kind != new.method.kind {
            let (before, after) = (old.method.kind, new.method.kind);
            let message = format!("{owner} was {before} and is now {after}");
            let places = [
                self.after(new.written.name.span, format!("now {after}")),
                self.before(old.written.name.span, format!("was {before}")),
            ];
            self.change(Impact::BOTH, message, places);
        }
        self.result(&owner, old, new);
        let spans = (old.written.name.span, new.written.name.span);
        self.fields(
            Role::Arguments,
            &owner,
            Fields::new(&old.method.arguments, &old.written.arguments, spans.0),
            Fields::new(&new.method.arguments, &new.written.arguments, spans.1),
        );
        self.fields(
            Role::Throws,
            &owner,
            Fields::new(&old.method.throws, &old.written.throws, spans.0),
            Fields::new(&new.method.throws, &new.written.throws, spans.1),
        );
    }

    fn result(&mut self, owner: &str, old: Written<'_>, new: Written<'_>) {
        let impact = match (&old.method.result, &new.method.result) {
            (None, None) => Impact::NONE,
            (Some(old), Some(new)) => self.type_change(old, new),
            _ => Impact::BOTH,
        };
        if impact == Impact::NONE {
            return;
        }
        let before = result_name(old.method, |kind| self.old.schema.type_name(kind));
        let after = result_name(new.method, |kind| self.new.schema.type_name(kind));
        let message = format!("{owner} returned `{before}` and now returns `{after}`");
        let places = [
            self.after(result_span(new.written), format!("now `{after}`")),
            self.before(result_span(old.written), format!("was `{before}`")),
        ];
        self.change(impact, message, places);
    }

    /// Method names that are new in one service and another one has, too: calls that name no
    /// service no longer tell which is meant.
    pub(super) fn conflicts(&mut self) {
        let new = self.new;
        for (index, (service, _)) in new.services().enumerate() {
            for method in &service.methods {
                if self.had(service, &method.name) {
                    continue;
                }
                // Of two new ones the second conflicts with the first.
                let mut others = new.services().enumerate();
                let other = others.find(|(at, (other, _))| {
                    let counts = *at < index || self.had(other, &method.name);
                    *at != index && counts && has(other, &method.name)
                });
                if let Some((_, (other, _))) = other {
                    self.conflict(service, other, &method.name);
                }
            }
        }
    }

    /// Whether a service of the new version had the method in the old one.
    fn had(&self, service: &Service, method: &str) -> bool {
        let before = successor(service, self.old.services());
        before.is_some_and(|(before, _)| has(before, method))
    }

    fn conflict(&mut self, service: &Service, other: &Service, method: &str) {
        let written = self.new.method(service, method);
        let Some((written, other_written)) = written.zip(self.new.method(other, method)) else {
            return;
        };
        let (name, other) = (service.full_name(), other.full_name());
        let message = format!(
            "method `{method}` is new in `{name}` and conflicts with `{other}` for calls without a \
             service name"
        );
        let mut places = vec![self.after(written.name.span, "new here")];
        // A method that both inherit stands in one place.
        if written.name.span != other_written.name.span {
            places.push(self.after(other_written.name.span, "the other one"));
        }
        let why = "a server of both needs a fallback service that has the method, or must refuse \
                   calls without a service name";
        self.explained(Impact::WIRE, message, places, Some(why));
    }
}

/// The service of the same name; of the same namespace, if there are several.
fn successor<'a>(
    service: &Service,
    others: impl Iterator<Item = (&'a Service, &'a ast::Service)>,
) -> Option<(&'a Service, &'a ast::Service)> {
    let same: Vec<_> = others
        .filter(|(other, _)| other.name == service.name)
        .collect();
    let in_package = same
        .iter()
        .find(|(other, _)| other.package == service.package);
    match &same[..] {
        [only] => Some(*only),
        _ => in_package.copied(),
    }
}

/// Whether both versions inherit a method from the same service.
fn is_inherited(old: &Method, new: &Method) -> bool {
    old.declared_by.is_some() && old.declared_by == new.declared_by
}

fn has(service: &Service, method: &str) -> bool {
    service.methods.iter().any(|known| known.name == method)
}

fn result_name(method: &Method, name: impl Fn(&Type) -> String) -> String {
    method
        .result
        .as_ref()
        .map_or_else(|| "void".to_owned(), name)
}

fn result_span(written: &ast::Method) -> Span {
    let result = written.result.as_ref();
    result.map_or(written.name.span, |kind| kind.span)
}
