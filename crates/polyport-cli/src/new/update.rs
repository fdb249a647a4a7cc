//! What a project lacks that its IDL has, and what it has that its IDL lacks.

use polyport_build::ServiceOutline;
use syn::Item;

use super::calls;
use super::changes::{Changes, Note};
use super::files::{test, test_name};
use super::handler::Site;
use super::manifest;
use super::nameless::Nameless;
use super::project::{self, Project, create_handler, entries};
use super::registration::{self, Entry, Makers, is_registered};
use super::script;
use super::source::{Insertion, RustFile, segments};
use super::wanted::Wanted;
use crate::args::NewArgs;
use crate::failure::Failure;

/// A service, and what the project's code says about it.
struct Known<'a> {
    service: &'a ServiceOutline,
    /// Its handlers.
    sites: Vec<Site<'a>>,
    is_registered: bool,
    is_wanted: bool,
}

/// Plans what is to be added, and says what the user has to do.
pub(super) fn plan(
    project: &Project,
    args: &NewArgs,
    wanted: &Wanted<'_>,
    changes: &mut Changes,
) -> Result<(), Failure> {
    project.refuse_another_start(args)?;
    let files = project.sources()?;
    let callers = project.callers()?;
    let services = wanted.all.iter();
    let known = services.map(|service| Known::new(service, &files, wanted));
    let known: Vec<Known<'_>> = known.collect();
    changes.replace(script::PATH, project.script.with(&wanted.inputs));
    if !args.service.is_empty() {
        let text = project.read(manifest::PATH)?;
        let text = manifest::with_services(&text, &wanted.names)?;
        changes.replace(manifest::PATH, text);
    }
    let decision = Decision::new(args, wanted, &known, &files)?;
    let entries = new_entries(project, &known, &decision.now);
    for entry in &entries {
        create_handler(entry, changes);
    }
    let mut notes: Vec<Note> = known.iter().flat_map(Known::notes).collect();
    let krate = project.krate()?;
    for file in files.iter().chain(&callers) {
        notes.extend(gone(file, &krate, wanted.all));
        notes.extend(calls::differences(file, wanted.all));
    }
    for file in files.iter().chain(&callers) {
        let mut insertions = methods(file, &known);
        insertions.extend(decision.fallback_marks(file, wanted.all));
        if file.path == registration::PATH {
            let (added, notes) = registration::additions(file, &entries, decision.refuses());
            insertions.extend(added);
            changes.notes(notes);
        }
        if file.path == project::TESTS {
            insertions.extend(tests(file, &entries));
        }
        insertions.sort_by_key(|insertion| insertion.at);
        changes.replace(file.path.clone(), file.with(&insertions));
        let number = |line| file.line_with(line, &insertions);
        let moved = notes.into_iter().map(|note| note.moved(&file.path, number));
        notes = moved.collect();
    }
    changes.notes(notes);
    match args.client {
        true => project.add_client(&wanted.services, changes),
        false => Ok(()),
    }
}

impl<'a> Known<'a> {
    fn new(service: &'a ServiceOutline, files: &'a [RustFile], wanted: &Wanted<'_>) -> Self {
        Self {
            sites: files
                .iter()
                .flat_map(handlers)
                .filter(|(path, site)| {
                    let found = implemented(site.file, path, wanted.all);
                    found.is_some_and(|found| std::ptr::eq(found, service))
                })
                .map(|(_, site)| site)
                .collect(),
            is_registered: files.iter().any(|file| is_registered(file, service)),
            is_wanted: wanted.serves(service),
            service,
        }
    }

    fn is_new(&self) -> bool {
        self.is_wanted && self.sites.is_empty() && !self.is_registered
    }

    /// What the user has to do about it.
    fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = self
            .sites
            .iter()
            .flat_map(|site| site.differences(self.service))
            .collect();
        let name = self.service.description.full_name();
        match self.sites.first() {
            Some(site) if self.is_wanted && !self.is_registered => {
                let message = format!(
                    "`{name}` has a handler, but no server: add `.add({}::new(...))` to yours",
                    registration::server(self.service)
                );
                notes.push(site.note(site.item.impl_token.span, message));
            }
            None if self.is_registered => {
                let message = format!("no handler of `{name}` was found: it may lack methods");
                notes.push(Note::new(message));
            }
            _ => {}
        }
        notes
    }
}

/// What implements a trait in a file: the trait's path, and the place.
fn handlers(file: &RustFile) -> impl Iterator<Item = (Vec<String>, Site<'_>)> {
    file.tree.items.iter().filter_map(move |item| match item {
        Item::Impl(item) => {
            let (path, _) = item.trait_.as_ref()?;
            Some((file.names.expand(segments(path)), Site { file, item }))
        }
        _ => None,
    })
}

/// The service whose trait has this path; of several that may be meant the one that is named in full.
fn implemented<'a>(
    file: &RustFile,
    path: &[String],
    services: &'a [ServiceOutline],
) -> Option<&'a ServiceOutline> {
    let name = |service: &ServiceOutline| format!("{}::{}", service.module, service.handler);
    let may_be = services
        .iter()
        .filter(|service| file.names.lead_to(path, &name(service)));
    let may_be: Vec<&ServiceOutline> = may_be.collect();
    let full = format!("crate::{}", path.join("::"));
    match may_be.as_slice() {
        [service] => Some(service),
        several => several
            .iter()
            .copied()
            .find(|service| name(service) == full),
    }
}

/// Who answers calls that name no service: as the code says, and when all that is new is there.
struct Decision {
    before: Nameless,
    now: Nameless,
}

