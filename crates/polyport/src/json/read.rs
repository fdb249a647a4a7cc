//! JSON to Thrift values.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use polyport_wire::schema::{
    Definition, DefinitionId, Enum, Field, Requiredness, StructKind, Type,
};
use polyport_wire::thrift::Dynamic;
use serde_json::Value;

use crate::json::JsonError;
use crate::json::default::Filling;

pub(super) fn fields(
    filling: &Filling<'_>,
    fields: &[Field],
    kind: StructKind,
    json: &Value,
) -> Result<Dynamic, JsonError> {
    let Value::Object(object) = json else {
        return Err(expected("an object", json));
    };
    if let Some(name) = object.keys().find(|name| !knows(fields, name)) {
        let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        let message = format!("there is no such field: there are [{}]", known.join(", "));
        return Err(JsonError::new(message).within(name));
    }
    let mut values = Vec::with_capacity(object.len());
    for field in fields {
        let value = match object.get(&field.name) {
            None | Some(Value::Null) if kind == StructKind::Union => None,
            None | Some(Value::Null) => filling.default(field)?,
            Some(json) => {
                let value = value(filling, &field.kind, json);
                Some(value.map_err(|error| error.within(&*field.name))?)
            }
        };
        match value {
            Some(value) => values.push((field.id, value)),
            None if field.requiredness == Requiredness::Required => {
                return Err(JsonError::missing(field));
            }
            None => {}
        }
    }
    Ok(Dynamic::Struct(values))
}

fn knows(fields: &[Field], name: &str) -> bool {
    fields.iter().any(|field| field.name == name)
}

pub(super) fn value(
    filling: &Filling<'_>,
    kind: &Type,
    json: &Value,
) -> Result<Dynamic, JsonError> {
    match kind {
        Type::Bool => match json {
            Value::Bool(value) => Ok(Dynamic::Bool(*value)),
            _ => Err(expected("a bool", json)),
        },
        Type::Byte => integer(json, "a byte").map(Dynamic::Byte),
        Type::I16 => integer(json, "an i16").map(Dynamic::I16),
        Type::I32 => integer(json, "an i32").map(Dynamic::I32),
        Type::I64 => integer(json, "an i64").map(Dynamic::I64),
        Type::Double => double(json).map(Dynamic::Double),
        Type::String => text(json).map(|text| Dynamic::String(text.to_owned().into())),
        Type::Binary => binary(json).map(Dynamic::String),
        Type::List(element) => {
            let elements = elements(filling, element, json)?;
            Ok(Dynamic::List(element.wire_type(filling.schema), elements))
        }
        Type::Set(element) => {
            let elements = elements(filling, element, json)?;
            Ok(Dynamic::Set(element.wire_type(filling.schema), elements))
        }
        Type::Map(key, value) => map(filling, key, value, json),
        Type::Defined(id) => defined(filling, *id, json),
        other => Err(JsonError::new(format!("{other:?} has no JSON"))),
    }
}

fn defined(filling: &Filling<'_>, id: DefinitionId, json: &Value) -> Result<Dynamic, JsonError> {
    match filling.schema.definition(id) {
        Some(Definition::Struct(definition)) => {
            if definition.kind == StructKind::Union {
                refuse_several(json)?;
            }
            fields(filling, &definition.fields, definition.kind, json)
        }
        Some(Definition::Enum(definition)) => enum_value(definition, json).map(Dynamic::I32),
        _ => Err(JsonError::new(format!("the schema has no {id:?}"))),
    }
}

fn refuse_several(json: &Value) -> Result<(), JsonError> {
    let values = json.as_object().into_iter().flat_map(|json| json.values());
    match values.filter(|value| !value.is_null()).count() {
        0 | 1 => Ok(()),
        count => Err(JsonError::new(format!(
            "a union has one field, found {count}"
        ))),
    }
}

fn enum_value(definition: &Enum, json: &Value) -> Result<i32, JsonError> {
    let Value::String(name) = json else {
        return integer(json, "an enum's number or name");
    };
    let named = definition.values.iter().find(|value| value.name == *name);
    match named {
        Some(value) => Ok(value.number),
        None if name.parse::<i32>().is_ok() => integer(json, "an enum's number or name"),
        None => Err(JsonError::new(format!(
            "{} has no value {name}",
            definition.name
        ))),
    }
}

