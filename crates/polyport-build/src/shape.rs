//! What Protobuf's messages and enums promise, and where: what two versions are compared by.

use crate::source::Span;

/// The messages and enums of a run, those in other messages too, in the order of the files.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    pub(crate) messages: Vec<Message>,
    pub(crate) enums: Vec<Enum>,
}

#[derive(Debug)]
pub(crate) struct Message {
    /// With its package and the messages around it.
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) fields: Vec<Field>,
    /// The first and the last number of each range that must not be used.
    pub(crate) reserved: Vec<(i32, i32)>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: i32,
    pub(crate) name: String,
    pub(crate) json_name: String,
    pub(crate) kind: Kind,
    pub(crate) cardinality: Cardinality,
    pub(crate) default: Option<String>,
    pub(crate) span: Span,
}

/// What a field holds, or one of its elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By the word for it, such as `int32`.
    Scalar(&'static str),
    /// By the full name, like the two below.
    Message(String),
    Group(String),
    Enum(String),
    Map(Box<Self>, Box<Self>),
}

/// How often there may be a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cardinality {
    /// Always one: what was not sent is zero or empty.
    Implicit,
    Optional,
    Required,
    Repeated,
    /// One of those of the `oneof` of this name.
    OneOf(String),
}

#[derive(Debug)]
pub(crate) struct Enum {
    /// With its package and the messages around it.
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) values: Vec<Value>,
}

#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) number: i32,
    pub(crate) span: Span,
}

impl Kind {
    /// The word or words for it, as they stand in a file.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Scalar(word) => (*word).to_owned(),
            Self::Message(name) | Self::Enum(name) => name.clone(),
            Self::Group(name) => format!("group {name}"),
            Self::Map(key, value) => format!("map<{}, {}>", key.text(), value.text()),
        }
    }
}
