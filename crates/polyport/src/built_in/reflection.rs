//! gRPC's server reflection: what is registered, and what its messages are made of.
//!
//! Version 1 and the older `v1alpha` are the same but for their names.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use buffa::Message;
use buffa_descriptor::generated::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet,
};
use bytes::Bytes;
use polyport_wire::schema::CallKind;
use polyport_wire::transport::Codec;

use crate::built_in::generated::grpc::SCHEMA;
use crate::built_in::generated::grpc::reflection::v1::server_reflection_request::MessageRequest;
use crate::built_in::generated::grpc::reflection::v1::server_reflection_response::MessageResponse;
use crate::built_in::generated::grpc::reflection::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflection, ServerReflectionRequest, ServerReflectionResponse, ServerReflectionServer,
    ServiceResponse,
};
use crate::code::Code;
use crate::context::Context;
use crate::method::StreamMethod;
use crate::service::{Service, ServiceBuilder};
use crate::status::Status;
use crate::stream::{Sink, Streaming};

const ALPHA: &str = "grpc.reflection.v1alpha";

/// The only method of the older version.
static ALPHA_INFO: StreamMethod<ServerReflectionRequest, ServerReflectionResponse> =
    StreamMethod::protobuf(
        ALPHA,
        "ServerReflection",
        "ServerReflectionInfo",
        CallKind::Bidirectional,
    );

/// The services that tell of these services and of themselves.
pub(crate) fn services(registered: &[Service]) -> [Service; 2] {
    let mut names: BTreeSet<String> = registered
        .iter()
        .filter(|service| service.codec == Codec::Protobuf)
        .map(Service::full_name)
        .collect();
    names.insert("grpc.reflection.v1.ServerReflection".to_owned());
    names.insert(format!("{ALPHA}.ServerReflection"));
    let mut files = Files::default();
    let schemas = registered.iter().filter_map(Service::schema);
    for schema in schemas.chain([SCHEMA.get()]) {
        files.add_set(&schema.descriptors);
    }
    files.add_alpha();
    let reflection = Arc::new(Reflection {
        names: names.into_iter().collect(),
        files,
    });
    let alpha = ServiceBuilder::new(&SCHEMA, ALPHA, "ServerReflection", Arc::clone(&reflection))
        .bidirectional(
            &ALPHA_INFO,
            |reflection, mut cx, input, output| async move {
                let outcome = reflection
                    .server_reflection_info(&mut cx, input, output)
                    .await;
                (cx, outcome)
            },
        )
        .build();
    [
        ServerReflectionServer::new(reflection).built_in(),
        alpha.built_in(),
    ]
}

struct Reflection {
    names: Vec<String>,
    files: Files,
}

/// Files by their names, and by what they define.
#[derive(Default)]
struct Files {
    files: HashMap<String, File>,
    /// The file of each name that is defined.
    symbols: HashMap<String, String>,
    /// The file of each extension: what it extends, and its number.
    extensions: HashMap<(String, i32), String>,
}

struct File {
    bytes: Bytes,
    imports: Vec<String>,
}

impl ServerReflection for Reflection {
    async fn server_reflection_info(
        &self,
        _cx: &mut Context,
        mut input: Streaming<ServerReflectionRequest>,
        mut output: Sink<ServerReflectionResponse>,
    ) -> Result<(), Status> {
        let mut sent = HashSet::new();
        while let Some(request) = input.receive().await? {
            let answer = self.answer(&request, &mut sent);
            let response = ServerReflectionResponse {
                valid_host: request.host.clone(),
                original_request: request.into(),
                message_response: Some(answer),
            };
            output.send(response).await?;
        }
        Ok(())
    }
}

impl Reflection {
    /// The answer to one request; files that were `sent` on the stream are not sent again.
    fn answer<'a>(
        &'a self,
        request: &ServerReflectionRequest,
        sent: &mut HashSet<&'a str>,
    ) -> MessageResponse {
        let files = &self.files;
        let file = match &request.message_request {
            Some(MessageRequest::ListServices(_)) => return self.list().into(),
            Some(MessageRequest::FileByFilename(name)) => files.named(name),
            Some(MessageRequest::FileContainingSymbol(symbol)) => files
                .symbols
                .get(symbol.strip_prefix('.').unwrap_or(symbol))
                .and_then(|file| files.named(file)),
            Some(MessageRequest::FileContainingExtension(extension)) => files
                .extensions
                .get(&(
                    extension.containing_type.clone(),
                    extension.extension_number,
                ))
                .and_then(|file| files.named(file)),
            Some(MessageRequest::AllExtensionNumbersOfType(name)) => {
                return match files.symbols.contains_key(name) {
                    true => files.extension_numbers(name).into(),
                    false => not_found(name).into(),
                };
            }
            None => None,
        };
        match file {
            Some(name) => FileDescriptorResponse {
                file_descriptor_proto: files.with_imports(name, sent),
            }
            .into(),
            None => not_found(&format!("{:?}", request.message_request)).into(),
        }
    }

    fn list(&self) -> ListServiceResponse {
        let services = self
            .names
            .iter()
            .map(|name| ServiceResponse { name: name.clone() });
        ListServiceResponse {
            service: services.collect(),
        }
    }
}

