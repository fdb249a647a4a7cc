//! Services that come with the server: gRPC's health checking and reflection, and reflection over Thrift.

#[cfg(feature = "protobuf")]
pub(crate) mod health;
#[cfg(feature = "protobuf")]
pub(crate) mod reflection;
pub(crate) mod thrift_reflection;
mod descriptors;
/// What `polyport gen` makes of the Protobuf files in `idl`.
#[cfg(feature = "protobuf")]
#[rustfmt::skip]
pub(crate) mod generated;
/// The same for the Thrift file.
#[rustfmt::skip]
pub(crate) mod thrift_generated;
