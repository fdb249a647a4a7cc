//! IDL names to Rust names.
//!
//! Rust's conventions decide how a name is written. A name that is taken, or that Rust keeps for
//! itself, gets an underscore at its end; where several names of the IDL become one, the one that
//! was written like it in the IDL keeps it, then the one that comes first. Names on the wire are
//! never touched.

mod case;

use std::collections::HashSet;

use polyport_wire::schema::{Definition, Method, Service, StructKind};
use proc_macro2::{Ident, Span};

use crate::model::{Item, Model, ModuleId, index};

/// The Rust name of everything in a [`Model`], in lists of the same order.
#[derive(Debug)]
pub(crate) struct Names {
    /// Where the schema can be reached: the first module holds it, the others lend it.
    pub(crate) schemas: Vec<(ModuleId, Ident)>,
    /// The first, the top of the file, has none that means anything.
    pub(crate) modules: Vec<Ident>,
    pub(crate) definitions: Vec<DefinitionNames>,
    pub(crate) typedefs: Vec<Ident>,
    pub(crate) consts: Vec<Ident>,
    pub(crate) services: Vec<ServiceNames>,
}

#[derive(Debug)]
pub(crate) struct DefinitionNames {
    pub(crate) name: Ident,
    /// The fields of a struct, the variants of a union, the constants of an enum.
    pub(crate) members: Vec<Ident>,
    /// The field or variant for fields that the IDL does not know.
    pub(crate) unknown: Ident,
}

#[derive(Debug)]
pub(crate) struct ServiceNames {
    /// The trait.
    pub(crate) name: Ident,
    pub(crate) server: Ident,
    pub(crate) client: Ident,
    /// The type parameter for a handler that is shared.
    pub(crate) shared: Ident,
    /// Where the types of its methods stand.
    pub(crate) module: Ident,
    pub(crate) methods: Vec<MethodNames>,
}

#[derive(Debug)]
pub(crate) struct MethodNames {
    pub(crate) function: Ident,
    /// The static that describes the method.
    pub(crate) token: Ident,
    /// The struct of its arguments.
    pub(crate) arguments_type: Ident,
    pub(crate) arguments: Vec<Ident>,
    /// The enum of its exceptions.
    pub(crate) error_type: Ident,
    pub(crate) exceptions: Vec<Ident>,
}

/// What a module cannot define itself: generated code uses these without a path.
const PRELUDE: [&str; 20] = [
    "Ok", "Err", "Some", "None", "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128",
    "str", "u8", "u16", "u32", "u64", "usize", "isize",
];

/// Names all that is in a model.
pub(crate) fn assign(model: &Model) -> Names {
    let placeholder = || Ident::new("_unnamed", Span::call_site());
    let mut names = Names {
        schemas: Vec::new(),
        modules: vec![placeholder(); model.modules.len()],
        definitions: model.schema.definitions.iter().map(members).collect(),
        typedefs: vec![placeholder(); model.typedefs.len()],
        consts: vec![placeholder(); model.consts.len()],
        services: model.schema.services.iter().map(service).collect(),
    };
    for module in 0..model.modules.len() {
        name_module(model, ModuleId(module), &mut names);
    }
    names
}

/// Names what stands in a module: first what the IDL names, then what comes from such a name.
fn name_module(model: &Model, id: ModuleId, names: &mut Names) {
    let mut scope = Scope::new(&PRELUDE);
    let children =
        (0..model.modules.len()).filter(|child| model.modules[*child].parent == Some(id));
    let (packages, children): (Vec<usize>, Vec<usize>) =
        children.partition(|child| model.modules[*child].package.is_some());
    for package in packages {
        names.modules[package] = scope.keep(&model.modules[package].name);
    }
    let package = model.modules[id.0].package.iter();
    for name in package.flat_map(|package| &package.taken) {
        scope.keep(name);
    }
    name_items(model, id, &children, names, &mut scope);
    if model.schema_modules().any(|module| module == id) {
        names.schemas.push((id, scope.take("SCHEMA")));
    }
    name_parts_of_services(model, id, names, &mut scope);
}

