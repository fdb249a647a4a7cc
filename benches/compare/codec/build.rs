//! Generates the same messages with both generators.

use std::env;
use std::error::Error;
use std::path::PathBuf;

/// Small messages for one kind of value each, and the interoperability tests' message of all kinds.
const IDLS: [&str; 2] = ["../idl/codec.thrift", "../../../interop/idl/types.thrift"];

fn main() -> Result<(), Box<dyn Error>> {
    polyport_build::Builder::new().name("ours").compile(&IDLS)?;
    for idl in IDLS {
        println!("cargo:rerun-if-changed={idl}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("pilota.rs");
    pilota_build::Builder::thrift().compile(IDLS, pilota_build::Output::File(out));
    Ok(())
}
