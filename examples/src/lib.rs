//! What the examples share: the code that is generated from `idl/demo.thrift`.

polyport::include_idl!("demo");
