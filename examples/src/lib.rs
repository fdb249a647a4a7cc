//! What the examples share: the code that is generated from the IDLs in `idl`.

polyport::include_idl!("demo");
polyport::include_idl!("library");

/// The services of `demo` in Protobuf, and one that streams.
pub mod protobuf {
    polyport::include_idl!("demo_protobuf");
}

/// The README's code is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
