//! The combined service: all methods of all services of a file, for clients that name none.

use polyport_wire::schema::Service;

use crate::diagnostic::Diagnostic;
use crate::model::{Item, ServiceExtra, ServiceId};
use crate::resolve::Resolver;
use crate::source::FileId;

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
        self.refuse_taken_name(unit);
        let module = self.scope.namespaces[unit.0].0;
        let span = self.model.services[first.0].span;
        let names: Vec<&str> = services
            .iter()
            .map(|id| self.model.schema.services[id.0].name.as_str())
            .collect();
        let docs = format!("All methods of {}.", names.join(", "));
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

    fn refuse_taken_name(&mut self, unit: FileId) {
        if let Some(taken) = self.find(unit, NAME) {
            let message = format!("a {} is already called `{NAME}`", taken.item.noun());
            let diagnostic = Diagnostic::error(message)
                .at(taken.item.name().span, "the combined service has this name")
                .help("rename it, or do without the combined service");
            self.report(diagnostic);
        }
    }
}
