//! The combined service: all methods of all services of a file, for clients that name none.

use crate::combine;
use crate::model::ServiceId;
use crate::resolve::Resolver;
use crate::resolve::scope::Symbol;
use crate::source::FileId;

impl Resolver<'_> {
    /// Makes a combined service for each file that was named by the user.
    pub(super) fn combine(&mut self) {
        for (index, unit) in self.units.iter().enumerate() {
            if unit.is_root {
                self.combine_file(FileId(index));
            }
        }
    }

    fn combine_file(&mut self, unit: FileId) {
        let services: Vec<ServiceId> = self
            .scope
            .services()
            .enumerate()
            .filter(|(_, (of, _))| *of == unit)
            .map(|(index, _)| ServiceId(index))
            .collect();
        self.refuse_taken_name(unit, &services);
        let found = combine::combine(&mut self.model, &services);
        self.diagnostics.extend(found);
    }

    /// The Rust module must not have the name yet, nor the package have a service of it, whichever
    /// file defines that.
    fn refuse_taken_name(&mut self, unit: FileId, services: &[ServiceId]) {
        let (module, package) = &self.scope.namespaces[unit.0];
        let taken = self.scope.declared.iter().find(|declared| {
            let (other_module, other_package) = &self.scope.namespaces[declared.unit.0];
            let is_service = matches!(declared.symbol, Symbol::Service(_));
            declared.item.name().text == combine::NAME
                && (other_module == module || is_service && other_package == package)
        });
        let found = taken.and_then(|taken| {
            let name = taken.item.name();
            combine::taken(&self.model, services, &taken.item.a_noun(), name.span)
        });
        self.diagnostics.extend(found);
    }
}