/// Names what has a name of its own in the IDL.
fn name_items(
    model: &Model,
    id: ModuleId,
    children: &[usize],
    names: &mut Names,
    scope: &mut Scope,
) {
    let items = &model.modules[id.0].items;
    let mut wishes: Vec<Wish<'_>> = children
        .iter()
        .map(|child| Wish::new(&model.modules[*child].name, case::snake))
        .collect();
    wishes.extend(items.iter().map(|item| wish(model, *item)));
    let mut idents = scope.take_all(&wishes).into_iter();
    for child in children {
        names.modules[*child] = idents.next().unwrap_or_else(|| scope.take("module"));
    }
    for (item, ident) in items.iter().zip(idents) {
        match item {
            Item::Typedef(id) => names.typedefs[id.0] = ident,
            Item::Const(id) => names.consts[id.0] = ident,
            Item::Definition(id) => names.definitions[index(*id)].name = ident,
            Item::Service(id) => names.services[id.0].name = ident,
        }
    }
}

/// Names what is generated for a service beside its trait.
fn name_parts_of_services(model: &Model, id: ModuleId, names: &mut Names, scope: &mut Scope) {
    let items = model.modules[id.0].items.iter();
    let services = items.filter_map(|item| match item {
        Item::Service(id) => Some(id.0),
        _ => None,
    });
    for service in services.clone() {
        let name = &model.schema.services[service].name;
        let names = &mut names.services[service];
        names.server = scope.take(&case::camel_with(name, "Server"));
        names.client = scope.take(&case::camel_with(name, "Client"));
        names.module = scope.take(&case::snake(name));
    }
    let shared = scope.take("T");
    for service in services {
        names.services[service].shared = shared.clone();
    }
}

fn wish(model: &Model, item: Item) -> Wish<'_> {
    match item {
        Item::Typedef(id) => Wish::new(&model.typedefs[id.0].name, case::camel),
        Item::Const(id) => Wish::new(&model.consts[id.0].name, case::screaming),
        Item::Service(id) => Wish::new(&model.schema.services[id.0].name, case::camel),
        Item::Definition(id) => {
            let name = match model.definition(id) {
                Definition::Struct(definition) => &definition.name,
                Definition::Enum(definition) => &definition.name,
                _ => "Unknown",
            };
            Wish::new(name, case::camel)
        }
    }
}

/// The names inside of a definition; its own is found with those of its module.
fn members(definition: &Definition) -> DefinitionNames {
    let mut unknown = ident("_unnamed");
    let members = match definition {
        Definition::Struct(definition) => {
            let names = definition.fields.iter().map(|field| field.name.as_str());
            let is_union = definition.kind == StructKind::Union;
            let mut scope = Scope::new(if is_union { &["Unset"] } else { &[] });
            let (convert, wanted): (fn(&str) -> String, _) = match is_union {
                true => (case::camel, "Unknown"),
                false => (case::snake, "unknown_fields"),
            };
            let members = scope.all(names, convert);
            unknown = scope.take(wanted);
            members
        }
        Definition::Enum(definition) => {
            let names = definition.values.iter().map(|value| value.name.as_str());
            Scope::new(&[]).all(names, case::screaming)
        }
        _ => Vec::new(),
    };
    DefinitionNames {
        name: ident("_unnamed"),
        members,
        unknown,
    }
}

/// The names inside of a service; its own are found with those of its module.
fn service(service: &Service) -> ServiceNames {
    let names = || service.methods.iter().map(|method| method.name.as_str());
    // The client has these two of its own.
    let functions = Scope::new(&["new", "connect"]).all(names(), case::snake);
    let mut module = Scope::new(&PRELUDE);
    let tokens = module.all(names(), case::screaming);
    let methods = service
        .methods
        .iter()
        .zip(functions.into_iter().zip(tokens));
    let methods = methods
        .map(|(method, (function, token))| MethodNames {
            function,
            token,
            arguments_type: module.take(&case::camel_with(&method.name, "Args")),
            arguments: arguments(method),
            error_type: module.take(&case::camel_with(&method.name, "Error")),
            exceptions: exceptions(method),
        })
        .collect();
    ServiceNames {
        name: ident("_unnamed"),
        server: ident("_unnamed"),
        client: ident("_unnamed"),
        shared: ident("_unnamed"),
        module: ident("_unnamed"),
        methods,
    }
}

