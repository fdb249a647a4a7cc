//! Generates code for the calls that the matrix makes by itself.

fn main() -> Result<(), polyport_build::Error> {
    polyport_build::compile("../idl/multi.thrift")
}
