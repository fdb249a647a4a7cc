//! Services and methods, and the calls that name no service.

use polyport_wire::schema::{Method, Service, Type};
use polyport_wire::transport::Codec;

use super::fields::{Fields, Role};
use super::version::{At, MethodAt};
use super::{Differ, Impact};
use crate::source::Span;
use crate::thrift::ast;

impl Differ<'_> {
    pub(super) fn services(&mut self) {
        let (old, new) = (self.old, self.new);
        for at in old.services() {
            let Some(found) = successor(at.service, new.services()) else {
                let message = format!("service `{}` is gone", at.service.full_name());
                let places = [self.before(at.span, "it was here")];
                self.change(Impact::BOTH, message, places);
                continue;
            };
            if at.service.package != found.service.package {
                self.moved(at, found);
            }
            self.methods(at, found);
        }
        for at in new.services() {
            if successor(at.service, old.services()).is_none() {
                let message = format!("service `{}` is new", at.service.full_name());
                let places = [self.after(at.span, "added here")];
                self.change(Impact::NONE, message, places);
            }
        }
    }

    fn moved(&mut self, old: At<'_>, new: At<'_>) {
        let (before, after) = (old.service.full_name(), new.service.full_name());
        let message = format!("service `{before}` is now `{after}`");
        let places = [
            self.after(new.span, "in another namespace"),
            self.before(old.span, "than before"),
        ];
        match new.service.codec {
            Codec::Protobuf => {
                let why = "gRPC's clients name the package";
                self.explained(Impact::BOTH, message, places, Some(why));
            }
            _ => self.change(Impact::SOURCE, message, places),
        }
    }

    fn methods(&mut self, old: At<'_>, new: At<'_>) {
        let name = &new.service.name;
        for method in &old.service.methods {
            let Some(before) = self.old.method(old, &method.name) else {
                continue;
            };
            let mut candidates = new.service.methods.iter();
            let Some(found) = candidates.find(|found| found.name == method.name) else {
                let message = format!("method `{name}.{}` is gone", method.name);
                let places = [
                    self.before(before.span, "it was here"),
                    self.after(new.span, "not in here"),
                ];
                self.change(Impact::BOTH, message, places);
                continue;
            };
            // What both inherit is compared where it is declared.
            if !is_inherited(method, found)
                && let Some(after) = self.new.method(new, &found.name)
            {
                self.method(name, before, after);
            }
        }
        for method in &new.service.methods {
            let is_known = has(old.service, &method.name);
            if let (false, Some(added)) = (is_known, self.new.method(new, &method.name)) {
                let message = format!("method `{name}.{}` is new", method.name);
                let places = [self.after(added.span, "added here")];
                let why = "who implements the service has to add it";
                self.explained(Impact::NONE, message, places, Some(why));
            }
        }
    }

    fn method(&mut self, service: &str, old: MethodAt<'_>, new: MethodAt<'_>) {
        let owner = format!("`{service}.{}`", new.method.name);
        if old.method.kind != new.method.kind {
            let (before, after) = (old.method.kind, new.method.kind);
            let message = format!("{owner} was {before} and is now {after}");
            let places = [
                self.after(new.span, format!("now {after}")),
                self.before(old.span, format!("was {before}")),
            ];
            self.change(Impact::BOTH, message, places);
        }
        self.result(&owner, old, new);
        self.fields(Role::Arguments, &owner, arguments(old), arguments(new));
        self.fields(Role::Throws, &owner, throws(old), throws(new));
    }

    fn result(&mut self, owner: &str, old: MethodAt<'_>, new: MethodAt<'_>) {
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
            self.after(result_span(new), format!("now `{after}`")),
            self.before(result_span(old), format!("was `{before}`")),
        ];
        self.change(impact, message, places);
    }

    /// Method names that are new in one service and another one has, too: calls that name no
    /// service no longer tell which is meant.
    pub(super) fn conflicts(&mut self) {
        if self.serving.refuses_nameless {
            return;
        }
        let served: Vec<At<'_>> = self.new.services().filter(|at| self.serves(*at)).collect();
        for (index, at) in served.iter().enumerate() {
            for method in &at.service.methods {
                if self.had(at.service, &method.name) || self.is_decided(&served, *at, method) {
                    continue;
                }
                // Of two new ones the second conflicts with the first.
                let mut others = served.iter().enumerate();
                let other = others.find(|(place, other)| {
                    let counts = *place < index || self.had(other.service, &method.name);
                    let is_of_codec = other.service.codec == at.service.codec;
                    *place != index && is_of_codec && counts && has(other.service, &method.name)
                });
                if let Some((_, other)) = other {
                    self.conflict(*at, *other, &method.name);
                }
            }
        }
    }

    /// Whether the server has the service. A service that another one extends is mostly there for
    /// that alone.
    fn serves(&self, at: At<'_>) -> bool {
        let name = at.service.full_name();
        match &self.serving.services {
            Some(services) => services.contains(&name),
            None => {
                let mut methods = self.new.services().flat_map(|at| &at.service.methods);
                let is_extended = methods.any(|method| method.declared_by.as_ref() == Some(&name));
                self.new.gives(at) && !is_extended
            }
        }
    }

    /// Whether a fallback answers the method when a call does not say whose it is.
    fn is_decided(&self, served: &[At<'_>], at: At<'_>, method: &Method) -> bool {
        let mut services = served.iter().map(|other| other.service);
        services.any(|other| {
            let is_fallback = self.serving.fallbacks.contains(&other.full_name());
            is_fallback && other.codec == at.service.codec && has(other, &method.name)
        })
    }

    /// Whether a service of the new version had the method in the old one.
    fn had(&self, service: &Service, method: &str) -> bool {
        let before = successor(service, self.old.services());
        before.is_some_and(|before| has(before.service, method))
    }

    fn conflict(&mut self, at: At<'_>, other: At<'_>, method: &str) {
        let added = self.new.method(at, method);
        let Some((added, known)) = added.zip(self.new.method(other, method)) else {
            return;
        };
        let (name, other) = (at.service.full_name(), other.service.full_name());
        let message = format!(
            "method `{method}` is new in `{name}` and conflicts with `{other}` for calls without a \
             service name"
        );
        let mut places = vec![self.after(added.span, "new here")];
        // A method that both inherit stands in one place.
        if added.span != known.span {
            places.push(self.after(known.span, "the other one"));
        }
        let why = match at.service.codec {
            Codec::Protobuf => {
                "a server of both needs a fallback service that has the method, or must refuse calls \
                 without a service name, or admit one of them over gRPC alone"
            }
            _ => {
                "a server of both needs a fallback service that has the method, or must refuse calls \
                 without a service name"
            }
        };
        self.explained(Impact::WIRE, message, places, Some(why));
    }
}

/// The service of the same name and codec; of the same namespace, if there are several.
fn successor<'a>(service: &Service, others: impl Iterator<Item = At<'a>>) -> Option<At<'a>> {
    let is_called =
        |other: &At<'_>| other.service.name == service.name && other.service.codec == service.codec;
    let same: Vec<_> = others.filter(is_called).collect();
    let mut in_package = same.iter();
    let in_package = in_package.find(|other| other.service.package == service.package);
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

fn arguments<'a>(at: MethodAt<'a>) -> Fields<'a> {
    let written: &[ast::Field] = at.written.map_or(&[], |written| &written.arguments);
    Fields::new(&at.method.arguments, written, at.span)
}

fn throws<'a>(at: MethodAt<'a>) -> Fields<'a> {
    let written: &[ast::Field] = at.written.map_or(&[], |written| &written.throws);
    Fields::new(&at.method.throws, written, at.span)
}

fn result_name(method: &Method, name: impl Fn(&Type) -> String) -> String {
    method
        .result
        .as_ref()
        .map_or_else(|| "void".to_owned(), name)
}

fn result_span(at: MethodAt<'_>) -> Span {
    let result = at.written.and_then(|written| written.result.as_ref());
    result.map_or(at.span, |kind| kind.span)
}
