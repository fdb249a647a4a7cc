//! `polyport check`

use std::io::{Write, stdout};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use polyport_build::Builder;

use crate::args::CheckArgs;
use crate::failure::Failure;
use crate::report;

pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    Ok(match check(args)? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Whether all is well.
fn check(args: &CheckArgs) -> Result<bool, Failure> {
    let builder = args.descriptors.add_to(args.include_dirs.builder());
    let generated = builder.generate(&args.files)?;
    report::print(&generated.warnings, args.json)?;
    let is_well = args.against.is_empty() || compare(&builder, args)?;
    if is_well && !args.json {
        let what = match args.against.is_empty() {
            true => "no mistakes",
            false => "no mistakes and no breaking changes",
        };
        let files = args.files.len() + args.descriptors.paths().len();
        let noun = if files == 1 { "IDL" } else { "IDLs" };
        writeln!(stdout(), "{what} in {files} {noun}")?;
    }
    Ok(is_well)
}

/// Whether nothing breaks.
fn compare(builder: &Builder, args: &CheckArgs) -> Result<bool, Failure> {
    let older = args.against.iter().filter(|path| path.is_dir()).cloned();
    let older = args.include_dirs.behind(older);
    let comparison = builder.compare(&args.files, &older, &old_files(args)?)?;
    if args.verbose {
        report::print(&comparison.compatible, args.json)?;
    }
    report::print(&comparison.breaking, args.json)?;
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
