//! Protobuf messages with their places, as far as they can be read, and named where descriptors name
//! them.

use buffa_descriptor::{
    DescriptorPool, EnumDescriptor, FieldKind, MessageDescriptor, ScalarType, SingularKind,
};
use polyport_wire::limits::Limits;

use crate::decode::cursor::Cursor;
use crate::decode::value::{Data, Field, Kind, MAX_VALUES, Value, is_unreadable};

/// The fields that a message may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described<'a> {
    pool: &'a DescriptorPool,
    shape: Shape<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Shape<'a> {
    Message(&'a MessageDescriptor),
    /// The key and the value of a map.
    Entry(ScalarType, SingularKind),
}

/// What descriptors say of a field.
#[derive(Clone, Copy, Debug)]
struct Known<'a> {
    name: &'a str,
    meaning: Meaning<'a>,
    is_list: bool,
}

impl<'a> Described<'a> {
    /// A message by its full name; `None` if there is none of that name.
    pub(super) fn find(pool: &'a DescriptorPool, name: &str) -> Option<Self> {
        let message = pool.message_by_name(name)?;
        let shape = Shape::Message(message);
        Some(Self { pool, shape })
    }
}

/// The fields of a message that takes the rest of the cursor.
pub(super) fn fields<'a>(
    cursor: &mut Cursor<'a>,
    message: Option<Described<'a>>,
) -> Vec<Field<'a>> {
    let reader = &mut Reader {
        depth_left: Limits::default().depth,
        values_left: MAX_VALUES,
    };
    reader.fields(cursor, message, None)
}

/// How a field's value is cut: the lower three bits of its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Varint,
    Fixed64,
    Length,
    /// Fields up to a mark of the same number.
    Group,
    GroupEnd,
    Fixed32,
}

/// What a value is, as far as descriptors say.
#[derive(Clone, Copy, Debug)]
enum Meaning<'a> {
    Unknown,
    Scalar(ScalarType),
    Enum(&'a EnumDescriptor),
    Message(Described<'a>),
}

/// What may still be read of a message.
#[derive(Debug)]
struct Reader {
    depth_left: u32,
    values_left: usize,
}

impl Reader {
    /// Fields up to the end of the cursor, or of the group of this number.
    fn fields<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        message: Option<Described<'a>>,
        group: Option<i32>,
    ) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        let Some(left) = self.depth_left.checked_sub(1) else {
            let limit = Limits::default().depth;
            let expected = format!("messages nested in at most {limit} levels");
            cursor.fail(cursor.at(), expected, "saw a deeper one");
            return fields;
        };
        self.depth_left = left;
        while cursor.is_well() && (group.is_some() || !cursor.rest().is_empty()) {
            let at = cursor.at();
            let Some((id, wire)) = tag(cursor) else {
                break;
            };
            if wire == Wire::GroupEnd {
                if group != Some(id) {
                    let seen = format!("saw the end of group {id}");
                    cursor.fail(at, "a field, or the end of what is open", seen);
                }
                break;
            }
            fields.push(self.field(cursor, message, (id, wire)));
        }
        self.depth_left += 1;
        fields
    }

    fn field<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        message: Option<Described<'a>>,
        (id, wire): (i32, Wire),
    ) -> Field<'a> {
        let known = message.and_then(|message| message.field(id));
        let name = known.map(|known| known.name);
        let mut value = Value {
            offset: cursor.at(),
            kind: Kind::Protobuf(wire.name()),
            declared: None,
            data: Data::Broken,
        };
        match self.values_left.checked_sub(1) {
            Some(left) => {
                self.values_left = left;
                self.value(cursor, known, (id, wire), &mut value);
            }
            None => {
                let expected = format!("at most {MAX_VALUES} values in a message");
                cursor.fail(value.offset, expected, "saw more, which are not shown");
            }
        }
        cursor.within(|| match name {
            Some(name) => name.to_owned(),
            None => format!("field {id}"),
        });
        Field { id, name, value }
    }

    fn value<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        known: Option<Known<'a>>,
        (id, wire): (i32, Wire),
        value: &mut Value<'a>,
    ) {
        let mut meaning = known.map_or(Meaning::Unknown, |known| known.meaning);
        let is_list = known.is_some_and(|known| known.is_list);
        let is_packed = is_list && wire == Wire::Length && meaning.wire() != Wire::Length;
        if known.is_some() {
            value.kind = Kind::Protobuf(meaning.name());
        }
        if known.is_some() && !is_packed && meaning.wire() != wire && wire != Wire::Group {
            value.declared = Some(value.kind);
            value.kind = Kind::Protobuf(wire.name());
            meaning = Meaning::Unknown;
        }
        let data = match wire {
            _ if is_packed => self.packed(cursor, meaning),
            Wire::Length => self.length(cursor, meaning),
            Wire::Group => {
                let message = match meaning {
                    Meaning::Message(message) => Some(message),
                    _ => None,
                };
                Some(Data::Struct(self.fields(cursor, message, Some(id))))
            }
            _ => number(cursor, wire, meaning),
        };
        value.data = data.unwrap_or(Data::Broken);
    }

    /// Numbers one behind the other.
    fn packed<'a>(&mut self, cursor: &mut Cursor<'a>, meaning: Meaning<'a>) -> Option<Data<'a>> {
        let length = length(cursor)?;
        let mut inner = cursor.limit(length, "the list");
        let kind = Kind::Protobuf(meaning.name());
        let mut elements = Vec::new();
        while inner.is_well() && !inner.rest().is_empty() {
            let offset = inner.at();
            let Some(left) = self.values_left.checked_sub(1) else {
                let expected = format!("at most {MAX_VALUES} values in a message");
                inner.fail(offset, expected, "saw more, which are not shown");
                break;
            };
            self.values_left = left;
            let data = number(&mut inner, meaning.wire(), meaning).unwrap_or(Data::Broken);
            elements.push(Value {
                offset,
                kind,
                declared: None,
                data,
            });
        }
        cursor.take(length, "a list");
        cursor.adopt(inner);
        Some(Data::List(elements))
    }

    /// A text, bytes, or a message; without a descriptor what they look like.
    fn length<'a>(&mut self, cursor: &mut Cursor<'a>, meaning: Meaning<'a>) -> Option<Data<'a>> {
        let length = length(cursor)?;
        let mut inner = cursor.limit(length, "the message");
        let bytes = cursor.take(length, "a value")?;
        let text = std::str::from_utf8(bytes).ok();
        Some(match meaning {
            Meaning::Message(message) => {
                let fields = self.fields(&mut inner, Some(message), None);
                cursor.adopt(inner);
                Data::Struct(fields)
            }
            Meaning::Scalar(ScalarType::String) => text.map_or(Data::Bytes(bytes), Data::Text),
            Meaning::Unknown => match text.filter(|text| !text.chars().any(is_unreadable)) {
                Some(text) => Data::Text(text),
                None => self.guess(inner).unwrap_or(Data::Bytes(bytes)),
            },
            _ => Data::Bytes(bytes),
        })
    }

    /// A message, if these bytes can be one.
    fn guess<'a>(&mut self, mut cursor: Cursor<'a>) -> Option<Data<'a>> {
        let fields = self.fields(&mut cursor, None, None);
        cursor.is_well().then_some(Data::Struct(fields))
    }
}

