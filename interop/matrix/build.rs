//! Generates code for the calls that the matrix makes by itself.

use polyport_build::{Builder, Error, compile};

fn main() -> Result<(), Error> {
    compile("../idl/multi.thrift")?;
    Builder::new()
        .name("proto")
        .compile(&["../idl/multi.proto"])
}
