//! Calls and services without generated code: JSON by a schema, which is known at run time only.
//!
//! [`Services`] are those of a schema: of an IDL file that is read while the program runs
//! (`polyport_build::Builder::schema`), or of one that generated code carries (`demo::SCHEMA`). Any of
//! their [methods](Method) can be [called](crate::Client::json) over every transport, and any of them
//! [served](crate::Service::json) beside generated services: a peer sees no difference.
//!
//! What is said here of JSON is, for Thrift, the mapping of [`json`]. A Thrift method's
//! arguments are an object by their names, its result is the value alone, and `null` for `void`. For
//! Protobuf, and for a Thrift method that streams, both are the message, the former in Protobuf's own
//! JSON.
//!
//! # Examples
//!
//! ```
//! use polyport::generic::Services;
//! use polyport::wire::schema::{Field, Method, Schema, Service, Type};
//! use serde_json::json;
//!
//! // What `Builder::schema` gives for
//! // `service Math { i64 add(1: i64 left, 2: i64 right) }`.
//! let mut add = Method::new("add");
//! add.arguments = vec![Field::new(1, "left", Type::I64), Field::new(2, "right", Type::I64)];
//! add.result = Some(Type::I64);
//! let mut math = Service::new("", "Math");
//! math.methods.push(add);
//! let services = Services::new(Schema { services: vec![math], ..Schema::default() })?;
//!
//! let add = services.method("Math", "add")?;
//! let bytes = add.encode_arguments(&json!({ "left": 1, "right": 2 }))?;
//! assert_eq!(bytes.len(), 23);
//! let error = add.encode_arguments(&json!({ "left": "one" })).unwrap_err();
//! assert_eq!(error.to_string(), "left: expected an i64, found \"one\"");
//! # Ok::<(), polyport::json::JsonError>(())
//! ```

mod service;
mod client;
mod stream;

pub use crate::generic::client::JsonCall;
pub use crate::generic::service::JsonHandler;
pub use crate::generic::stream::{JsonSink, JsonStreamCall, JsonStreaming};

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use polyport_wire::schema::{self, CallKind, Field, Schema, Type};
use polyport_wire::thrift::{ApplicationException, Dynamic, Reader, WireType, Writer};
use polyport_wire::transport::Codec;
use serde_json::Value;

use crate::json::{self, JsonError, Messages};
use crate::route::MethodInfo;
use crate::status::Status;

/// The services of a schema, to be called and served by JSON. A clone is cheap.
#[derive(Clone, Debug)]
pub struct Services {
    known: Arc<Known>,
}

#[derive(Debug)]
struct Known {
    schema: Arc<Schema>,
    messages: Messages,
}

impl Services {
    /// The services of this schema.
    ///
    /// # Errors
    ///
    /// When the schema's descriptors are damaged, or when it has Protobuf's and this crate is built
    /// without.
    pub fn new(schema: Schema) -> Result<Self, JsonError> {
        let messages = Messages::new(&schema)?;
        Ok(Self {
            known: Arc::new(Known {
                schema: Arc::new(schema),
                messages,
            }),
        })
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.known.schema
    }

    /// A method by the name of its service, bare or with the package, and its own.
    ///
    /// # Errors
    ///
    /// When there is no such service or method; the error lists those that there are.
    pub fn method(&self, service: &str, method: &str) -> Result<Method, JsonError> {
        let index = self.index(service)?;
        let methods = &self.known.schema.services[index].methods;
        let position = methods.iter().position(|known| known.name == method);
        let position = position.ok_or_else(|| {
            let names = methods.iter().map(|known| known.name.as_str());
            let names: Vec<&str> = names.collect();
            let names = names.join(", ");
            JsonError::new(format!(
                "service {service} has no method {method}: there are [{names}]"
            ))
        })?;
        Ok(Method::new(self, index, position))
    }

    /// All methods of a service.
    fn methods(&self, service: &str) -> Result<Vec<Method>, JsonError> {
        let index = self.index(service)?;
        let count = self.known.schema.services[index].methods.len();
        Ok((0..count)
            .map(|method| Method::new(self, index, method))
            .collect())
    }

    /// The place of a service. A full name goes before the bare names of others.
    fn index(&self, name: &str) -> Result<usize, JsonError> {
        let services = &self.known.schema.services;
        let full = services.iter().position(|known| known.full_name() == name);
        let bare = || services.iter().position(|known| known.name == name);
        full.or_else(bare).ok_or_else(|| {
            let names: Vec<String> = services.iter().map(schema::Service::full_name).collect();
            let names = names.join(", ");
            JsonError::new(format!("there is no service {name}: there are [{names}]"))
        })
    }
}

