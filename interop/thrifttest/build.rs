//! Generates code for Apache's ThriftTest.thrift, which is not part of this repository.

use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=THRIFTTEST_IDL");
    let idl = env::var("THRIFTTEST_IDL")
        .map_err(|_| "THRIFTTEST_IDL must be the path of ThriftTest.thrift; see interop/run")?;
    polyport_build::compile(idl)?;
    Ok(())
}
