//! A client of gRPC's server reflection: what a server says of its Protobuf services.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use buffa_descriptor::generated::descriptor::{FileDescriptorProto, FileDescriptorSet};
use bytes::Bytes;
use polyport::protobuf::Message;
use polyport::protobuf::grpc_reflection::server_reflection_request::MessageRequest;
use polyport::protobuf::grpc_reflection::server_reflection_response::MessageResponse;
use polyport::protobuf::grpc_reflection::{ServerReflectionRequest, ServerReflectionResponse};
use polyport::{Client, Code, Codec, Sink, Status, Streaming, Transport};
use polyport_build::Builder;
use polyport_wire::schema::Schema;

use crate::args::TargetArgs;
use crate::failure::{Failure, numbered};

/// The versions, which differ in their names alone; servers have the newer one, the older one or both.
const VERSIONS: [&str; 2] = ["grpc.reflection.v1", "grpc.reflection.v1alpha"];

/// How long the server may be asked for, unless the user says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server says of services.
#[derive(Debug, Default)]
pub(crate) struct Described {
    pub(crate) schema: Schema,
    /// Why it does not describe the others, by their names.
    problems: BTreeMap<String, String>,
}

impl Described {
    /// Why a service is not in the schema. Nobody misses reflection itself, which some servers list and
    /// do not describe.
    pub(crate) fn problem(&self, service: &str) -> Option<String> {
        if VERSIONS
            .iter()
            .any(|version| service == reflection(version))
        {
            return None;
        }
        let problem = self.problems.get(service).cloned();
        problem.or_else(|| Some("its file does not define it".to_owned()))
    }

    fn add(&mut self, other: Self) {
        self.schema.append(other.schema);
        self.problems.extend(other.problems);
    }
}

/// A stream of questions to a server.
#[derive(Debug)]
pub(crate) struct Reflection {
    address: String,
    requests: Sink<Bytes>,
    answers: Streaming<Bytes>,
    services: Vec<String>,
}

impl Reflection {
    /// Asks for the services, by the newest version that the server has.
    ///
    /// # Errors
    ///
    /// Why the server does not tell.
    pub(crate) async fn begin(args: &TargetArgs) -> Result<Self, String> {
        let address = &args.address;
        let options = args.options(address).transport(Transport::Grpc);
        let client = options.connect().await;
        let client = client.map_err(|error| error.to_string())?;
        let mut first = None;
        for version in VERSIONS {
            match Self::with_version(args, &client, version).await {
                Ok(reflection) => return Ok(reflection),
                // What one version answers may be different for the other one.
                Err(status) if status.code().is_some() => first = first.or(Some(status)),
                Err(status) => return Err(reason(&status)),
            }
        }
        let first = first.unwrap_or_else(|| Status::error("there is no version"));
        Err(reason(&first))
    }

    async fn with_version(
        args: &TargetArgs,
        client: &Client,
        version: &str,
    ) -> Result<Self, Status> {
        let method = client.raw(reflection(version), "ServerReflectionInfo");
        let mut call = method.codec(Codec::Protobuf).stream();
        call = call.timeout(args.timeout.unwrap_or(PATIENCE));
        for pair in &args.metadata {
            call = call.header(pair.header_name(), pair.header_value());
        }
        let (requests, answers) = call.await?;
        let mut reflection = Self {
            address: args.address.clone(),
            requests,
            answers,
            services: Vec::new(),
        };
        let all = MessageRequest::ListServices("*".to_owned());
        reflection.services = match reflection.ask(all).await? {
            MessageResponse::ListServicesResponse(list) => list
                .service
                .into_iter()
                .map(|service| service.name)
                .collect(),
            other => return Err(unexpected(&other)),
        };
        Ok(reflection)
    }

    /// The full names of all services.
    pub(crate) fn services(&self) -> &[String] {
        &self.services
    }

    /// The schema of these services.
    ///
    /// # Errors
    ///
    /// When the server describes none of them.
    pub(crate) async fn schema(&mut self, services: &[String]) -> Result<Schema, Failure> {
        let described = self.told(services).await?;
        let mut problems = described.problems.values();
        // One that is not described makes the others no less useful.
        match problems.next() {
            Some(problem) if described.schema.services.is_empty() => {
                Err(Failure::Other(problem.clone()))
            }
            _ => Ok(described.schema),
        }
    }

