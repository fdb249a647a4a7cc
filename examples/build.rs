//! Generates the Rust of the examples' IDLs.

use polyport_build::{Builder, Error};

fn main() -> Result<(), Error> {
    polyport_build::compile("idl/demo.thrift")?;
    polyport_build::compile("idl/library.thrift")?;
    Builder::new()
        .name("demo_protobuf")
        .include_dir("idl")
        .compile(&["idl/demo.proto", "idl/talk.proto"])
}