fn number<'a>(cursor: &mut Cursor<'a>, wire: Wire, meaning: Meaning<'a>) -> Option<Data<'a>> {
    let bits = match wire {
        Wire::Varint => varint(cursor, "a number")?,
        Wire::Fixed64 => u64::from_le_bytes(cursor.array("a number of 8 bytes")?),
        _ => u32::from_le_bytes(cursor.array("a number of 4 bytes")?).into(),
    };
    let signed = bits.cast_signed();
    // The upper half is of no interest where there is none.
    let [a, b, c, d, ..] = bits.to_le_bytes();
    let low = u32::from_le_bytes([a, b, c, d]);
    let Meaning::Scalar(scalar) = meaning else {
        return Some(match meaning {
            Meaning::Enum(known) => {
                let number = low.cast_signed();
                let value = known.value(number);
                Data::Enum(number, value.map(|value| value.name()))
            }
            _ => Data::Unsigned(bits),
        });
    };
    Some(match scalar {
        ScalarType::Bool => Data::Bool(bits != 0),
        ScalarType::Double => Data::Double(f64::from_bits(bits)),
        // As the shorter one is written: 0.1 is not 0.10000000149011612.
        ScalarType::Float => Data::Double(f32::from_bits(low).to_string().parse().ok()?),
        ScalarType::Int64 | ScalarType::Sfixed64 => Data::Int(signed),
        ScalarType::Int32 | ScalarType::Sfixed32 => Data::Int(low.cast_signed().into()),
        ScalarType::Sint32 | ScalarType::Sint64 => {
            Data::Int((bits >> 1).cast_signed() ^ -(signed & 1))
        }
        ScalarType::Uint32 => Data::Unsigned(low.into()),
        _ => Data::Unsigned(bits),
    })
}

/// A field's number and how its value is cut.
fn tag(cursor: &mut Cursor<'_>) -> Option<(i32, Wire)> {
    let at = cursor.at();
    let tag = varint(cursor, "a field's tag")?;
    let wire = match tag & 7 {
        0 => Wire::Varint,
        1 => Wire::Fixed64,
        2 => Wire::Length,
        3 => Wire::Group,
        4 => Wire::GroupEnd,
        5 => Wire::Fixed32,
        other => {
            let seen = format!("saw {other} in the lower bits");
            cursor.fail(at, "a field's tag with a type from 0 to 5", seen);
            return None;
        }
    };
    let number = i32::try_from(tag >> 3).ok();
    let number = number.filter(|number| (1..1 << 29).contains(number));
    if number.is_none() {
        let seen = format!("saw {}", tag >> 3);
        cursor.fail(at, "a field's number from 1 to 536870911", seen);
    }
    Some((number?, wire))
}

