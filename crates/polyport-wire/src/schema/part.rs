//! A part of a schema, one service and what it needs; and several schemas in one.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Definition, DefinitionId, Field, Method, Schema, Service, Type};

/// Where no definition is.
const NOWHERE: DefinitionId = DefinitionId(u32::MAX);

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
        // What was nowhere is nowhere.
        part.lead(|id| places.get(&id).copied().unwrap_or(NOWHERE));
        part
    }

    /// Adds what another schema has; what both have is there twice, the files of descriptors too.
    pub fn append(&mut self, mut other: Self) {
        let behind = u32::try_from(self.definitions.len()).unwrap_or(u32::MAX);
        other.lead(|id| DefinitionId(id.0.saturating_add(behind)));
        self.definitions.append(&mut other.definitions);
        self.services.append(&mut other.services);
        // Sets of files in one another's wake are one set.
        self.descriptors = [&self.descriptors[..], &other.descriptors].concat().into();
    }

    /// Makes every type refer to where its definition stands now.
    fn lead(&mut self, to: impl Fn(DefinitionId) -> DefinitionId) {
        let definitions = self.definitions.iter_mut();
        let structs = definitions.filter_map(|definition| match definition {
            Definition::Struct(definition) => Some(&mut definition.fields),
            Definition::Enum(_) => None,
        });
        let methods = self.services.iter_mut().flat_map(|one| &mut one.methods);
        let (mut fields, mut results): (Vec<&mut Vec<Field>>, Vec<_>) = (structs.collect(), vec![]);
        for method in methods {
            fields.extend([&mut method.arguments, &mut method.throws]);
            results.extend(&mut method.result);
        }
        let kinds = fields.into_iter().flatten().map(|field| &mut field.kind);
        for kind in kinds.chain(results) {
            lead(kind, &to);
        }
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

fn lead(kind: &mut Type, to: &impl Fn(DefinitionId) -> DefinitionId) {
    match kind {
        Type::List(element) | Type::Set(element) => lead(element, to),
        Type::Map(key, value) => {
            lead(key, to);
            lead(value, to);
        }
        Type::Defined(id) => *id = to(*id),
        _ => {}
    }
}
