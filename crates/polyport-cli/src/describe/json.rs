//! Services and types for programs.

use std::collections::BTreeSet;

use buffa_descriptor::generated::descriptor::field_descriptor_proto::Label;
use buffa_descriptor::generated::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto,
};
use polyport_wire::schema::{
    Annotation, Definition, Enum, Field, Method, Requiredness, Schema, Service, Struct, StructKind,
    Type,
};
use serde::Serialize;

use crate::describe::files::{Files, Place, map_entry, within};
use crate::describe::literal;
use crate::describe::part::full_name;
use crate::describe::protobuf::scalar;

/// What was asked for, and the types that it needs; names are full.
#[derive(Debug, Serialize)]
pub(super) struct Description {
    services: Vec<ServiceJson>,
    types: Vec<TypeJson>,
}

#[derive(Debug, Serialize)]
struct ServiceJson {
    #[serde(rename = "service")]
    name: String,
    codec: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    docs: String,
    methods: Vec<MethodJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<AnnotationJson>,
}

#[derive(Debug, Serialize)]
struct MethodJson {
    #[serde(rename = "method")]
    name: String,
    kind: String,
    arguments: Vec<FieldJson>,
    result: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    throws: Vec<FieldJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    declared_by: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    docs: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<AnnotationJson>,
}

#[derive(Debug, Serialize)]
struct TypeJson {
    name: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    docs: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<FieldJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<ValueJson>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<AnnotationJson>,
}

#[derive(Debug, Default, Serialize)]
struct FieldJson {
    id: i32,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    /// `required`, `optional` or `repeated`, if the IDL says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oneof: Option<String>,
    /// As the IDL writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    docs: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<AnnotationJson>,
}

#[derive(Debug, Serialize)]
struct ValueJson {
    name: String,
    number: i32,
    #[serde(skip_serializing_if = "String::is_empty")]
    docs: String,
}

#[derive(Debug, Serialize)]
struct AnnotationJson {
    name: String,
    value: String,
}

pub(super) fn description(schema: &Schema, files: &Files, places: &BTreeSet<Place>) -> Description {
    let definitions = schema.definitions.iter();
    let defined = definitions.filter_map(|definition| match definition {
        Definition::Struct(definition) => Some(structure(schema, definition)),
        Definition::Enum(definition) => Some(enumeration(definition)),
        _ => None,
    });
    let mut types: Vec<TypeJson> = defined.collect();
    for place in places {
        let file = &files.all()[place.file()];
        let package = file.package.as_deref().unwrap_or_default();
        match place {
            Place::Enum(_, index) => types.push(proto_enum(package, &file.enum_type[*index])),
            Place::Message(_, index) => {
                add_message(package, &file.message_type[*index], &mut types)
            }
        }
    }
    let services = schema.services.iter();
    Description {
        services: services.map(|one| service(schema, one)).collect(),
        types,
    }
}

fn service(schema: &Schema, service: &Service) -> ServiceJson {
    ServiceJson {
        name: service.full_name(),
        codec: service.codec.to_string(),
        docs: service.docs.clone(),
        methods: service
            .methods
            .iter()
            .map(|one| method(schema, one))
            .collect(),
        annotations: annotations(&service.annotations),
    }
}

fn method(schema: &Schema, method: &Method) -> MethodJson {
    let fields = |fields: &[Field]| fields.iter().map(|one| field(schema, one)).collect();
    MethodJson {
        name: method.name.clone(),
        kind: method.kind.to_string(),
        arguments: fields(&method.arguments),
        result: method.result.as_ref().map(|kind| type_name(schema, kind)),
        throws: fields(&method.throws),
        declared_by: method.declared_by.clone(),
        docs: method.docs.clone(),
        annotations: annotations(&method.annotations),
    }
}

fn structure(schema: &Schema, definition: &Struct) -> TypeJson {
    let fields = definition.fields.iter();
    TypeJson {
        name: within(&definition.package, Some(&definition.name)),
        kind: match definition.kind {
            StructKind::Struct => "struct",
            StructKind::Union => "union",
            StructKind::Exception => "exception",
        },
        docs: definition.docs.clone(),
        fields: Some(fields.map(|one| field(schema, one)).collect()),
        values: None,
        annotations: annotations(&definition.annotations),
    }
}

