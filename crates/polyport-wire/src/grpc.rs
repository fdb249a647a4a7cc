//! gRPC's own parts of HTTP/2: message prefix, path, content type, timeout, status text.
//!
//! ```text
//! u8 compressed, u32 length, message        as often as there are messages
//! ```
//!
//! What stands in headers is text here; who speaks HTTP/2 puts it there (gRPC over HTTP2,
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

mod message;
mod text;

pub use message::{GrpcMessage, MessageDecoder, encode};
pub use text::{decode_text, encode_text, format_timeout, parse_timeout};

use crate::transport::Codec;

/// The service and the method of a request's path; `None` if it does not have two parts.
///
/// The last `/` parts them (kitex `pkg/remote/trans/nphttp2/server_handler.go`).
///
/// # Examples
///
/// ```
/// use polyport_wire::grpc::split_path;
///
/// assert_eq!(split_path("/multi.v1.ServiceA/OnlyA"), Some(("multi.v1.ServiceA", "OnlyA")));
/// assert_eq!(split_path("/OnlyA"), None);
/// ```
#[must_use]
pub fn split_path(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix('/').unwrap_or(path).rsplit_once('/')
}

/// How messages are written by a content type; `None` if it is not gRPC's.
///
/// Nothing but `thrift` names Thrift; every other subtype is taken for Protobuf, as by Kitex.
///
/// # Examples
///
/// ```
/// use polyport_wire::grpc::codec;
/// use polyport_wire::transport::Codec;
///
/// assert_eq!(codec("application/grpc+proto"), Some(Codec::Protobuf));
/// assert_eq!(codec("application/grpc+thrift"), Some(Codec::ThriftBinary));
/// assert_eq!(codec("application/json"), None);
/// ```
#[must_use]
pub fn codec(content_type: &str) -> Option<Codec> {
    match content_type.strip_prefix("application/grpc")? {
        "" => Some(Codec::Protobuf),
        "+thrift" | ";thrift" => Some(Codec::ThriftBinary),
        subtype if subtype.starts_with(['+', ';']) => Some(Codec::Protobuf),
        _ => None,
    }
}
