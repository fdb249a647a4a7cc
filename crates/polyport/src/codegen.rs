//! Every name that generated code uses, and nothing else. Not for users: names may change with
//! any version, together with the generator.

pub use bytes::Bytes;
pub use polyport_wire::error::{DecodeError, DecodeErrorKind};
pub use polyport_wire::schema::{CallKind, Embedded};
pub use polyport_wire::thrift::{
    ListMap, ListSet, Reader, Throws, UnknownFields, Value, WireType, Writer,
};

pub use crate::client::{Client, ClientCall, ClientStream, StreamCall};
pub use crate::context::Context;
pub use crate::error::Error;
pub use crate::method::{Method, StreamMethod};
pub use crate::service::{Service, ServiceBuilder};
pub use crate::status::{MethodError, Status};
pub use crate::stream::{Sink, Streaming};
#[cfg(feature = "protobuf")]
pub use {buffa, buffa_descriptor, buffa_types};
