//! What the resolver gives: the schema, and beside it what only the Rust code needs to know.
//!
//! The lists beside the schema are as long as its own: `definitions[n]` belongs to
//! `schema.definitions[n]`, and so on down to the fields.

use polyport_wire::schema::{Definition, DefinitionId, Field, Literal, Requiredness, Schema, Type};
use proc_macro2::TokenStream;

use crate::shape::Shapes;
use crate::source::Span;

/// An IDL that is known to be right.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) schema: Schema,
    /// The namespaces; the first is the top of the generated file.
    pub(crate) modules: Vec<Module>,
    pub(crate) definitions: Vec<DefinitionExtra>,
    pub(crate) services: Vec<ServiceExtra>,
    pub(crate) typedefs: Vec<Typedef>,
    pub(crate) consts: Vec<Const>,
    /// The Protobuf messages that methods take and give.
    pub(crate) messages: Vec<Message>,
    /// All messages and enums of Protobuf, as versions of them are compared.
    pub(crate) shapes: Shapes,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModuleId(pub(crate) usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypedefId(pub(crate) usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConstId(pub(crate) usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageId(pub(crate) usize);

/// The place of a service in [`Schema::services`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServiceId(pub(crate) usize);

/// A namespace, which becomes a Rust module.
#[derive(Debug)]
pub(crate) struct Module {
    /// One part of the namespace.
    pub(crate) name: String,
    /// The module around it; none for the top.
    pub(crate) parent: Option<ModuleId>,
    /// In the order of the IDL.
    pub(crate) items: Vec<Item>,
    /// What stands there without being in the model.
    pub(crate) package: Option<Package>,
}

/// A Protobuf package, or a part of the name of one: its messages find each other by the module's
/// name, which must therefore not change.
#[derive(Debug, Default)]
pub(crate) struct Package {
    /// The messages and enums, whose names are as they are, too.
    pub(crate) code: TokenStream,
    /// The names that the code defines.
    pub(crate) taken: Vec<String>,
}

/// A Protobuf message.
#[derive(Debug)]
pub(crate) struct Message {
    /// Its full name in the IDL.
    pub(crate) name: String,
    /// The module of its package; none for one of a library's.
    pub(crate) module: Option<ModuleId>,
    /// The path from there.
    pub(crate) path: TokenStream,
}

/// A definition in a module.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item {
    Typedef(TypedefId),
    Const(ConstId),
    Definition(DefinitionId),
    Service(ServiceId),
}

/// What a struct, union, exception or enum is beside its schema.
#[derive(Debug)]
pub(crate) struct DefinitionExtra {
    pub(crate) module: ModuleId,
    /// None for an enum.
    pub(crate) fields: Vec<FieldExtra>,
    /// What can be derived.
    pub(crate) traits: Traits,
    /// What the user wants to be derived beside it.
    pub(crate) derives: Vec<String>,
    /// Attributes that the user gave, as Rust writes them.
    pub(crate) attributes: Vec<String>,
    /// Whether it keeps fields that the IDL does not know.
    pub(crate) keeps_unknown: bool,
    /// Fields are missing because they are broken: what cannot be found is then no new mistake.
    pub(crate) incomplete: bool,
}

/// What a field or argument is beside its schema.
#[derive(Clone, Debug)]
pub(crate) struct FieldExtra {
    pub(crate) kind: TypeName,
    pub(crate) boxed: Boxed,
    /// Whether the IDL gives it a default.
    pub(crate) has_default: bool,
    /// Attributes that the user gave, as Rust writes them.
    pub(crate) attributes: Vec<String>,
    /// Where the type stands.
    pub(crate) span: Span,
}

/// Whether a field lies in a box, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Boxed {
    #[default]
    No,
    /// The user wants it.
    Wished,
    /// It holds its own struct again, and may be missing so that there is an end.
    Recursive,
}

/// What a `string` can be beside `String`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Any bytes.
    Bytes,
    /// Many owners.
    Shared,
}

/// Which traits a type can have beside those that every type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(crate) eq: bool,
    pub(crate) hash: bool,
}

/// A type as the IDL writes it: for people who read the code, typedefs keep their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TypeName {
    /// One of Thrift's own types, or a definition.
    Plain(Type),
    /// A `string` that is not a `String`.
    Text(Text),
    #[cfg_attr(
        not(feature = "protobuf"),
        expect(dead_code, reason = "only Protobuf has messages")
    )]
    Message(MessageId),
    Typedef(TypedefId),
    List(Box<Self>),
    Set(Box<Self>),
    Map(Box<Self>, Box<Self>),
}

