//! Generates the types that hostile bytes are decoded into.

use polyport_build::{Builder, Error};

fn main() -> Result<(), Error> {
    let idl = |name: &str| format!("../interop/idl/{name}.thrift");
    Builder::new()
        .name("several")
        .compile(&[idl("multi"), idl("types")])
}
