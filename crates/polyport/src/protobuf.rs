//! What generated Protobuf messages are made of.
//!
//! A generated message is a struct with public fields. Most of them are Rust's own types; the
//! others are here, and so are the messages of `google.protobuf`.
//!
//! # Examples
//!
//! ```
//! use polyport::protobuf::well_known::{Duration, Timestamp};
//! use polyport::protobuf::{Message, MessageField};
//!
//! // The fields of a generated message that holds others look like this one.
//! let at: MessageField<Timestamp> = Timestamp { seconds: 7, ..Default::default() }.into();
//! let none: MessageField<Duration> = MessageField::none();
//! assert_eq!((at.seconds, at.is_set(), none.is_set()), (7, true, false));
//! assert_eq!(at.encode_to_vec(), [8, 7]);
//! ```

pub use buffa::{EnumValue, Enumeration, Message, MessageField, MessageName};

/// The messages of gRPC's server reflection, for clients that ask; servers answer by
/// [`Server::reflection`](crate::Server::reflection).
pub use crate::built_in::generated::grpc::reflection::v1 as grpc_reflection;

/// The messages of `google.protobuf`, such as `Timestamp` and `Any`.
pub mod well_known {
    pub use buffa_types::google::protobuf::{
        Any, Api, BoolValue, BytesValue, DoubleValue, Duration, Empty, Enum, EnumValue, Field,
        FieldMask, FloatValue, Int32Value, Int64Value, ListValue, Method, Mixin, NullValue, Option,
        SourceContext, StringValue, Struct, Syntax, Timestamp, Type, UInt32Value, UInt64Value,
        Value, field, value,
    };
}