    /// What the server says of each of these services: it may know names that it cannot describe, and
    /// describe one so that the others are not understood beside it.
    pub(crate) async fn described(&mut self, services: &[String]) -> Described {
        if let Ok(described) = self.told(services).await {
            return described;
        }
        let mut all = Described::default();
        for service in services {
            match self.told(std::slice::from_ref(service)).await {
                Ok(described) => all.add(described),
                Err(failure) => {
                    all.problems.insert(service.clone(), failure.to_string());
                }
            }
        }
        all
    }

    /// # Errors
    ///
    /// When what the server says cannot be understood.
    async fn told(&mut self, services: &[String]) -> Result<Described, Failure> {
        let mut files = BTreeMap::new();
        let mut problems = BTreeMap::new();
        for service in services {
            let symbol = MessageRequest::FileContainingSymbol(service.clone());
            if let Err(status) = self.add_files(symbol, &mut files).await {
                let (address, reason) = (&self.address, reason(&status));
                let problem = format!("{address} does not describe {service}: {reason}");
                problems.insert(service.clone(), problem);
            }
        }
        if files.is_empty() {
            let schema = Schema::default();
            return Ok(Described { schema, problems });
        }
        self.add_imports(&mut files).await;
        let set = FileDescriptorSet {
            file: files.into_values().collect(),
            ..FileDescriptorSet::default()
        };
        let builder = Builder::new().descriptors(&self.address, set.encode_to_vec());
        let nothing: [&str; 0] = [];
        let schema = builder.schema(&nothing)?;
        Ok(Described { schema, problems })
    }

    /// Servers may leave out what a file imports until they are asked for it. What they do not have
    /// may be in Google's library, which the builder knows.
    async fn add_imports(&mut self, files: &mut BTreeMap<String, FileDescriptorProto>) {
        let imports = files
            .values()
            .flat_map(|file| file.dependency.iter().cloned());
        let mut wanted: BTreeSet<String> = imports.collect();
        let mut asked = BTreeSet::new();
        while let Some(name) = wanted.pop_first() {
            if files.contains_key(&name) || !asked.insert(name.clone()) {
                continue;
            }
            let request = MessageRequest::FileByFilename(name);
            // The builder says what is missing, and by which file.
            if let Ok(imports) = self.add_files(request, files).await {
                wanted.extend(imports);
            }
        }
    }

    /// Gives what the added files import.
    async fn add_files(
        &mut self,
        request: MessageRequest,
        files: &mut BTreeMap<String, FileDescriptorProto>,
    ) -> Result<Vec<String>, Status> {
        let found = match self.ask(request).await? {
            MessageResponse::FileDescriptorResponse(found) => found,
            other => return Err(unexpected(&other)),
        };
        let mut imports = Vec::new();
        for encoded in found.file_descriptor_proto {
            let file = FileDescriptorProto::decode(&mut encoded.as_ref()).map_err(|error| {
                Status::error(format!("a file's description is broken: {error}"))
            })?;
            imports.extend(file.dependency.iter().cloned());
            files.insert(file.name.clone().unwrap_or_default(), file);
        }
        Ok(imports)
    }

    async fn ask(&mut self, request: MessageRequest) -> Result<MessageResponse, Status> {
        let request = ServerReflectionRequest {
            message_request: Some(request),
            ..ServerReflectionRequest::default()
        };
        self.requests.send(request.encode_to_vec().into()).await?;
        let answer = self.answers.receive().await?;
        let answer = answer.ok_or_else(|| Status::error("the server gave no answer"))?;
        let answer = ServerReflectionResponse::decode(&mut answer.as_ref())
            .map_err(|error| Status::error(format!("the answer is broken: {error}")))?;
        match answer.message_response {
            Some(MessageResponse::ErrorResponse(error)) => {
                let code = Code(error.error_code.cast_unsigned());
                Err(Status::with_code(code, error.error_message))
            }
            Some(answer) => Ok(answer),
            None => Err(Status::error("the server gave an empty answer")),
        }
    }
}

/// The service of a version.
fn reflection(version: &str) -> String {
    format!("{version}.ServerReflection")
}

fn unexpected(answer: &MessageResponse) -> Status {
    Status::error(format!("the server answered another question: {answer:?}"))
}

fn reason(status: &Status) -> String {
    match status.code() {
        Some(code) => format!("{}: {status}", numbered(code)),
        None => status.to_string(),
    }
}
