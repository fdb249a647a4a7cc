//! Services, methods and types as data: what an IDL says, without its text.
//!
//! polyport-build makes a [`Schema`], generated code carries it as bytes ([`Embedded`]), and
//! polyport reads it: for reflection, for calls without generated code, for printing a frame with
//! its fields named. Types refer to each other by their place in [`Schema::definitions`], so that
//! recursive types need no pointers.

mod codec;
mod part;

use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};

use crate::error::{DecodeError, EncodeError};
use crate::limits::Limits;
use crate::thrift::{self, WireType};
use crate::transport::Codec;

/// What one run of the generator knows: every service and every type that they reach.
///
/// # Examples
///
/// ```
/// use polyport_wire::schema::{Method, Schema, Service, Type};
///
/// let mut ping = Method::new("ping");
/// ping.result = Some(Type::Bool);
/// let mut service = Service::new("demo", "Pinger");
/// service.methods.push(ping);
/// let schema = Schema { services: vec![service], ..Schema::default() };
/// let copy = Schema::decode(&schema.encode()?)?;
/// assert_eq!(copy, schema);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Structs, unions, exceptions and enums, each once.
    pub definitions: Vec<Definition>,
    /// The services, in the order of the IDL.
    pub services: Vec<Service>,
    /// What Protobuf calls a `FileDescriptorSet`: all files with all that they import, so that
    /// every [`Type::Message`] is in it. Nothing if there is no Protobuf.
    pub descriptors: Bytes,
}

/// The place of a definition in [`Schema::definitions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefinitionId(pub u32);

/// A type as a field, argument or result has it, with typedefs resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// `bool`
    Bool,
    /// `byte` or `i8`
    Byte,
    /// `i16`
    I16,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `double`
    Double,
    /// `string`, which is UTF-8
    String,
    /// `binary`, which is any bytes
    Binary,
    /// `list<T>`
    List(Box<Self>),
    /// `set<T>`
    Set(Box<Self>),
    /// `map<K, V>`
    Map(Box<Self>, Box<Self>),
    /// A struct, union, exception or enum.
    Defined(DefinitionId),
    /// A Protobuf message by its full name, such as `multi.v1.Request`; see
    /// [`Schema::descriptors`].
    Message(String),
}

/// A named type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Definition {
    /// A struct, union or exception.
    Struct(Struct),
    /// An enum.
    Enum(Enum),
}

/// A struct, union or exception.
#[derive(Clone, Debug, PartialEq)]
pub struct Struct {
    /// The IDL's namespace.
    pub package: String,
    /// The name in the IDL.
    pub name: String,
    /// Which of the three it is.
    pub kind: StructKind,
    /// The fields, in the order of the IDL.
    pub fields: Vec<Field>,
    /// Its annotations.
    pub annotations: Vec<Annotation>,
    /// The comment before it; not embedded in generated code.
    pub docs: String,
}

/// The three things that are fields between braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructKind {
    /// All fields at once.
    Struct,
    /// One field at a time.
    Union,
    /// A struct that a method may raise.
    Exception,
}

/// A field of a struct, an argument of a method, or an exception in its `throws`.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The number on the wire; may be negative.
    pub id: i16,
    /// The name in the IDL.
    pub name: String,
    /// The type.
    pub kind: Type,
    /// Whether it must be there.
    pub requiredness: Requiredness,
    /// The value when it is not there.
    pub default: Option<Literal>,
    /// Its annotations.
    pub annotations: Vec<Annotation>,
    /// The comment before it; not embedded in generated code.
    pub docs: String,
}

/// Whether a field must be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Requiredness {
    /// Always written, need not come.
    #[default]
    Default,
    /// Always written, must come.
    Required,
    /// Written when it is set.
    Optional,
}

/// A constant's or default's value, as far as the IDL determines it.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `true` and `false`, also as 1 and 0 where a bool is wanted.
    Bool(bool),
    /// An integer, or the number of an enum's value.
    Int(i64),
    /// A double.
    Double(f64),
    /// Text.
    String(String),
    /// A list or set.
    List(Vec<Self>),
    /// A map, or a struct by the names of its fields.
    Map(Vec<(Self, Self)>),
    /// Bytes, for `binary`.
    Bytes(Bytes),
}

