//! Bytes to values and back: the formats that Polyport speaks, without a socket, a clock or a task.
//!
//! Everything here is a function from memory to memory. A decoder takes what has arrived so far
//! and answers with a value, with "not yet" (`None`), or with a [`DecodeError`](error::DecodeError);
//! it never panics and never allocates by a length that the peer announced. The modules are listed
//! in reading order, and each uses only what stands below it.

pub mod detect;
pub mod frame;
pub mod ttheader;
pub mod grpc;
pub mod protobuf;
pub mod schema;
pub mod thrift;
pub mod transport;
pub mod limits;
pub mod error;
