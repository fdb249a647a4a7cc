//! Services: their own methods behind those that they inherit.

use std::collections::HashMap;

use polyport_wire::schema::{Field, Method, Service};

use crate::combine;
use crate::diagnostic::Diagnostic;
use crate::model::{ServiceExtra, ServiceId};
use crate::resolve::scope::{Symbol, Wanted};
use crate::resolve::{Resolver, annotations};
use crate::source::FileId;
use crate::thrift::ast;

impl Resolver<'_> {
    /// Fills the schema's list of services, in the order of their numbers.
    pub(super) fn services(&mut self) {
        let services: Vec<(FileId, &ast::Service)> = self.scope.services().collect();
        for (unit, item) in &services {
            self.own_methods(*unit, item);
        }
        let parents: Vec<Option<ServiceId>> = services
            .iter()
            .map(|(unit, item)| self.parent(*unit, item.parent.as_ref()?))
            .collect();
        let mut done = vec![false; services.len()];
        for start in 0..services.len() {
            // The line of parents up to one that is done, or that stands in it already.
            let mut line = Vec::new();
            let mut next = Some(start);
            while let Some(service) = next
                && !done[service]
            {
                if line.contains(&service) {
                    self.report_circle(services[service].1);
                    break;
                }
                line.push(service);
                next = parents[service].map(|parent| parent.0);
            }
            for service in line.into_iter().rev() {
                done[service] = true;
                if let Some(parent) = parents[service] {
                    self.inherit(ServiceId(service), parent);
                }
            }
        }
    }

    fn own_methods(&mut self, unit: FileId, item: &ast::Service) {
        let mut service = Service {
            annotations: annotations(&item.annotations),
            docs: item.docs.clone(),
            ..Service::new(self.scope.package(unit), &item.name.text)
        };
        let mut extra = ServiceExtra {
            module: self.scope.namespaces[unit.0].0,
            methods: Vec::new(),
            span: item.name.span,
        };
        let mut seen: HashMap<&str, &ast::Name> = HashMap::new();
        // Kitex leaves out what begins with an underscore.
        let methods = item.methods.iter();
        for method in methods.filter(|method| !method.name.text.starts_with('_')) {
            let name = &method.name;
            if let Some(first) = seen.insert(&name.text, name) {
                let message = format!("service `{}` has two methods `{}`", service.name, name.text);
                let diagnostic = Diagnostic::error(message)
                    .at(name.span, "defined here again")
                    .at(first.span, "first defined here");
                self.report(diagnostic);
                continue;
            }
            if let Some((method, method_extra)) = self.method(unit, &service.name, method) {
                service.methods.push(method);
                extra.methods.push(method_extra);
            }
        }
        self.model.schema.services.push(service);
        self.model.services.push(extra);
    }

    fn parent(&mut self, unit: FileId, name: &ast::Name) -> Option<ServiceId> {
        let declared = self.lookup(unit, &name.text, name.span, Wanted::Service)?;
        if let Symbol::Service(id) = declared.symbol {
            return Some(id);
        }
        let noun = declared.item.a_noun();
        let message = format!("`{}` is {noun}, not a service", name.text);
        let diagnostic = Diagnostic::error(message)
            .at(name.span, "expected a service")
            .at(declared.item.name().span, "defined here");
        self.report(diagnostic);
        None
    }

    fn report_circle(&mut self, item: &ast::Service) {
        let span = item
            .parent
            .as_ref()
            .map_or(item.name.span, |name| name.span);
        let message = format!("service `{}` extends itself", item.name.text);
        let diagnostic = Diagnostic::error(message).at(span, "leads back to the service");
        self.report(diagnostic);
    }

    /// Puts the parent's methods before the service's own. One that repeats an inherited one is
    /// that one: Go takes it as well.
    fn inherit(&mut self, id: ServiceId, parent: ServiceId) {
        let inherited = combine::methods_of(&self.model, parent);
        let service = &mut self.model.schema.services[id.0];
        let extra = &mut self.model.services[id.0];
        let own = std::mem::take(&mut service.methods);
        let own = own.into_iter().zip(std::mem::take(&mut extra.methods));
        let is_new = |own: &Method| !inherited.iter().any(|(first, _)| is_same_call(first, own));
        let own: Vec<_> = own.filter(|(method, _)| is_new(method)).collect();
        let name = service.name.clone();
        let message = |method: &str| format!("service `{name}` inherits a method `{method}`");
        let methods = inherited.into_iter().chain(own);
        let found = combine::fill(&mut self.model, id, methods, message);
        self.diagnostics.extend(found);
    }
}

/// Whether two methods are one on the wire and in Rust's types.
fn is_same_call(first: &Method, second: &Method) -> bool {
    let is_same = |(first, second): (&Field, &Field)| {
        (first.id, &first.kind, first.requiredness)
            == (second.id, &second.kind, second.requiredness)
    };
    let are_same = |first: &[Field], second: &[Field]| {
        first.len() == second.len() && first.iter().zip(second).all(is_same)
    };
    first.name == second.name
        && first.kind == second.kind
        && first.streaming_unary == second.streaming_unary
        && first.result == second.result
        && are_same(&first.arguments, &second.arguments)
        && are_same(&first.throws, &second.throws)
}
