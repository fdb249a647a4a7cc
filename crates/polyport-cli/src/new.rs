//! `polyport new`

mod update;
mod project;
mod calls;
mod files;
mod registration;
mod handler;
mod signature;
mod wanted;
mod nameless;
mod idl;
mod script;
mod manifest;
mod changes;
mod source;
mod text;

use std::io::{self, Write, stdout};
use std::process::ExitCode;

use self::changes::Changes;
use self::idl::Copies;
use self::project::Project;
use self::wanted::Wanted;
use crate::args::NewArgs;
use crate::failure::Failure;
use crate::report::print_line;

/// Everything is found out first, then everything is written.
pub(crate) fn run(args: &NewArgs) -> Result<ExitCode, Failure> {
    let project = Project::open(&args.directory)?;
    let copies = copies(args, project.as_ref())?;
    let outline = match args.idl.is_empty() {
        true => idl::outline(&args.directory, &copies.inputs)?,
        false => copies.outline(&args.directory)?,
    };
    let remembered = match &project {
        Some(project) => project.chosen()?,
        None => Vec::new(),
    };
    let wanted = Wanted::new(args, copies.inputs, remembered, &outline.services)?;
    let mut changes = Changes::new(&args.directory);
    match &project {
        Some(project) => {
            for (path, text) in copies.files {
                changes.replace(path, text);
            }
            update::plan(project, args, &wanted, &mut changes)?;
        }
        None => {
            for (path, text) in copies.files {
                changes.create(path, text);
            }
            project::create(args, &wanted, &mut changes)?;
        }
    }
    changes.refuse_others()?;
    if !args.dry_run {
        changes.write()?;
    }
    report(args, project.is_none(), &wanted, &changes)?;
    Ok(ExitCode::SUCCESS)
}

/// What is copied, and what code is generated from.
fn copies(args: &NewArgs, project: Option<&Project>) -> Result<Copies, Failure> {
    let mut before = project
        .map(|project| project.script.inputs.clone())
        .unwrap_or_default();
    match project {
        None if args.idl.is_empty() => {
            let problem = "a new project needs an IDL: give at least one by `--idl`";
            return Err(Failure::Usage(problem.to_owned()));
        }
        _ if args.idl.is_empty() && !args.include_dirs.paths().is_empty() => {
            let problem = "`-I` is for files that are given by `--idl`";
            return Err(Failure::Usage(problem.to_owned()));
        }
        Some(_) if args.combine_service && !before.combine => {
            let problem =
                "the project serves single services: `--combine-service` is for a new one";
            return Err(Failure::Usage(problem.to_owned()));
        }
        _ => before.combine |= args.combine_service,
    }
    match args.idl.is_empty() {
        true => Ok(Copies {
            files: Vec::new(),
            inputs: before,
        }),
        false => Copies::plan(args, &before),
    }
}

fn report(args: &NewArgs, is_new: bool, wanted: &Wanted<'_>, changes: &Changes) -> io::Result<()> {
    if args.json {
        return print_line(&changes.summary(args.dry_run));
    }
    let mut out = stdout().lock();
    changes.print(&mut out)?;
    let directory = &args.directory;
    let services = match wanted.services.len() {
        1 => "1 service".to_owned(),
        count => format!("{count} services"),
    };
    match (is_new, changes.is_empty()) {
        _ if args.dry_run => writeln!(out, "nothing was written")?,
        (true, _) if directory.as_os_str() == "." => writeln!(out, "{services}; now: cargo run")?,
        (true, _) => {
            let directory = directory.display();
            writeln!(out, "{services}; now: cd {directory} && cargo run")?;
        }
        (false, true) => writeln!(out, "{services}, nothing to add")?,
        (false, false) => writeln!(out, "{services}, up to date")?,
    }
    Ok(())
}
