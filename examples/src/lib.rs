//! What the examples share: the code that is generated from `idl/demo.thrift` and
//! `idl/demo.proto`.

polyport::include_idl!("demo");

/// The same services in Protobuf.
pub mod protobuf {
    polyport::include_idl!("demo_protobuf");
}

/// The README's code is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
