//! `.proto` files and everything that they import, read and checked.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use buffa::Message;
use buffa_descriptor::generated::descriptor::FileDescriptorProto;
use protox::Compiler;
use protox::file::{File, FileResolver, GoogleFileResolver};
use protox::prost::Message as _;

use crate::diagnostic::Diagnostic;
use crate::load::circles;
use crate::protobuf::mistakes::Subject;
use crate::protobuf::places::{ENUM, IMPORT, MESSAGE, NAME, Places, SERVICE};
use crate::protobuf::set::FileSet;
use crate::protobuf::{import_name, is_library, mistakes};
use crate::source::{FileId, Source, Sources, Span};

/// Reads the files and, recursively, what they import, into `set`.
pub(super) fn read(
    roots: &[PathBuf],
    include_dirs: &[PathBuf],
    sources: &mut Sources,
    set: &mut FileSet,
) -> Vec<Diagnostic> {
    let mut reader = Reader {
        directories: include_dirs.to_vec(),
        include_dirs,
        sources,
        files: Vec::new(),
        known: HashMap::new(),
        diagnostics: Vec::new(),
    };
    let names: Vec<(String, &PathBuf)> = roots
        .iter()
        .filter_map(|root| Some((reader.name(root)?, root)))
        .collect();
    reader.directories.push(PathBuf::new());
    for (name, path) in &names {
        reader.root(name, path);
    }
    let mut pending = 0;
    while pending < reader.files.len() {
        reader.follow(pending);
        pending += 1;
    }
    reader.refuse_circles();
    reader.refuse_twice();
    if reader.diagnostics.is_empty() {
        reader.check(names.into_iter().map(|(name, _)| name), set);
    }
    reader.diagnostics
}

struct Reader<'a> {
    include_dirs: &'a [PathBuf],
    /// Where imports are looked for: first the include directories.
    directories: Vec<PathBuf>,
    sources: &'a mut Sources,
    files: Vec<Parsed>,
    /// The places of files in `files`, by their names.
    known: HashMap<String, usize>,
    diagnostics: Vec<Diagnostic>,
}

/// A file that was read, but whose names have no meaning yet.
#[derive(Debug)]
struct Parsed {
    name: String,
    id: FileId,
    /// Where it is, however it is called.
    identity: PathBuf,
    /// None if it could not be parsed.
    file: Option<File>,
    descriptor: FileDescriptorProto,
    /// What it imports: places in the list of files.
    imports: Vec<(usize, Span)>,
}

