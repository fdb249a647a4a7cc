//! The schema as a Thrift struct, for embedding and for reflection.
//!
//! The structs are those of `idl/reflection.thrift` in polyport, which other versions read, too.

use crate::error::{DecodeError, DecodeErrorKind};
use crate::schema::{
    Annotation, CallKind, Definition, DefinitionId, Enum, EnumValue, Field, Literal, Method,
    Requiredness, Schema, Service, Struct, StructKind, Type,
};
use crate::thrift::{Reader, Value, WireType, Writer};
use crate::transport::Codec;

/// A struct whose fields must come, but for those marked optional. Docs are left out.
macro_rules! plain_struct {
    (
        $type:ident { $($id:literal: $field:ident),* $(,)? }
        $(optional { $($optional_id:literal: $optional:ident),* $(,)? })?
        $(default { $($missing:ident: $value:expr),* $(,)? })?
    ) => {
        impl Value for $type {
            const TYPE: WireType = WireType::STRUCT;
            const MINIMUM_SIZE: usize = 1;

            fn encode(&self, out: &mut Writer<'_>) {
                $(out.field($id, &self.$field);)*
                $($(out.optional($optional_id, &self.$optional);)*)?
                out.stop();
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                $(let mut $field = None;)*
                $($(let mut $optional = None;)*)?
                input.enter()?;
                while let Some((kind, id)) = input.field()? {
                    match id {
                        $($id => {
                            $field =
                                Some(input.value(concat!(stringify!($type), ".", stringify!($field)))?);
                        })*
                        $($($optional_id => {
                            $optional = Some(input.value(concat!(
                                stringify!($type), ".", stringify!($optional)
                            ))?);
                        })*)?
                        _ => input.skip(kind)?,
                    }
                }
                Ok(Self {
                    $($field: $field.ok_or(DecodeErrorKind::MissingField(stringify!($field)))?,)*
                    $($($optional,)*)?
                    $($($missing: $value,)*)?
                })
            }
        }
    };
}

plain_struct!(Schema {
    1: definitions,
    2: services,
    3: descriptors,
});
plain_struct!(Struct { 1: package, 2: name, 3: kind, 4: fields, 5: annotations, }
    default { docs: String::new(), });
plain_struct!(Field {
    1: id, 2: name, 3: kind, 4: requiredness, 6: annotations,
} optional { 5: default, } default { docs: String::new(), });
plain_struct!(Enum { 1: package, 2: name, 3: values, 4: annotations, }
    default { docs: String::new(), });
plain_struct!(EnumValue { 1: name, 2: number, } default { docs: String::new(), });
plain_struct!(Service { 1: package, 2: name, 3: methods, 4: combined, 5: annotations, 6: codec, }
    default { docs: String::new(), });
plain_struct!(Method {
    1: name, 2: kind, 3: streaming_unary, 4: arguments, 6: throws, 8: annotations,
} optional { 5: result, 7: declared_by, } default { docs: String::new(), });
plain_struct!(Annotation { 1: name, 2: value });

/// An enum without data, as its number.
macro_rules! plain_enum {
    ($type:ident { $($number:literal: $variant:ident),* $(,)? }) => {
        impl Value for $type {
            const TYPE: WireType = WireType::I32;
            const MINIMUM_SIZE: usize = 4;

            fn encode(&self, out: &mut Writer<'_>) {
                let number: i32 = match self {
                    $(Self::$variant => $number,)*
                };
                number.encode(out);
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match i32::decode(input)? {
                    $($number => Ok(Self::$variant),)*
                    other => Err(DecodeErrorKind::Malformed {
                        what: stringify!($type),
                        got: other.into(),
                    }
                    .into()),
                }
            }
        }
    };
}

plain_enum!(StructKind {
    0: Struct,
    1: Union,
    2: Exception,
});
plain_enum!(Requiredness {
    0: Default,
    1: Required,
    2: Optional,
});
plain_enum!(Codec {
    0: ThriftBinary,
    1: Protobuf,
});
plain_enum!(CallKind {
    0: Unary,
    1: Oneway,
    2: ClientStream,
    3: ServerStream,
    4: Bidirectional,
});

