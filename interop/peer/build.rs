//! Generates code for every IDL of the interop tests.

use polyport_build::{Builder, Error};

fn main() -> Result<(), Error> {
    let idl = |name: &str| format!("../idl/{name}.thrift");
    Builder::new()
        .name("multi")
        .compile(&[idl("multi"), idl("types"), idl("streams")])?;
    Builder::new()
        .combine_service(true)
        .compile(&[idl("combine")])?;
    Builder::new()
        .combine_service(true)
        .compile(&[idl("apart")])?;
    Builder::new()
        .name("proto")
        .compile(&["../idl/multi.proto"])?;
    Ok(())
}
