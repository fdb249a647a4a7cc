//! What stands for Protobuf's messages where Protobuf is left out.

use bytes::Bytes;
use polyport_wire::limits::Limits;
use polyport_wire::schema::Schema;
use serde_json::Value;

use crate::json::JsonError;

/// The Protobuf messages of a schema, none of which can be read or written.
#[derive(Clone, Debug)]
pub(crate) struct Messages;

impl Messages {
    pub(crate) fn new(schema: &Schema) -> Result<Self, JsonError> {
        match schema.descriptors.is_empty() {
            true => Ok(Self),
            false => Err(left_out()),
        }
    }

    pub(crate) fn read(&self, _name: &str, _json: &Value) -> Result<Bytes, JsonError> {
        Err(left_out())
    }

    pub(crate) fn write(
        &self,
        _name: &str,
        _message: &[u8],
        _limits: &Limits,
    ) -> Result<Value, JsonError> {
        Err(left_out())
    }
}

fn left_out() -> JsonError {
    JsonError::new("Protobuf is left out: build with the feature `protobuf`")
}
