//! Generates the messages and the servers of multi.proto with tonic's generator.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=../idl/multi.proto");
    let described = protox::compile(["multi.proto"], ["../idl"])?;
    tonic_prost_build::configure()
        // Calls are made by the names that the command line gives.
        .build_client(false)
        .type_attribute(".", "#[derive(serde::Deserialize, serde::Serialize)]")
        .type_attribute(".", "#[serde(default)]")
        // As in canonical JSON.
        .field_attribute(
            "message",
            "#[serde(skip_serializing_if = \"String::is_empty\")]",
        )
        .field_attribute(
            "number",
            "#[serde(skip_serializing_if = \"crate::outcome::is_zero\")]",
        )
        .compile_fds(described)?;
    Ok(())
}
