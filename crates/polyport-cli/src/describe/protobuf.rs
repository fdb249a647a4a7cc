//! Protobuf services and messages as an IDL writes them.

use std::collections::BTreeSet;
use std::fmt::Write;

use buffa_descriptor::generated::descriptor::field_descriptor_proto::{Label, Type as FieldType};
use buffa_descriptor::generated::descriptor::{
    DescriptorProto, Edition, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};
use polyport_wire::schema::{CallKind, Method, Service, Type};

use crate::describe::files::{Files, Place, map_entry};
use crate::describe::literal::{comment, quoted};
use crate::terminal::visible as name;

/// These services, and the types at these places, a part for each file; `home` is the last one.
pub(super) fn idl(
    files: &Files,
    places: &BTreeSet<Place>,
    services: &[&Service],
    home: usize,
) -> String {
    let others = (0..files.all().len()).filter(|file| *file != home);
    let parts = others.chain([home]).filter_map(|index| {
        let file = files.all().get(index)?;
        let types: Vec<&Place> = places
            .iter()
            .filter(|place| place.file() == index)
            .collect();
        let services: Vec<&&Service> = services
            .iter()
            .filter(|service| files.is_in(service, file))
            .collect();
        if types.is_empty() && services.is_empty() {
            return None;
        }
        let writer = Writer { file };
        Some(writer.part(&types, &services))
    });
    parts.collect::<Vec<_>>().join("\n\n")
}

#[derive(Clone, Copy)]
struct Writer<'f> {
    file: &'f FileDescriptorProto,
}

