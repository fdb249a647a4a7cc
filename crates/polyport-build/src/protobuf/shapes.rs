//! Messages and enums as versions of them are compared.

use std::collections::HashMap;

use buffa_descriptor::generated::descriptor::field_descriptor_proto::{Label, Type};
use buffa_descriptor::generated::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

use crate::protobuf::is_library;
use crate::protobuf::places::{ENUM, MESSAGE, NAME, Places};
use crate::protobuf::set::FileSet;
use crate::shape::{Cardinality, Enum, Field, Kind, Message, Shapes, Value};
use crate::source::Sources;

/// In a message.
const FIELD: i32 = 2;
const NESTED_MESSAGE: i32 = 3;
const NESTED_ENUM: i32 = 4;
/// In an enum.
const VALUE: i32 = 2;

/// The shapes of everything in the files, but not of the library's.
pub(super) fn shapes(set: &FileSet, sources: &Sources) -> Shapes {
    let mut shapes = Shapes::default();
    for file in &set.files {
        let name = file.name.as_deref().unwrap_or_default();
        let Some(id) = set.origins.get(name).filter(|_| !is_library(name)) else {
            continue;
        };
        let places = Places::new(*id, file, sources);
        let mut reader = Reader {
            places,
            is_proto3: file.syntax.as_deref() == Some("proto3"),
            maps: HashMap::new(),
            shapes: &mut shapes,
        };
        reader.file(file);
    }
    shapes
}

struct Reader<'a> {
    places: Places<'a>,
    is_proto3: bool,
    /// The messages that stand for the entries of a map, by their full names.
    maps: HashMap<String, (Kind, Kind)>,
    shapes: &'a mut Shapes,
}

impl Reader<'_> {
    fn file(&mut self, file: &FileDescriptorProto) {
        let package = file.package.as_deref().unwrap_or_default();
        for (number, item) in (0..).zip(&file.message_type) {
            self.message(package, item, &[MESSAGE, number]);
        }
        for (number, item) in (0..).zip(&file.enum_type) {
            self.enumeration(package, item, &[ENUM, number]);
        }
    }

    fn message(&mut self, around: &str, item: &DescriptorProto, path: &[i32]) {
        let name = below(around, item.name.as_deref());
        for nested in &item.nested_type {
            let options = nested.options.as_option();
            if options.is_some_and(|options| options.map_entry.unwrap_or_default()) {
                self.map(&name, nested);
            }
        }
        for (number, nested) in (0..).zip(&item.nested_type) {
            let is_map = self
                .maps
                .contains_key(&below(&name, nested.name.as_deref()));
            if !is_map {
                self.message(&name, nested, &[path, &[NESTED_MESSAGE, number]].concat());
            }
        }
        for (number, nested) in (0..).zip(&item.enum_type) {
            self.enumeration(&name, nested, &[path, &[NESTED_ENUM, number]].concat());
        }
        let fields = (0..).zip(&item.field);
        let fields = fields
            .map(|(number, field)| self.field(item, field, &[path, &[FIELD, number]].concat()));
        // A range's end is the number behind it.
        let reserved = item.reserved_range.iter().map(|range| {
            let end = range.end.unwrap_or_default();
            (range.start.unwrap_or_default(), end.saturating_sub(1))
        });
        let message = Message {
            span: self.places.span(&[path, &[NAME]].concat()),
            fields: fields.collect(),
            reserved: reserved.collect(),
            name,
        };
        self.shapes.messages.push(message);
    }

    fn map(&mut self, around: &str, entry: &DescriptorProto) {
        if let [key, value] = &entry.field[..] {
            let kinds = (self.kind(key), self.kind(value));
            self.maps
                .insert(below(around, entry.name.as_deref()), kinds);
        }
    }

    fn field(&self, message: &DescriptorProto, item: &FieldDescriptorProto, path: &[i32]) -> Field {
        Field {
            number: item.number.unwrap_or_default(),
            name: item.name.clone().unwrap_or_default(),
            json_name: item.json_name.clone().unwrap_or_default(),
            kind: self.kind(item),
            cardinality: self.cardinality(message, item),
            default: item.default_value.clone(),
            span: self.places.span(path),
        }
    }

    fn kind(&self, item: &FieldDescriptorProto) -> Kind {
        let named = item.type_name.as_deref().unwrap_or_default();
        let named = named.trim_start_matches('.').to_owned();
        match item.r#type.unwrap_or_default() {
            Type::TYPE_MESSAGE => match self.maps.get(&named) {
                Some((key, value)) => Kind::Map(Box::new(key.clone()), Box::new(value.clone())),
                None => Kind::Message(named),
            },
            Type::TYPE_GROUP => Kind::Group(named),
            Type::TYPE_ENUM => Kind::Enum(named),
            scalar => Kind::Scalar(word(scalar)),
        }
    }

    fn cardinality(&self, message: &DescriptorProto, item: &FieldDescriptorProto) -> Cardinality {
        let is_optional = item.proto3_optional.unwrap_or_default();
        let oneof = item.oneof_index.filter(|_| !is_optional);
        let oneof = oneof.and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
        match (item.label.unwrap_or_default(), oneof) {
            (Label::LABEL_REPEATED, _) => Cardinality::Repeated,
            (Label::LABEL_REQUIRED, _) => Cardinality::Required,
            (_, Some(oneof)) => Cardinality::OneOf(oneof.name.clone().unwrap_or_default()),
            _ if is_optional || !self.is_proto3 => Cardinality::Optional,
            _ if item.r#type == Some(Type::TYPE_MESSAGE) => Cardinality::Optional,
            _ => Cardinality::Implicit,
        }
    }

    fn enumeration(&mut self, around: &str, item: &EnumDescriptorProto, path: &[i32]) {
        let values = (0..).zip(&item.value).map(|(number, value)| Value {
            name: value.name.clone().unwrap_or_default(),
            number: value.number.unwrap_or_default(),
            span: self.places.span(&[path, &[VALUE, number, NAME]].concat()),
        });
        let shape = Enum {
            name: below(around, item.name.as_deref()),
            span: self.places.span(&[path, &[NAME]].concat()),
            values: values.collect(),
        };
        self.shapes.enums.push(shape);
    }
}

fn below(around: &str, name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    match around {
        "" => name.to_owned(),
        around => format!("{around}.{name}"),
    }
}

fn word(scalar: Type) -> &'static str {
    match scalar {
        Type::TYPE_DOUBLE => "double",
        Type::TYPE_FLOAT => "float",
        Type::TYPE_INT64 => "int64",
        Type::TYPE_UINT64 => "uint64",
        Type::TYPE_INT32 => "int32",
        Type::TYPE_FIXED64 => "fixed64",
        Type::TYPE_FIXED32 => "fixed32",
        Type::TYPE_BOOL => "bool",
        Type::TYPE_STRING => "string",
        Type::TYPE_GROUP => "group",
        Type::TYPE_MESSAGE => "message",
        Type::TYPE_BYTES => "bytes",
        Type::TYPE_UINT32 => "uint32",
        Type::TYPE_ENUM => "enum",
        Type::TYPE_SFIXED32 => "sfixed32",
        Type::TYPE_SFIXED64 => "sfixed64",
        Type::TYPE_SINT32 => "sint32",
        Type::TYPE_SINT64 => "sint64",
    }
}
