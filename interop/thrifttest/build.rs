//! Generates code for Apache's ThriftTest.thrift, which is not part of this repository.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

/// The generator does not know sets and map keys that hold sets or maps, nor `{}` for an empty set.
/// No method uses these structs.
const LEFT_OUT: [&str; 2] = ["CrazyNesting", "OptionalBinary"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=THRIFTTEST_IDL");
    let idl = env::var("THRIFTTEST_IDL")
        .map_err(|_| "THRIFTTEST_IDL must be the path of ThriftTest.thrift; see interop/run")?;
    println!("cargo::rerun-if-changed={idl}");
    let mut text = fs::read_to_string(idl)?;
    for name in LEFT_OUT {
        let start = text.find(&format!("struct {name} ")).ok_or(name)?;
        let end = start + text[start..].find("\n}").ok_or(name)? + "\n}".len();
        text.replace_range(start..end, "");
    }
    let reduced = PathBuf::from(env::var("OUT_DIR")?).join("ThriftTest.thrift");
    fs::write(&reduced, text)?;
    polyport_build::compile(reduced)?;
    Ok(())
}
