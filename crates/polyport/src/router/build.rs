//! Making the tables, and every check of the services against each other.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use polyport_wire::transport::Codec;

use crate::registration::RegistrationError;
use crate::router::{Alias, Directory, Names, Registered, Router, Rules, Unknown};
use crate::service::{MethodOptions, Reach, ServerOptions, Service, Stack, Uses};

pub(super) fn router(
    mut services: Vec<Service>,
    rules: &Rules,
) -> Result<Router, Vec<RegistrationError>> {
    let errors = mistakes(&services, rules);
    if !errors.is_empty() {
        return Err(errors);
    }
    // The order in which services were added means nothing from here on.
    services.sort_by_cached_key(Service::full_name);
    let mut router = Router {
        thrift: Directory::default(),
        protobuf: Directory::default(),
        combined: services.iter().position(|service| service.combined),
        refuse_nameless: rules.refuse_nameless,
        unknown: rules.unknown.first().map(|endpoint| Unknown {
            endpoint: Arc::clone(endpoint),
            stack: Arc::new(Stack::compose(
                &rules.options,
                &MethodOptions::default(),
                &MethodOptions::default(),
            )),
        }),
        services: Vec::with_capacity(services.len()),
    };
    for (index, service) in services.into_iter().enumerate() {
        add(&mut router, index, with_stacks(service, &rules.options));
    }
    // A service's own name goes before the bare names of others.
    let full_names = router.services.iter().enumerate();
    let full_names: Vec<_> = full_names
        .map(|(index, service)| {
            (
                index,
                service.codec,
                service.reach,
                service.full_name.clone(),
            )
        })
        .collect();
    for (index, codec, reach, full_name) in full_names {
        let directory = directory(&mut router, codec);
        if matches!(reach, Reach::Everywhere | Reach::BuiltInByName) {
            directory.names.insert(full_name.clone(), vec![index]);
        }
        // Most transports carry the bare name. What comes with the server has it if nobody else does.
        if reach == Reach::BuiltInByName {
            let bare = full_name
                .rsplit_once('.')
                .map_or(&*full_name, |(_, bare)| bare);
            let holders = directory.names.entry(bare.to_owned());
            holders.or_insert_with(|| vec![index]);
        }
        directory.grpc_names.insert(full_name, vec![index]);
    }
    Ok(router)
}

/// Puts around each method what the server, the service and the method itself say.
fn with_stacks(mut service: Service, server: &ServerOptions) -> Service {
    let mut methods = std::mem::take(&mut service.methods);
    for method in &mut methods {
        let own = service.options_of(&method.info.method);
        let stack = match service.reach() {
            reach if reach.is_built_in() => Stack::built_in(server),
            _ => Stack::compose(server, &service.options, &own),
        };
        method.stack = Arc::new(stack.present(&service.presence));
    }
    service.methods = methods;
    service
}

fn add(router: &mut Router, index: usize, service: Service) {
    let (full_name, reach) = (service.full_name(), service.reach());
    let Service {
        name,
        codec,
        fallback,
        methods,
        aliases,
        ..
    } = service;
    let directory = directory(router, codec);
    // What comes with the server takes nobody's bare name.
    if !reach.is_built_in() {
        let named = directory.grpc_names.entry(name.clone()).or_default();
        named.push(index);
    }
    if reach == Reach::Everywhere {
        directory.names.entry(name).or_default().push(index);
    }
    if fallback {
        directory.fallback = Some(index);
    }
    let alias = |(name, uses): (String, Uses)| {
        let alias = Alias {
            name: name.clone(),
            service: index,
            uses,
        };
        (name, Arc::new(alias))
    };
    directory.aliases.extend(aliases.into_iter().map(alias));
    let mut table = Names::default();
    for method in methods {
        let name = method.info.method.clone();
        if reach == Reach::Everywhere {
            let holders = directory.methods.entry(name.clone()).or_default();
            holders.push(index);
        }
        table.insert(name, Arc::new(method));
    }
    router.services.push(Registered {
        full_name,
        codec,
        reach,
        methods: table,
    });
}

fn directory(router: &mut Router, codec: Codec) -> &mut Directory {
    match codec {
        Codec::Protobuf => &mut router.protobuf,
        _ => &mut router.thrift,
    }
}

fn mistakes(services: &[Service], rules: &Rules) -> Vec<RegistrationError> {
    let mut errors = Vec::new();
    errors.extend(empty_names(services));
    for codec in [Codec::ThriftBinary, Codec::Protobuf] {
        let of_codec = || {
            services
                .iter()
                .filter(move |service| service.codec == codec)
        };
        errors.extend(several_fallbacks(of_codec()));
        errors.extend(duplicates(of_codec()));
        errors.extend(taken_aliases(&of_codec().collect::<Vec<_>>()));
    }
    errors.extend(services.iter().flat_map(duplicate_methods));
    errors.extend(services.iter().flat_map(missing_methods));
    // What comes with the server is not what it is for.
    let own: Vec<&Service> = services
        .iter()
        .filter(|service| !service.reach().is_built_in())
        .collect();
    if rules.unknown.len() > 1 {
        errors.push(RegistrationError::SeveralUnknown);
    }
    if own.is_empty() && rules.unknown.is_empty() {
        errors.push(RegistrationError::NoService);
    }
    let combined = own.iter().filter(|service| service.combined);
    match combined.min_by_key(|service| service.full_name()) {
        Some(combined) => {
            errors.extend(not_alone(combined, &own));
            if !rules.unknown.is_empty() {
                let combined = combined.full_name();
                errors.push(RegistrationError::CombinedAndUnknown { combined });
            }
        }
        None if rules.refuse_nameless => {}
        None => {
            for codec in [Codec::ThriftBinary, Codec::Protobuf] {
                let guessed = own.iter().copied().filter(|service| {
                    service.codec == codec && service.reach() == Reach::Everywhere
                });
                errors.extend(conflicts(&guessed.collect::<Vec<_>>()));
            }
        }
    }
    errors
}