fn not_found(what: &str) -> ErrorResponse {
    ErrorResponse {
        error_code: Code::NOT_FOUND.0.cast_signed(),
        error_message: format!("not found: {what}"),
    }
}

impl Files {
    /// Adds the files of a set. What cannot be read is left out: generated code has none of that.
    fn add_set(&mut self, set: &Bytes) {
        if let Ok(set) = FileDescriptorSet::decode(&mut set.clone()) {
            for file in set.file {
                self.add(&file);
            }
        }
    }

    /// Adds the older version's file, which nothing was generated from.
    fn add_alpha(&mut self) {
        let Some(file) = self.files.get("reflection.proto") else {
            return;
        };
        let Ok(mut file) = FileDescriptorProto::decode(&mut file.bytes.clone()) else {
            return;
        };
        let rename = |text: &mut Option<String>| {
            *text = text
                .take()
                .map(|text| text.replace("grpc.reflection.v1", ALPHA));
        };
        file.name = Some("reflection_alpha.proto".to_owned());
        rename(&mut file.package);
        for message in &mut file.message_type {
            message
                .field
                .iter_mut()
                .for_each(|field| rename(&mut field.type_name));
        }
        for service in &mut file.service {
            for method in &mut service.method {
                rename(&mut method.input_type);
                rename(&mut method.output_type);
            }
        }
        self.add(&file);
    }

    fn add(&mut self, file: &FileDescriptorProto) {
        let name = file.name.clone().unwrap_or_default();
        if self.files.contains_key(&name) {
            return;
        }
        let package = file.package.as_deref().unwrap_or_default();
        for message in &file.message_type {
            self.add_message(package, message, &name);
        }
        for kind in &file.enum_type {
            self.add_enum(package, kind, &name);
        }
        for extension in &file.extension {
            self.add_extension(package, extension, &name);
        }
        for service in &file.service {
            let service_name = self.define(package, service.name.as_deref(), &name);
            for method in &service.method {
                self.define(&service_name, method.name.as_deref(), &name);
            }
        }
        let imports = file.dependency.clone();
        let bytes = file.encode_to_vec().into();
        self.files.insert(name, File { bytes, imports });
    }

    fn add_message(&mut self, scope: &str, message: &DescriptorProto, file: &str) {
        let name = self.define(scope, message.name.as_deref(), file);
        for field in &message.field {
            self.define(&name, field.name.as_deref(), file);
        }
        for nested in &message.nested_type {
            self.add_message(&name, nested, file);
        }
        for kind in &message.enum_type {
            self.add_enum(&name, kind, file);
        }
        for extension in &message.extension {
            self.add_extension(&name, extension, file);
        }
    }

    /// An enum's values stand in the scope around it.
    fn add_enum(&mut self, scope: &str, kind: &EnumDescriptorProto, file: &str) {
        self.define(scope, kind.name.as_deref(), file);
        for value in &kind.value {
            self.define(scope, value.name.as_deref(), file);
        }
    }

    fn add_extension(&mut self, scope: &str, extension: &FieldDescriptorProto, file: &str) {
        self.define(scope, extension.name.as_deref(), file);
        let extended = extension.extendee.as_deref().unwrap_or_default();
        let extended = extended.strip_prefix('.').unwrap_or(extended).to_owned();
        let number = extension.number.unwrap_or_default();
        self.extensions.insert((extended, number), file.to_owned());
    }

    /// Notes where a name is defined, and gives it with its scope.
    fn define(&mut self, scope: &str, name: Option<&str>, file: &str) -> String {
        let name = name.unwrap_or_default();
        let full = match scope {
            "" => name.to_owned(),
            scope => format!("{scope}.{name}"),
        };
        self.symbols.insert(full.clone(), file.to_owned());
        full
    }

    fn named(&self, name: &str) -> Option<&str> {
        self.files
            .get_key_value(name)
            .map(|(name, _)| name.as_str())
    }

    /// A file with everything that it imports, as far as it was not sent before.
    fn with_imports<'a>(&'a self, name: &'a str, sent: &mut HashSet<&'a str>) -> Vec<Bytes> {
        let mut found = Vec::new();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            // What was asked for goes out again when it is asked for again.
            if !sent.insert(name) && !found.is_empty() {
                continue;
            }
            if let Some(file) = self.files.get(name) {
                found.push(file.bytes.clone());
                open.extend(file.imports.iter().map(String::as_str));
            }
        }
        found
    }

    fn extension_numbers(&self, name: &str) -> ExtensionNumberResponse {
        let mut numbers: Vec<i32> = self
            .extensions
            .keys()
            .filter(|(extended, _)| extended == name)
            .map(|(_, number)| *number)
            .collect();
        numbers.sort_unstable();
        ExtensionNumberResponse {
            base_type_name: name.to_owned(),
            extension_number: numbers,
        }
    }
}
