//! Everything that a router says, codec by codec.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write, stdout};

use polyport::router::Router;
use polyport::{Codec, Transport};
use serde::Serialize;

use crate::explain::call::{Outcome, holders};
use crate::explain::setup::{Registration, Setup};
use crate::terminal::{Color, Colors};

/// The routes of a server.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    starts: bool,
    refuses_calls_without_service_name: bool,
    codecs: Vec<CodecTable>,
}

/// The routes of one codec.
#[derive(Debug, Serialize)]
struct CodecTable {
    codec: String,
    fallback: Option<String>,
    combined: Option<String>,
    services: Vec<ServiceLine>,
    names: Vec<NameLine>,
    methods: Vec<MethodLine>,
    #[serde(skip)]
    rule: String,
}

#[derive(Debug, Serialize)]
struct ServiceLine {
    service: String,
    roles: Vec<&'static str>,
    methods: Vec<String>,
}

/// Whom a name reaches.
#[derive(Debug, Serialize)]
struct NameLine {
    name: String,
    outcome: Outcome,
}

/// Whom a method reaches that is called without the name of a service.
#[derive(Debug, Serialize)]
struct MethodLine {
    method: String,
    services: Vec<String>,
    without_service_name: Outcome,
    with_a_name_that_nobody_has: Outcome,
}

/// A name that no service has.
const NOBODY: &str = "?";

impl Table {
    pub(super) fn new(setup: &Setup, router: &Router) -> Self {
        let codecs = setup.codecs().into_iter();
        Self {
            starts: true,
            refuses_calls_without_service_name: setup.refuses_nameless,
            codecs: codecs
                .map(|codec| CodecTable::new(setup, router, codec))
                .collect(),
        }
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for (index, codec) in self.codecs.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            codec.print(out, Colors::on(&stdout()))?;
        }
        Ok(())
    }
}

impl CodecTable {
    fn new(setup: &Setup, router: &Router, codec: Codec) -> Self {
        let mut services: Vec<_> = setup.of_codec(codec).collect();
        services.sort_by_cached_key(|service| service.full_name());
        let name_of = |is: fn(&Registration) -> bool| {
            let mut found = services.iter().filter(|service| is(service));
            found.next().map(|service| service.full_name())
        };
        let methods: BTreeSet<_> = services
            .iter()
            .flat_map(|service| service.methods())
            .collect();
        let mut table = Self {
            codec: codec.to_string(),
            fallback: name_of(|service| service.fallback),
            combined: name_of(|service| service.combined),
            names: names(&services, router, codec),
            services: services
                .iter()
                .map(|service| ServiceLine::new(service))
                .collect(),
            methods: methods
                .into_iter()
                .map(|method| MethodLine::new(setup, router, codec, method))
                .collect(),
            rule: String::new(),
        };
        table.rule = table.rule(setup.refuses_nameless);
        table
    }

    /// What becomes of calls that name no service.
    fn rule(&self, refuses_nameless: bool) -> String {
        let shared = self.methods.iter().filter(|line| line.services.len() > 1);
        match (&self.combined, &self.fallback, shared.count()) {
            (Some(combined), ..) => format!("{combined} answers all calls, whatever they name"),
            _ if refuses_nameless => "calls without a service name are refused".to_owned(),
            (_, Some(fallback), _) => format!(
                "calls without a service name go to the fallback, {fallback}, or to the only service \
                 with the method"
            ),
            (_, None, 0) => {
                "calls without a service name go to the only service with the method, and \
                             no method is in two"
                    .to_owned()
            }
            (_, None, _) => {
                "calls without a service name go to the only service with the method".to_owned()
            }
        }
    }

    fn print(&self, out: &mut impl Write, colors: Colors) -> io::Result<()> {
        let heading = colors.paint(Color::Heading, &self.codec);
        writeln!(out, "{heading}: {}", self.rule)?;
        let services = self.services.iter().map(ServiceLine::cells).collect();
        columns(out, colors, ["service", "methods"], services)?;
        let names = self.names.iter().map(NameLine::cells).collect();
        columns(out, colors, ["name in a call", "answered by"], names)?;
        let methods = self.methods.iter().map(MethodLine::cells).collect();
        let heads = [
            "method",
            "in",
            "without a service name",
            "with a name that nobody has",
        ];
        columns(out, colors, heads, methods)
    }
}

/// The names by which calls can find the services: each with its package and without, and old ones.
fn names(services: &[&Registration], router: &Router, codec: Codec) -> Vec<NameLine> {
    let mut names: BTreeMap<String, &Registration> = BTreeMap::new();
    for service in services {
        let own = [service.full_name(), service.name().to_owned()];
        for name in own.into_iter().chain(service.aliases.iter().cloned()) {
            // The fallback is asked for what it has itself.
            let known = names.entry(name).or_insert(service);
            if service.fallback {
                *known = service;
            }
        }
    }
    let line = |(name, service): (String, &Registration)| {
        let method = service.methods().next()?;
        let transport = match service.grpc_only {
            true => Transport::Grpc,
            false => Transport::TtHeader,
        };
        let explanation = router.explain(transport, codec, Some(&name), method);
        Some(NameLine {
            outcome: Outcome::of(&explanation),
            name,
        })
    };
    names.into_iter().filter_map(line).collect()
}

impl ServiceLine {
    fn new(service: &Registration) -> Self {
        let roles = [
            (service.fallback, "fallback"),
            (service.combined, "combined"),
            (service.grpc_only, "gRPC only"),
        ];
        let roles = roles.into_iter().filter(|(is_it, _)| *is_it);
        Self {
            service: service.full_name(),
            roles: roles.map(|(_, role)| role).collect(),
            methods: service.methods().map(str::to_owned).collect(),
        }
    }

    fn cells(&self) -> [String; 2] {
        let roles = match self.roles.as_slice() {
            [] => String::new(),
            roles => format!(" ({})", roles.join(", ")),
        };
        [
            format!("{}{roles}", self.service),
            self.methods.len().to_string(),
        ]
    }
}

impl NameLine {
    fn cells(&self) -> [String; 2] {
        [self.name.clone(), self.outcome.in_short()]
    }
}

impl MethodLine {
    fn new(setup: &Setup, router: &Router, codec: Codec, method: &str) -> Self {
        let outcome = |name| {
            let explanation = router.explain(Transport::TtHeader, codec, name, method);
            Outcome::of(&explanation)
        };
        Self {
            method: method.to_owned(),
            services: holders(setup, codec, method),
            without_service_name: outcome(None),
            with_a_name_that_nobody_has: outcome(Some(NOBODY)),
        }
    }

    fn cells(&self) -> [String; 4] {
        [
            self.method.clone(),
            self.services.join(", "),
            self.without_service_name.in_short(),
            self.with_a_name_that_nobody_has.in_short(),
        ]
    }
}

/// Writes rows with a head, each column as wide as what is widest in it.
fn columns<const N: usize>(
    out: &mut impl Write,
    colors: Colors,
    heads: [&str; N],
    rows: Vec<[String; N]>,
) -> io::Result<()> {
    let mut widths = heads.map(|head| head.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [String; N]| {
        let cells = cells.iter().zip(widths);
        let padded: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let head = colors.paint(Color::Dim, &line(heads.map(str::to_owned)));
    writeln!(out, "\n  {head}")?;
    for row in rows {
        writeln!(out, "  {}", line(row))?;
    }
    Ok(())
}
