//! The IDL's types and services, as the generator writes them.

pub mod bench;
