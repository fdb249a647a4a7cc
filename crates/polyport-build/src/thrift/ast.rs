//! A Thrift file as its author wrote it, every name with its place.

use polyport_wire::schema::{Requiredness, StructKind};

use crate::source::Span;

/// One file.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) includes: Vec<Text>,
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) items: Vec<Item>,
    /// Annotations of what has no use for any.
    pub(crate) stray_annotations: Vec<Annotation>,
    /// The words of definitions that are too broken to be kept: what is named like one of them is
    /// not missing.
    pub(crate) lost: Vec<String>,
}

/// `namespace scope name`
#[derive(Debug)]
pub(crate) struct Namespace {
    pub(crate) scope: String,
    pub(crate) name: Name,
}

/// A name, possibly with dots.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// A text in quotes, without them.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// A definition.
#[derive(Debug)]
pub(crate) enum Item {
    Typedef(Typedef),
    Const(Const),
    Enum(Enum),
    Struct(Struct),
    Service(Service),
}

impl Item {
    pub(crate) fn name(&self) -> &Name {
        match self {
            Self::Typedef(item) => &item.name,
            Self::Const(item) => &item.name,
            Self::Enum(item) => &item.name,
            Self::Struct(item) => &item.name,
            Self::Service(item) => &item.name,
        }
    }

    /// What it is, for messages.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Typedef(_) => "typedef",
            Self::Const(_) => "constant",
            Self::Enum(_) => "enum",
            Self::Struct(item) => item.noun(),
            Self::Service(_) => "service",
        }
    }

    /// The noun behind its article.
    pub(crate) fn a_noun(&self) -> String {
        let noun = self.noun();
        let article = if noun.starts_with('e') { "an" } else { "a" };
        format!("{article} {noun}")
    }
}

/// `typedef type name`
#[derive(Debug)]
pub(crate) struct Typedef {
    pub(crate) name: Name,
    pub(crate) kind: Type,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) docs: String,
}

/// `const type name = value`
#[derive(Debug)]
pub(crate) struct Const {
    pub(crate) name: Name,
    pub(crate) kind: Type,
    pub(crate) value: Value,
    pub(crate) docs: String,
}

/// `enum name { values }`
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: Name,
    pub(crate) values: Vec<EnumValue>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) docs: String,
    /// A member was dropped because it is broken.
    pub(crate) incomplete: bool,
}

/// `name = number`
#[derive(Debug)]
pub(crate) struct EnumValue {
    pub(crate) name: Name,
    pub(crate) number: Option<Number>,
    pub(crate) docs: String,
}

/// An integer with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    pub(crate) value: i64,
    pub(crate) span: Span,
}

/// `struct`, `union` or `exception`, a name, `{ fields }`
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) kind: StructKind,
    pub(crate) name: Name,
    pub(crate) fields: Vec<Field>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) docs: String,
    /// A member was dropped because it is broken.
    pub(crate) incomplete: bool,
}

impl Struct {
    pub(crate) fn noun(&self) -> &'static str {
        match self.kind {
            StructKind::Struct => "struct",
            StructKind::Union => "union",
            StructKind::Exception => "exception",
        }
    }
}

/// `1: required type name = default (annotations)`, also for arguments and exceptions
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) id: Option<Number>,
    pub(crate) requiredness: Requiredness,
    pub(crate) kind: Type,
    pub(crate) name: Name,
    pub(crate) default: Option<Value>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) docs: String,
}

/// `service name extends parent { methods }`
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: Name,
    pub(crate) parent: Option<Name>,
    pub(crate) methods: Vec<Method>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) docs: String,
}

/// `oneway result name(arguments) throws (exceptions) (annotations)`
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) oneway: Option<Span>,
    pub(crate) result: Option<Type>,
    pub(crate) name: Name,
    pub(crate) arguments: Vec<Field>,
    pub(crate) throws: Vec<Field>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) docs: String,
    /// An argument was dropped because it is broken.
    pub(crate) incomplete: bool,
}

/// `name = "value"`
#[derive(Debug)]
pub(crate) struct Annotation {
    pub(crate) name: Name,
    pub(crate) value: Option<Text>,
}

/// A type, where it is used.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) shape: Shape,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) span: Span,
}

/// What a type is made of.
#[derive(Debug)]
pub(crate) enum Shape {
    /// One that Thrift brings along.
    Base(polyport_wire::schema::Type),
    /// One that this file or an included one defines.
    Named(String),
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>, Box<Type>),
}

/// The value of a constant or a default.
#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) shape: ValueShape,
    pub(crate) span: Span,
}

/// What a value looks like.
#[derive(Debug)]
pub(crate) enum ValueShape {
    Int(i64),
    Double(f64),
    /// Bytes: what escapes stand for may be anything.
    Text(Vec<u8>),
    /// `true`, `false`, a constant, or an enum's value.
    Name(String),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
}
