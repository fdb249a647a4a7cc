//! What server and client share of gRPC over HTTP/2: the socket, headers, messages, compression.

pub(crate) mod io;
pub(crate) mod flood;
mod joints;
mod cursor;
pub(crate) mod outgoing;
pub(crate) mod incoming;
pub(crate) mod room;
pub(crate) mod headers;
pub(crate) mod compression;
