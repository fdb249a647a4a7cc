//! Which name means what: the definitions of every file, and the modules that they go into.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use polyport_wire::schema::DefinitionId;

use crate::diagnostic::{Diagnostic, closest};
use crate::load::Unit;
use crate::model::{
    Const, ConstId, DefinitionExtra, Item, Module, ModuleId, ServiceId, Traits, Typedef, TypedefId,
};
use crate::resolve::Resolver;
use crate::source::{FileId, Span};
use crate::thrift::ast;

/// What the files define.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    /// In the order of the files and of the items in them.
    pub(super) declared: Vec<Declared<'a>>,
    /// For each file: the place of a name in `declared`.
    names: Vec<HashMap<&'a str, usize>>,
    /// For each file: its namespace for Rust, and the one that tells its services apart.
    pub(super) namespaces: Vec<(ModuleId, String)>,
    /// The names that are not what they must be: where that is reported, and how often it is not.
    wrong: HashMap<(FileId, Wanted, String), (usize, usize)>,
}

/// A definition with its number in the model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declared<'a> {
    pub(super) unit: FileId,
    pub(super) item: &'a ast::Item,
    pub(super) symbol: Symbol,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Symbol {
    Typedef(TypedefId),
    Const(ConstId),
    Definition(DefinitionId),
    Service(ServiceId),
}

/// What a name is looked up as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    Type,
    Const,
    Service,
}

/// What a type may be called that nobody defines.
const BASE_TYPES: [&str; 9] = [
    "bool", "byte", "i8", "i16", "i32", "i64", "double", "string", "binary",
];

impl Wanted {
    fn noun(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Const => "constant",
            Self::Service => "service",
        }
    }

    fn is(self, symbol: Symbol) -> bool {
        let found = match symbol {
            Symbol::Typedef(_) | Symbol::Definition(_) => Self::Type,
            Symbol::Const(_) => Self::Const,
            Symbol::Service(_) => Self::Service,
        };
        self == found
    }
}

impl<'a> Resolver<'a> {
    /// Gives every definition its number and its module, and refuses what stands twice.
    pub(super) fn declare(&mut self) {
        self.model.modules.push(Module {
            name: String::new(),
            parent: None,
            items: Vec::new(),
            package: None,
        });
        let units = self.units;
        for (index, unit) in units.iter().enumerate() {
            let module = self.model.module(&module_path(unit));
            self.scope.names.push(HashMap::new());
            self.scope.namespaces.push((module, package(unit)));
            for item in &unit.tree.items {
                self.declare_item(FileId(index), module, item);
            }
        }
        self.refuse_shared_modules();
    }

    fn declare_item(&mut self, unit: FileId, module: ModuleId, item: &'a ast::Item) {
        let name = item.name();
        let place = self.scope.declared.len();
        match self.scope.names[unit.0].entry(&name.text) {
            Entry::Vacant(entry) => {
                entry.insert(place);
            }
            Entry::Occupied(entry) => {
                let first = self.scope.declared[*entry.get()].item;
                let message = format!("`{}` is defined twice", name.text);
                let diagnostic = Diagnostic::error(message)
                    .at(name.span, format!("this {} has its name", item.noun()))
                    .at(first.name().span, "first defined here");
                return self.report_name(unit, &name.text, Wanted::Type, diagnostic);
            }
        }
        let (symbol, model_item) = self.number(module, item);
        self.model.modules[module.0].items.push(model_item);
        self.scope.declared.push(Declared { unit, item, symbol });
    }

    /// Takes the next number of the item's kind.
    fn number(&mut self, module: ModuleId, item: &ast::Item) -> (Symbol, Item) {
        match item {
            ast::Item::Typedef(typedef) => {
                let id = TypedefId(self.model.typedefs.len());
                self.model.typedefs.push(Typedef {
                    module,
                    name: typedef.name.text.clone(),
                    target: None,
                    docs: typedef.docs.clone(),
                    span: typedef.name.span,
                });
                (Symbol::Typedef(id), Item::Typedef(id))
            }
            ast::Item::Const(constant) => {
                let id = ConstId(self.model.consts.len());
                self.model.consts.push(Const {
                    module,
                    name: constant.name.text.clone(),
                    value: None,
                    docs: constant.docs.clone(),
                });
                (Symbol::Const(id), Item::Const(id))
            }
            ast::Item::Enum(_) | ast::Item::Struct(_) => {
                // More definitions than that do not fit into any memory.
                let id = DefinitionId(u32::try_from(self.model.definitions.len()).unwrap_or(0));
                self.model.definitions.push(DefinitionExtra {
                    module,
                    fields: Vec::new(),
                    traits: Traits::ALL,
                    derives: Vec::new(),
                    attributes: Vec::new(),
                    keeps_unknown: false,
                    incomplete: false,
                });
                (Symbol::Definition(id), Item::Definition(id))
            }
            ast::Item::Service(_) => {
                let id = ServiceId(self.scope.services().count());
                (Symbol::Service(id), Item::Service(id))
            }
        }
    }

