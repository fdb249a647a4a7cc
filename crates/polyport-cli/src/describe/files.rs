//! Protobuf's descriptors, by the names of what they define.

use std::collections::{BTreeSet, HashMap};

use buffa_descriptor::generated::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet,
};
use bytes::Bytes;
use polyport::protobuf::Message;
use polyport_wire::schema::{Method, Service, Type};

/// Files, and where the types of each name are.
#[derive(Debug, Default)]
pub(super) struct Files {
    files: Vec<FileDescriptorProto>,
    places: HashMap<String, Place>,
}

/// A type that stands in no other one: its file and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Enum(usize, usize),
    Message(usize, usize),
}

impl Place {
    pub(super) fn file(self) -> usize {
        match self {
            Self::Enum(file, _) | Self::Message(file, _) => file,
        }
    }
}

impl Files {
    /// The files of a schema's descriptors; none if they are broken.
    pub(super) fn of(descriptors: &Bytes) -> Self {
        let set = FileDescriptorSet::decode(&mut descriptors.clone()).unwrap_or_default();
        let mut files = Self::default();
        for (index, file) in set.file.iter().enumerate() {
            let package = file.package.as_deref().unwrap_or_default();
            for (number, message) in file.message_type.iter().enumerate() {
                let place = Place::Message(index, number);
                files.add_message(package, message, place);
            }
            for (number, kind) in file.enum_type.iter().enumerate() {
                files.add_enum(package, kind, Place::Enum(index, number));
            }
        }
        files.files = set.file;
        files
    }

    fn add_message(&mut self, scope: &str, message: &DescriptorProto, place: Place) {
        let full = within(scope, message.name.as_deref());
        for nested in &message.nested_type {
            self.add_message(&full, nested, place);
        }
        for kind in &message.enum_type {
            self.add_enum(&full, kind, place);
        }
        self.places.insert(full, place);
    }

    fn add_enum(&mut self, scope: &str, kind: &EnumDescriptorProto, place: Place) {
        self.places
            .insert(within(scope, kind.name.as_deref()), place);
    }

    pub(super) fn all(&self) -> &[FileDescriptorProto] {
        &self.files
    }

    /// Where the type of this full name is, or the outermost one that it stands in.
    pub(super) fn place(&self, full: &str) -> Option<Place> {
        self.places.get(full.trim_start_matches('.')).copied()
    }

    /// The full names of all types, but those of Protobuf's own library.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.places.iter();
        let own = named.filter(|(_, place)| !self.is_library(**place));
        own.map(|(name, _)| name.as_str())
    }

    /// Whether a file has the service.
    pub(super) fn is_in(&self, service: &Service, file: &FileDescriptorProto) -> bool {
        let mut services = file.service.iter();
        file.package.as_deref().unwrap_or_default() == service.package
            && services.any(|known| known.name.as_ref() == Some(&service.name))
    }

    pub(super) fn file_of(&self, service: &Service) -> Option<usize> {
        self.files.iter().position(|file| self.is_in(service, file))
    }

    /// These types, and all that they are made of, but for Protobuf's own library, which everybody
    /// has.
    pub(super) fn reached(&self, roots: impl Iterator<Item = Place>) -> BTreeSet<Place> {
        let mut open: Vec<Place> = roots.collect();
        let mut reached = BTreeSet::new();
        while let Some(place) = open.pop() {
            if !reached.insert(place) {
                continue;
            }
            if let Place::Message(file, index) = place {
                let message = &self.files[file].message_type[index];
                let used = used(message).into_iter();
                let used = used.filter_map(|full| self.place(full));
                open.extend(used.filter(|place| !self.is_library(*place)));
            }
        }
        reached
    }

    pub(super) fn is_library(&self, place: Place) -> bool {
        let name = self.files[place.file()].name.as_deref();
        name.is_some_and(|name| name.starts_with("google/protobuf/"))
    }
}

/// The messages that a method takes and gives.
pub(super) fn messages(method: &Method) -> impl Iterator<Item = &str> {
    let kinds = method.arguments.iter().map(|field| &field.kind);
    kinds.chain(&method.result).filter_map(|kind| match kind {
        Type::Message(name) => Some(name.as_str()),
        _ => None,
    })
}

/// The types of all fields, those of nested messages too.
fn used(message: &DescriptorProto) -> Vec<&str> {
    let own = message.field.iter();
    let own = own.filter_map(|field| field.type_name.as_deref());
    let nested = message.nested_type.iter().flat_map(used);
    own.chain(nested).collect()
}

/// The key and the value of a field that is a map.
pub(super) fn map_entry<'m>(
    message: &'m DescriptorProto,
    field: &FieldDescriptorProto,
) -> Option<(&'m FieldDescriptorProto, &'m FieldDescriptorProto)> {
    let bare = field.type_name.as_deref()?.rsplit('.').next();
    let mut nested = message.nested_type.iter();
    let entry = nested.find(|nested| nested.name.as_deref() == bare)?;
    match &entry.field[..] {
        [key, value] if entry.options.map_entry == Some(true) => Some((key, value)),
        _ => None,
    }
}

pub(super) fn within(scope: &str, name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    match scope {
        "" => name.to_owned(),
        scope => format!("{scope}.{name}"),
    }
}