/// An enum, which is open: a peer may send numbers that have no name.
#[derive(Clone, Debug, PartialEq)]
pub struct Enum {
    /// The IDL's namespace.
    pub package: String,
    /// The name in the IDL.
    pub name: String,
    /// The named numbers, in the order of the IDL.
    pub values: Vec<EnumValue>,
    /// Its annotations.
    pub annotations: Vec<Annotation>,
    /// The comment before it; not embedded in generated code.
    pub docs: String,
}

/// A named number of an enum.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumValue {
    /// The name in the IDL.
    pub name: String,
    /// The number on the wire.
    pub number: i32,
    /// The comment before it; not embedded in generated code.
    pub docs: String,
}

/// A service with all of its methods, those that it inherits first.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// The IDL's namespace: what tells services of the same name apart.
    pub package: String,
    /// The name in the IDL, which is the name on the wire.
    pub name: String,
    /// How its messages are written.
    pub codec: Codec,
    /// The methods.
    pub methods: Vec<Method>,
    /// Whether it was made of several services; it must then be registered alone.
    pub combined: bool,
    /// Its annotations.
    pub annotations: Vec<Annotation>,
    /// The comment before it; not embedded in generated code.
    pub docs: String,
}

/// A method of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// The name in the IDL, which is the name on the wire.
    pub name: String,
    /// The kind of call.
    pub kind: CallKind,
    /// Whether the IDL says `streaming.mode = "unary"`, which allows the method over HTTP/2
    /// beside the other transports.
    pub streaming_unary: bool,
    /// The arguments; for Protobuf the message that it takes.
    pub arguments: Vec<Field>,
    /// What it returns; nothing for `void`.
    pub result: Option<Type>,
    /// The exceptions that it declares.
    pub throws: Vec<Field>,
    /// The service (`package.Name`, or `Name`) that declares it, when it is inherited or combined.
    pub declared_by: Option<String>,
    /// Its annotations.
    pub annotations: Vec<Annotation>,
    /// The comment before it; not embedded in generated code.
    pub docs: String,
}

/// How many messages go which way.
///
/// `Display` gives the words that logs and the peers of the interop matrix use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallKind {
    /// One request, one answer.
    #[default]
    Unary,
    /// One request, no answer.
    Oneway,
    /// Many requests, one answer.
    ClientStream,
    /// One request, many answers.
    ServerStream,
    /// Many requests, many answers.
    Bidirectional,
}

impl CallKind {
    /// Whether either side sends more than one message.
    #[must_use]
    pub fn is_streaming(self) -> bool {
        match self {
            Self::Unary | Self::Oneway => false,
            Self::ClientStream | Self::ServerStream | Self::Bidirectional => true,
        }
    }
}

impl std::fmt::Display for CallKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unary => "unary",
            Self::Oneway => "oneway",
            Self::ClientStream => "client-stream",
            Self::ServerStream => "server-stream",
            Self::Bidirectional => "bidirectional",
        })
    }
}

/// An annotation, `name = "value"`; for Protobuf an option, `option name = value`.
///
/// The name of an option that is an extension is its full name in parentheses. A value that is no
/// text is written as in Protobuf's text format, such as `{ roles: ["admin"] level: HIGH }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// What stands before the `=`.
    pub name: String,
    /// The text behind it; `1` when the IDL gives none.
    pub value: String,
}

impl Type {
    /// The type that announces such a value on the wire; an enum is an `i32`.
    #[must_use]
    pub fn wire_type(&self, schema: &Schema) -> WireType {
        match self {
            Self::Bool => WireType::BOOL,
            Self::Byte => WireType::BYTE,
            Self::I16 => WireType::I16,
            Self::I32 => WireType::I32,
            Self::I64 => WireType::I64,
            Self::Double => WireType::DOUBLE,
            Self::String | Self::Binary => WireType::STRING,
            Self::List(_) => WireType::LIST,
            Self::Set(_) => WireType::SET,
            Self::Map(..) => WireType::MAP,
            Self::Defined(id) => match schema.definition(*id) {
                Some(Definition::Enum(_)) => WireType::I32,
                Some(Definition::Struct(_)) | None => WireType::STRUCT,
            },
            // It is in no Thrift message.
            Self::Message(_) => WireType::STRUCT,
        }
    }
}

