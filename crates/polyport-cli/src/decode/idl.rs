//! Which method of an IDL a message belongs to, and how its fields are named then.

use std::cell::RefCell;
use std::collections::HashMap;

use buffa_descriptor::generated::descriptor::field_descriptor_proto::{self, Label};
use buffa_descriptor::generated::descriptor::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
};
use buffa_descriptor::{DescriptorPool, PoolError};
use polyport_wire::schema::{
    Definition, DefinitionId, Enum, EnumValue, Field, Method, Schema, Service, Type,
};
use polyport_wire::thrift::{ApplicationException, MessageType};
use polyport_wire::transport::Codec;

use crate::decode::protobuf::Described;
use crate::decode::value::Names;
use crate::target::names;

/// The names that messages are read with.
#[derive(Debug)]
pub(super) struct Idl {
    /// `None` when the user gave no IDL.
    schema: Option<Schema>,
    /// Protobuf's messages of the schema.
    messages: DescriptorPool,
    /// The service that the user asked for, among those of the schema.
    service: Option<usize>,
    exception: Schema,
    exception_fields: Vec<Field>,
    exception_message: DescriptorPool,
    /// The services that calls were for: their replies do not say it.
    called: RefCell<HashMap<Call, Vec<usize>>>,
}

/// What a reply repeats of its call.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Call {
    method: Vec<u8>,
    sequence: i32,
}

/// What a message says about its method.
#[derive(Debug)]
pub(super) struct Query<'q> {
    pub(super) codec: Codec,
    pub(super) kind: Option<MessageType>,
    /// As the header says.
    pub(super) service: Option<&'q [u8]>,
    pub(super) method: &'q [u8],
    pub(super) sequence: i32,
    /// Whether it came on a stream, where messages of Thrift's streaming methods stand alone.
    pub(super) is_stream: bool,
}

/// What the IDL says about a message.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) services: Vec<String>,
    /// What Thrift's fields are called.
    pub(super) names: Option<Names<'a>>,
    /// The same for Protobuf's.
    pub(super) message: Option<Described<'a>>,
    pub(super) note: Option<String>,
}

impl Found<'_> {
    fn nothing(why: String) -> Self {
        Self {
            note: Some(why),
            ..Self::default()
        }
    }
}

impl Idl {
    /// # Errors
    ///
    /// When `service` is none of the schema.
    pub(super) fn new(schema: Option<Schema>, service: Option<&str>) -> Result<Self, String> {
        let service = match (service, &schema) {
            (Some(name), Some(schema)) => Some(index_of(schema, name)?),
            _ => None,
        };
        let (exception, exception_fields) = exception();
        let descriptors = schema
            .as_ref()
            .map_or(&[][..], |schema| &schema.descriptors);
        let broken = |error: PoolError| format!("the IDL's descriptors are broken: {error}");
        let messages = DescriptorPool::decode(descriptors).map_err(broken)?;
        Ok(Self {
            schema,
            messages,
            service,
            exception,
            exception_fields,
            exception_message: exception_message().map_err(broken)?,
            called: RefCell::default(),
        })
    }

    pub(super) fn look_up(&self, query: &Query<'_>) -> Found<'_> {
        let mut found = match &self.schema {
            Some(schema) => self.look_up_in(schema, query),
            None => Found::default(),
        };
        if query.kind == Some(MessageType::Exception) {
            found.note = None;
            found.message = Described::find(&self.exception_message, EXCEPTION);
            found.names = Some(Names {
                schema: &self.exception,
                fields: &self.exception_fields,
                result: None,
            });
        }
        found
    }

    fn look_up_in<'a>(&'a self, schema: &'a Schema, query: &Query<'_>) -> Found<'a> {
        let mut note = None;
        let (service, method) = split(query);
        let candidates = match self.candidates(schema, query, service, method) {
            Ok(candidates) => candidates,
            Err(problem) => {
                note = Some(problem);
                having(schema, query.codec, method)
            }
        };
        let services = candidates.iter().map(|index| &schema.services[*index]);
        let methods = services.clone().filter_map(|of| method_of(of, method));
        let methods: Vec<&Method> = methods.collect();
        let services: Vec<String> = services.map(Service::full_name).collect();
        let method_text = String::from_utf8_lossy(method);
        match &methods[..] {
            [] => Found::nothing(
                note.unwrap_or_else(|| format!("the IDL has no method `{method_text}`")),
            ),
            [first, others @ ..] if others.iter().all(|other| is_same(first, other)) => {
                self.remember(query, &candidates);
                let names = names(schema, first, query.kind);
                let alone = query.is_stream && first.kind.is_streaming();
                Found {
                    names: if alone { names.only() } else { Some(names) },
                    message: self.message(names),
                    services,
                    note,
                }
            }
            _ => Found::nothing(format!(
                "`{method_text}` is a method of {}: `--service` says which",
                services.join(", ")
            )),
        }
    }

    /// The services that the message may be for; or why the one that it names is none of them.
    fn candidates(
        &self,
        schema: &Schema,
        query: &Query<'_>,
        service: Option<&[u8]>,
        method: &[u8],
    ) -> Result<Vec<usize>, String> {
        if let Some(index) = self.service {
            return Ok(vec![index]);
        }
        let answers = matches!(
            query.kind,
            Some(MessageType::Reply | MessageType::Exception)
        );
        if answers && let Some(called) = self.called.borrow().get(&call(query)) {
            return Ok(called.clone());
        }
        let Some(name) = service.filter(|name| !name.is_empty()) else {
            return Ok(having(schema, query.codec, method));
        };
        let name = String::from_utf8_lossy(name);
        index_of(schema, &name).map(|index| vec![index])
    }

    /// The message that is the result, or else the only argument.
    fn message<'a>(&'a self, names: Names<'a>) -> Option<Described<'a>> {
        let argument = names.fields.first().map(|field| &field.kind);
        match names.result.or(argument)? {
            Type::Message(name) => Described::find(&self.messages, name),
            _ => None,
        }
    }

    fn remember(&self, query: &Query<'_>, services: &[usize]) {
        if let Some(MessageType::Call) = query.kind {
            let mut called = self.called.borrow_mut();
            called.insert(call(query), services.to_vec());
        }
    }
}

