//! `polyport check`

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use polyport_build::{Builder, Finding, Location, Report, Severity};
use serde::Serialize;

use crate::args::CheckArgs;
use crate::failure::Failure;

pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    match check(args) {
        Err(Failure::Idl(error)) if args.json => {
            print_json(error.report())?;
            Ok(ExitCode::FAILURE)
        }
        Err(failure) => Err(failure),
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::FAILURE),
    }
}

/// Whether all is well.
fn check(args: &CheckArgs) -> Result<bool, Failure> {
    let builder = with_include_dirs(Builder::new(), &args.include_dirs);
    let generated = builder.generate(&args.files)?;
    print(&generated.warnings, args)?;
    let is_well = args.against.is_empty() || compare(&builder, args)?;
    if is_well && !args.json {
        let what = match args.against.is_empty() {
            true => "no mistakes",
            false => "no mistakes and no breaking changes",
        };
        let files = args.files.len();
        let noun = if files == 1 { "IDL" } else { "IDLs" };
        writeln!(stdout(), "{what} in {files} {noun}")?;
    }
    Ok(is_well)
}

/// Whether nothing breaks.
fn compare(builder: &Builder, args: &CheckArgs) -> Result<bool, Failure> {
    let older = args.against.iter().filter(|path| path.is_dir()).cloned();
    let older = with_include_dirs(Builder::new(), &older.collect::<Vec<_>>());
    let older = with_include_dirs(older, &args.include_dirs);
    let comparison = builder.compare(&args.files, &older, &old_files(args)?)?;
    if args.verbose {
        print(&comparison.compatible, args)?;
    }
    print(&comparison.breaking, args)?;
    Ok(comparison.breaking.is_empty())
}

/// The older versions: files as they are, and of directories the files that are called like those
/// of the new version.
fn old_files(args: &CheckArgs) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for old in &args.against {
        if !old.is_dir() {
            files.push(old.clone());
            continue;
        }
        let found = args.files.iter().filter_map(|file| inside(old, file));
        let before = files.len();
        files.extend(found);
        if files.len() == before {
            let problem = format!("`{}` has none of the IDLs", old.display());
            return Err(Failure::Other(problem));
        }
    }
    Ok(files)
}

/// The file at the same place below a directory, or directly in it.
fn inside(directory: &Path, file: &Path) -> Option<PathBuf> {
    let below = file.is_relative().then(|| directory.join(file));
    let directly = file.file_name().map(|name| directory.join(name));
    let mut candidates = below.into_iter().chain(directly);
    candidates.find(|path| path.is_file())
}

fn with_include_dirs(builder: Builder, directories: &[PathBuf]) -> Builder {
    directories.iter().fold(builder, Builder::include_dir)
}

fn print(report: &Report, args: &CheckArgs) -> Result<(), Failure> {
    if args.json {
        print_json(report)?;
    } else if !report.is_empty() {
        crate::show(report);
    }
    Ok(())
}

/// A line for each diagnostic.
fn print_json(report: &Report) -> Result<(), Failure> {
    let mut out = stdout().lock();
    for finding in report.findings() {
        let json = serde_json::to_string(&line(&finding)).map_err(std::io::Error::from)?;
        writeln!(out, "{json}")?;
    }
    Ok(())
}

/// A diagnostic as JSON has it; the first place stands apart as well.
#[derive(Serialize)]
struct Line<'a> {
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    message: &'a str,
    file: Option<&'a Path>,
    line: Option<usize>,
    column: Option<usize>,
    places: Vec<Place<'a>>,
    help: &'a [String],
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a Path,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    label: &'a str,
}

fn line<'a>(finding: &Finding<'a>) -> Line<'a> {
    let first = finding.places.first();
    Line {
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            _ => "note",
        },
        code: finding.code,
        message: finding.message,
        file: first.map(|place| place.file),
        line: first.map(|place| place.line),
        column: first.map(|place| place.column),
        places: finding.places.iter().map(place).collect(),
        help: finding.help,
    }
}

fn place<'a>(location: &Location<'a>) -> Place<'a> {
    Place {
        file: location.file,
        line: location.line,
        column: location.column,
        end_line: location.end_line,
        end_column: location.end_column,
        label: location.label,
    }
}