impl Definition {
    /// The name in the IDL.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Struct(definition) => &definition.name,
            Self::Enum(definition) => &definition.name,
        }
    }

    /// The IDL's namespace.
    #[must_use]
    pub fn package(&self) -> &str {
        match self {
            Self::Struct(definition) => &definition.package,
            Self::Enum(definition) => &definition.package,
        }
    }
}

impl Field {
    /// A field that is always written and need not come.
    #[must_use]
    pub fn new(id: i16, name: impl Into<String>, kind: Type) -> Self {
        Self {
            id,
            name: name.into(),
            kind,
            requiredness: Requiredness::Default,
            default: None,
            annotations: Vec::new(),
            docs: String::new(),
        }
    }
}

impl Service {
    /// A Thrift service without methods.
    #[must_use]
    pub fn new(package: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            package: package.into(),
            name: name.into(),
            codec: Codec::ThriftBinary,
            methods: Vec::new(),
            combined: false,
            annotations: Vec::new(),
            docs: String::new(),
        }
    }

    /// What tells this service from every other: `package.Name`, or `Name` without a package.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.package.is_empty() {
            self.name.clone()
        } else {
            format!("{}.{}", self.package, self.name)
        }
    }
}

impl Method {
    /// A unary method without arguments that returns nothing.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: CallKind::Unary,
            streaming_unary: false,
            arguments: Vec::new(),
            result: None,
            throws: Vec::new(),
            declared_by: None,
            annotations: Vec::new(),
            docs: String::new(),
        }
    }
}

impl Schema {
    /// The bytes that generated code carries: a Thrift struct, without docs.
    ///
    /// # Errors
    ///
    /// When a text is longer than 2 GiB.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        let mut buffer = BytesMut::new();
        thrift::encode(self, &mut buffer)?;
        Ok(buffer.freeze())
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    ///
    /// When the bytes are not a schema.
    pub fn decode(bytes: &Bytes) -> Result<Self, DecodeError> {
        thrift::decode(bytes, &Limits::default())
    }

    /// The definition of a type.
    #[must_use]
    pub fn definition(&self, id: DefinitionId) -> Option<&Definition> {
        self.definitions.get(usize::try_from(id.0).ok()?)
    }

    /// A type as an IDL would write it.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport_wire::schema::{Schema, Type};
    ///
    /// let kind = Type::Map(Box::new(Type::String), Box::new(Type::List(Box::new(Type::I64))));
    /// assert_eq!(Schema::default().type_name(&kind), "map<string, list<i64>>");
    /// ```
    #[must_use]
    pub fn type_name(&self, kind: &Type) -> String {
        let base = match kind {
            Type::Bool => "bool",
            Type::Byte => "i8",
            Type::I16 => "i16",
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::Double => "double",
            Type::String => "string",
            Type::Binary => "binary",
            Type::List(element) => return format!("list<{}>", self.type_name(element)),
            Type::Set(element) => return format!("set<{}>", self.type_name(element)),
            Type::Map(key, value) => {
                let (key, value) = (self.type_name(key), self.type_name(value));
                return format!("map<{key}, {value}>");
            }
            Type::Defined(id) => self.definition(*id).map_or("?", Definition::name),
            Type::Message(name) => name,
        };
        base.to_owned()
    }

    /// The service of this name, bare or with its package.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| service.name == name || service.full_name() == name)
    }
}

/// A schema as generated code carries it: bytes that are read when somebody asks.
#[derive(Debug)]
pub struct Embedded {
    bytes: &'static [u8],
    schema: OnceLock<Schema>,
}

impl Embedded {
    /// Wraps what [`Schema::encode`] wrote.
    #[must_use]
    pub const fn new(bytes: &'static [u8]) -> Self {
        Self {
            bytes,
            schema: OnceLock::new(),
        }
    }

    /// The schema.
    ///
    /// # Panics
    ///
    /// When the bytes were not written by the generator of this version of Polyport.
    #[must_use]
    pub fn get(&self) -> &Schema {
        self.schema.get_or_init(|| {
            Schema::decode(&Bytes::from_static(self.bytes))
                .expect("the generator embeds what this version of Polyport can read")
        })
    }
}
