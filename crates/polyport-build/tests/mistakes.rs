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
    files(directory, "thrift")
}

fn protos(directory: &str) -> Vec<PathBuf> {
    files(directory, "proto")
}

fn files(directory: &str, end: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == end))
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
fn include_directories_must_be_there() {
    let builder = Builder::new().include_dir("no/such/directory");
    let error = builder.generate(&["tests/mistakes/enum_value_twice.thrift"]);
    let error = error.unwrap_err().to_string();
    let message = "error: there is no include directory `no/such/directory`";
    assert!(error.contains(message), "{error}");
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
fn every_mistake_in_protobuf_is_explained() {
    let paths = protos("tests/mistakes/protobuf");
    assert!(paths.len() >= 9);
    let builder = Builder::new().include_dir("tests/mistakes/protobuf");
    for path in paths {
        check(
            &builder.clone().include_dir("tests/mistakes/protobuf/parts"),
            &[&path],
        );
    }
}

#[test]
fn what_cannot_be_combined_of_protobuf_is_explained() {
    for path in protos("tests/mistakes/protobuf/combine") {
        check(&Builder::new().combine_service(true), &[&path]);
    }
}

#[test]
fn two_protobuf_files_cannot_define_one_name() {
    let paths = protos("tests/mistakes/protobuf/two_files");
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    check(&Builder::new(), &paths);
}

#[test]
fn a_service_cannot_be_thrifts_and_protobufs() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let thrift = write("a.thrift", "namespace go demo\nservice Greeter {}\n");
    let proto = write(
        "a.proto",
        "syntax = \"proto3\";\npackage demo;\nservice Greeter {}\n",
    );
    let error = Builder::new().generate(&[&thrift, &proto]).unwrap_err();
    let messages: Vec<&str> = error.report().messages().collect();
    assert_eq!(messages, ["two services are called `demo.Greeter`"]);
    let text = error.to_string();
    assert!(
        text.contains("a.thrift:2:9") && text.contains("a.proto:3:9"),
        "{text}"
    );
}

#[test]
fn one_file_cannot_have_two_names() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let other = inner.join("other.proto");
    fs::write(&other, "syntax = \"proto3\";\nmessage Other {}\n").unwrap();
    let main = directory.path().join("main.proto");
    let text = "syntax = \"proto3\";\nimport \"inner/other.proto\";\n";
    fs::write(&main, text).unwrap();

    let error = Builder::new().generate(&[&main, &other]).unwrap_err();
    let expected = "is both `other.proto` and `inner/other.proto`: give the directory that imports \
                    are relative to as an include directory";
    let message = error
        .report()
        .messages()
        .next()
        .unwrap_or_default()
        .to_owned();
    assert!(message.ends_with(expected), "{message}");
    let builder = Builder::new().include_dir(directory.path());
    assert!(builder.generate(&[&main, &other]).is_ok());
}

#[test]
fn what_is_no_descriptor_set_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("set.bin");
    let none: [&Path; 0] = [];
    let message = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let error = Builder::new().descriptor_set(&path).generate(&none);
        let error = error.unwrap_err();
        error
            .report()
            .messages()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(message(b"\x0a\xff").contains("it is not a descriptor set: "));
    assert!(message(b"").ends_with("it describes no file"));
    // A file `a` that imports `b`.
    let expected = "`a` imports `b`, which the descriptor set does not hold";
    assert_eq!(message(b"\x0a\x06\x0a\x01a\x1a\x01b"), expected);
}