impl Decision {
    fn new(
        args: &NewArgs,
        wanted: &Wanted<'_>,
        known: &[Known<'_>],
        files: &[RustFile],
    ) -> Result<Self, Failure> {
        let before = Nameless::of_project(wanted.all, files);
        let mut now = before.clone();
        for name in wanted.full_names(&args.fallback)? {
            if !now.fallbacks.contains(&name) {
                now.fallbacks.push(name);
            }
        }
        now.are_refused |= args.refuse_traffic_without_service_name;
        let served = known.iter().filter(|it| it.is_registered || it.is_new());
        let served: Vec<&ServiceOutline> = served.map(|known| known.service).collect();
        if !served.is_empty() {
            now.decide(&served, args)?;
        }
        Ok(Self { before, now })
    }

    /// Whether the server does not refuse such calls yet, but is to do so.
    fn refuses(&self) -> bool {
        self.now.are_refused && !self.before.are_refused
    }

    /// Marks services that are served already as fallbacks.
    fn fallback_marks(&self, file: &RustFile, services: &[ServiceOutline]) -> Vec<Insertion> {
        let makers = Makers::of(file);
        let is_new = |service: &&ServiceOutline| {
            let name = service.description.full_name();
            self.now.fallbacks.contains(&name) && !self.before.fallbacks.contains(&name)
        };
        let calls = services
            .iter()
            .filter(is_new)
            .filter_map(|service| makers.maker(file, service));
        calls
            .map(|(call, _)| Insertion {
                at: file.end(call),
                text: ".fallback()".to_owned(),
            })
            .collect()
    }
}

fn new_entries<'a>(project: &Project, known: &[Known<'a>], nameless: &Nameless) -> Vec<Entry<'a>> {
    let new = known.iter().filter(|known| known.is_new());
    let new: Vec<&ServiceOutline> = new.map(|known| known.service).collect();
    entries(&new, &mut project.modules(), nameless)
}

/// Tests of new services, at the end of the file that has those of the others, if it is still one.
fn tests(file: &RustFile, entries: &[Entry<'_>]) -> Option<Insertion> {
    let has = |name: &str| {
        let mut items = file.tree.items.iter();
        items.any(|item| matches!(item, Item::Fn(function) if function.sig.ident == name))
    };
    let is_imported = |name: &str| file.names.expand([name.to_owned()]).len() > 1;
    if !has("connect") || !is_imported("idl") || !is_imported("Transport") {
        return None;
    }
    let new = entries.iter().filter(|entry| !has(&test_name(entry)));
    let text: String = new
        .filter_map(test)
        .map(|test| format!("\n{test}"))
        .collect();
    let at = file.text.len();
    (!text.is_empty()).then_some(Insertion { at, text })
}

/// The methods that the handlers in a file lack.
fn methods(file: &RustFile, known: &[Known<'_>]) -> Vec<Insertion> {
    let sites = known.iter().flat_map(|known| {
        let sites = known.sites.iter();
        sites.map(|site| (known.service, site))
    });
    sites
        .filter(|(_, site)| std::ptr::eq(site.file, file))
        .filter_map(|(service, site)| site.missing(service))
        .collect()
}

impl Nameless {
    /// What the code of a project decides.
    fn of_project(services: &[ServiceOutline], files: &[RustFile]) -> Self {
        let mut nameless = Self::default();
        for file in files {
            let makers = Makers::of(file);
            nameless.are_refused |= makers.refuse_nameless;
            let fallbacks = services.iter().filter(|service| {
                let maker = makers.maker(file, service);
                maker.is_some_and(|(_, is_fallback)| is_fallback)
            });
            let names = fallbacks.map(|service| service.description.full_name());
            nameless.fallbacks.extend(names);
        }
        nameless
    }
}

/// Handlers, registrations and calls of services that the IDL no longer has.
fn gone(file: &RustFile, krate: &str, services: &[ServiceOutline]) -> Vec<Note> {
    let handlers = handlers(file).filter_map(|(path, site)| {
        let name = in_idl(&path, krate)?;
        let is_gone = implemented(file, &path, services).is_none();
        let message = format!("the IDL has no service `{name}` any more: its handler is left");
        is_gone.then(|| site.note(site.item.impl_token.span, message))
    });
    let made = file.mentions.iter().filter_map(|mention| {
        let (function, path) = mention.path.split_last()?;
        let name = in_idl(path, krate)?;
        let (known, left): (fn(&ServiceOutline) -> String, _) = match function.as_str() {
            "new" if name.ends_with("Server") => (registration::server, "its registration is left"),
            "connect" | "new" if name.ends_with("Client") => (client, "its calls are left"),
            _ => return None,
        };
        let is_there = |service| file.names.lead_to(path, &known(service));
        let is_gone = !services.iter().any(is_there);
        let message = format!("the IDL has no `{name}` any more: {left}");
        is_gone.then(|| Note::at(&file.path, mention.line, message))
    });
    handlers.chain(made).collect()
}

fn client(service: &ServiceOutline) -> String {
    format!("{}::{}", service.module, service.client)
}

/// What a path names among what is generated, from within the package or from outside.
fn in_idl(path: &[String], krate: &str) -> Option<String> {
    let rest = match path {
        [first, rest @ ..] if first == "idl" => rest,
        [first, second, rest @ ..] if first == krate && second == "idl" => rest,
        _ => return None,
    };
    (!rest.is_empty()).then(|| rest.join("::"))
}
