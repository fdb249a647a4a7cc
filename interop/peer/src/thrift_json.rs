//! Thrift's messages of a method, and their JSON.

use bytes::BytesMut;
use polyport::json;
use polyport::status::MethodError;
use polyport_wire::limits::Limits;
use polyport_wire::schema::{self, Schema};
use polyport_wire::thrift::{self, Dynamic, Reader, Returned, Value, WireType};
use serde_json::{Value as Json, json};

use crate::call::{Outcome, failure};

/// A method, and the schema that has its types.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notation {
    pub(crate) schema: &'static Schema,
    pub(crate) method: &'static schema::Method,
}

impl Notation {
    /// The struct of arguments, of an object by their names.
    pub(crate) fn arguments<A: Value>(self, json: &Json) -> Outcome<A> {
        decode(&json::read_fields(
            self.schema,
            &self.method.arguments,
            json,
        )?)
    }

    /// The item of a stream. It may stand alone, or by the name of its argument.
    pub(crate) fn item<A: Value>(self, json: &Json) -> Outcome<A> {
        let [argument] = self.method.arguments.as_slice() else {
            return Err("a method that streams has one argument".into());
        };
        let named = match json.get(&argument.name) {
            Some(_) => json.clone(),
            None => json!({ &argument.name: json }),
        };
        match json::read_fields(self.schema, &self.method.arguments, &named)? {
            Dynamic::Struct(fields) => match fields.first() {
                Some((_, item)) => decode(item),
                None => Err("a stream has no item without a value".into()),
            },
            _ => Err("arguments are fields".into()),
        }
    }

    /// The line of a call with one answer.
    pub(crate) fn line<V: Returned, E: MethodError>(self, result: Result<V, E>) -> Outcome<Json> {
        let result = match result {
            Ok(value) => Ok(value),
            Err(error) => match error.into_status() {
                Ok(status) => return Ok(failure(&status)),
                Err(exception) => Err(exception),
            },
        };
        let mut bytes = BytesMut::new();
        thrift::encode_outcome(&result, &mut bytes)?;
        let fields = fields(bytes)?;
        let (Some((id, value)), Some(kind)) = (fields.first(), self.kind_of(&fields)) else {
            return Ok(json!({ "ok": null }));
        };
        let value = json::write(self.schema, kind, value)?;
        let thrown = self.method.throws.iter().find(|field| field.id == *id);
        Ok(match thrown {
            Some(field) => json!({ "exception": { "name": field.name, "value": value } }),
            None => json!({ "ok": value }),
        })
    }

    /// One answer of a stream.
    pub(crate) fn answer<V: Value>(self, answer: &V) -> Outcome<Json> {
        let mut bytes = BytesMut::new();
        thrift::encode(answer, &mut bytes)?;
        let value = Dynamic::Struct(fields(bytes)?);
        let kind = self.method.result.as_ref().ok_or("a stream has answers")?;
        Ok(json::write(self.schema, kind, &value)?)
    }

    fn kind_of(self, fields: &[(i16, Dynamic)]) -> Option<&'static schema::Type> {
        match fields.first()?.0 {
            0 => self.method.result.as_ref(),
            id => {
                let thrown = self.method.throws.iter().find(|field| field.id == id)?;
                Some(&thrown.kind)
            }
        }
    }
}

fn decode<T: Value>(value: &Dynamic) -> Outcome<T> {
    let mut bytes = BytesMut::new();
    let mut out = thrift::Writer::new(&mut bytes);
    value.encode(&mut out);
    out.finish()?;
    Ok(thrift::decode(&bytes.freeze(), &Limits::default())?)
}

fn fields(bytes: BytesMut) -> Outcome<Vec<(i16, Dynamic)>> {
    let bytes = bytes.freeze();
    let mut input = Reader::new(&bytes, &Limits::default());
    Ok(match Dynamic::decode(WireType::STRUCT, &mut input)? {
        Dynamic::Struct(fields) => fields,
        _ => Vec::new(),
    })
}
