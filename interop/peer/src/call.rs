//! `call`: one method, typed by the generated code, with JSON at both ends.

use std::error::Error;

use bytes::BytesMut;
use polyport::client::Connections;
use polyport::method::Method;
use polyport::status::MethodError;
use polyport::validator::Crc32c;
use polyport::{Client, Metadata, Status, StatusKind, Transport, json};
use polyport_wire::limits::Limits;
use polyport_wire::schema::{self, Schema};
use polyport_wire::thrift::{self, Dynamic, Reader, Returned, Value, WireType};
use serde_json::{Value as Json, json};

use crate::args::{Call, TransportName};
use crate::targets;
use crate::validators::{Length, ValidatorName};

type Outcome<T> = Result<T, Box<dyn Error>>;

pub(crate) fn run(call: Call) -> Outcome<()> {
    let transport = transport(call.transport)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let options = Client::options(call.addr.as_str())
            .transport(transport)
            .caller(call.caller.as_str());
        let options = if call.no_service_name {
            options.without_service_name()
        } else {
            options
        };
        let options = if call.multiplexed_names {
            options.multiplexed_names()
        } else {
            options
        };
        let options = match call.transport {
            TransportName::Mux => options.connections(Connections::Multiplexed { connections: 1 }),
            _ => options,
        };
        let options = match call.validator {
            None => options,
            Some(ValidatorName::Crc32c) => options.validator(Crc32c),
            Some(ValidatorName::Length) => options.validator(Length),
        };
        match options.connect().await {
            Ok(client) => targets::call(&Calling { call, client }).await,
            Err(error) => {
                for _ in 0..call.count {
                    println!("{}", json!({ "transport_error": error.to_string() }));
                }
                Ok(())
            }
        }
    })
}

fn transport(name: TransportName) -> Outcome<Transport> {
    Ok(match name {
        TransportName::Buffered => Transport::Buffered,
        TransportName::Framed => Transport::Framed,
        TransportName::Ttheader => Transport::TtHeader,
        TransportName::TtheaderFramed | TransportName::Mux => Transport::TtHeaderFramed,
        other => {
            return Err(format!("transport {other:?} is not in this version of the peer").into());
        }
    })
}

/// A call that is asked for, and the client to make it with.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) call: Call,
    client: Client,
}

impl Calling {
    /// Makes the call as often as asked for, a line each.
    pub(crate) async fn run<A, V, E>(
        &self,
        schema: &Schema,
        description: &schema::Method,
        method: Method<A, V, E>,
    ) -> Outcome<()>
    where
        A: Value + Clone + Send + Sync + 'static,
        V: Returned + Send + 'static,
        E: MethodError,
    {
        // The program makes one call and ends.
        let method: &'static Method<A, V, E> = Box::leak(Box::new(method));
        let arguments: A = self.arguments(schema, description)?;
        for _ in 0..self.call.count {
            let mut calling = self.client.call(method, arguments.clone());
            if let Some(timeout) = self.call.timeout() {
                calling = calling.timeout(timeout);
            }
            for (key, value) in &self.call.transient {
                calling = calling.metadata(key, value);
            }
            for (key, value) in &self.call.persistent {
                calling = calling.persistent(key, value);
            }
            let answer = calling.answer().await;
            let mut line = line(schema, description, answer.result)?;
            if !answer.metadata.is_empty() {
                line["back"] = back(&answer.metadata);
            }
            println!("{line}");
        }
        Ok(())
    }

    fn arguments<A: Value>(&self, schema: &Schema, method: &schema::Method) -> Outcome<A> {
        let json: Json = serde_json::from_str(&self.call.json)?;
        let arguments = json::read_fields(schema, &method.arguments, &json)?;
        let mut bytes = BytesMut::new();
        let mut out = thrift::Writer::new(&mut bytes);
        arguments.encode(&mut out);
        out.finish()?;
        Ok(thrift::decode(&bytes.freeze(), &Limits::default())?)
    }
}

/// The line of one outcome.
fn line<V: Returned, E: MethodError>(
    schema: &Schema,
    method: &schema::Method,
    result: Result<V, E>,
) -> Outcome<Json> {
    let result = match result {
        Ok(value) => Ok(value),
        Err(error) => match error.into_status() {
            Ok(status) => return Ok(failure(&status)),
            Err(exception) => Err(exception),
        },
    };
    let mut bytes = BytesMut::new();
    thrift::encode_outcome(&result, &mut bytes)?;
    let bytes = bytes.freeze();
    let fields = match Dynamic::decode(
        WireType::STRUCT,
        &mut Reader::new(&bytes, &Limits::default()),
    )? {
        Dynamic::Struct(fields) => fields,
        _ => Vec::new(),
    };
    let (Some((id, value)), Some(kind)) = (fields.first(), kind_of(method, &fields)) else {
        return Ok(json!({ "ok": null }));
    };
    let value = json::write(schema, kind, value)?;
    Ok(match method.throws.iter().find(|field| field.id == *id) {
        Some(field) => json!({ "exception": { "name": field.name, "value": value } }),
        None => json!({ "ok": value }),
    })
}

fn kind_of<'a>(method: &'a schema::Method, fields: &[(i16, Dynamic)]) -> Option<&'a schema::Type> {
    match fields.first()?.0 {
        0 => method.result.as_ref(),
        id => {
            let thrown = method.throws.iter().find(|field| field.id == id)?;
            Some(&thrown.kind)
        }
    }
}

fn failure(status: &Status) -> Json {
    match status.kind() {
        StatusKind::Biz(biz) => json!({
            "biz": { "code": biz.code, "message": biz.message, "extra": biz.extra }
        }),
        StatusKind::Timeout => json!({ "timeout": true }),
        StatusKind::Transport => json!({ "transport_error": status.message() }),
        _ => json!({
            "error": { "type": status.type_id().unwrap_or(6), "message": status.message() }
        }),
    }
}

fn back(metadata: &Metadata) -> Json {
    metadata
        .iter()
        .map(|(key, value)| (key.to_owned(), Json::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
