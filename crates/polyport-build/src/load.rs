//! The given files and everything that they include, parsed.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Source, Sources, Span};
use crate::thrift::{self, ast};

/// A parsed file and what its `include`s are. Its number is the one that it has in [`Sources`].
#[derive(Debug)]
pub(crate) struct Unit {
    /// The file's name without `.thrift`: how the files that include it name its definitions.
    pub(crate) stem: String,
    pub(crate) tree: ast::File,
    pub(crate) includes: Vec<Inclusion>,
    /// Whether it was named by the user, and not only included.
    pub(crate) is_root: bool,
}

/// One `include`.
#[derive(Debug)]
pub(crate) struct Inclusion {
    /// How definitions of the included file are named here.
    pub(crate) prefix: String,
    /// The file, unless it could not be read.
    pub(crate) target: Option<FileId>,
    pub(crate) span: Span,
}

/// Reads `roots` and, recursively, what they include. A file that is named in several ways is
/// read once.
pub(crate) fn load(
    roots: &[PathBuf],
    include_dirs: &[PathBuf],
    sources: &mut Sources,
) -> (Vec<Unit>, Vec<Diagnostic>) {
    let mut loader = Loader {
        include_dirs,
        sources,
        units: Vec::new(),
        known: HashMap::new(),
        diagnostics: Vec::new(),
    };
    for root in roots {
        match loader.file(root) {
            Ok(unit) => loader.units[unit.0].is_root = true,
            Err(problem) => loader.diagnostics.push(Diagnostic::error(problem)),
        }
    }
    let mut pending = 0;
    while pending < loader.units.len() {
        loader.follow(FileId(pending));
        pending += 1;
    }
    loader.refuse_circles();
    (loader.units, loader.diagnostics)
}

struct Loader<'a> {
    include_dirs: &'a [PathBuf],
    sources: &'a mut Sources,
    units: Vec<Unit>,
    known: HashMap<PathBuf, FileId>,
    diagnostics: Vec<Diagnostic>,
}

impl Loader<'_> {
    /// The file at `path`, or why it cannot be read.
    fn file(&mut self, path: &Path) -> Result<FileId, String> {
        let problem = |error| format!("cannot read `{}`: {error}", path.display());
        let identity = fs::canonicalize(path).map_err(problem)?;
        if let Some(unit) = self.known.get(&identity) {
            return Ok(*unit);
        }
        let id = self.sources.add(Source::read(path)?);
        let (tree, diagnostics) = thrift::parse(id, self.sources.get(id));
        self.diagnostics.extend(diagnostics);
        self.known.insert(identity, id);
        self.units.push(Unit {
            stem: stem(path),
            tree,
            includes: Vec::new(),
            is_root: false,
        });
        Ok(id)
    }

    /// Reads what a file includes.
    fn follow(&mut self, unit: FileId) {
        let directory = self.sources.get(unit).path.parent().map(Path::to_owned);
        let directory = directory.unwrap_or_default();
        let texts = self.units[unit.0].tree.includes.clone();
        for include in texts {
            let found = self.find(&directory, Path::new(&include.text));
            if let Some(found) = &found {
                self.warn_of_working_directory(&include, &directory, found);
            }
            let target = match found.map(|path| self.file(&path)) {
                Some(Ok(target)) => Some(target),
                Some(Err(problem)) => {
                    let diagnostic = Diagnostic::error(problem).at(include.span, "included here");
                    self.diagnostics.push(diagnostic);
                    None
                }
                None => {
                    let diagnostic = self.not_found(&include, &directory);
                    self.diagnostics.push(diagnostic);
                    None
                }
            };
            self.units[unit.0].includes.push(Inclusion {
                prefix: stem(Path::new(&include.text)),
                target,
                span: include.span,
            });
        }
    }

    /// Beside the including file, in the include directories, in the working directory.
    fn find(&self, directory: &Path, path: &Path) -> Option<PathBuf> {
        let directories = std::iter::once(directory)
            .chain(self.include_dirs.iter().map(PathBuf::as_path))
            .chain(std::iter::once(Path::new("")));
        directories
            .map(|directory| directory.join(path))
            .find(|path| path.is_file())
    }

    /// Kitex would look in the working directory first.
    fn warn_of_working_directory(&mut self, include: &ast::Text, directory: &Path, found: &Path) {
        let first = Path::new(&include.text);
        let is_same = fs::canonicalize(first).ok() == fs::canonicalize(found).ok();
        if !first.is_file() || is_same {
            return;
        }
        let message = format!("there are two files `{}`", include.text);
        let label = match found.parent() == Some(directory) {
            true => "taken from beside this file".to_owned(),
            false => format!("taken from `{}`", found.display()),
        };
        let diagnostic = Diagnostic::warning(message)
            .at(include.span, label)
            .help("Kitex would take the one in the working directory");
        self.diagnostics.push(diagnostic);
    }

    fn not_found(&self, include: &ast::Text, directory: &Path) -> Diagnostic {
        let mut searched = vec![match directory.as_os_str().is_empty() {
            true => "the working directory".to_owned(),
            false => format!("`{}`", directory.display()),
        }];
        let include_dirs = self.include_dirs.iter();
        searched.extend(include_dirs.map(|directory| format!("`{}`", directory.display())));
        Diagnostic::error(format!("cannot find the included file `{}`", include.text))
            .at(include.span, "no such file")
            .help(format!("searched in {}", searched.join(", ")))
    }

    /// As Kitex does; its peers could not read such files.
    fn refuse_circles(&mut self) {
        let targets = |unit: &Unit| {
            let includes = unit.includes.iter();
            includes
                .filter_map(|include| Some((include.target?.0, include.span)))
                .collect()
        };
        let includes: Vec<_> = self.units.iter().map(targets).collect();
        self.diagnostics
            .extend(circles(&includes, "files include each other in a circle"));
    }
}

/// Reports each place that closes a circle; given is what each file includes, and where.
pub(crate) fn circles(includes: &[Vec<(usize, Span)>], message: &str) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut done = vec![false; includes.len()];
    for start in 0..includes.len() {
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((file, next)) = path.pop() {
            let Some((target, span)) = includes[file].get(next) else {
                done[file] = true;
                continue;
            };
            path.push((file, next + 1));
            if path.iter().any(|(file, _)| file == target) {
                diagnostics.push(Diagnostic::error(message).at(*span, "closes the circle"));
            } else if !done[*target] {
                path.push((*target, 0));
            }
        }
    }
    diagnostics
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
