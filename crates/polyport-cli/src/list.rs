//! `polyport list`

use std::io::{self, Write, stdout};
use std::process::ExitCode;

use tokio::runtime::Builder;

use crate::args::ListArgs;
use crate::failure::Failure;
use crate::report::print_line;
use crate::target::listing::{Listing, MethodEntry, ServiceEntry};
use crate::target::source::Source;
use crate::terminal::{Color, Colors, visible};

pub(crate) fn run(args: &ListArgs) -> Result<ExitCode, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listing = runtime.block_on(async {
        let mut source = Source::open(&args.target()).await?;
        source.listing().await
    })?;
    match args.json {
        true => print_line(&listing)?,
        false => print(&listing, &mut stdout().lock(), Colors::on(&stdout()))?,
    }
    let mut services = listing.services.iter();
    Ok(match services.any(|service| service.problem.is_some()) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn print(listing: &Listing, out: &mut impl Write, colors: Colors) -> io::Result<()> {
    for service in &listing.services {
        print_service(service, out, colors)?;
    }
    if listing.refuses_calls_without_service_name == Some(true) {
        writeln!(out, "calls without a service name are refused")?;
    }
    if listing.has_handler_for_unknown == Some(true) {
        writeln!(
            out,
            "what no service has goes to the handler for unknown ones"
        )?;
    }
    Ok(())
}

fn print_service(service: &ServiceEntry, out: &mut impl Write, colors: Colors) -> io::Result<()> {
    let name = colors.paint(Color::Name, &visible(&service.name));
    let facts = [service.codec.as_str()];
    let facts = facts.into_iter().chain(service.roles.iter().copied());
    let facts = facts.collect::<Vec<_>>().join(", ");
    writeln!(out, "{name}  {}", colors.paint(Color::Dim, &facts))?;
    if !service.aliases.is_empty() {
        writeln!(
            out,
            "  also called {}",
            visible(&service.aliases.join(", "))
        )?;
    }
    if let Some(note) = &service.deprecation {
        writeln!(out, "  deprecated: {}", visible(note))?;
    }
    if let Some(problem) = &service.problem {
        writeln!(out, "  {}", colors.paint(Color::Error, &visible(problem)))?;
    }
    let lengths = service
        .methods
        .iter()
        .map(|method| method.name.chars().count());
    let width = lengths.max().unwrap_or_default();
    for method in &service.methods {
        let line = format!("  {:width$}{}", visible(&method.name), remark(method));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn remark(method: &MethodEntry) -> String {
    let kind = match &*method.kind {
        "unary" => String::new(),
        kind => format!("  {kind}"),
    };
    match &method.deprecation {
        Some(note) => format!("{kind}  deprecated: {}", visible(note)),
        None => kind,
    }
}