impl Writer<'_> {
    fn part(self, types: &[&Place], services: &[&&Service]) -> String {
        let mut blocks = vec![self.head()];
        for place in types {
            blocks.push(match place {
                Place::Message(_, index) => self.message(&self.file.message_type[*index], 0),
                Place::Enum(_, index) => self.enumeration(&self.file.enum_type[*index], 0),
            });
        }
        blocks.extend(services.iter().map(|service| self.service(service)));
        blocks.retain(|block| !block.is_empty());
        let blocks: Vec<&str> = blocks.iter().map(|block| block.trim_end()).collect();
        blocks.join("\n\n")
    }

    fn head(self) -> String {
        let file = self.file;
        let mut text = comment(file.name.as_deref().unwrap_or_default(), "");
        let _ = match file.syntax.as_deref() {
            Some("editions") => match file.edition {
                Some(Edition::EDITION_2023) => writeln!(text, "edition = \"2023\";"),
                Some(Edition::EDITION_2024) => writeln!(text, "edition = \"2024\";"),
                _ => writeln!(text, "// of an edition that is not known here"),
            },
            syntax => writeln!(
                text,
                "syntax = {};",
                quoted(syntax.unwrap_or("proto2").as_bytes())
            ),
        };
        if let Some(package) = &file.package {
            let _ = write!(text, "\npackage {};\n", name(package));
        }
        if !file.dependency.is_empty() {
            text.push('\n');
        }
        for (index, import) in (0..).zip(&file.dependency) {
            let public = match file.public_dependency.contains(&index) {
                true => "public ",
                false => "",
            };
            let _ = writeln!(text, "import {public}{};", quoted(import.as_bytes()));
        }
        text
    }

    fn service(self, service: &Service) -> String {
        let mut text = comment(&service.docs, "");
        let _ = writeln!(text, "service {} {{", name(&service.name));
        for option in &service.annotations {
            let _ = writeln!(
                text,
                "  option {} = {};",
                name(&option.name),
                name(&option.value)
            );
        }
        for method in &service.methods {
            text.push_str(&self.method(method));
        }
        text.push('}');
        text
    }

    fn method(self, method: &Method) -> String {
        let (takes, gives) = match method.kind {
            CallKind::ClientStream => ("stream ", ""),
            CallKind::ServerStream => ("", "stream "),
            CallKind::Bidirectional => ("stream ", "stream "),
            _ => ("", ""),
        };
        let request = method.arguments.first().map(|field| &field.kind);
        let (request, reply) = (self.of_type(request), self.of_type(method.result.as_ref()));
        let mut text = comment(&method.docs, "  ");
        let _ = write!(
            text,
            "  rpc {}({takes}{request}) returns ({gives}{reply})",
            name(&method.name)
        );
        if method.annotations.is_empty() {
            text.push_str(";\n");
            return text;
        }
        text.push_str(" {\n");
        for option in &method.annotations {
            let _ = writeln!(
                text,
                "    option {} = {};",
                name(&option.name),
                name(&option.value)
            );
        }
        text.push_str("  }\n");
        text
    }

    fn of_type(self, kind: Option<&Type>) -> String {
        match kind {
            Some(Type::Message(full)) => self.reference(full),
            _ => "?".to_owned(),
        }
    }

    /// The name from within the package.
    fn reference(self, full: &str) -> String {
        let full = full.trim_start_matches('.');
        let package = self.file.package.as_deref().unwrap_or_default();
        let inside = match package {
            "" => None,
            package => full
                .strip_prefix(package)
                .and_then(|rest| rest.strip_prefix('.')),
        };
        name(inside.unwrap_or(full))
    }

    fn message(self, message: &DescriptorProto, depth: usize) -> String {
        let indent = "  ".repeat(depth);
        let title = name(message.name.as_deref().unwrap_or_default());
        let members = self.members(message, depth + 1);
        match members.is_empty() {
            true => format!("{indent}message {title} {{}}\n"),
            false => format!("{indent}message {title} {{\n{members}{indent}}}\n"),
        }
    }

    fn members(self, message: &DescriptorProto, depth: usize) -> String {
        let mut text = String::new();
        for kind in &message.enum_type {
            text.push_str(&self.enumeration(kind, depth));
        }
        for nested in &message.nested_type {
            if !is_inline(nested, message) {
                text.push_str(&self.message(nested, depth));
            }
        }
        text.push_str(&self.fields(message, depth));
        text.push_str(&reserved(message, &"  ".repeat(depth)));
        text
    }

    /// The fields in their order; those of a `oneof` stand together, where its first one does.
    fn fields(self, message: &DescriptorProto, depth: usize) -> String {
        let indent = "  ".repeat(depth);
        let mut text = String::new();
        let mut last = None;
        for field in &message.field {
            let choice = oneof(message, field);
            if last != choice {
                if last.is_some() {
                    let _ = writeln!(text, "{indent}}}");
                }
                if let Some(choice) = choice {
                    let _ = writeln!(text, "{indent}oneof {} {{", name(choice));
                }
            }
            last = choice;
            let depth = depth + usize::from(choice.is_some());
            text.push_str(&self.field(message, field, depth));
        }
        if last.is_some() {
            let _ = writeln!(text, "{indent}}}");
        }
        text
    }

    fn field(
        self,
        message: &DescriptorProto,
        field: &FieldDescriptorProto,
        depth: usize,
    ) -> String {
        let indent = "  ".repeat(depth);
        let title = name(field.name.as_deref().unwrap_or_default());
        let number = field.number.unwrap_or_default();
        let options = options(field);
        if let Some((key, value)) = map_entry(message, field) {
            let (key, value) = (self.kind(key), self.kind(value));
            return format!("{indent}map<{key}, {value}> {title} = {number}{options};\n");
        }
        let label = self.label(message, field);
        if field.r#type == Some(FieldType::TYPE_GROUP) {
            let mut nested = message.nested_type.iter();
            let group = nested.find(|nested| is_group_of(nested, field));
            let title = group
                .and_then(|group| group.name.as_deref())
                .unwrap_or_default();
            let members = group.map(|group| self.members(group, depth + 1));
            let (title, members) = (name(title), members.unwrap_or_default());
            return format!(
                "{indent}{label}group {title} = {number}{options} {{\n{members}{indent}}}\n"
            );
        }
        format!(
            "{indent}{label}{} {title} = {number}{options};\n",
            self.kind(field)
        )
    }

    fn label(self, message: &DescriptorProto, field: &FieldDescriptorProto) -> &'static str {
        let is_proto2 = matches!(self.file.syntax.as_deref(), None | Some("proto2"));
        match field.label {
            Some(Label::LABEL_REPEATED) => "repeated ",
            Some(Label::LABEL_REQUIRED) => "required ",
            _ if field.proto3_optional == Some(true) => "optional ",
            _ if is_proto2 && oneof(message, field).is_none() => "optional ",
            _ => "",
        }
    }

    fn kind(self, field: &FieldDescriptorProto) -> String {
        match field.type_name.as_deref() {
            Some(full) => self.reference(full),
            None => field.r#type.map_or("?", scalar).to_owned(),
        }
    }

    fn enumeration(self, kind: &EnumDescriptorProto, depth: usize) -> String {
        let indent = "  ".repeat(depth);
        let mut text = format!(
            "{indent}enum {} {{\n",
            name(kind.name.as_deref().unwrap_or_default())
        );
        if kind.options.allow_alias == Some(true) {
            let _ = writeln!(text, "{indent}  option allow_alias = true;");
        }
        for value in &kind.value {
            let title = name(value.name.as_deref().unwrap_or_default());
            let deprecated = match value.options.deprecated {
                Some(true) => " [deprecated = true]",
                _ => "",
            };
            let number = value.number.unwrap_or_default();
            let _ = writeln!(text, "{indent}  {title} = {number}{deprecated};");
        }
        let _ = writeln!(text, "{indent}}}");
        text
    }
}