fn empty_names(services: &[Service]) -> impl Iterator<Item = RegistrationError> {
    services.iter().flat_map(|service| {
        let nameless_service = service.name.is_empty().then(|| "a service".to_owned());
        let nameless_alias = service
            .aliases
            .iter()
            .any(|(alias, _)| alias.is_empty())
            .then(|| format!("an alias of service [{}]", service.full_name()));
        let nameless_method = service
            .methods()
            .any(str::is_empty)
            .then(|| format!("a method of service [{}]", service.full_name()));
        nameless_service
            .into_iter()
            .chain(nameless_method)
            .chain(nameless_alias)
            .map(|what| RegistrationError::EmptyName { what })
    })
}

fn several_fallbacks<'a>(services: impl Iterator<Item = &'a Service>) -> Vec<RegistrationError> {
    let mut fallbacks = services.filter(|service| service.fallback);
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

fn duplicates<'a>(services: impl Iterator<Item = &'a Service>) -> Vec<RegistrationError> {
    repeated(services.map(Service::full_name))
        .into_iter()
        .map(|service| RegistrationError::Duplicate { service })
        .collect()
}

/// The aliases that are names or aliases of other services, or given twice.
fn taken_aliases(services: &[&Service]) -> Vec<RegistrationError> {
    let mut aliases = Vec::new();
    for service in services {
        let given = service
            .aliases
            .iter()
            .map(|(alias, _)| (alias.as_str(), *service));
        aliases.extend(given);
    }
    let mut taken = Vec::new();
    for (index, (alias, service)) in aliases.iter().enumerate() {
        let named = services
            .iter()
            .find(|other| other.name == *alias || other.full_name() == *alias);
        let earlier = || aliases[..index].iter().find(|(other, _)| other == alias);
        let holder = named
            .copied()
            .or_else(|| earlier().map(|(_, holder)| *holder));
        taken.extend(holder.map(|holder| RegistrationError::AliasTaken {
            alias: (*alias).to_owned(),
            service: service.full_name(),
            holder: holder.full_name(),
        }));
    }
    taken
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

/// The methods that options are for and that the service does not have.
fn missing_methods(service: &Service) -> impl Iterator<Item = RegistrationError> {
    let given = service.method_options.iter().map(|(method, _)| method);
    let missing = given.filter(|method| !service.methods().any(|known| known == *method));
    missing.map(|method| RegistrationError::NoSuchMethod {
        service: service.full_name(),
        method: method.clone(),
        closest: closest(method, service.methods()).map(str::to_owned),
    })
}

/// The name that was probably meant.
fn closest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower = |name: &str| name.to_lowercase().replace('_', "");
    let wrong = lower(wrong);
    let allowed = (wrong.len() / 3).max(1);
    names
        .map(|name| (slips(&wrong, &lower(name)), name))
        .filter(|(slips, _)| *slips <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// How many slips of the hand make one name of the other; letters that have changed places are one.
fn slips(wrong: &str, right: &str) -> usize {
    let sorted = |name: &str| {
        let mut letters: Vec<char> = name.chars().collect();
        letters.sort_unstable();
        letters
    };
    match distance(wrong, right) {
        2 if sorted(wrong) == sorted(right) => 1,
        slips => slips,
    }
}

/// How many letters must be put in, left out or replaced to make one of the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, other) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.chars().count()]
}

/// The names that stand more than once, each once.
fn repeated(names: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut seen = HashSet::new();
    names.filter(|name| !seen.insert(name.clone())).collect()
}

fn not_alone(combined: &Service, services: &[&Service]) -> Option<RegistrationError> {
    let mut others: Vec<String> = services
        .iter()
        .filter(|service| !std::ptr::eq(**service, combined))
        .map(|service| service.full_name())
        .collect();
    others.sort();
    (!others.is_empty()).then(|| RegistrationError::NotAlone {
        combined: combined.full_name(),
        others,
    })
}

/// A method in several services needs a fallback service that has it.
fn conflicts(services: &[&Service]) -> Vec<RegistrationError> {
    let fallbacks = services.iter().filter(|service| service.fallback);
    let fallback = fallbacks.map(|service| service.full_name()).min();
    let mut holders: BTreeMap<&str, BTreeMap<String, &Service>> = BTreeMap::new();
    for service in services {
        for method in service.methods() {
            let holders = holders.entry(method).or_default();
            let known = holders.entry(service.full_name()).or_insert(service);
            // One that was added twice is another mistake.
            if service.fallback {
                *known = service;
            }
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
