//! What the examples share: the code that is generated from `idl/demo.thrift`.

polyport::include_idl!("demo");

/// The README's code is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
