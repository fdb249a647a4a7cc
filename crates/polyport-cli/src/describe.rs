//! `polyport describe`

mod part;
mod json;
mod thrift;
mod protobuf;
mod files;
mod literal;

use std::collections::BTreeSet;
use std::io::{Write, stdout};
use std::process::ExitCode;

use polyport_wire::schema::{Schema, Service};

use crate::args::DescribeArgs;
use crate::describe::part::Part;
use crate::failure::Failure;
use crate::report::print_line;
use crate::target::names::{self, suggestion};
use crate::target::source::Source;

pub(crate) fn run(args: &DescribeArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let parts = runtime.block_on(parts(args))?;
    for (index, part) in parts.iter().enumerate() {
        match args.json {
            true => print_line(&part.json())?,
            false if index > 0 => writeln!(stdout(), "\n{}", part.idl())?,
            false => writeln!(stdout(), "{}", part.idl())?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the user may mean.
enum Symbol<'a> {
    Service(String),
    Method(String, &'a str),
    Type(&'a str),
}

async fn parts(args: &DescribeArgs) -> Result<Vec<Part>, Failure> {
    let mut source = Source::open(&args.target()).await?;
    let services = source.services().await?;
    match Symbol::parse(&args.name, &services).map_err(Failure::Usage)? {
        Symbol::Service(name) => {
            let schema = source.schema(std::slice::from_ref(&name)).await?;
            Ok(of_service(&schema, &name, None))
        }
        Symbol::Method(name, method) => {
            let schema = source.schema(std::slice::from_ref(&name)).await?;
            let known = known_methods(&schema, &name);
            if !known.iter().any(|known| known == method) {
                let suggestion = suggestion(method, &known);
                return Err(Failure::Usage(format!(
                    "service {name} has no method {method}{suggestion}"
                )));
            }
            Ok(of_service(&schema, &name, Some(method)))
        }
        Symbol::Type(name) => {
            let schema = source.schema(&services).await?;
            of_type(&schema, name, &services).map_err(Failure::Usage)
        }
    }
}

impl<'a> Symbol<'a> {
    fn parse(text: &'a str, services: &[String]) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix('.') {
            return Ok(Self::Type(name));
        }
        if let Some((service, method)) = text.strip_prefix('/').unwrap_or(text).rsplit_once('/') {
            let service = names::service(service, services)?;
            return Ok(Self::Method(service.to_owned(), method));
        }
        match names::service(text, services) {
            Ok(service) => Ok(Self::Service(service.to_owned())),
            Err(problem) if is_several(text, services) => Err(problem),
            Err(_) => Ok(Self::Type(text)),
        }
    }
}

fn is_several(name: &str, services: &[String]) -> bool {
    services.iter().any(|full| part::fits(full, name))
}

/// The services of this name: there may be one of each codec.
fn named<'s>(schema: &'s Schema, name: &str) -> impl Iterator<Item = &'s Service> {
    let services = schema.services.iter();
    services.filter(move |service| service.full_name() == name)
}

fn known_methods(schema: &Schema, service: &str) -> Vec<String> {
    let methods = named(schema, service).flat_map(|service| &service.methods);
    methods.map(|method| method.name.clone()).collect()
}

fn of_service(schema: &Schema, name: &str, method: Option<&str>) -> Vec<Part> {
    let has = |service: &&Service| {
        method.is_none_or(|name| service.methods.iter().any(|known| known.name == name))
    };
    let services = named(schema, name).filter(has);
    services
        .map(|service| Part::of_service(schema, service, method))
        .collect()
}

fn of_type(schema: &Schema, name: &str, services: &[String]) -> Result<Vec<Part>, String> {
    let mut parts = Part::of_type(schema, name);
    // Several services may have brought it.
    let mut seen = BTreeSet::new();
    parts.retain(|part| seen.insert(part.idl()));
    match parts.is_empty() {
        false => Ok(parts),
        true => {
            let known: Vec<String> = services
                .iter()
                .cloned()
                .chain(part::type_names(schema))
                .collect();
            Err(format!(
                "there is no service or type {name}{}",
                suggestion(name, &known)
            ))
        }
    }
}
