//! Generates the code of the IDL with volo's own generator.

fn main() {
    println!("cargo:rerun-if-changed=../idl/bench.thrift");
    volo_build::Builder::thrift()
        .add_service("../idl/bench.thrift")
        .write()
        .expect("volo-build generates bench.thrift");
}