/// A method by its description: between JSON and the bytes that are sent. A clone is cheap.
///
/// The bytes are those that [`Client::raw`](crate::Client::raw) and
/// [`Service::raw`](crate::Service::raw) take and give.
#[derive(Clone)]
pub struct Method {
    known: Arc<Known>,
    service: usize,
    method: usize,
    info: Arc<MethodInfo>,
}

/// Why a call by JSON has no result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// An exception that the method declares.
    Exception {
        /// Its name in the method's `throws`.
        name: String,
        /// Its fields.
        value: Value,
    },
    /// Anything else that a call can fail with.
    Status(Status),
    /// The JSON does not fit the method, or what came back does not fit the schema.
    Json(JsonError),
}

impl Method {
    fn new(services: &Services, service: usize, method: usize) -> Self {
        let description = &services.known.schema.services[service];
        let info = MethodInfo {
            package: description.package.clone(),
            service: description.name.clone(),
            method: description.methods[method].name.clone(),
            kind: description.methods[method].kind,
            codec: description.codec,
        };
        Self {
            known: Arc::clone(&services.known),
            service,
            method,
            info: Arc::new(info),
        }
    }

    /// What the schema says of it.
    #[must_use]
    pub fn description(&self) -> &schema::Method {
        &self.known.schema.services[self.service].methods[self.method]
    }

    /// Its names, its kind and its codec.
    #[must_use]
    pub fn info(&self) -> &MethodInfo {
        &self.info
    }

    /// The bytes of the arguments, or of one request if the method takes many.
    ///
    /// # Errors
    ///
    /// When the JSON does not fit; the error says where.
    pub fn encode_arguments(&self, json: &Value) -> Result<Bytes, JsonError> {
        let fields = &self.description().arguments;
        match self.message() {
            Some(Part::Arguments) => encode(&json::read_fields(&self.known.schema, fields, json)?),
            Some(Part::Message) => self.encode_message(only(fields)?, json),
            None => Err(no_codec(&self.info)),
        }
    }

    /// The JSON of the arguments, or of one request if the method takes many.
    ///
    /// # Errors
    ///
    /// When the bytes are not such arguments.
    pub fn decode_arguments(&self, bytes: &Bytes, limits: &Limits) -> Result<Value, JsonError> {
        let fields = &self.description().arguments;
        match self.message() {
            Some(Part::Arguments) => {
                let value = decode(WireType::STRUCT, bytes, limits)?;
                json::write_fields(&self.known.schema, fields, &value)
            }
            Some(Part::Message) => self.decode_message(only(fields)?, bytes, limits),
            None => Err(no_codec(&self.info)),
        }
    }

    /// The bytes of what the method returned or declared to throw, or of one answer if it gives many.
    ///
    /// # Errors
    ///
    /// A status is given back: it has another way to the peer. So is JSON that does not fit, with
    /// where it does not.
    pub fn encode_result(&self, outcome: Result<Value, Failure>) -> Result<Bytes, Failure> {
        match (self.message(), outcome) {
            (_, Err(failure @ (Failure::Status(_) | Failure::Json(_)))) => Err(failure),
            (Some(Part::Arguments), Ok(json)) => Ok(self.encode_returned(&json)?),
            (Some(Part::Arguments), Err(Failure::Exception { name, value })) => {
                Ok(self.encode_exception(&name, &value)?)
            }
            (_, Err(Failure::Exception { name, .. })) => Err(self.undeclared(&name).into()),
            (Some(Part::Message), Ok(json)) => {
                let kind = self.description().result.as_ref();
                let kind = kind.ok_or_else(|| no_codec(&self.info))?;
                Ok(self.encode_message(kind, &json)?)
            }
            (None, Ok(_)) => Err(no_codec(&self.info).into()),
        }
    }

    /// The JSON of what the method returned or threw, or of one answer if it gives many.
    ///
    /// # Errors
    ///
    /// The exception that was thrown; a status if there is neither a result nor an exception; or
    /// that the bytes do not fit the schema.
    pub fn decode_result(&self, bytes: &Bytes, limits: &Limits) -> Result<Value, Failure> {
        match (self.message(), &self.description().result) {
            (Some(Part::Arguments), _) => self.decode_outcome(bytes, limits),
            (Some(Part::Message), Some(kind)) => Ok(self.decode_message(kind, bytes, limits)?),
            _ => Err(no_codec(&self.info).into()),
        }
    }

    fn encode_returned(&self, json: &Value) -> Result<Bytes, JsonError> {
        match (&self.description().result, json) {
            (None, Value::Null) => encode(&Dynamic::Struct(Vec::new())),
            (None, json) => Err(JsonError::new(format!(
                "{} returns nothing, found {json}",
                self.info.method
            ))),
            (Some(kind), json) => {
                let value = json::read(&self.known.schema, kind, json)?;
                encode(&Dynamic::Struct(vec![(0, value)]))
            }
        }
    }