    /// The name with its namespace as Rust sees it: `namespace.Name`.
    pub(super) fn full_name(&self, unit: FileId, name: &str) -> String {
        let mut parts = vec![name];
        let mut module = &self.model.modules[self.scope.namespaces[unit.0].0.0];
        while let Some(parent) = module.parent {
            parts.push(&module.name);
            module = &self.model.modules[parent.0];
        }
        parts.reverse();
        parts.join(".")
    }

    /// Two files of one namespace must not define the same name.
    fn refuse_shared_modules(&mut self) {
        let mut seen: HashMap<(usize, &str), &ast::Item> = HashMap::new();
        let mut services: HashMap<(&str, &str), &ast::Item> = HashMap::new();
        let mut diagnostics = Vec::new();
        for declared in &self.scope.declared {
            let (module, package) = &self.scope.namespaces[declared.unit.0];
            let name = declared.item.name();
            if let Some(first) = seen.insert((module.0, &name.text), declared.item) {
                let message = format!("two files of one namespace define `{}`", name.text);
                diagnostics.push(twice(message, name.span, first.name().span).help(
                    "give the files different namespaces: `namespace rs` decides, \
                     then `namespace *`, then `namespace go`",
                ));
            } else if matches!(declared.symbol, Symbol::Service(_))
                && let Some(first) = services.insert((package, &name.text), declared.item)
            {
                let message = format!("two services are called `{package}.{}`", name.text);
                diagnostics.push(twice(message, name.span, first.name().span).help(
                    "give the files different namespaces: `namespace go` decides, \
                     then `namespace *`, then `namespace rs`",
                ));
            }
        }
        self.diagnostics.extend(diagnostics);
    }

    /// What a dotted name means in a file: something of its own, or of a file that it includes.
    ///
    /// `wanted` says what is looked for, for the message when there is nothing of that name.
    pub(super) fn lookup(
        &mut self,
        unit: FileId,
        name: &str,
        span: Span,
        wanted: Wanted,
    ) -> Option<Declared<'a>> {
        let found = self.find(unit, name);
        if let Some(found) = found {
            if let Some(other) = self.second_meaning(unit, name, &found) {
                let message = format!("`{name}` can mean two things");
                let diagnostic = match wanted {
                    Wanted::Const => Diagnostic::error(message),
                    Wanted::Type | Wanted::Service => {
                        Diagnostic::warning(message).help("the first is taken, as Kitex does")
                    }
                };
                self.report(ambiguous(diagnostic, span, [found, other]));
            }
        } else if self.is_surely_missing(unit, name) {
            let diagnostic = self.missing(unit, name, span, wanted);
            self.report_name(unit, name, wanted, diagnostic);
        }
        found
    }

    /// Reports a name that is not what it must be: once in a file, as most probably its definition
    /// is what is wrong.
    pub(super) fn report_name(
        &mut self,
        unit: FileId,
        name: &str,
        wanted: Wanted,
        diagnostic: Diagnostic,
    ) {
        let key = (unit, wanted, name.to_owned());
        if let Some((_, more)) = self.scope.wrong.get_mut(&key) {
            *more += 1;
            return;
        }
        self.scope.wrong.insert(key, (self.diagnostics.len(), 0));
        self.report(diagnostic);
    }

    /// Says of wrong names how often they are used.
    pub(super) fn count_wrong_names(&mut self) {
        for ((_, _, name), (place, more)) in &self.scope.wrong {
            if *more > 0 {
                let times = if *more == 1 { "time" } else { "times" };
                let help = format!("`{name}` is used {more} more {times} in this file");
                let diagnostic = self.diagnostics[*place].clone().help(help);
                self.diagnostics[*place] = diagnostic;
            }
        }
    }

    /// What else a name may mean: files of the same name in different directories may define the
    /// same name.
    pub(super) fn second_meaning(
        &self,
        unit: FileId,
        name: &str,
        found: &Declared<'_>,
    ) -> Option<Declared<'a>> {
        let (prefix, last) = name.rsplit_once('.')?;
        self.included(unit, prefix)
            .filter(|unit| *unit != found.unit)
            .find_map(|unit| self.scope.get(unit, last))
    }

    /// As [`lookup`](Self::lookup), but says nothing.
    pub(super) fn find(&self, unit: FileId, name: &str) -> Option<Declared<'a>> {
        match name.rsplit_once('.') {
            None => self.scope.get(unit, name),
            Some((prefix, name)) => self
                .included(unit, prefix)
                .find_map(|unit| self.scope.get(unit, name)),
        }
    }

    /// The files that go by a prefix.
    fn included(&self, unit: FileId, prefix: &str) -> impl Iterator<Item = FileId> {
        self.units[unit.0]
            .includes
            .iter()
            .filter(move |include| include.prefix == prefix)
            .filter_map(|include| include.target)
    }

    /// Whether a name is missing for no other reason than that nobody defines it.
    fn is_surely_missing(&self, unit: FileId, name: &str) -> bool {
        let is_lost = |unit: FileId, name: &str| {
            let lost = &self.units[unit.0].tree.lost;
            lost.iter().any(|lost| lost == name)
        };
        let Some((prefix, name)) = name.rsplit_once('.') else {
            return !is_lost(unit, name);
        };
        let mut includes = self.units[unit.0].includes.iter();
        let broken_include =
            includes.any(|include| include.prefix == prefix && include.target.is_none());
        // An enum, a file, or a file whose name cannot be read.
        let is_prefix_lost = is_lost(unit, prefix) || is_lost(unit, "include");
        !broken_include
            && !is_prefix_lost
            && !self.included(unit, prefix).any(|unit| is_lost(unit, name))
    }

    fn missing(&self, unit: FileId, name: &str, span: Span, wanted: Wanted) -> Diagnostic {
        let diagnostic = Diagnostic::error(format!("there is no {} `{name}`", wanted.noun()));
        let includes = &self.units[unit.0].includes;
        let own = self.scope.names_of(unit, wanted);
        let Some((prefix, last)) = name.rsplit_once('.') else {
            let elsewhere = includes.iter().find(|include| {
                let target = include.target;
                let found = target.and_then(|target| self.scope.get(target, name));
                found.is_some_and(|found| wanted.is(found.symbol))
            });
            let elsewhere = elsewhere.map(|include| format!("{}.{name}", include.prefix));
            let base = BASE_TYPES.into_iter().filter(|_| wanted == Wanted::Type);
            return diagnostic
                .at(span, "not defined in this file")
                .did_you_mean(
                    elsewhere
                        .as_deref()
                        .or_else(|| closest(name, own.chain(base))),
                );
        };
        if let Some(target) = self.included(unit, prefix).next() {
            let near = closest(last, self.scope.names_of(target, wanted));
            let near = near.map(|near| format!("{prefix}.{near}"));
            return diagnostic
                .at(span, format!("`{prefix}.thrift` does not define it"))
                .did_you_mean(near.as_deref());
        }
        let prefixes = includes.iter().map(|include| include.prefix.as_str());
        let (label, near) = match wanted {
            // It may be an enum's value.
            Wanted::Const => {
                let types = self.scope.names_of(unit, Wanted::Type);
                (
                    "enum or included file",
                    closest(prefix, types.chain(prefixes)),
                )
            }
            _ => ("included file", closest(prefix, prefixes)),
        };
        let near = near.map(|near| format!("{near}.{last}"));
        diagnostic
            .at(span, format!("there is no {label} called `{prefix}`"))
            .did_you_mean(near.as_deref())
    }
}

