//! The IDL files of a project: copies in its directory, in which what includes what is found again.

use std::fs;
use std::path::{Component, Path, PathBuf};

use polyport_build::{Builder, Outline};

use super::script::Inputs;
use crate::args::NewArgs;
use crate::failure::Failure;
use crate::report;

/// Where the copies are.
pub(super) const DIRECTORY: &str = "idl";

/// Where generated code stands in the project.
const ROOT: &str = "crate::idl";

/// Files to be copied, and what code is then generated from.
#[derive(Debug)]
pub(super) struct Copies {
    /// Paths below the project's directory, and what is to stand there.
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) inputs: Inputs,
}

/// Reads the files of a project.
pub(super) fn outline(directory: &Path, inputs: &Inputs) -> Result<Outline, Failure> {
    let mut builder = Builder::new().combine_service(inputs.combine);
    for include_dir in &inputs.include_dirs {
        builder = builder.include_dir(directory.join(include_dir));
    }
    let files: Vec<PathBuf> = inputs
        .files
        .iter()
        .map(|file| directory.join(file))
        .collect();
    let mut outline = builder.outline(&files, ROOT)?;
    for service in &mut outline.services {
        if let Ok(file) = service.file.strip_prefix(directory) {
            service.file = file.to_owned();
        }
    }
    Ok(outline)
}

impl Copies {
    /// Plans the copies of the given files and of all that they include. `before` is what the
    /// project is made from already.
    pub(super) fn plan(args: &NewArgs, before: &Inputs) -> Result<Self, Failure> {
        let read = args.include_dirs.builder().outline(&args.idl, ROOT)?;
        report::print(&read.warnings, args.json)?;
        let roots = canonical(&args.idl)?;
        let include_dirs = canonical(args.include_dirs.paths())?;
        let sources = canonical(&read.sources)?;
        let own = fs::canonicalize(args.directory.join(DIRECTORY)).ok();
        let mut layout = Layout::new(&roots, &include_dirs, &sources, own.as_deref());
        let mut copies = Self {
            files: Vec::new(),
            inputs: before.clone(),
        };
        for source in &sources {
            copies
                .files
                .push((layout.place(source)?, read_file(source)?));
        }
        for root in &roots {
            push_new(&mut copies.inputs.files, layout.place(root)?);
        }
        for include_dir in &include_dirs {
            if sources.iter().any(|source| source.starts_with(include_dir)) {
                let directory = layout.place(include_dir)?;
                push_new(&mut copies.inputs.include_dirs, directory);
            }
        }
        Ok(copies)
    }

    /// Reads the files from where they will be, before anything is written there.
    pub(super) fn outline(&self, directory: &Path) -> Result<Outline, Failure> {
        let stage = tempfile::tempdir()?;
        let stage = stage.path();
        copy_all(&directory.join(DIRECTORY), &stage.join(DIRECTORY))?;
        for (path, text) in &self.files {
            let path = stage.join(path);
            fs::create_dir_all(path.parent().unwrap_or(stage))?;
            fs::write(path, text)?;
        }
        outline(stage, &self.inputs).map_err(|failure| match failure {
            Failure::Idl(error) => {
                let prefix = format!("{}{}", stage.display(), std::path::MAIN_SEPARATOR);
                let report = error.to_string().replace(&prefix, "");
                Failure::Other(format!(
                    "the IDLs cannot be read from their copies in `{DIRECTORY}`; give the \
                     directories that includes are relative to by `-I`\n{report}"
                ))
            }
            other => other,
        })
    }
}

/// Where files go. Each directory keeps what is in it together, so that files find each other by the
/// same relative paths.
#[derive(Debug)]
struct Layout {
    /// Directories, and their paths below the copies' directory.
    places: Vec<(PathBuf, PathBuf)>,
}

