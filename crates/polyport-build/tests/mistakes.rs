//! What the generator says about mistakes: one IDL in `mistakes/` for each, with the text beside
//! it.
//!
//! After a change, write the texts anew with
//! `POLYPORT_BLESS=1 cargo test -p polyport-build --test mistakes`, and read the diff.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::path::{Path, PathBuf};

use polyport_build::Builder;

/// What a person sees: the errors, or the warnings.
fn report(builder: &Builder, paths: &[&Path]) -> String {
    match builder.generate(paths) {
        Ok(generated) => generated.warnings.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Holds the report against the text beside the first IDL.
fn check(builder: &Builder, paths: &[&Path]) {
    let path = paths[0];
    let found = format!("{}\n", report(builder, paths));
    let expected = path.with_extension("txt");
    if std::env::var_os("POLYPORT_BLESS").is_some() {
        fs::write(&expected, &found).unwrap();
    }
    let expected = fs::read_to_string(expected).unwrap_or_default();
    assert!(
        found == expected,
        "{} is reported as\n\n{found}\n\ninstead of\n\n{expected}",
        path.display()
    );
}

/// The IDLs of a directory, relative to the package so that reports are the same everywhere.
fn idls(directory: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "thrift")
        })
        .collect();
    paths.sort();
    paths
}

#[test]
fn choices_must_be_for_something() {
    let idl = "tests/mistakes/enum_value_twice.thrift";
    let builder = Builder::new()
        .boxed("Nowhere.field")
        .type_attribute(".", "must_use")
        .keep_unknown_fields("");
    let report = builder.generate(&[idl]).unwrap_err().to_string();
    for message in [
        "the path `Nowhere.field` names nothing that this is for",
        "the path `` names nothing that this is for",
        "`must_use` is not an attribute",
    ] {
        assert!(report.contains(message), "{report}");
    }
    assert!(!report.contains("the path `.`"), "{report}");
}

#[test]
fn every_mistake_is_explained() {
    let paths = idls("tests/mistakes");
    assert!(paths.len() >= 25);
    for path in paths {
        check(&Builder::new(), &[&path]);
    }
}

#[test]
fn what_cannot_be_combined_is_explained() {
    for path in idls("tests/mistakes/combine") {
        check(&Builder::new().combine_service(true), &[&path]);
    }
}

#[test]
fn two_combined_services_cannot_have_one_name() {
    for directory in ["no_namespace", "one_module", "one_package"] {
        let paths = idls(&format!("tests/mistakes/combine/{directory}"));
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        check(&Builder::new().combine_service(true), &paths);
    }
}

#[test]
fn other_languages_are_refused_by_their_extension() {
    let found = report(&Builder::new(), &[Path::new("tests/demo.proto")]);
    let expected = "error: cannot read `tests/demo.proto`: only Thrift is supported, not Protobuf";
    assert_eq!(found, expected);
}
