//! Values with their places, as far as they can be read, and named where an IDL names them: what
//! they are, and how Thrift's are read.

use std::fmt;

use polyport_wire::limits::Limits;
use polyport_wire::schema::{Definition, Enum, Field as FieldSchema, Schema, Type};
use polyport_wire::thrift::WireType;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::decode::cursor::Cursor;

/// More values than this of one message nobody reads; it bounds the memory.
pub(super) const MAX_VALUES: usize = 1_000_000;

/// A field of a struct, of a method's arguments or of its result.
#[derive(Debug, serde::Serialize)]
pub(super) struct Field<'a> {
    pub(super) id: i32,
    /// `None` if there is no IDL, or if it does not know the field.
    pub(super) name: Option<&'a str>,
    #[serde(flatten)]
    pub(super) value: Value<'a>,
}

/// Anything that stands on the wire.
#[derive(Debug, serde::Serialize)]
pub(super) struct Value<'a> {
    pub(super) offset: usize,
    #[serde(rename = "type")]
    pub(super) kind: Kind<'a>,
    /// The type that the IDL says, where the wire has another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) declared: Option<Kind<'a>>,
    #[serde(rename = "value")]
    pub(super) data: Data<'a>,
}

/// A type, by the IDL or by the wire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    Declared(Named<'a>),
    Plain(WireType),
    List(WireType),
    Set(WireType),
    Map(WireType, WireType),
    /// Of Protobuf.
    Protobuf(&'a str),
}

/// A type of an IDL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) schema: &'a Schema,
    pub(super) kind: &'a Type,
}

