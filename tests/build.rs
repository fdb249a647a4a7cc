//! Generates the types that hostile bytes are decoded into.

fn main() -> Result<(), polyport_build::Error> {
    polyport_build::compile("../interop/idl/types.thrift")
}
