//! Generates the types that hostile bytes are decoded into, and clients of the services that come with
//! a server.

use polyport_build::{Builder, Error};

fn main() -> Result<(), Error> {
    let idl = |name: &str| format!("../interop/idl/{name}.thrift");
    Builder::new()
        .name("several")
        .compile(&[idl("multi"), idl("types")])?;
    Builder::new()
        .name("built_in")
        .include_dir("../crates/polyport/idl")
        .compile(&[
            "../crates/polyport/idl/health.proto",
            "../crates/polyport/idl/reflection.proto",
        ])?;
    Builder::new()
        .name("protobuf")
        .include_dir("../interop/idl")
        .compile(&["../interop/idl/multi.proto"])
}
