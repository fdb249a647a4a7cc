//! Generates the Rust of the examples' IDL.

fn main() -> Result<(), polyport_build::Error> {
    polyport_build::compile("idl/demo.thrift")
}
