//! Services that come with the server: gRPC's health checking and reflection.

pub(crate) mod health;
pub(crate) mod reflection;
/// What `polyport gen` makes of the files in `idl`.
#[rustfmt::skip]
mod generated;