    fn encode_exception(&self, name: &str, json: &Value) -> Result<Bytes, JsonError> {
        let mut throws = self.description().throws.iter();
        let field = throws.find(|field| field.name == name);
        let field = field.ok_or_else(|| self.undeclared(name))?;
        let value = json::read(&self.known.schema, &field.kind, json)?;
        encode(&Dynamic::Struct(vec![(field.id, value)]))
    }

    fn undeclared(&self, name: &str) -> JsonError {
        let throws = self.description().throws.iter();
        let names: Vec<&str> = throws.map(|field| field.name.as_str()).collect();
        let (method, names) = (&self.info.method, names.join(", "));
        JsonError::new(format!("{method} throws no {name}: it throws [{names}]"))
    }

    /// As for generated code, what this schema does not know may be an exception: no success can be
    /// made of it.
    fn decode_outcome(&self, bytes: &Bytes, limits: &Limits) -> Result<Value, Failure> {
        let Dynamic::Struct(fields) = decode(WireType::STRUCT, bytes, limits)? else {
            return Err(missing_result());
        };
        let schema = &self.known.schema;
        let description = self.description();
        let mut outcome = None;
        for (id, value) in &fields {
            let fits = |kind: &Type| kind.wire_type(schema) == value.wire_type();
            let mut throws = description.throws.iter();
            if *id == 0 {
                if let Some(kind) = description.result.as_ref().filter(|kind| fits(kind)) {
                    outcome = Some(Ok(json::write(schema, kind, value)?));
                }
            } else if let Some(field) = throws.find(|field| field.id == *id && fits(&field.kind)) {
                outcome = Some(Err(Failure::Exception {
                    name: field.name.clone(),
                    value: json::write(schema, &field.kind, value)?,
                }));
            }
        }
        let is_void = description.result.is_none() && fields.iter().all(|(id, _)| *id == 0);
        match outcome {
            Some(outcome) => outcome,
            None if is_void => Ok(Value::Null),
            None => Err(missing_result()),
        }
    }

    fn encode_message(&self, kind: &Type, json: &Value) -> Result<Bytes, JsonError> {
        match kind {
            Type::Message(name) => self.known.messages.read(name, json),
            kind => encode(&json::read(&self.known.schema, kind, json)?),
        }
    }

    fn decode_message(
        &self,
        kind: &Type,
        bytes: &Bytes,
        limits: &Limits,
    ) -> Result<Value, JsonError> {
        let schema = &self.known.schema;
        match kind {
            Type::Message(name) => self.known.messages.write(name, bytes, limits),
            kind => {
                let value = decode(kind.wire_type(schema), bytes, limits)?;
                json::write(schema, kind, &value)
            }
        }
    }

    /// What the bytes of a message are; `None` for a codec that is not known here.
    fn message(&self) -> Option<Part> {
        let is_streaming = self.info.kind.is_streaming();
        match self.info.codec {
            Codec::Protobuf => Some(Part::Message),
            Codec::ThriftBinary if is_streaming => Some(Part::Message),
            Codec::ThriftBinary => Some(Part::Arguments),
            _ => None,
        }
    }

    /// Whether nobody waits for an answer.
    fn is_oneway(&self) -> bool {
        self.info.kind == CallKind::Oneway
    }
}

/// What the bytes of a message are.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// Thrift's struct of arguments, and that of the result.
    Arguments,
    /// The value itself.
    Message,
}

fn only(fields: &[Field]) -> Result<&Type, JsonError> {
    match fields {
        [field] => Ok(&field.kind),
        _ => Err(JsonError::new("a stream's messages are of one type")),
    }
}

fn encode(value: &Dynamic) -> Result<Bytes, JsonError> {
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out);
    value.encode(&mut writer);
    let written = writer.finish();
    written.map_err(|error| JsonError::new(error.to_string()))?;
    Ok(out.freeze())
}

fn decode(kind: WireType, bytes: &Bytes, limits: &Limits) -> Result<Dynamic, JsonError> {
    let value = Dynamic::decode(kind, &mut Reader::new(bytes, limits));
    value.map_err(|error: DecodeError| JsonError::new(error.to_string()))
}

#[cold]
fn no_codec(info: &MethodInfo) -> JsonError {
    let (service, method) = (&info.service, &info.method);
    JsonError::new(format!("{service}/{method} cannot be called by JSON"))
}

#[cold]
fn missing_result() -> Failure {
    let exception = ApplicationException::new(ApplicationException::MISSING_RESULT, "");
    Failure::Status(Status::remote(&exception))
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<JsonError> for Failure {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception { name, value } => write!(f, "{name}: {value}"),
            Self::Status(status) => status.fmt(f),
            Self::Json(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.info.service, self.info.method)
    }
}
