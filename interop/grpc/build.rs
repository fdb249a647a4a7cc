//! Generates code for the IDL of gRPC's interoperability test.

fn main() -> Result<(), polyport_build::Error> {
    polyport_build::compile("test.proto")
}