#[derive(Debug)]
pub(crate) struct Typedef {
    pub(crate) module: ModuleId,
    pub(crate) name: String,
    /// `None` if it is broken.
    pub(crate) target: Option<TypeName>,
    pub(crate) docs: String,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Const {
    pub(crate) module: ModuleId,
    pub(crate) name: String,
    /// `None` if type or value are broken.
    pub(crate) value: Option<(TypeName, Literal)>,
    pub(crate) docs: String,
}

/// What a service is beside its schema.
#[derive(Debug)]
pub(crate) struct ServiceExtra {
    pub(crate) module: ModuleId,
    pub(crate) methods: Vec<MethodExtra>,
    pub(crate) span: Span,
}

/// What a method is beside its schema.
#[derive(Clone, Debug)]
pub(crate) struct MethodExtra {
    pub(crate) arguments: Vec<FieldExtra>,
    pub(crate) result: Option<TypeName>,
    /// The service and the method of it that this one is inherited or combined from, whose types
    /// it shares.
    pub(crate) origin: Option<(ServiceId, usize)>,
    /// Where its name stands.
    pub(crate) span: Span,
}

impl FieldExtra {
    /// Whether the field may be without a value: what is optional, and what ends a recursion.
    pub(crate) fn is_option(&self, field: &Field) -> bool {
        field.requiredness == Requiredness::Optional || self.boxed == Boxed::Recursive
    }
}

impl Model {
    /// The module of a path, which is made when there is none.
    pub(crate) fn module(&mut self, path: &[String]) -> ModuleId {
        let mut current = ModuleId(0);
        for name in path {
            let known = self
                .modules
                .iter()
                .position(|module| module.parent == Some(current) && module.name == *name);
            current = ModuleId(known.unwrap_or_else(|| {
                self.modules.push(Module {
                    name: name.clone(),
                    parent: Some(current),
                    items: Vec::new(),
                    package: None,
                });
                self.modules.len() - 1
            }));
        }
        current
    }

    pub(crate) fn definition(&self, id: DefinitionId) -> &Definition {
        &self.schema.definitions[index(id)]
    }

    pub(crate) fn definition_extra(&self, id: DefinitionId) -> &DefinitionExtra {
        &self.definitions[index(id)]
    }

    /// The outermost modules, each of which gives the schema a place: files that are included side
    /// by side then have no name in common.
    pub(crate) fn schema_modules(&self) -> impl Iterator<Item = ModuleId> {
        let has_top_items = self.modules.first().is_some_and(|top| {
            let package = top.package.as_ref();
            !top.items.is_empty() || package.is_some_and(|package| !package.taken.is_empty())
        });
        let ids = (0..self.modules.len()).map(ModuleId);
        ids.filter(move |id| match self.modules[id.0].parent {
            None => has_top_items,
            Some(parent) => parent == ModuleId(0) && !has_top_items,
        })
    }

    /// The type without typedefs; `None` if one of them is broken.
    pub(crate) fn expand(&self, name: &TypeName) -> Option<Type> {
        Some(match name {
            TypeName::Plain(kind) => kind.clone(),
            TypeName::Text(_) => Type::String,
            TypeName::Message(id) => Type::Message(self.messages[id.0].name.clone()),
            TypeName::Typedef(id) => self.expand(self.typedefs[id.0].target.as_ref()?)?,
            TypeName::List(element) => Type::List(Box::new(self.expand(element)?)),
            TypeName::Set(element) => Type::Set(Box::new(self.expand(element)?)),
            TypeName::Map(key, value) => {
                Type::Map(Box::new(self.expand(key)?), Box::new(self.expand(value)?))
            }
        })
    }

    /// What a typedef stands for, or else the type itself.
    pub(crate) fn target<'a>(&'a self, name: &'a TypeName) -> &'a TypeName {
        let mut name = name;
        while let TypeName::Typedef(id) = name
            && let Some(target) = &self.typedefs[id.0].target
        {
            name = target;
        }
        name
    }

    /// The type with another text in the place of every `string`, behind typedefs, too.
    pub(crate) fn with_text(&self, name: &TypeName, text: Option<Text>) -> TypeName {
        let inside = |name: &TypeName| Box::new(self.with_text(name, text));
        match name {
            TypeName::Plain(Type::String) | TypeName::Text(_) => match text {
                Some(text) => TypeName::Text(text),
                None => TypeName::Plain(Type::String),
            },
            TypeName::Plain(_) | TypeName::Message(_) => name.clone(),
            TypeName::Typedef(id) => match &self.typedefs[id.0].target {
                Some(target) => match self.with_text(target, text) {
                    same if same == *target => name.clone(),
                    other => other,
                },
                None => name.clone(),
            },
            TypeName::List(element) => TypeName::List(inside(element)),
            TypeName::Set(element) => TypeName::Set(inside(element)),
            TypeName::Map(key, value) => TypeName::Map(inside(key), inside(value)),
        }
    }

    /// What a type made of these types can have.
    pub(crate) fn traits(&self, kind: &Type) -> Traits {
        let no_hash = |traits: Traits| Traits {
            hash: false,
            ..traits
        };
        match kind {
            Type::Double => Traits::NONE,
            Type::List(element) => self.traits(element),
            Type::Set(element) => no_hash(self.traits(element)),
            Type::Map(key, value) => no_hash(self.traits(key).and(self.traits(value))),
            Type::Defined(id) => self.definition_extra(*id).traits,
            _ => Traits::ALL,
        }
    }
}

impl Traits {
    pub(crate) const ALL: Self = Self {
        eq: true,
        hash: true,
    };

    pub(crate) const NONE: Self = Self {
        eq: false,
        hash: false,
    };

    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            eq: self.eq && other.eq,
            hash: self.hash && other.hash,
        }
    }
}

/// What the value of a struct says about one of its fields.
pub(crate) fn value_of<'a>(pairs: &'a [(Literal, Literal)], name: &str) -> Option<&'a Literal> {
    let is_it = |key: &Literal| matches!(key, Literal::String(key) if key == name);
    let mut from_last = pairs.iter().rev();
    from_last
        .find(|(key, _)| is_it(key))
        .map(|(_, value)| value)
}

/// A definition's place in the lists.
pub(crate) fn index(id: DefinitionId) -> usize {
    id.0 as usize
}
