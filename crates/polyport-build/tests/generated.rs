//! Generated code, compiled and used.
//!
//! The files in `generated/` are what the generator makes of the IDLs here; a test holds them
//! against it. After a change of the generator, write them anew with
//! `POLYPORT_BLESS=1 cargo test -p polyport-build --test generated`.

#![deny(warnings)]

use std::path::{Path, PathBuf};

use polyport_build::Builder;

mod apart {
    include!("generated/apart.rs");
}
mod combined {
    include!("generated/combined.rs");
}
mod all {
    include!("generated/coverage.rs");
}
mod multi {
    include!("generated/multi.rs");
}
mod streams {
    include!("generated/streams.rs");
}
mod types {
    include!("generated/types.rs");
}

fn idl(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The builders of the files in `generated/`, and their IDLs.
fn samples() -> Vec<(Builder, Vec<PathBuf>)> {
    let plain = |path: &str| (Builder::new(), vec![idl(path)]);
    let combined = Builder::new().combine_service(true).name("combined");
    vec![
        plain("interop/idl/apart.thrift"),
        plain("interop/idl/multi.thrift"),
        plain("interop/idl/streams.thrift"),
        plain("interop/idl/types.thrift"),
        plain("tests/idl/coverage.thrift"),
        (
            combined,
            vec![
                idl("interop/idl/combine.thrift"),
                idl("interop/idl/apart.thrift"),
            ],
        ),
    ]
}

#[test]
fn the_generated_files_are_fresh() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated");
    let bless = std::env::var_os("POLYPORT_BLESS").is_some();
    for (builder, paths) in samples() {
        let generated = builder.generate(&paths).unwrap();
        let path = directory.join(&generated.file_name);
        if bless {
            builder.out_dir(&directory).write(&generated).unwrap();
        }
        let current = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            current == generated.code,
            "{} is not what the generator makes now; see the top of this file",
            path.display()
        );
    }
}