fn enumeration(definition: &Enum) -> TypeJson {
    let values = definition.values.iter().map(|value| ValueJson {
        name: value.name.clone(),
        number: value.number,
        docs: value.docs.clone(),
    });
    TypeJson {
        name: within(&definition.package, Some(&definition.name)),
        kind: "enum",
        docs: definition.docs.clone(),
        fields: None,
        values: Some(values.collect()),
        annotations: annotations(&definition.annotations),
    }
}

fn field(schema: &Schema, field: &Field) -> FieldJson {
    FieldJson {
        id: field.id.into(),
        name: field.name.clone(),
        kind: type_name(schema, &field.kind),
        label: match field.requiredness {
            Requiredness::Default => None,
            Requiredness::Required => Some("required"),
            Requiredness::Optional => Some("optional"),
        },
        oneof: None,
        default: field.default.as_ref().map(literal::plain),
        docs: field.docs.clone(),
        annotations: annotations(&field.annotations),
    }
}

fn type_name(schema: &Schema, kind: &Type) -> String {
    match kind {
        Type::List(element) => format!("list<{}>", type_name(schema, element)),
        Type::Set(element) => format!("set<{}>", type_name(schema, element)),
        Type::Map(key, value) => {
            format!(
                "map<{}, {}>",
                type_name(schema, key),
                type_name(schema, value)
            )
        }
        Type::Defined(id) => schema
            .definition(*id)
            .map_or_else(|| "?".to_owned(), full_name),
        kind => schema.type_name(kind),
    }
}

fn annotations(all: &[Annotation]) -> Vec<AnnotationJson> {
    let annotation = |annotation: &Annotation| AnnotationJson {
        name: annotation.name.clone(),
        value: annotation.value.clone(),
    };
    all.iter().map(annotation).collect()
}

/// Adds a message and those that stand in it, but for the entries of maps.
fn add_message(scope: &str, message: &DescriptorProto, types: &mut Vec<TypeJson>) {
    let full = within(scope, message.name.as_deref());
    let fields = message
        .field
        .iter()
        .map(|field| proto_field(message, field));
    types.push(TypeJson {
        name: full.clone(),
        kind: "message",
        docs: String::new(),
        fields: Some(fields.collect()),
        values: None,
        annotations: Vec::new(),
    });
    types.extend(message.enum_type.iter().map(|kind| proto_enum(&full, kind)));
    for nested in &message.nested_type {
        if nested.options.map_entry != Some(true) {
            add_message(&full, nested, types);
        }
    }
}

fn proto_enum(scope: &str, kind: &EnumDescriptorProto) -> TypeJson {
    let values = kind.value.iter().map(|value| ValueJson {
        name: value.name.clone().unwrap_or_default(),
        number: value.number.unwrap_or_default(),
        docs: String::new(),
    });
    TypeJson {
        name: within(scope, kind.name.as_deref()),
        kind: "enum",
        docs: String::new(),
        fields: None,
        values: Some(values.collect()),
        annotations: Vec::new(),
    }
}

fn proto_field(message: &DescriptorProto, field: &FieldDescriptorProto) -> FieldJson {
    let entry = map_entry(message, field);
    let choice = field
        .oneof_index
        .filter(|_| field.proto3_optional != Some(true));
    let choice = choice.and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
    FieldJson {
        id: field.number.unwrap_or_default(),
        name: field.name.clone().unwrap_or_default(),
        kind: match entry {
            Some((key, value)) => format!("map<{}, {}>", proto_type(key), proto_type(value)),
            None => proto_type(field),
        },
        label: match field.label {
            _ if entry.is_some() => None,
            Some(Label::LABEL_REPEATED) => Some("repeated"),
            Some(Label::LABEL_REQUIRED) => Some("required"),
            _ if field.proto3_optional == Some(true) => Some("optional"),
            _ => None,
        },
        oneof: choice.and_then(|choice| choice.name.clone()),
        default: field.default_value.clone(),
        ..FieldJson::default()
    }
}

fn proto_type(field: &FieldDescriptorProto) -> String {
    match field.type_name.as_deref() {
        Some(full) => full.trim_start_matches('.').to_owned(),
        None => field.r#type.map_or("?", scalar).to_owned(),
    }
}