fn arguments(method: &Method) -> Vec<Ident> {
    let names = method.arguments.iter().map(|field| field.name.as_str());
    let reserved: &[&str] = match method.kind.is_streaming() {
        true => &["cx", "input", "output"],
        false => &["cx"],
    };
    Scope::new(reserved).all(names, case::snake)
}

fn exceptions(method: &Method) -> Vec<Ident> {
    let names = method.throws.iter().map(|field| field.name.as_str());
    Scope::new(&["Status"]).all(names, case::camel)
}

/// A name of the IDL, and how Rust writes such names.
struct Wish<'a> {
    written: &'a str,
    wanted: String,
}

impl<'a> Wish<'a> {
    fn new(written: &'a str, convert: impl Fn(&str) -> String) -> Self {
        Self {
            written,
            wanted: convert(written),
        }
    }
}

/// The names that are taken where others are given.
pub(crate) struct Scope {
    taken: HashSet<String>,
}

impl Scope {
    pub(crate) fn new(reserved: &[&str]) -> Self {
        Self {
            taken: reserved.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The name, or the next free one like it.
    pub(crate) fn take(&mut self, wanted: &str) -> Ident {
        let mut name = wanted.to_owned();
        while is_unspeakable(&name) || !self.taken.insert(name.clone()) {
            name.push('_');
        }
        ident(&name)
    }

    /// Exactly this name, which others must keep clear of.
    fn keep(&mut self, name: &str) -> Ident {
        let mut name = name.to_owned();
        if is_unspeakable(&name) {
            name.push('_');
        }
        self.taken.insert(name.clone());
        ident(&name)
    }

    /// The name of something else, or the next free one like it.
    pub(crate) fn take_like(&mut self, other: &Ident) -> Ident {
        let name = other.to_string();
        self.take(name.strip_prefix("r#").unwrap_or(&name))
    }

    fn take_all(&mut self, wishes: &[Wish<'_>]) -> Vec<Ident> {
        let mut idents: Vec<Option<Ident>> = wishes
            .iter()
            .map(|wish| {
                let is_free = !is_unspeakable(&wish.wanted) && !self.taken.contains(&wish.wanted);
                (wish.wanted == wish.written && is_free).then(|| self.take(&wish.wanted))
            })
            .collect();
        for (wish, ident) in wishes.iter().zip(&mut idents) {
            if ident.is_none() {
                *ident = Some(self.take(&wish.wanted));
            }
        }
        idents.into_iter().flatten().collect()
    }

    fn all<'a>(
        &mut self,
        names: impl Iterator<Item = &'a str>,
        convert: fn(&str) -> String,
    ) -> Vec<Ident> {
        let wishes: Vec<Wish<'_>> = names.map(|name| Wish::new(name, convert)).collect();
        self.take_all(&wishes)
    }
}

/// Keywords that cannot even be written raw.
fn is_unspeakable(name: &str) -> bool {
    matches!(name, "_" | "self" | "Self" | "super" | "crate")
}

fn ident(name: &str) -> Ident {
    if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// The keywords of all editions, but for the unspeakable ones.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(convert: fn(&str) -> String, written: &[&str], expected: &[&str]) {
        let idents = Scope::new(&["Unset"]).all(written.iter().copied(), convert);
        let found: Vec<String> = idents.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn keywords_are_written_raw_where_possible() {
        check(
            case::snake,
            &["type", "self", "Self", "gen", "_", "async", "crate"],
            &[
                "r#type", "self_", "self__", "r#gen", "__", "r#async", "crate_",
            ],
        );
        check(case::camel, &["self", "type"], &["Self_", "Type"]);
    }

    #[test]
    fn the_name_that_is_written_so_keeps_it() {
        check(
            case::snake,
            &["getItem", "get_item", "GetItem"],
            &["get_item_", "get_item", "get_item__"],
        );
        check(case::camel, &["unset", "Unset"], &["Unset_", "Unset__"]);
    }
}
