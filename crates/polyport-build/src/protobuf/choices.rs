//! What the user chooses for messages, as far as buffa's generator has it.

use buffa_descriptor::generated::descriptor::field_descriptor_proto::{Label, Type};
use buffa_descriptor::generated::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

use crate::choice::{Choice, Choices};
use crate::diagnostic::Diagnostic;
use crate::protobuf::is_library;

/// The choices as the generator takes them: a path, which means all that is in it, and an attribute.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) type_attributes: Vec<(String, String)>,
    pub(super) field_attributes: Vec<(String, String)>,
    pub(super) keep_unknown_fields: bool,
}

/// Takes from the choices what can be had, and says what cannot.
pub(super) fn chosen(
    files: &[FileDescriptorProto],
    choices: &mut Choices,
) -> (Chosen, Vec<Diagnostic>) {
    let places = places(files);
    let mut chosen = Chosen::default();
    let mut diagnostics = Vec::new();
    for (index, of) in choices.of.iter().enumerate() {
        let named = places
            .iter()
            .filter(|place| place.is_named_by(choices, index));
        let mut refused = false;
        let mut used = false;
        for place in named {
            match (&of.choice, place.what) {
                (Choice::KeepUnknownFields, What::Type) if of.path == "." => {
                    chosen.keep_unknown_fields = true;
                    used = true;
                }
                // All of them are in boxes, unless they are in lists and maps.
                (Choice::Boxed, What::Field(Holds::Message)) => used = true,
                (Choice::KeepUnknownFields, What::Type)
                | (Choice::Text(_), What::Field(Holds::Text)) => refused = true,
                (Choice::TypeAttribute(attribute), What::Type) => {
                    used = true;
                    if !place.is_inside(choices, index) {
                        let rule = (place.path.clone(), attribute.clone());
                        chosen.type_attributes.push(rule);
                    }
                }
                (Choice::FieldAttribute(attribute), What::Field(_)) => {
                    used = true;
                    let rule = (place.path.clone(), attribute.clone());
                    chosen.field_attributes.push(rule);
                }
                _ => {}
            }
        }
        if refused {
            diagnostics.push(refusal(&of.choice, &of.path, choices.used[index]));
        }
        choices.used[index] |= used || refused;
    }
    (chosen, diagnostics)
}

/// It is an error if the choice has no other effect.
fn refusal(choice: &Choice, path: &str, has_effect: bool) -> Diagnostic {
    let (what, help) = match choice {
        Choice::KeepUnknownFields => (
            "unknown fields",
            "Protobuf's messages keep unknown fields all or none: `.` is the path for all",
        ),
        _ => (
            "text",
            "a `string` of Protobuf is UTF-8 and becomes a `String`; a field of any bytes is `bytes`",
        ),
    };
    let message = format!("`{path}` has no effect on the {what} of Protobuf's messages");
    match has_effect {
        true => Diagnostic::warning(message).help(help),
        false => Diagnostic::error(message).help(help),
    }
}

/// Something that a path can name.
#[derive(Debug)]
struct Place {
    /// As the generator names it, with a dot at the start.
    path: String,
    /// As the user may name it: a field of a `oneof` with and without the `oneof`.
    names: Vec<String>,
    /// The types that it is in.
    around: Option<String>,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A message, an enum or a `oneof`.
    Type,
    Field(Holds),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Text,
    Message,
    Other,
}

impl Place {
    fn is_named_by(&self, choices: &Choices, index: usize) -> bool {
        self.names.iter().any(|name| choices.of[index].is_for(name))
    }

    /// Whether a type around it is named, too: what the generator does there it does here.
    fn is_inside(&self, choices: &Choices, index: usize) -> bool {
        let around = self.around.as_deref();
        around.is_some_and(|name| choices.of[index].is_for(name))
    }
}

fn places(files: &[FileDescriptorProto]) -> Vec<Place> {
    let mut places = Vec::new();
    for file in files {
        if is_library(file.name.as_deref().unwrap_or_default()) {
            continue;
        }
        let package = file.package.as_deref().unwrap_or_default();
        enums(&file.enum_type, package, None, &mut places);
        for item in &file.message_type {
            message(item, package, None, &mut places);
        }
    }
    places
}

fn message(item: &DescriptorProto, scope: &str, around: Option<&str>, places: &mut Vec<Place>) {
    let options = item.options.as_option();
    if options.is_some_and(|options| options.map_entry == Some(true)) {
        return;
    }
    let name = join(scope, item.name.as_deref());
    places.push(Place::of_type(&name, around));
    let oneofs: Vec<String> = item
        .oneof_decl
        .iter()
        .map(|oneof| join(&name, oneof.name.as_deref()))
        .collect();
    let is_written = |field: &&FieldDescriptorProto| field.proto3_optional != Some(true);
    for (index, oneof) in (0..).zip(&oneofs) {
        let mut fields = item.field.iter().filter(is_written);
        if fields.any(|field| field.oneof_index == Some(index)) {
            places.push(Place::of_type(oneof, Some(&name)));
        }
    }
    for field in &item.field {
        let index = field.oneof_index.filter(|_| is_written(&field));
        let index = index.and_then(|index| usize::try_from(index).ok());
        let oneof = index.and_then(|index| oneofs.get(index));
        places.push(Place::of_field(field, &name, oneof));
    }
    enums(&item.enum_type, &name, Some(&name), places);
    for item in &item.nested_type {
        message(item, &name, Some(&name), places);
    }
}

fn enums(
    items: &[EnumDescriptorProto],
    scope: &str,
    around: Option<&str>,
    places: &mut Vec<Place>,
) {
    let names = items.iter().map(|item| join(scope, item.name.as_deref()));
    places.extend(names.map(|name| Place::of_type(&name, around)));
}

impl Place {
    fn of_type(name: &str, around: Option<&str>) -> Self {
        Self {
            path: format!(".{name}"),
            names: vec![name.to_owned()],
            around: around.map(str::to_owned),
            what: What::Type,
        }
    }

    fn of_field(field: &FieldDescriptorProto, message: &str, oneof: Option<&String>) -> Self {
        let plain = join(message, field.name.as_deref());
        let in_oneof = oneof.map(|oneof| join(oneof, field.name.as_deref()));
        let holds = match field.r#type {
            Some(Type::TYPE_STRING) => Holds::Text,
            Some(Type::TYPE_MESSAGE | Type::TYPE_GROUP)
                if field.label != Some(Label::LABEL_REPEATED) =>
            {
                Holds::Message
            }
            _ => Holds::Other,
        };
        Self {
            path: format!(".{}", in_oneof.as_ref().unwrap_or(&plain)),
            names: std::iter::once(plain).chain(in_oneof).collect(),
            around: None,
            what: What::Field(holds),
        }
    }
}

fn join(scope: &str, name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    match scope {
        "" => name.to_owned(),
        _ => format!("{scope}.{name}"),
    }
}
