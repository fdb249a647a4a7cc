//! Protobuf messages to their canonical JSON and back.

use std::fmt;
use std::sync::Arc;

use buffa_descriptor::reflect::DynamicMessage;
use buffa_descriptor::{DescriptorPool, MessageIndex};
use bytes::Bytes;
use polyport_wire::limits::Limits;
use polyport_wire::schema::Schema;
use serde_json::Value;

use crate::json::{JsonError, refuse_depth};
use crate::method::decode_options;

/// The Protobuf messages of a schema, by name.
///
/// # Examples
///
/// ```
/// use polyport::json::{JsonError, Messages};
/// use polyport_wire::limits::Limits;
/// use polyport_wire::schema::Schema;
///
/// /// What the generated `SCHEMA` gives for a request of `multi.proto`.
/// fn request(schema: &Schema) -> Result<(), JsonError> {
///     let messages = Messages::new(schema)?;
///     let hi = serde_json::json!({ "message": "hi" });
///     let bytes = messages.read("multi.v1.Request", &hi)?;
///     assert_eq!(bytes, b"\x0a\x02hi"[..]);
///     assert_eq!(messages.write("multi.v1.Request", &bytes, &Limits::default())?, hi);
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Messages {
    pool: Arc<DescriptorPool>,
}

impl Messages {
    /// The messages of a schema; there are none if it is Thrift's.
    ///
    /// # Errors
    ///
    /// When the schema's descriptors are damaged.
    pub fn new(schema: &Schema) -> Result<Self, JsonError> {
        let pool = DescriptorPool::decode(&schema.descriptors)
            .map_err(|error| JsonError::new(format!("bad descriptors: {error}")))?;
        Ok(Self {
            pool: Arc::new(pool),
        })
    }

    /// The bytes of the message `name`, which is a full name such as `multi.v1.Request`.
    ///
    /// # Errors
    ///
    /// When there is no such message, or the JSON does not fit it.
    pub fn read(&self, name: &str, json: &Value) -> Result<Bytes, JsonError> {
        refuse_depth(json)?;
        let index = self.index(name)?;
        let message = DynamicMessage::from_json(Arc::clone(&self.pool), index, &json.to_string())
            .map_err(|error| misfit(name, &error))?;
        let encoded = message.try_encode_to_vec();
        encoded
            .map(Bytes::from)
            .map_err(|error| JsonError::new(error.to_string()))
    }

    /// The JSON of the message `name` with these bytes.
    ///
    /// # Errors
    ///
    /// When there is no such message, or the bytes are not one, or are one that goes over the limits.
    pub fn write(&self, name: &str, message: &[u8], limits: &Limits) -> Result<Value, JsonError> {
        let index = self.index(name)?;
        let pool = Arc::clone(&self.pool);
        let message =
            DynamicMessage::decode_with_options(pool, index, message, &decode_options(limits))
                .map_err(|error| JsonError::new(format!("not a `{name}`: {error}")))?;
        serde_json::to_value(&message).map_err(|error| misfit(name, &error))
    }

    fn index(&self, name: &str) -> Result<MessageIndex, JsonError> {
        let found = self.pool.message_index(name);
        found.ok_or_else(|| JsonError::new(format!("there is no message `{name}`")))
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self
            .pool
            .messages()
            .iter()
            .map(|message| message.full_name());
        f.debug_list().entries(names).finish()
    }
}

/// The text, without a place in a text that nobody has seen.
fn misfit(name: &str, error: &serde_json::Error) -> JsonError {
    let text = error.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(text, _)| text);
    JsonError::new(format!("not a `{name}`: {text}"))
}
