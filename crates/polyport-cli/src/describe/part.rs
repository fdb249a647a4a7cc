//! What is described: a part of a schema that is whole in itself.

use std::collections::BTreeSet;

use polyport_wire::schema::{Definition, DefinitionId, Method, Schema, Service, Type};
use polyport_wire::transport::Codec;

use crate::describe::files::{Files, Place, messages, within};
use crate::describe::json::{self, Description};
use crate::describe::{protobuf, thrift};

/// A service, one of its methods, or a type; and all types that it needs.
#[derive(Debug)]
pub(super) struct Part {
    /// Of Thrift the types, too.
    schema: Schema,
    files: Files,
    /// The types of Protobuf.
    places: BTreeSet<Place>,
    /// The namespace, or the file, that the user asked about.
    home: Home,
}

#[derive(Debug)]
enum Home {
    Namespace(String),
    File(usize),
}

impl Part {
    /// A service of this schema, as far as `method` allows.
    pub(super) fn of_service(schema: &Schema, service: &Service, method: Option<&str>) -> Self {
        let mut service = service.clone();
        if let Some(method) = method {
            service.methods.retain(|known| known.name == method);
        }
        let part = schema.part(&service);
        if service.codec != Codec::Protobuf {
            return Self::thrift(part, service.package);
        }
        let files = Files::of(&part.descriptors);
        let named = service.methods.iter().flat_map(messages);
        let roots: Vec<Place> = named.filter_map(|name| files.place(name)).collect();
        let own = roots.into_iter().filter(|place| !files.is_library(*place));
        let places = files.reached(own);
        let home = files.file_of(&service).unwrap_or_default();
        Self {
            schema: part,
            files,
            places,
            home: Home::File(home),
        }
    }

    /// The types of this name, with their package or without.
    pub(super) fn of_type(schema: &Schema, name: &str) -> Vec<Self> {
        let defined = (0..).map(DefinitionId).zip(&schema.definitions);
        let defined = defined.filter(|(_, known)| fits(&full_name(known), name));
        let thrift = defined.map(|(id, definition)| {
            let mut method = Method::new("");
            method.result = Some(Type::Defined(id));
            let mut service = Service::new("", "");
            service.methods.push(method);
            let part = Schema {
                services: Vec::new(),
                ..schema.part(&service)
            };
            Self::thrift(part, definition.package().to_owned())
        });
        let files = Files::of(&schema.descriptors);
        let places: BTreeSet<Place> = files
            .names()
            .chain([name])
            .filter(|known| fits(known, name))
            .filter_map(|known| files.place(known))
            .collect();
        let protobuf = places.into_iter().map(|place| {
            let files = Files::of(&schema.descriptors);
            Self {
                schema: Schema::default(),
                places: files.reached([place].into_iter()),
                files,
                home: Home::File(place.file()),
            }
        });
        thrift.chain(protobuf).collect()
    }

    fn thrift(schema: Schema, home: String) -> Self {
        Self {
            schema,
            files: Files::default(),
            places: BTreeSet::new(),
            home: Home::Namespace(home),
        }
    }

    /// As an IDL writes it.
    pub(super) fn idl(&self) -> String {
        match &self.home {
            Home::Namespace(home) => thrift::idl(&self.schema, home),
            Home::File(home) => {
                let services: Vec<&Service> = self.schema.services.iter().collect();
                protobuf::idl(&self.files, &self.places, &services, *home)
            }
        }
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Description {
        json::description(&self.schema, &self.files, &self.places)
    }
}

/// The full names of all types.
pub(super) fn type_names(schema: &Schema) -> BTreeSet<String> {
    let files = Files::of(&schema.descriptors);
    let defined = schema.definitions.iter().map(full_name);
    defined.chain(files.names().map(str::to_owned)).collect()
}

pub(super) fn full_name(definition: &Definition) -> String {
    within(definition.package(), Some(definition.name()))
}

pub(super) fn fits(full: &str, name: &str) -> bool {
    let bare = full.strip_suffix(name);
    bare.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}
