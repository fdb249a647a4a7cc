//! Making the tables, and every check of the services against each other.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::registration::RegistrationError;
use crate::router::{Names, Registered, Router};
use crate::service::Service;

pub(super) fn router(
    mut services: Vec<Service>,
    refuse_nameless: bool,
) -> Result<Router, Vec<RegistrationError>> {
    let errors = mistakes(&services, refuse_nameless);
    if !errors.is_empty() {
        return Err(errors);
    }
    // The order in which services were added means nothing from here on.
    services.sort_by_cached_key(Service::full_name);
    let mut router = Router {
        names: Names::default(),
        methods: Names::default(),
        fallback: services.iter().position(|service| service.fallback),
        combined: services.iter().any(|service| service.combined),
        refuse_nameless,
        services: Vec::with_capacity(services.len()),
    };
    for (index, service) in services.into_iter().enumerate() {
        add(&mut router, index, service);
    }
    // A service's own name goes before the bare names of others.
    for (index, service) in router.services.iter().enumerate() {
        router.names.insert(service.full_name.clone(), vec![index]);
    }
    Ok(router)
}

fn add(router: &mut Router, index: usize, service: Service) {
    let full_name = service.full_name();
    let names = &mut router.names;
    names.entry(service.name).or_default().push(index);
    let mut methods = Names::default();
    for method in service.methods {
        let name = method.info.method.clone();
        let holders = router.methods.entry(name.clone()).or_default();
        holders.push(index);
        methods.insert(name, method);
    }
    router.services.push(Registered { full_name, methods });
}

fn mistakes(services: &[Service], refuse_nameless: bool) -> Vec<RegistrationError> {
    if services.is_empty() {
        return vec![RegistrationError::NoService];
    }
    let mut errors = Vec::new();
    errors.extend(empty_names(services));
    errors.extend(several_fallbacks(services));
    errors.extend(duplicates(services));
    errors.extend(services.iter().flat_map(duplicate_methods));
    let combined = services
        .iter()
        .filter(|service| service.combined)
        .min_by_key(|service| service.full_name());
    match combined {
        Some(combined) => errors.extend(not_alone(combined, services)),
        None if refuse_nameless => {}
        None => errors.extend(conflicts(services)),
    }
    errors
}

fn empty_names(services: &[Service]) -> impl Iterator<Item = RegistrationError> {
    services.iter().flat_map(|service| {
        let nameless_service = service.name.is_empty().then(|| "a service".to_owned());
        let nameless_method = service
            .methods()
            .any(str::is_empty)
            .then(|| format!("a method of service [{}]", service.full_name()));
        nameless_service
            .into_iter()
            .chain(nameless_method)
            .map(|what| RegistrationError::EmptyName { what })
    })
}

fn several_fallbacks(services: &[Service]) -> Vec<RegistrationError> {
    let mut fallbacks = services.iter().filter(|service| service.fallback);
    let Some(first) = fallbacks.next() else {
        return Vec::new();
    };
    fallbacks
        .map(|second| RegistrationError::SeveralFallbacks {
            first: first.full_name(),
            second: second.full_name(),
        })
        .collect()
}

fn duplicates(services: &[Service]) -> Vec<RegistrationError> {
    repeated(services.iter().map(Service::full_name))
        .into_iter()
        .map(|service| RegistrationError::Duplicate { service })
        .collect()
}

fn duplicate_methods(service: &Service) -> Vec<RegistrationError> {
    repeated(service.methods().map(str::to_owned))
        .into_iter()
        .map(|method| RegistrationError::DuplicateMethod {
            service: service.full_name(),
            method,
        })
        .collect()
}

/// The names that stand more than once, each once.
fn repeated(names: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut seen = HashSet::new();
    names.filter(|name| !seen.insert(name.clone())).collect()
}

fn not_alone(combined: &Service, services: &[Service]) -> Option<RegistrationError> {
    let mut others: Vec<String> = services
        .iter()
        .filter(|service| !std::ptr::eq(*service, combined))
        .map(Service::full_name)
        .collect();
    others.sort();
    (!others.is_empty()).then(|| RegistrationError::NotAlone {
        combined: combined.full_name(),
        others,
    })
}

/// A method in several services needs a fallback service that has it.
fn conflicts(services: &[Service]) -> Vec<RegistrationError> {
    let fallbacks = services.iter().filter(|service| service.fallback);
    let fallback = fallbacks.map(Service::full_name).min();
    let mut holders: BTreeMap<&str, BTreeMap<String, &Service>> = BTreeMap::new();
    for service in services {
        for method in service.methods() {
            let holders = holders.entry(method).or_default();
            holders.insert(service.full_name(), service);
        }
    }
    holders
        .into_iter()
        .filter(|(_, holders)| holders.len() > 1)
        .filter(|(_, holders)| !holders.values().any(|service| service.fallback))
        .map(|(method, holders)| RegistrationError::Conflict {
            fallback: fallback.clone(),
            method: method.to_owned(),
            services: holders.into_values().map(Service::full_name).collect(),
        })
        .collect()
}
