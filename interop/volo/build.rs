//! Generates code for the IDLs with Volo's generator.

use std::error::Error;

use volo_build::plugin::SerdePlugin;

fn main() -> Result<(), Box<dyn Error>> {
    volo_build::Builder::thrift()
        .add_service("../idl/multi.thrift")
        .add_service("../idl/types.thrift")
        .plugin(SerdePlugin::new().preserve_idl_field_names(true))
        .write()?;
    Ok(())
}