/// What a value says.
#[derive(Debug)]
pub(super) enum Data<'a> {
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    /// A number of an enum, and its name if it has one.
    Enum(i32, Option<&'a str>),
    Double(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Struct(Vec<Field<'a>>),
    List(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// It could not be read.
    Broken,
}

/// The fields that a struct may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) schema: &'a Schema,
    pub(super) fields: &'a [FieldSchema],
    /// What field 0 is, in a result struct.
    pub(super) result: Option<&'a Type>,
}

/// Reads values off a cursor.
#[derive(Debug)]
pub(super) struct ValueReader<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    depth_left: u32,
    values_left: usize,
}

impl<'c, 'a> ValueReader<'c, 'a> {
    pub(super) fn new(cursor: &'c mut Cursor<'a>) -> Self {
        Self {
            cursor,
            depth_left: Limits::default().depth,
            values_left: MAX_VALUES,
        }
    }

    /// The fields of a struct up to its end, or up to what is wrong.
    pub(super) fn fields(&mut self, names: Option<Names<'a>>) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        if !self.enter() {
            return fields;
        }
        while let Some((wire, id)) = self.head() {
            let (name, kind) = names.map_or((None, None), |names| names.field(id));
            let value = self.value(wire, kind);
            self.cursor.within(|| match name {
                Some(name) => name.to_owned(),
                None => format!("field {id}"),
            });
            fields.push(Field {
                id: id.into(),
                name,
                value,
            });
        }
        self.depth_left += 1;
        fields
    }

    /// The head of the next field; `None` at the end of the struct.
    fn head(&mut self) -> Option<(WireType, i16)> {
        let at = self.cursor.at();
        let kind = WireType(
            self.cursor
                .u8("a field's type, or 0 for the struct's end")?,
        );
        if kind.0 == 0 {
            return None;
        }
        self.known(kind, at, "a field's type")?;
        let id = self
            .cursor
            .array("a field's number")
            .map(i16::from_be_bytes);
        Some((kind, id?))
    }

    /// The type, if Thrift has it.
    fn known(&mut self, kind: WireType, at: usize, what: &str) -> Option<()> {
        if kind.name().is_none() {
            let expected = format!("{what}: 2, 3, 4, 6, 8, or 10 to 15");
            self.cursor.fail(at, expected, format!("saw {}", kind.0));
            return None;
        }
        Some(())
    }

    fn value(&mut self, wire: WireType, named: Option<Named<'a>>) -> Value<'a> {
        let offset = self.cursor.at();
        let (named, declared) = match named {
            Some(named) if named.kind.wire_type(named.schema) == wire => (Some(named), None),
            other => (None, other.map(Kind::Declared)),
        };
        let plain = named.map_or(Kind::Plain(wire), Kind::Declared);
        let mut value = Value {
            offset,
            kind: plain,
            declared,
            data: Data::Broken,
        };
        if self.charge(offset) {
            self.data(wire, named, &mut value);
        }
        value
    }

    fn data(&mut self, wire: WireType, named: Option<Named<'a>>, value: &mut Value<'a>) {
        let data = match wire {
            WireType::STRUCT => Some(Data::Struct(self.fields(named.and_then(Named::fields)))),
            WireType::LIST | WireType::SET => self.list(wire, named, value),
            WireType::MAP => self.map(named, value),
            WireType::STRING => self.string(named),
            _ => self.scalar(wire, named),
        };
        value.data = data.unwrap_or(Data::Broken);
    }

    fn scalar(&mut self, wire: WireType, named: Option<Named<'a>>) -> Option<Data<'a>> {
        let cursor = &mut *self.cursor;
        Some(match wire {
            WireType::BOOL => Data::Bool(cursor.u8("a bool")? == 1),
            WireType::BYTE => Data::Int(i8::from_be_bytes(cursor.array("an i8")?).into()),
            WireType::I16 => Data::Int(i16::from_be_bytes(cursor.array("an i16")?).into()),
            WireType::I64 => Data::Int(i64::from_be_bytes(cursor.array("an i64")?)),
            WireType::DOUBLE => Data::Double(f64::from_be_bytes(cursor.array("a double")?)),
            _ => {
                let number = cursor.i32("an i32")?;
                match named.and_then(Named::enumeration) {
                    Some(named) => Data::Enum(number, value_name(named, number)),
                    None => Data::Int(number.into()),
                }
            }
        })
    }

    fn string(&mut self, named: Option<Named<'a>>) -> Option<Data<'a>> {
        let len = self.cursor.count(1, "a string's length")?;
        let bytes = self.cursor.take(len, "a string")?;
        let is_binary = named.is_some_and(|named| *named.kind == Type::Binary);
        let is_text = |text: &&str| named.is_some() || !text.chars().any(is_unreadable);
        let text = std::str::from_utf8(bytes).ok().filter(is_text);
        Some(match text {
            Some(text) if !is_binary => Data::Text(text),
            _ => Data::Bytes(bytes),
        })
    }

    fn list(
        &mut self,
        wire: WireType,
        named: Option<Named<'a>>,
        value: &mut Value<'a>,
    ) -> Option<Data<'a>> {
        let at = self.cursor.at();
        let element = WireType(self.cursor.u8("a list's element type")?);
        let count = self.cursor.count(element.minimum_size(), "a list's size")?;
        if count > 0 {
            self.known(element, at, "a list's element type")?;
        }
        let named = named.and_then(Named::element);
        let fits = count == 0 || named.is_none_or(|named| named.is(element));
        let kind = match wire {
            WireType::SET => Kind::Set(element),
            _ => Kind::List(element),
        };
        value.rename(kind, named.is_some(), fits);
        if !self.enter() {
            return None;
        }
        let mut elements = Vec::new();
        for index in 0..count {
            elements.push(self.value(element, named.filter(|_| fits)));
            self.cursor.within(|| format!("[{index}]"));
            if !self.cursor.is_well() {
                break;
            }
        }
        self.depth_left += 1;
        Some(Data::List(elements))
    }

    fn map(&mut self, named: Option<Named<'a>>, value: &mut Value<'a>) -> Option<Data<'a>> {
        let at = self.cursor.at();
        let key = WireType(self.cursor.u8("a map's key type")?);
        let element = WireType(self.cursor.u8("a map's value type")?);
        let minimum = key.minimum_size() + element.minimum_size();
        let count = self.cursor.count(minimum, "a map's size")?;
        if count > 0 {
            self.known(key, at, "a map's key type")?;
            self.known(element, at + 1, "a map's value type")?;
        }
        let named = named.and_then(Named::pair);
        let fits = count == 0 || named.is_none_or(|(k, v)| k.is(key) && v.is(element));
        value.rename(Kind::Map(key, element), named.is_some(), fits);
        if !self.enter() {
            return None;
        }
        let (key_name, value_name) = named.filter(|_| fits).unzip();
        let mut pairs = Vec::new();
        for index in 0..count {
            let key = self.value(key, key_name);
            self.cursor.within(|| format!("key[{index}]"));
            if !self.cursor.is_well() {
                break;
            }
            pairs.push((key, self.value(element, value_name)));
            self.cursor.within(|| format!("value[{index}]"));
            if !self.cursor.is_well() {
                break;
            }
        }
        self.depth_left += 1;
        Some(Data::Map(pairs))
    }

    fn enter(&mut self) -> bool {
        match self.depth_left.checked_sub(1) {
            Some(left) => self.depth_left = left,
            None => {
                let limit = Limits::default().depth;
                let expected = format!("values nested in at most {limit} levels");
                self.cursor
                    .fail(self.cursor.at(), expected, "saw a deeper one");
                return false;
            }
        }
        true
    }

    fn charge(&mut self, at: usize) -> bool {
        match self.values_left.checked_sub(1) {
            Some(left) => self.values_left = left,
            None => {
                let expected = format!("at most {MAX_VALUES} values in a message");
                self.cursor
                    .fail(at, expected, "saw more, which are not shown");
                return false;
            }
        }
        true
    }
}

impl<'a> Value<'a> {
    /// Takes the type that the wire has, unless it is named and fits the name.
    fn rename(&mut self, kind: Kind<'a>, is_named: bool, fits: bool) {
        if is_named && fits {
            return;
        }
        if !fits {
            self.declared = Some(self.kind);
        }
        self.kind = kind;
    }
}

impl<'a> Names<'a> {
    /// The fields of the result, or else of the only argument.
    pub(super) fn only(self) -> Option<Self> {
        let argument = self.fields.first().map(|field| &field.kind);
        let schema = self.schema;
        let kind = self.result.or(argument)?;
        Named { schema, kind }.fields()
    }

    /// The name and the type of a field.
    fn field(self, id: i16) -> (Option<&'a str>, Option<Named<'a>>) {
        let schema = self.schema;
        if let (0, Some(kind)) = (id, self.result) {
            return (Some("success"), Some(Named { schema, kind }));
        }
        let field = self.fields.iter().find(|field| field.id == id);
        let kind = |field: &'a FieldSchema| Named {
            schema,
            kind: &field.kind,
        };
        (field.map(|field| &*field.name), field.map(kind))
    }
}

