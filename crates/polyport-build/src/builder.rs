//! The way in: what to generate, from what, to where.

use std::collections::HashSet;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polyport_wire::schema::Schema;
use proc_macro2::TokenStream;
use quote::quote;

use crate::choice::{Choice, ChoiceFor, Choices};
use crate::combine::Combine;
use crate::compare::{Changes, Version, compare};
use crate::diagnostic::{Diagnostic, Report};
use crate::error::Error;
use crate::load::Unit;
use crate::model::{Model, Text};
use crate::outline::Outline;
#[cfg(feature = "protobuf")]
use crate::protobuf;
use crate::resolve::{is_attributes, resolve};
use crate::serving::Serving;
use crate::source::{DescriptorSet, FileId, Sources};
use crate::{emit, load, names, write};

/// Generates Rust for one IDL, from a build script: writes `$OUT_DIR/demo.rs` for `demo.thrift`,
/// and tells cargo to run the script again when a file changes that was read.
///
/// # Errors
///
/// When something is wrong with the IDL or with a file; the error holds all that is wrong.
///
/// # Examples
///
/// ```no_run
/// // build.rs
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     polyport_build::compile("idl/demo.thrift")?;
///     Ok(())
/// }
/// ```
pub fn compile(path: impl AsRef<Path>) -> Result<(), Error> {
    Builder::new().compile(&[path])
}

/// Generates Rust for one or more IDLs, which go into one file: Thrift's (`.thrift`), Protobuf's
/// (`.proto`), or both. A file of more than 64 MiB is refused.
///
/// # Examples
///
/// ```no_run
/// // build.rs
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     polyport_build::Builder::new()
///         .include_dir("idl")
///         .name("demo")
///         .compile(&["idl/orders.thrift", "idl/stock.thrift"])?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    include_dirs: Vec<PathBuf>,
    descriptor_sets: Vec<DescriptorSet>,
    combine: Combine,
    choices: Vec<ChoiceFor>,
    name: Option<String>,
    out_dir: Option<PathBuf>,
    serving: Serving,
}

/// What was generated, not yet written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Generated {
    /// The file's name, such as `demo.rs`.
    pub file_name: String,
    /// The Rust code.
    pub code: String,
    /// The files that were read, in the order in which they were first named.
    pub sources: Vec<PathBuf>,
    /// What is allowed, but probably not meant.
    pub warnings: Report,
}

/// What changed between two versions of an IDL. A change that breaks something says what by its
/// code: the `wire`, so that peers of the two versions no longer understand each other, or the
/// `source`, so that code that uses what is generated has to change.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Comparison {
    /// The changes that break something.
    pub breaking: Report,
    /// All others.
    pub compatible: Report,
}

/// What was read, with everything that is wrong with it.
struct Input {
    sources: Sources,
    units: Vec<Unit>,
    model: Model,
    diagnostics: Vec<Diagnostic>,
}

impl Input {
    /// The same, if nothing is wrong.
    fn into_right(self) -> Result<Self, Error> {
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            let report = Report::new(Arc::new(self.sources), self.diagnostics);
            return Err(Error::new(report));
        }
        Ok(self)
    }
}

