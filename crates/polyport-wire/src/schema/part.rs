//! A part of a schema: one service, and what it needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Definition, DefinitionId, Field, Method, Schema, Service, Type};

impl Schema {
    /// The schema of one of these services: it, and every definition that its methods reach, in the
    /// same order. Descriptors stay whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport_wire::schema::{Schema, Service};
    ///
    /// let services = vec![Service::new("demo", "One"), Service::new("demo", "Two")];
    /// let schema = Schema { services, ..Schema::default() };
    /// let part = schema.part(&schema.services[1]);
    /// assert_eq!(part.services, [Service::new("demo", "Two")]);
    /// ```
    #[must_use]
    pub fn part(&self, service: &Service) -> Self {
        let places = self.reached(service);
        let kept = |id: &DefinitionId| self.definition(*id).cloned();
        let mut part = Self {
            definitions: places.keys().filter_map(kept).collect(),
            services: vec![service.clone()],
            descriptors: self.descriptors.clone(),
        };
        for definition in &mut part.definitions {
            if let Definition::Struct(definition) = definition {
                moved_fields(&mut definition.fields, &places);
            }
        }
        let methods = part.services.iter_mut().flat_map(|one| &mut one.methods);
        for method in methods {
            moved_fields(&mut method.arguments, &places);
            moved_fields(&mut method.throws, &places);
            if let Some(result) = &mut method.result {
                moved(result, &places);
            }
        }
        part
    }

    /// The definitions that a service's methods reach, each with its place among them.
    fn reached(&self, service: &Service) -> BTreeMap<DefinitionId, DefinitionId> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&Type> = service.methods.iter().flat_map(method_types).collect();
        while let Some(kind) = open.pop() {
            match kind {
                Type::List(element) | Type::Set(element) => open.push(element),
                Type::Map(key, value) => open.extend([&**key, &**value]),
                Type::Defined(id) if reached.insert(*id) => {
                    if let Some(Definition::Struct(definition)) = self.definition(*id) {
                        open.extend(definition.fields.iter().map(|field| &field.kind));
                    }
                }
                _ => {}
            }
        }
        let known = reached
            .into_iter()
            .filter(|id| self.definition(*id).is_some());
        known.zip((0..).map(DefinitionId)).collect()
    }
}

fn method_types(method: &Method) -> impl Iterator<Item = &Type> {
    let fields = method.arguments.iter().chain(&method.throws);
    fields.map(|field| &field.kind).chain(&method.result)
}

fn moved_fields(fields: &mut [Field], places: &BTreeMap<DefinitionId, DefinitionId>) {
    for field in fields {
        moved(&mut field.kind, places);
    }
}

/// What is nowhere before is nowhere behind.
fn moved(kind: &mut Type, places: &BTreeMap<DefinitionId, DefinitionId>) {
    match kind {
        Type::List(element) | Type::Set(element) => moved(element, places),
        Type::Map(key, value) => {
            moved(key, places);
            moved(value, places);
        }
        Type::Defined(id) => *id = places.get(id).copied().unwrap_or(DefinitionId(u32::MAX)),
        _ => {}
    }
}
