//! Generates the code of the IDL.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    polyport_build::compile("../idl/bench.thrift")?;
    Ok(())
}