impl Value for DefinitionId {
    const TYPE: WireType = WireType::I64;
    const MINIMUM_SIZE: usize = 8;

    fn encode(&self, out: &mut Writer<'_>) {
        i64::from(self.0).encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let number = i64::decode(input)?;
        match u32::try_from(number) {
            Ok(number) => Ok(Self(number)),
            Err(_) => Err(malformed("definition", number)),
        }
    }
}

/// A union with one field: which it was, and how to make the value of it.
macro_rules! plain_union {
    ($type:ident { $($id:literal: $variant:ident),* $(,)? }) => {
        impl Value for $type {
            const TYPE: WireType = WireType::STRUCT;
            const MINIMUM_SIZE: usize = 1;

            fn encode(&self, out: &mut Writer<'_>) {
                match self {
                    $(Self::$variant(value) => out.field($id, value),)*
                }
                out.stop();
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let mut decoded = None;
                input.enter()?;
                while let Some((kind, id)) = input.field()? {
                    match id {
                        $($id => decoded = Some(Self::$variant(input.value(stringify!($type))?)),)*
                        _ => input.skip(kind)?,
                    }
                }
                decoded.ok_or_else(|| DecodeErrorKind::MissingField(stringify!($type)).into())
            }
        }
    };
}

plain_union!(Definition { 1: Struct, 2: Enum });
plain_union!(Literal {
    1: Bool,
    2: Int,
    3: Double,
    4: String,
    5: List,
    6: Map,
    7: Bytes,
});

/// A key and its value.
impl Value for (Literal, Literal) {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.field(1, &self.0);
        out.field(2, &self.1);
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (mut key, mut value) = (None, None);
        input.enter()?;
        while let Some((kind, id)) = input.field()? {
            match id {
                1 => key = Some(input.value("Literal.key")?),
                2 => value = Some(input.value("Literal.value")?),
                _ => input.skip(kind)?,
            }
        }
        match (key, value) {
            (Some(key), Some(value)) => Ok((key, value)),
            _ => Err(DecodeErrorKind::MissingField("Literal.key").into()),
        }
    }
}

/// A type is its number, what it holds, or where its definition is.
impl Value for Type {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        let mut simple = |number: i8| out.field(1, &number);
        match self {
            Self::Bool => simple(1),
            Self::Byte => simple(2),
            Self::I16 => simple(3),
            Self::I32 => simple(4),
            Self::I64 => simple(5),
            Self::Double => simple(6),
            Self::String => simple(7),
            Self::Binary => simple(8),
            Self::List(element) => out.field(2, element),
            Self::Set(element) => out.field(3, element),
            Self::Map(key, value) => {
                out.field(4, key);
                out.field(5, value);
            }
            Self::Defined(id) => out.field(6, id),
            Self::Message(name) => out.field(7, name),
        }
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (mut decoded, mut key) = (None, None);
        input.enter()?;
        while let Some((kind, id)) = input.field()? {
            match id {
                1 => decoded = Some(simple_type(i8::decode(input)?)?),
                2 => decoded = Some(Self::List(input.value("Type.list")?)),
                3 => decoded = Some(Self::Set(input.value("Type.set")?)),
                4 => key = Some(input.value("Type.key")?),
                5 => {
                    let value = input.value("Type.value")?;
                    decoded = key.take().map(|key| Self::Map(key, value));
                }
                6 => decoded = Some(Self::Defined(input.value("Type.defined")?)),
                7 => decoded = Some(Self::Message(input.value("Type.message")?)),
                _ => input.skip(kind)?,
            }
        }
        decoded.ok_or_else(|| DecodeErrorKind::MissingField("Type").into())
    }
}

fn simple_type(number: i8) -> Result<Type, DecodeError> {
    Ok(match number {
        1 => Type::Bool,
        2 => Type::Byte,
        3 => Type::I16,
        4 => Type::I32,
        5 => Type::I64,
        6 => Type::Double,
        7 => Type::String,
        8 => Type::Binary,
        other => return Err(malformed("type", other.into())),
    })
}

fn malformed(what: &'static str, got: i64) -> DecodeError {
    DecodeErrorKind::Malformed { what, got }.into()
}