impl<'a> Scope<'a> {
    fn get(&self, unit: FileId, name: &str) -> Option<Declared<'a>> {
        let place = self.names[unit.0].get(name)?;
        Some(self.declared[*place])
    }

    /// In the order of the file.
    fn names_of(&self, unit: FileId, wanted: Wanted) -> impl Iterator<Item = &'a str> {
        self.declared
            .iter()
            .filter(move |declared| declared.unit == unit && wanted.is(declared.symbol))
            .map(|declared| declared.item.name().text.as_str())
    }

    /// The services, by their numbers.
    pub(super) fn services(&self) -> impl Iterator<Item = (FileId, &'a ast::Service)> {
        self.declared
            .iter()
            .filter_map(|declared| match declared.item {
                ast::Item::Service(service) => Some((declared.unit, service)),
                _ => None,
            })
    }

    /// What tells a file's services apart from those of others.
    pub(super) fn package(&self, unit: FileId) -> &str {
        &self.namespaces[unit.0].1
    }
}

/// Adds both meanings of the name that stands at `span`.
pub(super) fn ambiguous(
    diagnostic: Diagnostic,
    span: Span,
    [first, second]: [Declared<'_>; 2],
) -> Diagnostic {
    diagnostic
        .at(span, "two included files have this name")
        .at(first.item.name().span, "it may be this")
        .at(second.item.name().span, "or this")
}

fn twice(message: String, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error(message)
        .at(second, "defined here again")
        .at(first, "first defined here")
}

fn namespace<'a>(unit: &'a Unit, scopes: [&str; 3]) -> Option<&'a str> {
    scopes.into_iter().find_map(|scope| {
        let namespaces = unit.tree.namespaces.iter();
        let mut of_scope = namespaces.filter(|namespace| namespace.scope == scope);
        of_scope
            .next()
            .map(|namespace| namespace.name.text.as_str())
    })
}

/// The Rust modules that a file's definitions go into.
fn module_path(unit: &Unit) -> Vec<String> {
    match namespace(unit, ["rs", "*", "go"]) {
        Some(dotted) => {
            let parts = dotted.split('.').filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        }
        None => vec![unit.stem.replace('.', "_")],
    }
}

/// What tells the services of a file apart from those of others, as Kitex sees it.
fn package(unit: &Unit) -> String {
    namespace(unit, ["go", "*", "rs"])
        .unwrap_or_default()
        .to_owned()
}
