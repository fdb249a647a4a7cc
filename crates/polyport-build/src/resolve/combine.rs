//! The combined service: all methods of all services of a file, for clients that name none.

use polyport_wire::schema::Service;

use crate::diagnostic::Diagnostic;
use crate::model::{Item, ServiceExtra, ServiceId};
use crate::resolve::Resolver;
use crate::resolve::scope::Symbol;
use crate::source::{FileId, Span};

/// The name that Kitex gives it.
const NAME: &str = "CombineService";

impl Resolver<'_> {
    /// Makes a combined service for each file that was named by the user.
    pub(super) fn combine(&mut self) {
        let mut any = false;
        for (index, unit) in self.units.iter().enumerate() {
            if unit.is_root {
                any |= self.combine_file(FileId(index));
            }
        }
        if !any {
            let diagnostic = Diagnostic::error("there is no service to combine")
                .help("a combined service has the methods of the services of the given files");
            self.report(diagnostic);
        }
    }

    /// Whether the file has services.
    fn combine_file(&mut self, unit: FileId) -> bool {
        let services: Vec<ServiceId> = self
            .scope
            .services()
            .enumerate()
            .filter(|(_, (of, _))| *of == unit)
            .map(|(index, _)| ServiceId(index))
            .collect();
        let Some(first) = services.first() else {
            return false;
        };
        let module = self.scope.namespaces[unit.0].0;
        let span = self.model.services[first.0].span;
        let names: Vec<&str> = services
            .iter()
            .map(|id| self.model.schema.services[id.0].name.as_str())
            .collect();
        let names = names.join(", ");
        self.refuse_taken_name(unit, &names, span);
        self.refuse_second(unit, &names, span);
        let docs = format!("All methods of {names}.");
        let id = ServiceId(self.model.schema.services.len());
        self.model.schema.services.push(Service {
            combined: true,
            docs,
            ..Service::new(self.scope.package(unit), NAME)
        });
        self.model.services.push(ServiceExtra {
            module,
            methods: Vec::new(),
            span,
        });
        self.model.modules[module.0].items.push(Item::Service(id));
        let methods: Vec<_> = services
            .into_iter()
            .flat_map(|service| self.methods_of(service))
            .collect();
        let message = |method: &str| format!("two services to combine have a method `{method}`");
        self.fill(id, methods.into_iter(), message);
        true
    }

    /// The Rust module must not have the name yet, nor the package have a service of it, whichever
    /// file defines that.
    fn refuse_taken_name(&mut self, unit: FileId, combined: &str, span: Span) {
        let (module, package) = &self.scope.namespaces[unit.0];
        let taken = self.scope.declared.iter().find(|declared| {
            let (other_module, other_package) = &self.scope.namespaces[declared.unit.0];
            let is_service = matches!(declared.symbol, Symbol::Service(_));
            declared.item.name().text == NAME
                && (other_module == module || is_service && other_package == package)
        });
        if let Some(taken) = taken {
            let message = format!("{} is already called `{NAME}`", taken.item.a_noun());
            let diagnostic = Diagnostic::error(message)
                .at(taken.item.name().span, "the combined service has this name")
                .at(span, format!("it is made of {combined}"))
                .help("rename it, or do without the combined service");
            self.report(diagnostic);
        }
    }

    /// Each file has its own combined service, but files may share a namespace.
    fn refuse_second(&mut self, unit: FileId, combined: &str, span: Span) {
        let (module, package) = &self.scope.namespaces[unit.0];
        let services = self.model.schema.services.iter().zip(&self.model.services);
        let mut before = services.filter(|(service, _)| service.combined);
        let first = before
            .find(|(service, extra)| extra.module == *module || service.package == *package)
            .map(|(_, extra)| extra.span);
        if let Some(first) = first {
            let diagnostic = Diagnostic::error(format!("two files get a service `{NAME}`"))
                .at(span, format!("one is made of {combined}"))
                .at(first, "the other one begins here")
                .help("give the files different namespaces, or combine one of them only");
            self.report(diagnostic);
        }
    }
}
