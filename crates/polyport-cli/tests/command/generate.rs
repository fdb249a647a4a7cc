//! `polyport gen` from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use polyport_build::Builder;

use crate::{idl, polyport, polyport_in, text};

/// What a build script writes, as long as it runs where cargo runs it.
fn built(builder: Builder, paths: &[PathBuf]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let builder = builder.out_dir(directory.path());
    builder.compile(paths).unwrap();
    let mut files = fs::read_dir(directory.path()).unwrap();
    let text = fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap();
    assert!(files.next().is_none());
    text
}

#[test]
fn the_command_writes_what_a_build_script_writes() {
    let (first, second) = (
        idl("interop/idl/combine.thrift"),
        idl("interop/idl/apart.thrift"),
    );
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    let output = polyport(&[
        "gen",
        first.to_str().unwrap(),
        second.to_str().unwrap(),
        "--combine-service",
        "--name",
        "both",
        "-o",
        out,
    ]);
    let path = directory.path().join("both.rs");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), format!("wrote {}\n", path.display()));
    assert!(output.status.success());
    let builder = Builder::new().combine_service(true).name("both");
    let written = fs::read_to_string(path).unwrap();
    assert_eq!(
        written,
        built(builder.clone(), &[first.clone(), second.clone()])
    );
    // And the same a second time: nothing depends on hashing or time.
    assert_eq!(written, built(builder, &[first, second]));
}

#[test]
fn included_files_are_searched_where_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let outer = directory.path().join("outer.thrift");
    fs::write(
        &outer,
        "include \"base.thrift\"\nstruct Outer { 1: base.Base base }\n",
    )
    .unwrap();
    let outer = outer.to_str().unwrap();
    let out = directory.path().to_str().unwrap();

    let output = polyport(&["gen", outer, "-o", out]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot find the included file `base.thrift`"));
    assert!(!directory.path().join("outer.rs").exists());

    let base = idl("tests/idl");
    let output = polyport(&["gen", outer, "-o", out, "-I", base.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(directory.path().join("outer.rs").exists());
}

#[test]
fn a_file_that_does_not_change_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    let multi = idl("interop/idl/multi.thrift");
    let arguments = ["gen", multi.to_str().unwrap(), "-o", out];
    assert!(polyport(&arguments).status.success());
    let path = directory.path().join("multi.rs");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    assert!(polyport(&arguments).status.success());
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}

#[test]
fn the_name_cannot_lead_out_of_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let multi = idl("interop/idl/multi.thrift");
    for name in ["", "../multi", "a/b", "a\\b"] {
        let out = out.to_str().unwrap();
        let output = polyport(&["gen", multi.to_str().unwrap(), "-o", out, "--name", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let expected = format!("error: `{name}` cannot be the name of the generated file");
        assert!(text(&output.stderr).starts_with(&expected), "{name}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn mistakes_exit_with_1_and_wrong_calls_with_2() {
    let output = polyport(&["gen", "no/such/file.thrift"]);
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stderr);
    assert!(report.starts_with("error: cannot read `no/such/file.thrift`"));
    // No colors where nobody looks.
    assert!(!report.contains('\u{1b}'));

    for wrong in [
        &["gen"][..],
        &["gen", "a.thrift", "--nam", "x"],
        &["generate"],
    ] {
        let output = polyport(wrong);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    }
}

#[test]
fn a_stale_file_is_told_from_a_fresh_one() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    fs::write(directory.join("a.thrift"), "struct A { 1: i32 old }\n").unwrap();
    let check = ["gen", "a.thrift", "-o", "out", "--check"];
    let path = directory.join("out").join("a.rs");
    let shown = Path::new("out").join("a.rs");
    let shown = shown.display();

    let output = polyport_in(directory, &check);
    let expected = format!("error: cannot read `{shown}`: ");
    assert!(text(&output.stderr).starts_with(&expected));
    assert_eq!(output.status.code(), Some(1));
    assert!(!path.exists());

    assert!(polyport_in(directory, &check[..4]).status.success());
    let output = polyport_in(directory, &check);
    assert_eq!(text(&output.stdout), format!("{shown} is up to date\n"));
    assert_eq!(output.status.code(), Some(0));

    let before = fs::read_to_string(&path).unwrap();
    fs::write(directory.join("a.thrift"), "struct A { 1: i32 new_one }\n").unwrap();
    let output = polyport_in(directory, &check);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("error: `{shown}` is stale: run the same command without `--check`\n");
    assert_eq!(text(&output.stderr), expected);
    let difference = text(&output.stdout);
    let head = format!("--- {shown}\n+++ what would be generated\n@@ ");
    assert!(difference.starts_with(&head), "{difference}");
    assert!(
        difference.contains("\n-        pub old: i32,\n+        pub new_one: i32,\n"),
        "{difference}"
    );
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        before,
        "nothing is written"
    );
}

#[test]
fn what_was_done_is_told_to_programs_too() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    fs::write(directory.join("a.thrift"), "struct A { i32 a }\n").unwrap();
    let lines = |arguments: &[&str], status| {
        let output = polyport_in(directory, arguments);
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(status));
        let lines = text(&output.stdout);
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    let path = Path::new("out").join("a.rs");
    let written = lines(&["gen", "a.thrift", "-o", "out", "--json"], 0);
    assert_eq!(written[0]["severity"], "warning");
    assert_eq!(written[1..], [serde_json::json!({ "file": path })]);

    let check = ["gen", "a.thrift", "-o", "out", "--check", "--json"];
    let checked = lines(&check, 0);
    assert_eq!(
        checked[1..],
        [serde_json::json!({ "file": path, "up_to_date": true })]
    );

    fs::write(directory.join(&path), "old").unwrap();
    let checked = &lines(&check, 1)[1];
    assert_eq!(checked["up_to_date"], false);
    let difference = checked["difference"].as_str().unwrap();
    assert!(
        difference.contains("\n-old\n\\ No newline at end of file\n+"),
        "{difference}"
    );
}

/// What is shown is a patch, also where a file has no end of its last line.
#[test]
fn the_difference_can_be_applied() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    fs::write(directory.join("a.thrift"), "struct A { 1: i32 a }\n").unwrap();
    assert!(
        polyport_in(directory, &["gen", "a.thrift"])
            .status
            .success()
    );
    let fresh = fs::read_to_string(directory.join("a.rs")).unwrap();
    let stale = fresh.replace("pub a: i32", "pub b: i32");
    let stale = stale.trim_end();
    fs::write(directory.join("a.rs"), stale).unwrap();
    let difference = polyport_in(directory, &["gen", "a.thrift", "--check"]).stdout;
    assert!(text(&difference).contains("\n-}\n\\ No newline at end of file\n"));
    fs::write(directory.join("difference"), difference).unwrap();
    let patched = Command::new("patch")
        .args(["-s", "a.rs", "difference"])
        .current_dir(directory)
        .status();
    if patched.is_ok() {
        assert_eq!(fs::read_to_string(directory.join("a.rs")).unwrap(), fresh);
    }
}
