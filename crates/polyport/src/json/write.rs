//! Thrift values to JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use polyport_wire::schema::{Definition, DefinitionId, Field, Requiredness, StructKind, Type};
use polyport_wire::thrift::Dynamic;
use serde_json::{Map, Number, Value};

use crate::json::JsonError;
use crate::json::default::Filling;

pub(super) fn value(
    filling: &Filling<'_>,
    kind: &Type,
    value: &Dynamic,
) -> Result<Value, JsonError> {
    match (kind, value) {
        (Type::Bool, Dynamic::Bool(value)) => Ok((*value).into()),
        (Type::Byte, Dynamic::Byte(value)) => Ok((*value).into()),
        (Type::I16, Dynamic::I16(value)) => Ok((*value).into()),
        (Type::I32, Dynamic::I32(value)) => Ok((*value).into()),
        (Type::I64, Dynamic::I64(value)) => Ok((*value).into()),
        (Type::Double, Dynamic::Double(value)) => Ok(double(*value)),
        (Type::String, Dynamic::String(bytes)) => text(bytes).map(Value::String),
        (Type::Binary, Dynamic::String(bytes)) => Ok(STANDARD.encode(bytes).into()),
        (Type::List(kind), Dynamic::List(_, elements))
        | (Type::Set(kind), Dynamic::Set(_, elements)) => {
            let written = elements.iter().enumerate().map(|(index, element)| {
                self::value(filling, kind, element).map_err(|error| error.within(index.to_string()))
            });
            written.collect::<Result<_, _>>().map(Value::Array)
        }
        (Type::Map(key, value), Dynamic::Map(_, _, pairs)) => map(filling, key, value, pairs),
        (Type::Defined(id), value) => defined(filling, *id, value),
        (kind, value) => Err(mismatch(&format!("{kind:?}"), value)),
    }
}

fn defined(filling: &Filling<'_>, id: DefinitionId, value: &Dynamic) -> Result<Value, JsonError> {
    match (filling.schema.definition(id), value) {
        (Some(Definition::Enum(_)), Dynamic::I32(number)) => Ok((*number).into()),
        (Some(Definition::Struct(definition)), value) => {
            fields(filling, &definition.fields, definition.kind, value)
        }
        _ => Err(mismatch("a defined type", value)),
    }
}

pub(super) fn fields(
    filling: &Filling<'_>,
    fields: &[Field],
    kind: StructKind,
    value: &Dynamic,
) -> Result<Value, JsonError> {
    let Dynamic::Struct(values) = value else {
        return Err(mismatch("a struct", value));
    };
    let mut object = Map::new();
    for (id, value) in values {
        let known = fields.iter().find(|field| field.id == *id);
        // What is of another type is skipped like a field that is not known, as by generated code.
        let fits = |field: &&Field| field.kind.wire_type(filling.schema) == value.wire_type();
        if let Some(field) = known.filter(fits) {
            let json = self::value(filling, &field.kind, value)
                .map_err(|error| error.within(&*field.name))?;
            object.insert(field.name.clone(), json);
        }
    }
    for field in fields {
        if object.contains_key(&field.name) {
            continue;
        }
        if field.requiredness == Requiredness::Required {
            return Err(JsonError::missing(field));
        }
        if kind != StructKind::Union
            && let Some(value) = filling.default(field)?
        {
            let json = self::value(filling, &field.kind, &value)
                .map_err(|error| error.within(&*field.name))?;
            object.insert(field.name.clone(), json);
        }
    }
    Ok(Value::Object(object))
}

fn map(
    filling: &Filling<'_>,
    key_kind: &Type,
    value_kind: &Type,
    pairs: &[(Dynamic, Dynamic)],
) -> Result<Value, JsonError> {
    let mut written = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let key = self::value(filling, key_kind, key)?;
        written.push((key, self::value(filling, value_kind, value)?));
    }
    let names: Option<Vec<String>> = written.iter().map(|(key, _)| name(key)).collect();
    Ok(match names {
        Some(names) => {
            let values = written.into_iter().map(|(_, value)| value);
            Value::Object(names.into_iter().zip(values).collect())
        }
        None => {
            let pair = |(key, value)| Value::Array(vec![key, value]);
            Value::Array(written.into_iter().map(pair).collect())
        }
    })
}

/// A key as text, when an object can have it.
fn name(key: &Value) -> Option<String> {
    match key {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(key.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn double(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

fn text(bytes: &Bytes) -> Result<String, JsonError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| JsonError::new("text is not UTF-8"))
}

fn mismatch(kind: &str, value: &Dynamic) -> JsonError {
    JsonError::new(format!("expected {kind}, found {:?}", value.wire_type()))
}