impl Reader<'_> {
    /// How the file is called where it is imported: by its path from the first include directory
    /// that it is in, or else from its own directory.
    fn name(&mut self, path: &Path) -> Option<String> {
        let absolute = |path: &Path| match path.as_os_str().is_empty() {
            true => fs::canonicalize("."),
            false => fs::canonicalize(path),
        };
        let named = self.include_dirs.iter().find_map(|directory| {
            let found = path.strip_prefix(directory).ok().and_then(import_name);
            found.or_else(|| {
                let (directory, path) = (absolute(directory).ok()?, absolute(path).ok()?);
                import_name(path.strip_prefix(directory).ok()?)
            })
        });
        if named.is_none() {
            let own = path.parent().map(Path::to_owned).unwrap_or_default();
            if !self.directories.contains(&own) {
                self.directories.push(own);
            }
        }
        let name = named.or_else(|| import_name(Path::new(path.file_name()?)));
        if name.is_none() {
            let message = format!("cannot read `{}`: it is not a file's name", path.display());
            self.diagnostics.push(Diagnostic::error(message));
        }
        name
    }

    fn root(&mut self, name: &str, path: &Path) {
        let found = match self.known.get(name) {
            None => self.file(name, path).map(|_| ()),
            Some(known) => {
                let first = &self.files[*known];
                match fs::canonicalize(path).is_ok_and(|path| path == first.identity) {
                    true => Ok(()),
                    false => Err(format!(
                        "`{}` and `{}` are both called `{name}`: give the directory that imports \
                         are relative to as an include directory",
                        self.sources.get(first.id).path.display(),
                        path.display()
                    )),
                }
            }
        };
        if let Err(problem) = found {
            self.diagnostics.push(Diagnostic::error(problem));
        }
    }

    /// Reads a file, or says why it cannot be read.
    fn file(&mut self, name: &str, path: &Path) -> Result<usize, String> {
        let problem = |error| format!("cannot read `{}`: {error}", path.display());
        let identity = fs::canonicalize(path).map_err(problem)?;
        if let Some(other) = self.files.iter().find(|file| file.identity == identity) {
            let other = &other.name;
            return Err(format!(
                "`{}` is both `{other}` and `{name}`: give the directory that imports are \
                 relative to as an include directory",
                path.display()
            ));
        }
        let id = self.sources.add(Source::read(path)?);
        let file = self.parsed(name, id);
        let encoded = file
            .as_ref()
            .map(|file| file.file_descriptor_proto().encode_to_vec());
        let descriptor =
            encoded.and_then(|encoded| FileDescriptorProto::decode_from_slice(&encoded).ok());
        self.known.insert(name.to_owned(), self.files.len());
        self.files.push(Parsed {
            name: name.to_owned(),
            id,
            identity,
            file,
            descriptor: descriptor.unwrap_or_default(),
            imports: Vec::new(),
        });
        Ok(self.files.len() - 1)
    }

    fn parsed(&mut self, name: &str, id: FileId) -> Option<File> {
        let Source { text, not_utf8, .. } = self.sources.get(id);
        if let Some(place) = not_utf8.first() {
            let range = *place..*place + char::REPLACEMENT_CHARACTER.len_utf8();
            let diagnostic = Diagnostic::error("the file is not UTF-8")
                .at(Span::new(id, range), "something else stands here")
                .help("save it as UTF-8");
            self.diagnostics.push(diagnostic);
            return None;
        }
        // Blanks of the same length, so that places stay what they are.
        let blank = text
            .strip_prefix('\u{feff}')
            .map(|text| format!("   {text}"));
        match File::from_source(name, blank.as_deref().unwrap_or(text)) {
            Ok(file) => Some(file),
            Err(error) => {
                let types = &[];
                let file = id;
                let subject = Subject { file, text, types };
                self.diagnostics
                    .extend(mistakes::diagnostics(&error, Some(subject)));
                None
            }
        }
    }

    /// Reads what a file imports.
    fn follow(&mut self, index: usize) {
        let Parsed { id, descriptor, .. } = &self.files[index];
        let places = Places::new(*id, descriptor, self.sources);
        let imports: Vec<(String, Span)> = (0..)
            .zip(&descriptor.dependency)
            .map(|(number, name)| (name.clone(), places.span(&[IMPORT, number])))
            .collect();
        for (name, span) in imports {
            let found = match (self.known.get(&name), self.find(&name)) {
                (Some(known), _) => Ok(*known),
                (None, Some(path)) => self.file(&name, &path),
                (None, None) if GoogleFileResolver::new().open_file(&name).is_ok() => continue,
                (None, None) => {
                    let diagnostic = self.not_found(&name, span);
                    self.diagnostics.push(diagnostic);
                    continue;
                }
            };
            match found {
                Ok(target) => self.files[index].imports.push((target, span)),
                Err(problem) => {
                    let diagnostic = Diagnostic::error(problem).at(span, "imported here");
                    self.diagnostics.push(diagnostic);
                }
            }
        }
    }

    /// The library's files are never looked for: nothing is generated for them.
    fn find(&self, name: &str) -> Option<PathBuf> {
        if is_library(name) {
            return None;
        }
        let paths = self
            .directories
            .iter()
            .map(|directory| directory.join(name));
        paths.into_iter().find(|path| path.is_file())
    }

    fn not_found(&self, name: &str, span: Span) -> Diagnostic {
        let searched: Vec<String> = self
            .directories
            .iter()
            .map(|directory| match directory.as_os_str().is_empty() {
                true => "the working directory".to_owned(),
                false => format!("`{}`", directory.display()),
            })
            .collect();
        Diagnostic::error(format!("cannot find the imported file `{name}`"))
            .at(span, "no such file")
            .help(format!("searched in {}", searched.join(", ")))
    }

    fn refuse_circles(&mut self) {
        let imports = self.files.iter().map(|file| file.imports.clone());
        let found = circles(
            &imports.collect::<Vec<_>>(),
            "files import each other in a circle",
        );
        self.diagnostics.extend(found);
    }

    /// What one file defines another must not: protox knows the place in one of them only.
    fn refuse_twice(&mut self) {
        let mut seen: HashMap<String, Span> = HashMap::new();
        for file in &self.files {
            let places = Places::new(file.id, &file.descriptor, self.sources);
            let package = file.descriptor.package.as_deref().unwrap_or_default();
            for (name, path) in definitions(&file.descriptor) {
                let span = places.span(&[path[0], path[1], NAME]);
                let name = match package.is_empty() {
                    true => name.to_owned(),
                    false => format!("{package}.{name}"),
                };
                let Some(first) = seen.get(&name).copied() else {
                    seen.insert(name, span);
                    continue;
                };
                if first.file == file.id {
                    continue;
                }
                let diagnostic = Diagnostic::error(format!("`{name}` is defined twice"))
                    .at(span, "defined here again")
                    .at(first, "first defined here");
                self.diagnostics.push(diagnostic);
            }
        }
    }

    fn subject<'a>(&'a self, index: usize, types: &'a [&'a str]) -> Subject<'a> {
        let file = self.files[index].id;
        let text = &self.sources.get(file).text;
        Subject { file, text, types }
    }

    /// Gives names their meaning, and takes what came of it into `set`.
    fn check(&mut self, names: impl Iterator<Item = String>, set: &mut FileSet) {
        let files = self.files.iter_mut();
        let files = files.filter_map(|file| Some((file.name.clone(), file.file.take()?)));
        let mut compiler = Compiler::with_file_resolver(Files(files.collect()));
        compiler.include_imports(true).include_source_info(true);
        for name in names {
            if let Err(error) = compiler.open_file(&name) {
                let file = error.file().and_then(|name| self.known.get(name));
                let types = self
                    .files
                    .iter()
                    .flat_map(|file| definitions(&file.descriptor));
                let types: Vec<&str> = types.map(|(name, _)| name).collect();
                let subject = file.map(|index| self.subject(*index, &types));
                let found = mistakes::diagnostics(&error, subject);
                self.diagnostics.extend(found);
            }
            set.roots.insert(name);
        }
        if let Err(problem) = set.add(&compiler.encode_file_descriptor_set()) {
            self.diagnostics.push(Diagnostic::error(problem));
        }
        let files = self.files.iter();
        set.origins
            .extend(files.map(|file| (file.name.clone(), file.id)));
    }
}

/// The names that a file defines at its top, and their paths.
fn definitions(file: &FileDescriptorProto) -> impl Iterator<Item = (&str, [i32; 2])> {
    let messages = file.message_type.iter().map(|item| &item.name).zip(0..);
    let enums = file.enum_type.iter().map(|item| &item.name).zip(0..);
    let services = file.service.iter().map(|item| &item.name).zip(0..);
    let messages = messages.map(|(name, number)| (name, [MESSAGE, number]));
    let enums = enums.map(|(name, number)| (name, [ENUM, number]));
    let services = services.map(|(name, number)| (name, [SERVICE, number]));
    let all = messages.chain(enums).chain(services);
    all.filter_map(|(name, path)| Some((name.as_deref()?, path)))
}

/// The files that were read, for protox.
struct Files(HashMap<String, File>);

impl FileResolver for Files {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.get(name) {
            Some(file) => Ok(file.clone()),
            None => GoogleFileResolver::new().open_file(name),
        }
    }
}
