//! Generates the code of the IDL with volo's own generator, which needs no protoc.

fn main() {
    println!("cargo:rerun-if-changed=../idl/bench.proto");
    volo_build::Builder::protobuf()
        .add_service("../idl/bench.proto")
        .include_dirs(vec!["../idl".into()])
        .write()
        .expect("volo-build generates bench.proto");
}