impl Builder {
    /// A builder that finds included files beside the including one, and writes to `$OUT_DIR`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also looks for included files in this directory, after those that were given before.
    ///
    /// Protobuf's files are named by their paths from the first of these directories that they are
    /// in, and imported by these names; a file that is in none of them is named without its
    /// directory.
    #[must_use]
    pub fn include_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.include_dirs.push(directory.into());
        self
    }

    /// Also generates for the Protobuf files of a `FileDescriptorSet`, as `protoc
    /// --include_imports --descriptor_set_out` and `buf build` write it: for files that only another
    /// compiler can read, such as those of Protobuf's editions.
    ///
    /// [`combine_service`](Self::combine_service) takes those of its files for given that none of
    /// the others imports.
    #[must_use]
    pub fn descriptor_set(mut self, path: impl Into<PathBuf>) -> Self {
        self.descriptor_sets.push(DescriptorSet {
            path: path.into(),
            encoded: None,
        });
        self
    }

    /// The same for a set that is in memory, such as one that a server gave by reflection; messages
    /// call it `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport_build::Builder;
    ///
    /// // `service Pinger { rpc Ping(google.protobuf.Empty) returns (google.protobuf.Empty); }`
    /// let set = b"\x0a\x68\x0a\x07a.proto\x1a\x1bgoogle/protobuf/empty.proto\x32\x40\
    ///     \x0a\x06Pinger\x12\x36\x0a\x04Ping\x12\x16.google.protobuf.Empty\
    ///     \x1a\x16.google.protobuf.Empty";
    /// let nothing: [&str; 0] = [];
    /// let schema = Builder::new().descriptors("localhost:8888", *set).schema(&nothing)?;
    /// assert_eq!(schema.services[0].methods[0].name, "Ping");
    /// # Ok::<(), polyport_build::Error>(())
    /// ```
    #[must_use]
    pub fn descriptors(mut self, name: impl Into<PathBuf>, encoded: impl Into<Vec<u8>>) -> Self {
        self.descriptor_sets.push(DescriptorSet {
            path: name.into(),
            encoded: Some(encoded.into()),
        });
        self
    }

    /// Also generates a service `CombineService` with all methods of all services of a file, for
    /// each file that is given: as Kitex does with `-combine-service`.
    #[must_use]
    pub fn combine_service(mut self, combine: bool) -> Self {
        self.combine = if combine { Combine::Yes } else { Combine::No };
        self
    }

    /// Keeps the fields that the IDL does not know, in all structs, unions and exceptions that
    /// `path` names: they are decoded, compared, and written behind the known ones.
    ///
    /// Protobuf's messages keep them all or none: `.` is the path for all, and no other is taken.
    #[must_use]
    pub fn keep_unknown_fields(self, path: impl Into<String>) -> Self {
        self.choose(path, Choice::KeepUnknownFields)
    }

    /// Holds every `string` below `path` as `Bytes`, which need not be UTF-8. Protobuf's is always
    /// UTF-8, and a `String`.
    #[must_use]
    pub fn text_as_bytes(self, path: impl Into<String>) -> Self {
        self.choose(path, Choice::Text(Text::Bytes))
    }

    /// Holds every `string` below `path` as `Arc<str>`, which costs nothing to clone. Protobuf's is
    /// always a `String`.
    #[must_use]
    pub fn shared_text(self, path: impl Into<String>) -> Self {
        self.choose(path, Choice::Text(Text::Shared))
    }

    /// Puts the fields that `path` names in boxes. In Protobuf's messages, fields that hold one
    /// message are in boxes always, and no others can be.
    #[must_use]
    pub fn boxed(self, path: impl Into<String>) -> Self {
        self.choose(path, Choice::Boxed)
    }

    /// Puts an attribute before the types that `path` names, such as
    /// `#[derive(serde::Serialize)]`. A `oneof` is a type, too.
    #[must_use]
    pub fn type_attribute(self, path: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.choose(path, Choice::TypeAttribute(attribute.into()))
    }

    /// Puts an attribute before the fields that `path` names, such as `#[serde(skip)]`.
    #[must_use]
    pub fn field_attribute(self, path: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.choose(path, Choice::FieldAttribute(attribute.into()))
    }

    fn choose(mut self, path: impl Into<String>, choice: Choice) -> Self {
        let path = path.into();
        self.choices.push(ChoiceFor { path, choice });
        self
    }

    /// Names the generated file `<name>.rs`; without this the first IDL names it.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Writes to this directory instead of `$OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(directory.into());
        self
    }

    /// Says what the server is made of that has the services of the IDLs, so that
    /// [`compare`](Self::compare) tells of those conflicts alone that it has.
    #[must_use]
    pub fn serving(mut self, serving: Serving) -> Self {
        self.serving = serving;
        self
    }

    /// Generates and writes, and tells cargo which files were read, and what they warn of.
    ///
    /// # Errors
    ///
    /// When something is wrong with an IDL or with a file; the error holds all that is wrong.
    pub fn compile(&self, paths: &[impl AsRef<Path>]) -> Result<(), Error> {
        let generated = self.generate(paths)?;
        for source in &generated.sources {
            println!("cargo::rerun-if-changed={}", source.display());
        }
        for line in generated.warnings.to_string().lines() {
            println!("cargo::warning={line}");
        }
        self.write(&generated)?;
        Ok(())
    }

    /// Generates without writing.
    ///
    /// # Errors
    ///
    /// When something is wrong with an IDL or with a file; the error holds all that is wrong.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let generated = polyport_build::Builder::new().generate(&["idl/demo.thrift"])?;
    /// print!("{}", generated.code);
    /// # Ok::<(), polyport_build::Error>(())
    /// ```
    pub fn generate(&self, paths: &[impl AsRef<Path>]) -> Result<Generated, Error> {
        let roots = owned(paths);
        let Input {
            model,
            sources,
            mut diagnostics,
            ..
        } = self.read(&roots);
        diagnostics.extend(self.name.as_deref().and_then(refuse_name));
        diagnostics.extend(self.choices.iter().filter_map(refuse_attribute));
        let sets = self.descriptor_sets.iter().map(|set| &set.path);
        let roots: Vec<&PathBuf> = roots.iter().chain(sets).collect();
        let mut code = String::new();
        if !diagnostics.iter().any(Diagnostic::is_error) {
            match code_of(&model, &roots) {
                Ok(text) => code = text,
                Err(problem) => diagnostics.push(Diagnostic::error(problem)),
            }
        }
        let sources = Arc::new(sources);
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        let report = Report::new(Arc::clone(&sources), diagnostics);
        if failed {
            return Err(Error::new(report));
        }
        Ok(Generated {
            file_name: format!("{}.rs", self.stem(&roots)),
            code,
            sources: sources.paths().map(Path::to_owned).collect(),
            warnings: report,
        })
    }

    /// What the IDLs say, as data and without code: services, methods and types.
    ///
    /// # Errors
    ///
    /// When something is wrong with an IDL or with a file; the error holds all that is wrong.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let schema = polyport_build::Builder::new().schema(&["idl/demo.thrift"])?;
    /// for service in &schema.services {
    ///     println!("{} has {} methods", service.full_name(), service.methods.len());
    /// }
    /// # Ok::<(), polyport_build::Error>(())
    /// ```
    pub fn schema(&self, paths: &[impl AsRef<Path>]) -> Result<Schema, Error> {
        Ok(self.read(&owned(paths)).into_right()?.model.schema)
    }

    /// The services of the IDLs with the names and types that code uses which implements or calls
    /// them. `root` is the path of the module that includes the generated file.
    ///
    /// # Errors
    ///
    /// When something is wrong with an IDL or with a file; the error holds all that is wrong.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// let builder = polyport_build::Builder::new();
    /// let outline = builder.outline(&["idl/demo.thrift"], "crate::idl")?;
    /// for service in &outline.services {
    ///     println!("impl {}::{} for ...", service.module, service.handler);
    /// }
    /// # Ok::<(), polyport_build::Error>(())
    /// ```
    pub fn outline(&self, paths: &[impl AsRef<Path>], root: &str) -> Result<Outline, Error> {
        let Input {
            model,
            sources,
            diagnostics,
            ..
        } = self.read(&owned(paths)).into_right()?;
        let root = path_of(root)?;
        let services = emit::outline(&model, &names::assign(&model), &root, &sources);
        let sources = Arc::new(sources);
        Ok(Outline {
            schema: model.schema,
            services,
            sources: sources.paths().map(Path::to_owned).collect(),
            warnings: Report::new(sources, diagnostics),
        })
    }

    /// What changed from the `old` IDLs, which are read as `older` says, to those of `paths`, and
    /// whom it breaks.
    ///
    /// # Errors
    ///
    /// When something is wrong with an IDL of either version.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use polyport_build::Builder;
    ///
    /// let comparison =
    ///     Builder::new().compare(&["idl/demo.thrift"], &Builder::new(), &["released/demo.thrift"])?;
    /// assert!(comparison.breaking.is_empty(), "{}", comparison.breaking);
    /// # Ok::<(), polyport_build::Error>(())
    /// ```
    pub fn compare(
        &self,
        paths: &[impl AsRef<Path>],
        older: &Self,
        old: &[impl AsRef<Path>],
    ) -> Result<Comparison, Error> {
        let old = older.read(&owned(old)).into_right()?;
        let new = self.read(&owned(paths)).into_right()?;
        let given = self.given(&owned(paths), &new.sources);
        let mut sources = old.sources;
        let old_files = sources.append(new.sources);
        let Changes {
            breaking,
            compatible,
        } = compare(
            &Version::new(&old.model, &old.units, HashSet::new(), 0),
            &Version::new(&new.model, &new.units, given, old_files),
            &self.serving,
        );
        let sources = Arc::new(sources);
        Ok(Comparison {
            breaking: Report::new(Arc::clone(&sources), breaking),
            compatible: Report::new(sources, compatible),
        })
    }

    /// Those of the files that were named, and not only included.
    fn given(&self, roots: &[PathBuf], sources: &Sources) -> HashSet<FileId> {
        let sets = self.descriptor_sets.iter().map(|set| &set.path);
        let named: Vec<&Path> = roots.iter().chain(sets).map(PathBuf::as_path).collect();
        let files = sources.paths().enumerate();
        files
            .filter(|(_, path)| named.contains(path))
            .map(|(index, _)| FileId(index))
            .collect()
    }

    /// The stages that need no Rust: first Thrift's files, then Protobuf's, all in one model.
    fn read(&self, roots: &[PathBuf]) -> Input {
        let is_proto = |path: &PathBuf| path.extension().is_some_and(|end| end == "proto");
        let (protos, thrifts): (Vec<_>, Vec<_>) = roots.iter().cloned().partition(is_proto);
        let mut sources = Sources::default();
        let (units, mut diagnostics) = load::load(&thrifts, &self.include_dirs, &mut sources);
        let mut choices = Choices::new(&self.choices);
        let (mut model, found) = resolve(&units, self.combine, &mut choices);
        let place = |found: &Diagnostic| found.place().map(|span| (span.file, sources.line(span)));
        // What cannot be read on a line says nothing about names and types on it.
        let unread: HashSet<_> = diagnostics.iter().filter_map(place).collect();
        let is_read = |found: &Diagnostic| place(found).is_none_or(|line| !unread.contains(&line));
        diagnostics.extend(found.into_iter().filter(is_read));
        let found = self.protobuf(&protos, &mut choices, &mut sources, &mut model);
        if !found.iter().any(Diagnostic::is_error) {
            diagnostics.extend(choices.refuse_unused());
        }
        diagnostics.extend(found);
        diagnostics.extend(
            self.include_dirs
                .iter()
                .filter_map(|path| refuse_include_dir(path)),
        );
        if roots.is_empty() && self.descriptor_sets.is_empty() {
            diagnostics.push(Diagnostic::error("there is no IDL to generate from"));
        }
        let mut services = model.schema.services.iter();
        let is_missing = self.combine == Combine::Yes && !services.any(|service| service.combined);
        if is_missing && !diagnostics.iter().any(Diagnostic::is_error) {
            let diagnostic = Diagnostic::error("there is no service to combine")
                .help("a combined service has the methods of the services of the given files");
            diagnostics.push(diagnostic);
        }
        Input {
            sources,
            units,
            model,
            diagnostics,
        }
    }

    /// Writes what was generated, and gives the path of the file.
    ///
    /// A file that holds the same already is left as it is.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, or when there is no directory to write to.
    pub fn write(&self, generated: &Generated) -> Result<PathBuf, Error> {
        let problem = |diagnostic| Error::new(Report::new(Arc::default(), vec![diagnostic]));
        let directory = match &self.out_dir {
            Some(directory) => directory.clone(),
            None => env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| {
                problem(
                    Diagnostic::error("there is no directory to write to")
                        .help("cargo sets `OUT_DIR` for build scripts; elsewhere use `out_dir`"),
                )
            })?,
        };
        let path = directory.join(&generated.file_name);
        write::write(&path, &generated.code).map_err(|error| {
            let message = format!("cannot write `{}`: {error}", path.display());
            problem(Diagnostic::error(message))
        })?;
        Ok(path)
    }

    #[cfg(feature = "protobuf")]
    fn protobuf(
        &self,
        files: &[PathBuf],
        choices: &mut Choices,
        sources: &mut Sources,
        model: &mut Model,
    ) -> Vec<Diagnostic> {
        let request = protobuf::Request {
            files,
            descriptor_sets: &self.descriptor_sets,
            include_dirs: &self.include_dirs,
            combine: self.combine,
        };
        protobuf::add(request, choices, sources, model)
    }

    #[cfg(not(feature = "protobuf"))]
    fn protobuf(
        &self,
        files: &[PathBuf],
        _: &mut Choices,
        _: &mut Sources,
        _: &mut Model,
    ) -> Vec<Diagnostic> {
        let sets = self.descriptor_sets.iter().map(|set| &set.path);
        let files = files.iter().chain(sets);
        let refuse = |file: &PathBuf| {
            let message = format!("cannot read `{}`: Protobuf is left out", file.display());
            Diagnostic::error(message).help("build with the feature `protobuf` of `polyport-build`")
        };
        files.map(refuse).collect()
    }

    fn stem(&self, roots: &[&PathBuf]) -> String {
        let stem = || roots.first().and_then(|root| root.file_stem());
        match &self.name {
            Some(name) => name.clone(),
            None => stem().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

fn owned(paths: &[impl AsRef<Path>]) -> Vec<PathBuf> {
    paths.iter().map(|path| path.as_ref().to_owned()).collect()
}

fn refuse_attribute(of: &ChoiceFor) -> Option<Diagnostic> {
    let (Choice::TypeAttribute(text) | Choice::FieldAttribute(text)) = &of.choice else {
        return None;
    };
    (!is_attributes(text)).then(|| {
        Diagnostic::error(format!("`{text}` is not an attribute"))
            .help("attributes are written as in Rust, such as `#[must_use]`")
    })
}

/// Nothing would be found there, and nobody would know why.
fn refuse_include_dir(directory: &Path) -> Option<Diagnostic> {
    let is_here = directory.as_os_str().is_empty();
    (!is_here && !directory.is_dir()).then(|| {
        let message = format!("there is no include directory `{}`", directory.display());
        Diagnostic::error(message)
    })
}

/// The path of a module, to be followed by names.
fn path_of(root: &str) -> Result<TokenStream, Error> {
    let path = syn::parse_str::<syn::Path>(root).map_err(|_| {
        let problem = Diagnostic::error(format!("`{root}` is not the path of a module"));
        Error::new(Report::new(Arc::default(), vec![problem]))
    })?;
    Ok(quote!(#path::))
}

/// The name is the stem of a file's name, and not a way out of the directory.
fn refuse_name(name: &str) -> Option<Diagnostic> {
    let is_stem = !name.is_empty() && !name.contains(['/', '\\', '\0']);
    (!is_stem).then(|| {
        Diagnostic::error(format!("`{name}` cannot be the name of the generated file"))
            .help("give a name without directories; the directory to write to is given apart")
    })
}

/// The text of the file, or what stands in its way.
fn code_of(model: &Model, roots: &[&PathBuf]) -> Result<String, String> {
    let schema = model
        .schema
        .encode()
        .map_err(|error| format!("the schema cannot be embedded: {error}"))?;
    // Generated code has no way to report it when it cannot read its own schema.
    Schema::decode(&schema).map_err(|error| {
        format!(
            "the types are nested too deep for a schema: {}",
            error.kind()
        )
    })?;
    let names = names::assign(model);
    let tokens = emit::emit(model, &names, &schema);
    let origins: Vec<String> = roots
        .iter()
        .filter_map(|root| root.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    write::format(tokens, &origins)
        .map_err(|error| format!("the generated code is not Rust ({error}); please report this"))
}
