//! Thrift values as JSON, by the names in a schema.
//!
//! | Thrift | JSON |
//! | --- | --- |
//! | `bool`, `byte`, `i16`, `i32`, `i64` | `true`, numbers, never rounded; numbers as text are accepted, too, for those who cannot write large ones |
//! | `double` | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `string` | text |
//! | `binary` | base64 |
//! | an enum | its number, which may have no name; its name is accepted, too |
//! | a struct, exception | an object by the names of its fields |
//! | a union | the same with one field, or with none for a field that the IDL does not know |
//! | a list, a set | an array |
//! | a map | an object when keys are text, base64, numbers, bools or enums, else an array of `[key, value]`; an array is always accepted |
//!
//! A field that is not set is left out, and `null` means the same. If it has a default in the IDL, it
//! has that then, as in generated code: what is left out of the JSON is sent with its default, and
//! what did not come stands in the JSON with it. Fields of unions have none, and a field without a
//! default is not sent. All defaults of one message take at most 64 MiB. A required field must be there, in JSON unless it has a default. Names that
//! the IDL does not know are mistakes in JSON; fields that it does not know are left out of it.
//!
//! Protobuf's messages have a JSON of their own, which [`Messages`] reads and writes.

mod read;
mod write;
mod default;
#[cfg(feature = "protobuf")]
mod messages;
#[cfg(not(feature = "protobuf"))]
mod without_messages;

use std::error::Error;
use std::fmt;

use polyport_wire::schema::{Field, Schema, StructKind, Type};
use polyport_wire::thrift::Dynamic;
use serde_json::Value;

use crate::json::default::Filling;
#[cfg(feature = "protobuf")]
pub use crate::json::messages::Messages;
#[cfg(not(feature = "protobuf"))]
pub(crate) use crate::json::without_messages::Messages;

/// Writes a Thrift value as JSON. Fields that the schema does not know are left out.
///
/// # Errors
///
/// When the value is not of this type, or its text is not UTF-8.
pub fn write(schema: &Schema, kind: &Type, value: &Dynamic) -> Result<Value, JsonError> {
    write::value(&Filling::new(schema), kind, value)
}

/// Writes a struct of fields, such as the arguments of a method, as [`write`](fn@write) does.
///
/// # Errors
///
/// When a value is not of its field's type, or a required one is not there; the error says where.
pub fn write_fields(
    schema: &Schema,
    fields: &[Field],
    value: &Dynamic,
) -> Result<Value, JsonError> {
    write::fields(&Filling::new(schema), fields, StructKind::Struct, value)
}

/// Reads a value of any type.
///
/// # Errors
///
/// When the JSON is not of this type; the error says where.
pub fn read(schema: &Schema, kind: &Type, json: &Value) -> Result<Dynamic, JsonError> {
    refuse_depth(json)?;
    read::value(&Filling::new(schema), kind, json)
}

/// Reads an object of fields, such as the arguments of a method, by their names.
///
/// # Errors
///
/// When a name is unknown, or a value is not of its field's type; the error says where.
///
/// # Examples
///
/// ```
/// use polyport::json;
/// use polyport_wire::schema::{Field, Schema, StructKind, Type};
/// use polyport_wire::thrift::Dynamic;
///
/// let arguments = [Field::new(1, "left", Type::I64), Field::new(2, "right", Type::I64)];
/// let object = serde_json::json!({ "left": 1, "right": 2 });
/// let value = json::read_fields(&Schema::default(), &arguments, &object)?;
/// assert_eq!(value, Dynamic::Struct(vec![(1, Dynamic::I64(1)), (2, Dynamic::I64(2))]));
///
/// let wrong = serde_json::json!({ "left": "one" });
/// let error = json::read_fields(&Schema::default(), &arguments, &wrong).unwrap_err();
/// assert_eq!(error.to_string(), "left: expected an i64, found \"one\"");
/// # Ok::<(), json::JsonError>(())
/// ```
pub fn read_fields(schema: &Schema, fields: &[Field], json: &Value) -> Result<Dynamic, JsonError> {
    refuse_depth(json)?;
    read::fields(&Filling::new(schema), fields, StructKind::Struct, json)
}

/// More than any decoder takes; `serde_json` reads no more from text.
const DEPTH: usize = 128;

/// What is nested deeper than anybody reads would end in a stack that overflows.
fn refuse_depth(json: &Value) -> Result<(), JsonError> {
    match is_within(json, DEPTH) {
        true => Ok(()),
        false => Err(JsonError::new(format!(
            "the JSON is nested deeper than {DEPTH}"
        ))),
    }
}

fn is_within(json: &Value, depth: usize) -> bool {
    match json {
        Value::Array(array) => depth > 0 && array.iter().all(|json| is_within(json, depth - 1)),
        Value::Object(object) => {
            depth > 0 && object.values().all(|json| is_within(json, depth - 1))
        }
        _ => true,
    }
}

/// A value that does not fit its type, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    message: String,
    /// Names and indices, the innermost first.
    path: Vec<String>,
}

impl JsonError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            path: Vec::new(),
        }
    }

    fn missing(field: &Field) -> Self {
        Self::new("the field is required and not there").within(&*field.name)
    }

    fn within(mut self, place: impl Into<String>) -> Self {
        self.path.push(place.into());
        self
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, place) in self.path.iter().rev().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(place)?;
        }
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl Error for JsonError {}
