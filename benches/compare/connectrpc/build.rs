//! Generates the code of the IDL with connectrpc's own generator, from what protox makes of it, which
//! needs no protoc.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result};
use prost::Message as _;

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=../idl/bench.proto");
    let described = protox::compile(["bench.proto"], ["../idl"])?;
    let out = env::var_os("OUT_DIR").context("OUT_DIR")?;
    let set = Path::new(&out).join("bench.bin");
    fs::write(&set, described.encode_to_vec())?;
    connectrpc_build::Config::new()
        .descriptor_set(&set)
        .files(&["bench.proto"])
        .generate_json(false)
        .include_file("_connectrpc.rs")
        .compile()
}
