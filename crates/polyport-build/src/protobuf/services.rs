//! Messages and services into the model.

use std::collections::HashMap;

use buffa_descriptor::generated::descriptor::{
    FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto,
};
use polyport_wire::schema::{Annotation, CallKind, Field, Method, Service, Type};
use polyport_wire::transport::Codec;

use crate::choice::Choices;
use crate::combine::{self, Combine};
use crate::diagnostic::Diagnostic;
use crate::model::{
    Boxed, FieldExtra, Item, Message, MessageId, MethodExtra, Model, Package, ServiceExtra,
    ServiceId, TypeName,
};
use crate::protobuf::choices::chosen;
use crate::protobuf::messages::{Messages, Place};
use crate::protobuf::options::Options;
use crate::protobuf::places::{ENUM, MESSAGE, METHOD, NAME, Places, SERVICE};
use crate::protobuf::set::FileSet;
use crate::protobuf::{Request, is_library};
use crate::source::{Sources, Span};

/// What is added to, and from what.
pub(super) struct Services<'a> {
    set: &'a FileSet,
    sources: &'a Sources,
    model: &'a mut Model,
    places: HashMap<String, Place>,
    options: Option<Options>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Services<'a> {
    pub(super) fn new(set: &'a FileSet, sources: &'a Sources, model: &'a mut Model) -> Self {
        Self {
            places: HashMap::new(),
            options: None,
            set,
            sources,
            model,
            diagnostics: Vec::new(),
        }
    }

    /// Adds all messages, all services, and the combined services if they are asked for.
    pub(super) fn add(mut self, request: Request<'_>, choices: &mut Choices) -> Vec<Diagnostic> {
        self.model.schema.descriptors = self.set.encode().into();
        let (chosen, found) = chosen(&self.set.files, choices);
        self.diagnostics.extend(found);
        if let Err(problem) = self.read_options() {
            self.diagnostics.push(Diagnostic::error(problem));
        }
        let messages = Messages::new(self.set, chosen);
        self.places = messages.places();
        match messages.packages() {
            Ok(packages) => self.packages(packages),
            Err(problem) => {
                self.diagnostics.push(Diagnostic::error(problem));
                return self.diagnostics;
            }
        }
        let set = self.set;
        for file in &set.files {
            let name = file.name.as_deref().unwrap_or_default();
            let Some(id) = set.origins.get(name).filter(|_| !is_library(name)) else {
                continue;
            };
            let places = Places::new(*id, file, self.sources);
            let services = self.services(file, &places);
            if request.combine == Combine::Yes && set.roots.contains(name) {
                self.combine(file, &services, &places);
            }
        }
        self.diagnostics
    }

    /// Most files say nothing that needs it.
    fn read_options(&mut self) -> Result<(), String> {
        let mut services = self.set.files.iter().flat_map(|file| &file.service);
        let says_something = services.any(|service| {
            let mut methods = service.method.iter();
            service.options.is_set() || methods.any(|method| method.options.is_set())
        });
        if says_something {
            self.options = Some(Options::new(self.set)?);
        }
        Ok(())
    }

    fn annotations<O>(&self, options: Option<&O>) -> Vec<Annotation>
    where
        O: buffa::Message + buffa::MessageName,
    {
        let known = self.options.as_ref().zip(options);
        known.map_or(Vec::new(), |(reader, options)| reader.annotations(options))
    }

    fn packages(&mut self, packages: Vec<(String, Package)>) {
        for (name, package) in packages {
            let path = parts(&name);
            // The modules around it are found by their names, too.
            for length in 1..path.len() {
                let around = self.model.module(&path[..length]);
                let around = &mut self.model.modules[around.0].package;
                around.get_or_insert_default();
            }
            let module = self.model.module(&path);
            self.model.modules[module.0].package = Some(package);
        }
    }

    fn services(&mut self, file: &FileDescriptorProto, places: &Places<'_>) -> Vec<ServiceId> {
        let services = (0..).zip(&file.service);
        services
            .map(|(number, item)| self.service(file, item, number, places))
            .collect()
    }

    fn service(
        &mut self,
        file: &FileDescriptorProto,
        item: &ServiceDescriptorProto,
        number: i32,
        places: &Places<'_>,
    ) -> ServiceId {
        let package = file.package.as_deref().unwrap_or_default();
        let module = self.model.module(&parts(package));
        let mut service = Service {
            codec: Codec::Protobuf,
            annotations: self.annotations(item.options.as_option()),
            docs: places.docs(&[SERVICE, number]),
            ..Service::new(package, item.name.as_deref().unwrap_or_default())
        };
        let mut extra = ServiceExtra {
            module,
            methods: Vec::new(),
            span: places.span(&[SERVICE, number, NAME]),
        };
        for (index, item) in (0..).zip(&item.method) {
            let path = [SERVICE, number, METHOD, index, NAME];
            let span = places.span(&path);
            let (mut method, method_extra) = self.method(item, span);
            method.docs = places.docs(&path[..4]);
            service.methods.push(method);
            extra.methods.push(method_extra);
        }
        self.refuse_same_identity(&service, extra.span);
        let id = ServiceId(self.model.services.len());
        self.model.modules[module.0].items.push(Item::Service(id));
        self.model.schema.services.push(service);
        self.model.services.push(extra);
        id
    }

    fn method(&mut self, item: &MethodDescriptorProto, span: Span) -> (Method, MethodExtra) {
        let streams = (
            item.client_streaming.unwrap_or_default(),
            item.server_streaming.unwrap_or_default(),
        );
        let kind = match streams {
            (false, false) => CallKind::Unary,
            (true, false) => CallKind::ClientStream,
            (false, true) => CallKind::ServerStream,
            (true, true) => CallKind::Bidirectional,
        };
        let (request, request_name) = self.message(item.input_type.as_deref(), span);
        let (response, response_name) = self.message(item.output_type.as_deref(), span);
        let method = Method {
            kind,
            arguments: vec![Field::new(1, "request", request)],
            result: Some(response),
            annotations: self.annotations(item.options.as_option()),
            ..Method::new(item.name.as_deref().unwrap_or_default())
        };
        let argument = FieldExtra {
            kind: request_name,
            boxed: Boxed::No,
            has_default: false,
            attributes: Vec::new(),
            span,
        };
        let extra = MethodExtra {
            arguments: vec![argument],
            result: Some(response_name),
            origin: None,
            span,
        };
        (method, extra)
    }

    /// A message by its full name, which begins with a dot.
    fn message(&mut self, dotted: Option<&str>, span: Span) -> (Type, TypeName) {
        let dotted = dotted.unwrap_or_default();
        let name = dotted.trim_start_matches('.').to_owned();
        let mut known = self.model.messages.iter();
        let id = known.position(|message| message.name == name);
        let id = id.unwrap_or_else(|| {
            let message = self.new_message(dotted, &name, span);
            self.model.messages.push(message);
            self.model.messages.len() - 1
        });
        (Type::Message(name), TypeName::Message(MessageId(id)))
    }

    fn new_message(&mut self, dotted: &str, name: &str, span: Span) -> Message {
        let place = self.places.get(dotted).cloned();
        if place.is_none() {
            let diagnostic = Diagnostic::error(format!("there is no message `{name}`"))
                .at(span, "this method uses it");
            self.diagnostics.push(diagnostic);
        }
        let package = place.as_ref().and_then(|place| place.package.as_deref());
        Message {
            name: name.to_owned(),
            module: package.map(|package| self.model.module(&parts(package))),
            path: place.map(|place| place.path).unwrap_or_default(),
        }
    }

    /// Also Thrift's services have full names.
    fn refuse_same_identity(&mut self, service: &Service, span: Span) {
        let services = self.model.schema.services.iter();
        let mut before = services.zip(&self.model.services);
        let first = before.find(|(other, _)| {
            other.package == service.package && other.name == service.name && !other.combined
        });
        if let Some((_, first)) = first {
            let message = format!("two services are called `{}`", service.full_name());
            let diagnostic = Diagnostic::error(message)
                .at(span, "defined here again")
                .at(first.span, "first defined here");
            self.diagnostics.push(diagnostic);
        }
    }

    fn combine(&mut self, file: &FileDescriptorProto, services: &[ServiceId], places: &Places<'_>) {
        let is_it = |name: &Option<String>| name.as_deref() == Some(combine::NAME);
        let messages = file.message_type.iter().map(|item| &item.name);
        let enums = file.enum_type.iter().map(|item| &item.name);
        let own = file.service.iter().map(|item| &item.name);
        let found = [
            ("a message", MESSAGE, messages.clone().position(is_it)),
            ("an enum", ENUM, enums.clone().position(is_it)),
            ("a service", SERVICE, own.clone().position(is_it)),
        ];
        for (a_noun, field, position) in found {
            let number = position.and_then(|position| i32::try_from(position).ok());
            let place = number.map(|number| places.span(&[field, number, NAME]));
            let diagnostic =
                place.and_then(|place| combine::taken(self.model, services, a_noun, place));
            self.diagnostics.extend(diagnostic);
        }
        let found = combine::combine(self.model, services);
        self.diagnostics.extend(found);
    }
}

fn parts(package: &str) -> Vec<String> {
    let parts = package.split('.').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}