fn call(query: &Query<'_>) -> Call {
    Call {
        method: split(query).1.to_vec(),
        sequence: query.sequence,
    }
}

/// The service and the method; Apache Thrift's clients can say both by `Service:method`.
fn split<'q>(query: &Query<'q>) -> (Option<&'q [u8]>, &'q [u8]) {
    let colon = query.method.iter().position(|byte| *byte == b':');
    match (query.service, colon) {
        (None, Some(at)) => (Some(&query.method[..at]), &query.method[at + 1..]),
        (service, _) => (service, query.method),
    }
}

fn index_of(schema: &Schema, name: &str) -> Result<usize, String> {
    let known: Vec<String> = schema.services.iter().map(Service::full_name).collect();
    let full = names::service(name, &known)?;
    let position = known.iter().position(|known| known == full);
    Ok(position.unwrap_or_default())
}

/// The services of this codec that have the method.
fn having(schema: &Schema, codec: Codec, method: &[u8]) -> Vec<usize> {
    let services = schema.services.iter().enumerate();
    let services = services.filter(|(_, service)| service.codec == codec);
    let having = services.filter(|(_, service)| method_of(service, method).is_some());
    having.map(|(index, _)| index).collect()
}

fn method_of<'a>(service: &'a Service, name: &[u8]) -> Option<&'a Method> {
    let mut methods = service.methods.iter();
    methods.find(|method| method.name.as_bytes() == name)
}

/// Whether two methods read the same.
fn is_same(one: &Method, other: &Method) -> bool {
    let fields = |fields: &[Field]| -> Vec<(i16, String, Type)> {
        let parts = |field: &Field| (field.id, field.name.clone(), field.kind.clone());
        fields.iter().map(parts).collect()
    };
    one.result == other.result
        && fields(&one.arguments) == fields(&other.arguments)
        && fields(&one.throws) == fields(&other.throws)
}

fn names<'a>(schema: &'a Schema, method: &'a Method, kind: Option<MessageType>) -> Names<'a> {
    let is_reply = kind == Some(MessageType::Reply);
    Names {
        schema,
        fields: if is_reply {
            &method.throws
        } else {
            &method.arguments
        },
        result: method.result.as_ref().filter(|_| is_reply),
    }
}

const EXCEPTION: &str = "Exception";

/// What Kitex sends in the place of a Protobuf message (kitex `pkg/remote/codec/protobuf/error.proto`).
fn exception_message() -> Result<DescriptorPool, PoolError> {
    let field = |number, name: &str, kind| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::LABEL_OPTIONAL),
        r#type: Some(kind),
        ..FieldDescriptorProto::default()
    };
    let exception = DescriptorProto {
        name: Some(EXCEPTION.to_owned()),
        field: vec![
            field(1, "type", field_descriptor_proto::Type::TYPE_INT32),
            field(2, "message", field_descriptor_proto::Type::TYPE_STRING),
        ],
        ..DescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("error.proto".to_owned()),
        message_type: vec![exception],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    DescriptorPool::new(FileDescriptorSet {
        file: vec![file],
        ..FileDescriptorSet::default()
    })
}

/// Thrift's own exception, whose numbers have names.
fn exception() -> (Schema, Vec<Field>) {
    let value = |number: i32| EnumValue {
        name: ApplicationException::type_name(number)
            .unwrap_or_default()
            .to_owned(),
        number,
        docs: String::new(),
    };
    let named =
        (0..=u8::MAX.into()).filter(|number| ApplicationException::type_name(*number).is_some());
    let types = Definition::Enum(Enum {
        package: String::new(),
        name: "i32".to_owned(),
        values: named.map(value).collect(),
        annotations: Vec::new(),
        docs: String::new(),
    });
    let schema = Schema {
        definitions: vec![types],
        ..Schema::default()
    };
    let fields = vec![
        Field::new(1, "message", Type::String),
        Field::new(2, "type", Type::Defined(DefinitionId(0))),
    ];
    (schema, fields)
}
