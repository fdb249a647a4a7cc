//! A project: how it is made, and what of it is there.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use polyport_build::ServiceOutline;

use super::changes::{Changes, Note};
use super::files::{Facts, GITIGNORE};
use super::nameless::Nameless;
use super::registration::{self, Entry};
use super::script::{self, Script};
use super::source::{RustFile, without_raw};
use super::wanted::Wanted;
use super::{handler, manifest};
use crate::args::NewArgs;
use crate::failure::Failure;

/// The tests that call each service.
pub(super) const TESTS: &str = "tests/calls.rs";

/// The example of a client.
const CLIENT: &str = "examples/client.rs";

/// A project that is there.
pub(super) struct Project {
    directory: PathBuf,
    pub(super) script: Script,
}

/// Plans a new project.
pub(super) fn create(
    args: &NewArgs,
    wanted: &Wanted<'_>,
    changes: &mut Changes,
) -> Result<(), Failure> {
    if wanted.services.is_empty() {
        let problem = "there is no service to serve: the given IDLs have none of their own";
        return Err(Failure::Other(problem.to_owned()));
    }
    let mut nameless = Nameless {
        fallbacks: wanted.full_names(&args.fallback)?,
        are_refused: args.refuse_traffic_without_service_name,
    };
    nameless.decide(&wanted.services, args)?;
    let entries = entries(&wanted.services, &mut HashSet::new(), &nameless);
    let checkout = args.polyport_path.as_deref().map(checkout).transpose()?;
    let facts = Facts {
        name: &package_name(args)?,
        checkout: checkout.as_deref(),
        entries: &entries,
    };
    let manifest = match wanted.names.as_slice() {
        [] => facts.manifest(),
        names => manifest::with_services(&facts.manifest(), names)?,
    };
    changes.notes(workspace_note(&args.directory)?);
    changes.create(manifest::PATH, manifest);
    changes.create(script::PATH, script::text(&wanted.inputs));
    let services = registration::text(&entries, nameless.are_refused);
    changes.create(registration::PATH, services);
    create_files(&facts, changes);
    if args.client {
        changes.create(CLIENT, facts.client());
    }
    Ok(())
}

fn create_files(facts: &Facts<'_>, changes: &mut Changes) {
    changes.create("src/lib.rs", facts.library());
    changes.create("src/main.rs", facts.main());
    for entry in facts.entries {
        create_handler(entry, changes);
    }
    changes.create(TESTS, facts.tests());
    changes.create("README.md", facts.readme());
    changes.create(".gitignore", GITIGNORE);
}

pub(super) fn create_handler(entry: &Entry<'_>, changes: &mut Changes) {
    let idl = entry.service.file.display().to_string();
    let text = handler::text(entry.service, &entry.handler, &idl);
    changes.create(handler_path(&entry.module), text);
}

fn handler_path(module: &str) -> String {
    format!("src/services/{}.rs", without_raw(module))
}

/// What means something else in the file of a handler.
const NAMES_IN_HANDLERS: [&str; 9] = [
    "Bytes",
    "Context",
    "Err",
    "Result",
    "Sink",
    "Status",
    "Streaming",
    "String",
    "Vec",
];

/// Names handlers and their modules; a name that is taken gets the package before it.
pub(super) fn entries<'a>(
    services: &[&'a ServiceOutline],
    taken: &mut HashSet<String>,
    nameless: &Nameless,
) -> Vec<Entry<'a>> {
    let entry = |service: &&'a ServiceOutline| {
        let full_name = service.description.full_name();
        let package = service.description.package.replace('.', "_").to_lowercase();
        let own = service.types.clone();
        let long = format!("{package}_{}", without_raw(&own));
        let module = if taken.contains(&own) { long } else { own };
        taken.insert(module.clone());
        let handler = match NAMES_IN_HANDLERS.contains(&service.handler.as_str()) {
            true => format!("{}Handler", service.handler),
            false => service.handler.clone(),
        };
        Entry {
            service,
            module,
            handler,
            is_fallback: nameless.fallbacks.contains(&full_name),
        }
    };
    services.iter().map(entry).collect()
}

/// The package's name: what was given, or else the directory's name.
fn package_name(args: &NewArgs) -> Result<String, Failure> {
    let absolute = std::path::absolute(&args.directory)?;
    let absolute = fs::canonicalize(&absolute).unwrap_or(absolute);
    let own = absolute.file_name().unwrap_or_default().to_string_lossy();
    let name = args.name.clone().unwrap_or_else(|| own.into_owned());
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let starts_well = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let is_ident = syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_ok();
    // What else is called so would be meant instead of the package.
    let taken = [
        "polyport", "tokio", "std", "core", "alloc", "test", "services", "idl",
    ];
    let is_taken = taken.contains(&name.as_str());
    if is_taken || !starts_well || !is_ident || !name.chars().all(is_letter) {
        return Err(Failure::Usage(format!(
            "`{name}` cannot be the name of a package: give another one by `--name`"
        )));
    }
    Ok(name)
}