/// A length, if as much is there.
fn length(cursor: &mut Cursor<'_>) -> Option<usize> {
    let at = cursor.at();
    let announced = varint(cursor, "a length")?;
    let left = cursor.rest().len();
    let length = usize::try_from(announced).ok();
    let length = length.filter(|length| *length <= left);
    if length.is_none() {
        let part = cursor.part();
        let seen = format!("saw {announced}, and {part} has {left} more bytes");
        cursor.fail(at, format!("a length of at most {left}"), seen);
    }
    length
}

fn varint(cursor: &mut Cursor<'_>, what: &str) -> Option<u64> {
    let at = cursor.at();
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = cursor.u8(what)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    let expected = format!("{what}, in at most 10 bytes");
    cursor.fail(at, expected, "saw more that belong together");
    None
}

impl<'a> Described<'a> {
    fn field(self, id: i32) -> Option<Known<'a>> {
        let known = |name, kind, is_list| Known {
            name,
            meaning: self.meaning(kind),
            is_list,
        };
        match self.shape {
            Shape::Entry(key, _) if id == 1 => Some(known("key", SingularKind::Scalar(key), false)),
            Shape::Entry(_, value) if id == 2 => Some(known("value", value, false)),
            Shape::Entry(..) => None,
            Shape::Message(message) => {
                let field = message.field(u32::try_from(id).ok()?)?;
                let name = field.name();
                Some(match field.kind() {
                    FieldKind::Singular(kind) => known(name, kind, false),
                    FieldKind::List(kind) => known(name, kind, true),
                    FieldKind::Map { key, value } => Known {
                        name,
                        meaning: Meaning::Message(Self {
                            shape: Shape::Entry(key, value),
                            ..self
                        }),
                        is_list: true,
                    },
                })
            }
        }
    }

    fn meaning(self, kind: SingularKind) -> Meaning<'a> {
        let pool = self.pool;
        match kind {
            SingularKind::Scalar(scalar) => Meaning::Scalar(scalar),
            SingularKind::Enum(index) => Meaning::Enum(pool.enumeration(index)),
            SingularKind::Message(index) => Meaning::Message(Self {
                pool,
                shape: Shape::Message(pool.message(index)),
            }),
        }
    }
}

impl<'a> Meaning<'a> {
    fn wire(self) -> Wire {
        match self {
            Self::Unknown | Self::Message(_) => Wire::Length,
            Self::Enum(_) => Wire::Varint,
            Self::Scalar(scalar) => match scalar {
                ScalarType::String | ScalarType::Bytes => Wire::Length,
                ScalarType::Double | ScalarType::Fixed64 | ScalarType::Sfixed64 => Wire::Fixed64,
                ScalarType::Float | ScalarType::Fixed32 | ScalarType::Sfixed32 => Wire::Fixed32,
                _ => Wire::Varint,
            },
        }
    }

    /// As `.proto` files have it.
    fn name(self) -> &'a str {
        match self {
            Self::Unknown => "?",
            Self::Enum(known) => last(known.full_name()),
            Self::Message(known) => match known.shape {
                Shape::Message(message) => last(message.full_name()),
                Shape::Entry(..) => "map entry",
            },
            Self::Scalar(scalar) => match scalar {
                ScalarType::Double => "double",
                ScalarType::Float => "float",
                ScalarType::Int64 => "int64",
                ScalarType::Uint64 => "uint64",
                ScalarType::Int32 => "int32",
                ScalarType::Fixed64 => "fixed64",
                ScalarType::Fixed32 => "fixed32",
                ScalarType::Bool => "bool",
                ScalarType::String => "string",
                ScalarType::Bytes => "bytes",
                ScalarType::Uint32 => "uint32",
                ScalarType::Sfixed32 => "sfixed32",
                ScalarType::Sfixed64 => "sfixed64",
                ScalarType::Sint32 => "sint32",
                ScalarType::Sint64 => "sint64",
            },
        }
    }
}

impl Wire {
    fn name(self) -> &'static str {
        match self {
            Self::Varint => "varint",
            Self::Fixed64 => "fixed64",
            Self::Length => "length-delimited",
            Self::Group | Self::GroupEnd => "group",
            Self::Fixed32 => "fixed32",
        }
    }
}

/// A name without its package.
fn last(full_name: &str) -> &str {
    full_name.rsplit('.').next().unwrap_or(full_name)
}
