//! Methods of other services in a service: those that it inherits, and those that a combined
//! service is made of.

use std::collections::HashMap;

use polyport_wire::schema::{Method, Service};

use crate::diagnostic::Diagnostic;
use crate::model::{Item, MethodExtra, Model, ModuleId, ServiceExtra, ServiceId};
use crate::source::Span;

/// Whether to make a combined service of the services of each given file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Combine {
    #[default]
    No,
    Yes,
}

/// The name that Kitex gives to a combined service.
pub(crate) const NAME: &str = "CombineService";

/// Adds the combined service of the services of one file, of which there is at least one.
pub(crate) fn combine(model: &mut Model, services: &[ServiceId]) -> Vec<Diagnostic> {
    let Some(first) = services.first() else {
        return Vec::new();
    };
    let ServiceExtra { module, span, .. } = model.services[first.0];
    let Service { package, codec, .. } = &model.schema.services[first.0];
    let combined = Service {
        codec: *codec,
        combined: true,
        docs: format!("All methods of {}.", names(model, services)),
        ..Service::new(package, NAME)
    };
    let mut diagnostics: Vec<Diagnostic> = second(model, module, services).into_iter().collect();
    let id = ServiceId(model.schema.services.len());
    model.schema.services.push(combined);
    model.services.push(ServiceExtra {
        module,
        methods: Vec::new(),
        span,
    });
    model.modules[module.0].items.push(Item::Service(id));
    let methods = services
        .iter()
        .flat_map(|service| methods_of(model, *service));
    let methods: Vec<_> = methods.collect();
    let message = |method: &str| format!("two services to combine have a method `{method}`");
    diagnostics.extend(fill(model, id, methods.into_iter(), message));
    diagnostics
}

/// What to say when something has the combined service's name already.
pub(crate) fn taken(
    model: &Model,
    services: &[ServiceId],
    a_noun: &str,
    place: Span,
) -> Option<Diagnostic> {
    let span = model.services[services.first()?.0].span;
    let diagnostic = Diagnostic::error(format!("{a_noun} is already called `{NAME}`"))
        .at(place, "the combined service has this name")
        .at(span, format!("it is made of {}", names(model, services)))
        .help("rename it, or do without the combined service");
    Some(diagnostic)
}

/// Each file has its own combined service, but files may share a namespace.
fn second(model: &Model, module: ModuleId, services: &[ServiceId]) -> Option<Diagnostic> {
    let own = services.first()?;
    let package = &model.schema.services[own.0].package;
    let mut before = model.schema.services.iter().zip(&model.services);
    let (_, first) = before.find(|(service, extra)| {
        service.combined && (extra.module == module || service.package == *package)
    })?;
    let diagnostic = Diagnostic::error(format!("two files get a service `{NAME}`"))
        .at(
            model.services[own.0].span,
            format!("one is made of {}", names(model, services)),
        )
        .at(first.span, "the other one begins here")
        .help("give the files different namespaces, or combine one of them only");
    Some(diagnostic)
}

fn names(model: &Model, services: &[ServiceId]) -> String {
    let names: Vec<&str> = services
        .iter()
        .map(|id| model.schema.services[id.0].name.as_str())
        .collect();
    names.join(", ")
}

/// The methods of a service, as another service takes them over.
pub(crate) fn methods_of(model: &Model, id: ServiceId) -> Vec<(Method, MethodExtra)> {
    let service = &model.schema.services[id.0];
    let extras = &model.services[id.0].methods;
    let methods = service.methods.iter().zip(extras).enumerate();
    methods
        .map(|(index, (method, extra))| {
            let mut method = method.clone();
            let declared_by = method.declared_by.take();
            method.declared_by = declared_by.or_else(|| Some(service.full_name()));
            let mut extra = extra.clone();
            extra.origin = extra.origin.or(Some((id, index)));
            (method, extra)
        })
        .collect()
}

/// Adds methods to a service. One that comes twice is added once; two of the same name are a
/// mistake.
pub(crate) fn fill(
    model: &mut Model,
    id: ServiceId,
    methods: impl Iterator<Item = (Method, MethodExtra)>,
    message: impl Fn(&str) -> String,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut seen: HashMap<String, MethodExtra> = HashMap::new();
    for (method, extra) in methods {
        if let Some(first) = seen.get(&method.name) {
            if first.origin != extra.origin {
                let by = |extra: &MethodExtra| declarer(model, id, extra);
                let diagnostic = Diagnostic::error(message(&method.name))
                    .at(extra.span, format!("declared by `{}`", by(&extra)))
                    .at(first.span, format!("declared by `{}`", by(first)));
                diagnostics.push(diagnostic);
            }
            continue;
        }
        seen.insert(method.name.clone(), extra.clone());
        model.schema.services[id.0].methods.push(method);
        model.services[id.0].methods.push(extra);
    }
    diagnostics
}

/// The name of the service that declares a method of the service `id`.
fn declarer<'a>(model: &'a Model, id: ServiceId, extra: &MethodExtra) -> &'a str {
    let service = extra.origin.map_or(id, |(service, _)| service);
    &model.schema.services[service.0].name
}