/// Cargo finds the workspace around a directory, and wants to know what the project is to it.
fn workspace_note(directory: &Path) -> Result<Option<Note>, Failure> {
    let directory = std::path::absolute(directory)?;
    let manifests = directory.ancestors().skip(1);
    let mut manifests = manifests.map(|around| around.join(manifest::PATH));
    let workspace = manifests.find(|path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        manifest::is_workspace(&text)
    });
    Ok(workspace.map(|path| {
        Note::new(format!(
            "`{}` is a workspace: the project must be among its `members`, or in its `exclude`",
            path.display()
        ))
    }))
}

/// The directory of a checkout, from wherever the project is.
fn checkout(path: &Path) -> Result<PathBuf, Failure> {
    let has_crate = path.join("crates/polyport/Cargo.toml").is_file();
    match fs::canonicalize(path) {
        Ok(path) if has_crate => Ok(path),
        _ => Err(Failure::Other(format!(
            "`{}` is no checkout of Polyport: it has no `crates/polyport`",
            path.display()
        ))),
    }
}

impl Project {
    /// The project in a directory, if there is one.
    pub(super) fn open(directory: &Path) -> Result<Option<Self>, Failure> {
        let Ok(text) = fs::read_to_string(directory.join(script::PATH)) else {
            return Ok(None);
        };
        if !directory.join(registration::PATH).is_file() {
            return Ok(None);
        }
        let script = Script::parse(text)?.ok_or_else(|| {
            Failure::Other(format!(
                "`{}` does not say what it generates from: it needs \
                 a list of files in `compile`",
                directory.join(script::PATH).display()
            ))
        })?;
        Ok(Some(Self {
            directory: directory.to_owned(),
            script,
        }))
    }

    /// The names of the services that were once wanted.
    pub(super) fn chosen(&self) -> Result<Vec<String>, Failure> {
        manifest::services(&self.read(manifest::PATH)?)
    }

    pub(super) fn read(&self, path: &str) -> Result<String, Failure> {
        let problem = |error| Failure::Other(format!("cannot read `{path}`: {error}"));
        fs::read_to_string(self.directory.join(path)).map_err(problem)
    }

    /// A project that is there keeps its name, and where it takes Polyport from.
    pub(super) fn refuse_another_start(&self, args: &NewArgs) -> Result<(), Failure> {
        let text = self.read(manifest::PATH)?;
        let name = manifest::name(&text)?;
        if args.name.as_ref().is_some_and(|given| *given != name) {
            return Err(Failure::Usage(format!(
                "the project is called `{name}`: `--name` is for a new one; its `{}` says the name",
                manifest::PATH
            )));
        }
        let Some(given) = &args.polyport_path else {
            return Ok(());
        };
        let given = checkout(given)?.join("crates/polyport");
        let own = manifest::polyport_path(&text)?;
        let own = own.and_then(|path| fs::canonicalize(self.directory.join(path)).ok());
        match own.is_some_and(|own| own == given) {
            true => Ok(()),
            false => Err(Failure::Usage(format!(
                "the project takes Polyport from somewhere else: `--polyport-path` is for a new one; \
                 its `{}` says from where",
                manifest::PATH
            ))),
        }
    }

    /// The name by which its tests and examples name it.
    pub(super) fn krate(&self) -> Result<String, Failure> {
        Ok(manifest::name(&self.read(manifest::PATH)?)?.replace('-', "_"))
    }

    /// The Rust files below `src`.
    pub(super) fn sources(&self) -> Result<Vec<RustFile>, Failure> {
        let parse = |path: String| RustFile::parse(path.clone(), self.read(&path)?);
        self.rust_files("src")?.into_iter().map(parse).collect()
    }

    /// Those of tests and examples; one that cannot be read is gone by.
    pub(super) fn callers(&self) -> Result<Vec<RustFile>, Failure> {
        let mut callers = Vec::new();
        for directory in ["tests", "examples", "benches"] {
            if self.directory.join(directory).is_dir() {
                let files = self.rust_files(directory)?.into_iter();
                let parse = |path: String| RustFile::parse(path.clone(), self.read(&path)?);
                callers.extend(files.filter_map(|path| parse(path).ok()));
            }
        }
        Ok(callers)
    }

    fn rust_files(&self, directory: &str) -> Result<Vec<String>, Failure> {
        let mut paths = Vec::new();
        let mut pending = vec![directory.to_owned()];
        while let Some(directory) = pending.pop() {
            for entry in fs::read_dir(self.directory.join(&directory))? {
                let entry = entry?;
                let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
                if entry.file_type()?.is_dir() {
                    pending.push(path);
                } else if path.ends_with(".rs") {
                    paths.push(path);
                }
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// The example of a client, unless there is one.
    pub(super) fn add_client(
        &self,
        services: &[&ServiceOutline],
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        if self.directory.join(CLIENT).exists() {
            return Ok(());
        }
        let facts = Facts {
            name: &manifest::name(&self.read(manifest::PATH)?)?,
            checkout: None,
            entries: &entries(services, &mut HashSet::new(), &Nameless::default()),
        };
        changes.create(CLIENT, facts.client());
        Ok(())
    }

    /// The names of the modules that are there.
    pub(super) fn modules(&self) -> HashSet<String> {
        let entries = fs::read_dir(self.directory.join("src/services"));
        let entries = entries.into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                Some(name.trim_end_matches(".rs").to_owned())
            })
            .collect()
    }
}
