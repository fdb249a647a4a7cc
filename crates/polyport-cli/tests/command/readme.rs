//! The README's examples of the command, run as they stand there.

use std::fs;

use crate::{idl, polyport_in, text};

const COMMAND: &str = "cargo run -p polyport-cli -- ";

/// Each example with the text that the README shows below it, if it shows one.
fn examples(readme: &str) -> Vec<(Vec<&str>, Option<&str>)> {
    let mut examples = Vec::new();
    for (at, _) in readme.match_indices(COMMAND) {
        let rest = &readme[at + COMMAND.len()..];
        let (line, behind) = rest.split_once('\n').unwrap();
        let shown = behind.strip_prefix("```\n\n```text\n");
        let shown = shown.map(|shown| shown.split_once("```").unwrap().0);
        examples.push((line.split(' ').collect(), shown));
    }
    examples
}

#[test]
fn every_example_prints_what_is_shown() {
    let readme = fs::read_to_string(idl("README.md")).unwrap();
    let around = tempfile::tempdir().unwrap();
    // A project is made beside the checkout.
    let directory = around.path().join("checkout");
    for name in ["examples/idl/demo.thrift", "crates/polyport/Cargo.toml"] {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(idl(name), path).unwrap();
    }
    let examples = examples(&readme);
    assert!(examples.len() >= 4, "{examples:?}");
    for (arguments, shown) in examples {
        let output = polyport_in(&directory, &arguments);
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        assert!(output.status.success(), "{arguments:?}");
        if let Some(shown) = shown {
            assert_eq!(text(&output.stdout), shown, "{arguments:?}");
        }
    }
}
