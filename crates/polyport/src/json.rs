//! Thrift values as JSON, by the names in a schema.
//!
//! | Thrift | JSON |
//! | --- | --- |
//! | `bool`, `byte`, `i16`, `i32`, `i64` | `true`, numbers |
//! | `double` | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `string` | text |
//! | `binary` | base64 |
//! | an enum | its number; its name is accepted, too |
//! | a struct, union, exception | an object by the names of its fields; what is not set is left out |
//! | a list, a set | an array |
//! | a map | an object when keys are text, numbers, bools or enums, else an array of `[key, value]` |
//!
//! Protobuf's messages have a JSON of their own, which [`Messages`] reads and writes.

mod read;
mod write;
#[cfg(feature = "protobuf")]
mod messages;

use std::error::Error;
use std::fmt;

use polyport_wire::schema::{Field, Schema, Type};
use polyport_wire::thrift::Dynamic;
use serde_json::Value;

#[cfg(feature = "protobuf")]
pub use crate::json::messages::Messages;

/// Writes a Thrift value as JSON. Fields that the schema does not know are left out.
///
/// # Errors
///
/// When the value is not of this type, or its text is not UTF-8.
pub fn write(schema: &Schema, kind: &Type, value: &Dynamic) -> Result<Value, JsonError> {
    write::value(schema, kind, value)
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
/// use polyport_wire::schema::{Field, Schema, Type};
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
    read::fields(schema, fields, json)
}

/// A value that does not fit its type, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    message: String,
    /// Names and indices, the innermost first.
    path: Vec<String>,
}

impl JsonError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            path: Vec::new(),
        }
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