impl Layout {
    fn new(
        roots: &[PathBuf],
        include_dirs: &[PathBuf],
        sources: &[PathBuf],
        own: Option<&Path>,
    ) -> Self {
        let before = own.and_then(|own| again(roots, own));
        let own = own.map(|own| (own.to_owned(), PathBuf::new()));
        let mut layout = Self {
            places: own.into_iter().collect(),
        };
        let outside = |path: &&PathBuf| !layout.has(path);
        let in_include_dir = |path: &PathBuf| include_dirs.iter().any(|dir| path.starts_with(dir));
        let together = sources
            .iter()
            .filter(outside)
            .filter(|source| roots.contains(source) || !in_include_dir(source));
        let around = together
            .filter_map(|source| source.parent())
            .map(Path::to_owned);
        let around = around.reduce(|first, second| shared(&first, &second));
        if let Some(around) = before.or(around) {
            // Protobuf names files by their paths from an include directory.
            let mut named = include_dirs.iter().filter(|dir| around.starts_with(dir));
            let around = named.next().cloned().unwrap_or(around);
            layout.places.push((around, PathBuf::new()));
        }
        for include_dir in include_dirs {
            layout.add(include_dir);
        }
        layout
    }

    fn has(&self, path: &Path) -> bool {
        let mut places = self.places.iter();
        places.any(|(directory, _)| path.starts_with(directory))
    }

    /// Gives a directory a place of its own, unless it is in one that has.
    fn add(&mut self, directory: &Path) {
        if self.has(directory) {
            return;
        }
        let name = directory.file_name().unwrap_or_default();
        let mut place = PathBuf::from(name);
        while self.places.iter().any(|(_, taken)| *taken == place) {
            place.as_mut_os_string().push("_");
        }
        self.places.push((directory.to_owned(), place));
    }

    /// The place of a file or a directory in the project.
    fn place(&mut self, path: &Path) -> Result<String, Failure> {
        if !self.has(path) {
            self.add(path.parent().unwrap_or(path));
        }
        let found = self.places.iter().find_map(|(directory, place)| {
            let path = path.strip_prefix(directory).ok()?;
            Some(place.join(path))
        });
        let place = found.unwrap_or_default();
        let parts: Option<Vec<&str>> = place
            .components()
            .map(|part| match part {
                Component::Normal(part) => part.to_str(),
                _ => None,
            })
            .collect();
        let Some(parts) = parts else {
            let problem = format!("the name of `{}` is not UTF-8", path.display());
            return Err(Failure::Other(problem));
        };
        Ok([&[DIRECTORY], &parts[..]].concat().join("/"))
    }
}

/// The directory whose files were copied before, if a given file seems to be among them: its copy
/// has the same path, as far as it goes.
fn again(roots: &[PathBuf], own: &Path) -> Option<PathBuf> {
    let copied = |root: &PathBuf| {
        let around = root.ancestors().skip(1).map(Path::to_owned);
        let mut around: Vec<PathBuf> = around.collect();
        around.reverse();
        around.into_iter().find(|around| {
            let path = root.strip_prefix(around);
            path.is_ok_and(|path| own.join(path).is_file())
        })
    };
    roots.iter().find_map(copied)
}

/// The directory that holds both.
fn shared(first: &Path, second: &Path) -> PathBuf {
    let parts = first.components().zip(second.components());
    let same = parts.take_while(|(first, second)| first == second);
    same.map(|(part, _)| part).collect()
}

fn canonical(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let of = |path: &PathBuf| {
        let path = match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        };
        fs::canonicalize(path).map_err(|error| unreadable(path, &error))
    };
    paths.iter().map(of).collect()
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Other(format!("cannot read `{}`: {error}", path.display()))
}

fn push_new(list: &mut Vec<String>, value: String) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// Copies a directory, if it is there.
fn copy_all(from: &Path, to: &Path) -> Result<(), Failure> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_all(&entry.path(), &target)?,
            false => {
                fs::copy(entry.path(), target)?;
            }
        }
    }
    Ok(())
}