impl<'a> Named<'a> {
    fn of(self, kind: &'a Type) -> Self {
        Self { kind, ..self }
    }

    fn is(self, wire: WireType) -> bool {
        self.kind.wire_type(self.schema) == wire
    }

    fn definition(self) -> Option<&'a Definition> {
        match self.kind {
            Type::Defined(id) => self.schema.definition(*id),
            _ => None,
        }
    }

    fn fields(self) -> Option<Names<'a>> {
        match self.definition()? {
            Definition::Struct(definition) => Some(Names {
                schema: self.schema,
                fields: &definition.fields,
                result: None,
            }),
            _ => None,
        }
    }

    fn enumeration(self) -> Option<&'a Enum> {
        match self.definition()? {
            Definition::Enum(definition) => Some(definition),
            _ => None,
        }
    }

    fn element(self) -> Option<Self> {
        match self.kind {
            Type::List(element) | Type::Set(element) => Some(self.of(element)),
            _ => None,
        }
    }

    fn pair(self) -> Option<(Self, Self)> {
        match self.kind {
            Type::Map(key, value) => Some((self.of(key), self.of(value))),
            _ => None,
        }
    }
}

fn value_name(named: &Enum, number: i32) -> Option<&str> {
    let mut values = named.values.iter();
    values
        .find(|value| value.number == number)
        .map(|value| value.name.as_str())
}

/// What no text has in it.
pub(super) fn is_unreadable(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |kind: WireType| kind.name().unwrap_or("?");
        match *self {
            Self::Declared(named) => f.write_str(&named.schema.type_name(named.kind)),
            Self::Plain(kind) => f.write_str(name(kind)),
            Self::List(kind) => write!(f, "list<{}>", name(kind)),
            Self::Set(kind) => write!(f, "set<{}>", name(kind)),
            Self::Map(key, value) => write!(f, "map<{}, {}>", name(key), name(value)),
            Self::Protobuf(name) => f.write_str(name),
        }
    }
}

impl Serialize for Kind<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

/// Numbers, texts, arrays of fields, of elements or of pairs; an enum is an object of its number
/// and its name, bytes are one of their hex digits.
impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => out.serialize_bool(*value),
            Self::Int(value) => out.serialize_i64(*value),
            Self::Unsigned(value) => out.serialize_u64(*value),
            Self::Enum(number, name) => {
                let mut object = out.serialize_map(Some(2))?;
                object.serialize_entry("number", number)?;
                object.serialize_entry("name", name)?;
                object.end()
            }
            Self::Double(value) if value.is_finite() => out.serialize_f64(*value),
            Self::Double(value) => out.collect_str(value),
            Self::Text(text) => out.serialize_str(text),
            Self::Bytes(bytes) => serialize_hex(bytes, out),
            Self::Struct(fields) => fields.serialize(out),
            Self::List(elements) => out.collect_seq(elements.iter().map(|value| &value.data)),
            Self::Map(pairs) => {
                out.collect_seq(pairs.iter().map(|(key, value)| (&key.data, &value.data)))
            }
            Self::Broken => out.serialize_none(),
        }
    }
}

/// `{"hex": "..."}`
pub(super) fn serialize_hex<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
    let mut object = out.serialize_map(Some(1))?;
    object.serialize_entry("hex", &hex(bytes))?;
    object.end()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}
