//! `polyport check`

use std::io::{Write, stdout};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use polyport_build::{Builder, Report, Serving, Severity};
use polyport_wire::schema::Service;
use serde::Serialize;

use crate::args::CheckArgs;
use crate::failure::Failure;
use crate::report;
use crate::target::names;

pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let mut verdict = Verdict::new(args);
    match check(args, &mut verdict) {
        Err(Failure::Idl(error)) => verdict.print(error.report(), args.json)?,
        other => other?,
    }
    verdict.ok = verdict.errors == 0 && verdict.breaking.unwrap_or_default() == 0;
    match (args.json, verdict.ok) {
        (true, _) => report::print_line(&verdict)?,
        (false, true) => writeln!(stdout(), "{}", verdict.praise())?,
        (false, false) => {}
    }
    Ok(match verdict.ok {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn check(args: &CheckArgs, verdict: &mut Verdict<'_>) -> Result<(), Failure> {
    let builder = args.descriptors.add_to(args.include_dirs.builder());
    let generated = builder.generate(&args.files)?;
    verdict.print(&generated.warnings, args.json)?;
    if args.against.is_empty() {
        return Ok(());
    }
    let builder = builder.clone().serving(serving(&builder, args)?);
    let old = Old::find(args)?;
    let comparison = builder.compare(&args.files, &old.builder(args), &old.files)?;
    if args.verbose {
        report::print(&comparison.compatible, args.json)?;
    }
    report::print(&comparison.breaking, args.json)?;
    verdict.breaking = Some(comparison.breaking.findings().count());
    Ok(())
}

/// What was found, as JSON has it.
#[derive(Debug, Serialize)]
struct Verdict<'a> {
    ok: bool,
    files: Vec<&'a Path>,
    errors: usize,
    warnings: usize,
    /// How many changes break something, if there was something to compare with.
    breaking: Option<usize>,
}

impl<'a> Verdict<'a> {
    fn new(args: &'a CheckArgs) -> Self {
        let files = args.files.iter().chain(args.descriptors.paths());
        Self {
            ok: false,
            files: files.map(PathBuf::as_path).collect(),
            errors: 0,
            warnings: 0,
            breaking: None,
        }
    }

    /// Prints mistakes and warnings, and counts them.
    fn print(&mut self, found: &Report, json: bool) -> Result<(), Failure> {
        report::print(found, json)?;
        let count = |severity| {
            let findings = found.findings();
            findings.filter(|it| it.severity == severity).count()
        };
        self.errors += count(Severity::Error);
        self.warnings += count(Severity::Warning);
        Ok(())
    }

    fn praise(&self) -> String {
        let what = match self.breaking {
            None => "no mistakes",
            Some(_) => "no mistakes and no breaking changes",
        };
        let count = self.files.len();
        let noun = if count == 1 { "IDL" } else { "IDLs" };
        format!("{what} in {count} {noun}")
    }
}

/// The server for whose calls conflicts are looked for.
fn serving(builder: &Builder, args: &CheckArgs) -> Result<Serving, Failure> {
    let schema = builder.schema(&args.files)?;
    let known: Vec<String> = schema.services.iter().map(Service::full_name).collect();
    let full_names = |named: &[String], known: &[String]| {
        let named = named.iter();
        let found = named.map(|name| names::service(name, known).map(str::to_owned));
        found.collect::<Result<Vec<_>, _>>().map_err(Failure::Usage)
    };
    let typed = &args.serving;
    let services = full_names(&typed.services, &known)?;
    let mut serving = Serving::default();
    serving.refuses_nameless = typed.refuse_traffic_without_service_name;
    serving.services = Some(services).filter(|services| !services.is_empty());
    let served = serving.services.as_ref().unwrap_or(&known);
    serving.fallbacks = full_names(&typed.fallbacks, served)?;
    Ok(serving)
}

/// The older versions.
#[derive(Debug, Default)]
struct Old {
    files: Vec<PathBuf>,
    descriptor_sets: Vec<PathBuf>,
}

impl Old {
    /// Files as they are, and of directories the files that are called like those of the new version.
    fn find(args: &CheckArgs) -> Result<Self, Failure> {
        let mut old = Self::default();
        for path in &args.against {
            if path.is_dir() {
                old.add_inside(path, args)?;
            } else if is_descriptor_set(path, args) {
                old.descriptor_sets.push(path.clone());
            } else {
                old.files.push(path.clone());
            }
        }
        Ok(old)
    }

    fn add_inside(&mut self, directory: &Path, args: &CheckArgs) -> Result<(), Failure> {
        let found = |files: &[PathBuf]| -> Vec<PathBuf> {
            let files = files.iter();
            files.filter_map(|file| inside(directory, file)).collect()
        };
        let (files, sets) = (found(&args.files), found(args.descriptors.paths()));
        if files.is_empty() && sets.is_empty() {
            let problem = format!("`{}` has none of the IDLs", directory.display());
            return Err(Failure::Other(problem));
        }
        self.files.extend(files);
        self.descriptor_sets.extend(sets);
        Ok(())
    }

    /// What reads them.
    fn builder(&self, args: &CheckArgs) -> Builder {
        let directories = args.against.iter().filter(|path| path.is_dir());
        let builder = args.include_dirs.behind(directories.cloned());
        let sets = self.descriptor_sets.iter();
        sets.fold(builder, Builder::descriptor_set)
    }
}

/// Whether an older version is a descriptor set, as a newer one is.
fn is_descriptor_set(path: &Path, args: &CheckArgs) -> bool {
    let is_idl = path
        .extension()
        .is_some_and(|it| it == "thrift" || it == "proto");
    !is_idl && !args.descriptors.paths().is_empty()
}

/// The file at the same place below a directory, or directly in it.
fn inside(directory: &Path, file: &Path) -> Option<PathBuf> {
    let is_below = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let below = file.components().all(is_below);
    let below = below.then(|| directory.join(file));
    let directly = file.file_name().map(|name| directory.join(name));
    let mut candidates = below.into_iter().chain(directly);
    candidates.find(|path| path.is_file() && !is_same(path, file))
}

/// A file compared with itself would never have changed.
fn is_same(one: &Path, other: &Path) -> bool {
    let places = one.canonicalize().ok().zip(other.canonicalize().ok());
    places.is_some_and(|(one, other)| one == other)
}