/// The `oneof` that a field is in; an `optional` field of proto3 is in one that nobody wrote.
fn oneof<'m>(message: &'m DescriptorProto, field: &FieldDescriptorProto) -> Option<&'m str> {
    let index = field
        .oneof_index
        .filter(|_| field.proto3_optional != Some(true))?;
    let choice = message.oneof_decl.get(usize::try_from(index).ok()?)?;
    choice.name.as_deref()
}

/// Whether a field stands for the nested message: an entry of a map, or a group.
fn is_inline(nested: &DescriptorProto, message: &DescriptorProto) -> bool {
    nested.options.map_entry == Some(true)
        || message.field.iter().any(|field| is_group_of(nested, field))
}

fn is_group_of(nested: &DescriptorProto, field: &FieldDescriptorProto) -> bool {
    let full = field.type_name.as_deref().unwrap_or_default();
    field.r#type == Some(FieldType::TYPE_GROUP) && full.rsplit('.').next() == nested.name.as_deref()
}

fn reserved(message: &DescriptorProto, indent: &str) -> String {
    let mut text = String::new();
    let range = |start: Option<i32>, end: Option<i32>| {
        let (start, last) = (
            start.unwrap_or_default(),
            end.unwrap_or_default().saturating_sub(1),
        );
        match (start == last, last >= 536_870_911) {
            (true, _) => start.to_string(),
            (_, true) => format!("{start} to max"),
            _ => format!("{start} to {last}"),
        }
    };
    for reserved in &message.reserved_range {
        let _ = writeln!(
            text,
            "{indent}reserved {};",
            range(reserved.start, reserved.end)
        );
    }
    for reserved in &message.reserved_name {
        let _ = writeln!(text, "{indent}reserved {};", quoted(reserved.as_bytes()));
    }
    for extensions in &message.extension_range {
        let _ = writeln!(
            text,
            "{indent}extensions {};",
            range(extensions.start, extensions.end)
        );
    }
    text
}

fn options(field: &FieldDescriptorProto) -> String {
    let mut options = Vec::new();
    if let Some(default) = &field.default_value {
        let value = match field.r#type {
            Some(FieldType::TYPE_STRING) => quoted(default.as_bytes()),
            // It is escaped already.
            Some(FieldType::TYPE_BYTES) => format!("\"{}\"", name(default)),
            _ => name(default),
        };
        options.push(format!("default = {value}"));
    }
    if let Some(packed) = field.options.packed {
        options.push(format!("packed = {packed}"));
    }
    if field.options.deprecated == Some(true) {
        options.push("deprecated = true".to_owned());
    }
    let named = field.name.as_deref().map(json_name);
    if let Some(other) = field
        .json_name
        .as_ref()
        .filter(|other| named.as_ref() != Some(other))
    {
        options.push(format!("json_name = {}", quoted(other.as_bytes())));
    }
    match options.is_empty() {
        true => String::new(),
        false => format!(" [{}]", options.join(", ")),
    }
}

/// The name in JSON of a field of this name, unless it is given another one.
fn json_name(field: &str) -> String {
    let mut json = String::new();
    let mut is_raised = false;
    for letter in field.chars() {
        match letter {
            '_' => is_raised = true,
            letter if is_raised => {
                json.push(letter.to_ascii_uppercase());
                is_raised = false;
            }
            letter => json.push(letter),
        }
    }
    json
}

pub(super) fn scalar(kind: FieldType) -> &'static str {
    match kind {
        FieldType::TYPE_DOUBLE => "double",
        FieldType::TYPE_FLOAT => "float",
        FieldType::TYPE_INT64 => "int64",
        FieldType::TYPE_UINT64 => "uint64",
        FieldType::TYPE_INT32 => "int32",
        FieldType::TYPE_FIXED64 => "fixed64",
        FieldType::TYPE_FIXED32 => "fixed32",
        FieldType::TYPE_BOOL => "bool",
        FieldType::TYPE_STRING => "string",
        FieldType::TYPE_BYTES => "bytes",
        FieldType::TYPE_UINT32 => "uint32",
        FieldType::TYPE_SFIXED32 => "sfixed32",
        FieldType::TYPE_SFIXED64 => "sfixed64",
        FieldType::TYPE_SINT32 => "sint32",
        FieldType::TYPE_SINT64 => "sint64",
        FieldType::TYPE_GROUP => "group",
        FieldType::TYPE_MESSAGE => "message",
        FieldType::TYPE_ENUM => "enum",
    }
}