fn elements(filling: &Filling<'_>, kind: &Type, json: &Value) -> Result<Vec<Dynamic>, JsonError> {
    let Value::Array(array) = json else {
        return Err(expected("an array", json));
    };
    let indexed = array.iter().enumerate();
    indexed
        .map(|(index, json)| {
            value(filling, kind, json).map_err(|error| error.within(index.to_string()))
        })
        .collect()
}

fn map(
    filling: &Filling<'_>,
    key_kind: &Type,
    value_kind: &Type,
    json: &Value,
) -> Result<Dynamic, JsonError> {
    let mut pairs = Vec::new();
    match json {
        Value::Object(object) => {
            for (name, json) in object {
                let key = key(filling, key_kind, name).map_err(|error| error.within(name))?;
                let value = value(filling, value_kind, json).map_err(|error| error.within(name))?;
                pairs.push((key, value));
            }
        }
        Value::Array(array) => {
            for (index, pair) in array.iter().enumerate() {
                let pair = self::pair(filling, key_kind, value_kind, pair);
                pairs.push(pair.map_err(|error| error.within(index.to_string()))?);
            }
        }
        _ => return Err(expected("an object or an array of pairs", json)),
    }
    let key = key_kind.wire_type(filling.schema);
    Ok(Dynamic::Map(
        key,
        value_kind.wire_type(filling.schema),
        pairs,
    ))
}

fn pair(
    filling: &Filling<'_>,
    key_kind: &Type,
    value_kind: &Type,
    pair: &Value,
) -> Result<(Dynamic, Dynamic), JsonError> {
    let Some([key, json]) = pair.as_array().map(Vec::as_slice) else {
        return Err(expected("a pair [key, value]", pair));
    };
    let key = value(filling, key_kind, key).map_err(|error| error.within("key"))?;
    Ok((key, value(filling, value_kind, json)?))
}

/// A map's key, which JSON has as text.
fn key(filling: &Filling<'_>, kind: &Type, name: &str) -> Result<Dynamic, JsonError> {
    let is_enum = matches!(kind, Type::Defined(id)
        if matches!(filling.schema.definition(*id), Some(Definition::Enum(_))));
    let json = match kind {
        Type::String | Type::Binary => Value::String(name.to_owned()),
        _ => match serde_json::from_str(name) {
            Ok(json) => json,
            Err(_) if is_enum || *kind == Type::Double => Value::String(name.to_owned()),
            Err(_) => {
                return Err(JsonError::new(format!(
                    "{name} cannot be a key of {kind:?}"
                )));
            }
        },
    };
    value(filling, kind, &json)
}

fn integer<T: TryFrom<i64>>(json: &Value, what: &str) -> Result<T, JsonError> {
    let number = match json {
        Value::String(text) => text.parse().ok(),
        json => json.as_i64(),
    };
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| expected(what, json))
}

fn double(json: &Value) -> Result<f64, JsonError> {
    match json {
        Value::String(text) if text == "NaN" => Ok(f64::NAN),
        Value::String(text) if text == "Infinity" => Ok(f64::INFINITY),
        Value::String(text) if text == "-Infinity" => Ok(f64::NEG_INFINITY),
        _ => json.as_f64().ok_or_else(|| expected("a double", json)),
    }
}

fn text(json: &Value) -> Result<&str, JsonError> {
    json.as_str().ok_or_else(|| expected("text", json))
}

fn binary(json: &Value) -> Result<Bytes, JsonError> {
    let decoded = STANDARD.decode(text(json)?);
    decoded
        .map(Bytes::from)
        .map_err(|error| JsonError::new(format!("not base64: {error}")))
}

fn expected(what: &str, json: &Value) -> JsonError {
    // A large value says no more than its beginning.
    let found = json.to_string();
    let shown = found
        .char_indices()
        .nth(80)
        .map_or(found.len(), |(end, _)| end);
    let more = if shown < found.len() { "..." } else { "" };
    JsonError::new(format!("expected {what}, found {}{more}", &found[..shown]))
}
