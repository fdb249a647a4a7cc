//! Generates the messages and the service that are measured.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    polyport_build::compile("idl/messages.thrift")?;
    Ok(())
}
