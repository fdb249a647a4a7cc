#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use polyport_build::Builder;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = std::env::temp_dir().join(format!("polyport-fuzz-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("there is room for temporary files");
    directory.join("fuzz.thrift")
});

fuzz_target!(|text: &str| {
    fs::write(&*FILE, text).expect("there is room for temporary files");
    match Builder::new().generate(&[&*FILE]) {
        Ok(generated) => assert!(!generated.code.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
