//! What the command says about itself: help, completions, manual pages; and that it says it without
//! colors where nobody looks.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{idl, polyport, polyport_in, text};

/// The names of all commands but `help`, as the help lists them.
fn commands() -> Vec<String> {
    let help = text(&polyport(&["--help"]).stdout);
    let (_, listed) = help.split_once("\nCommands:\n").unwrap();
    let (listed, _) = listed.split_once("\n\n").unwrap();
    let is_first = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let first = listed.lines().filter(is_first);
    let names = first.map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

/// Runs a program, if this machine has it, with this standard input; gives what it said.
fn run(program: &str, arguments: &[&str], input: impl AsRef<OsStr>) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    command.args(arguments).arg(input).stdin(Stdio::null());
    let output = command.output().ok()?;
    let said = text(&output.stdout) + &text(&output.stderr);
    Some((output.status.success(), said))
}

/// The texts stand in `help/`; with `POLYPORT_BLESS` set, what is printed is written there.
#[test]
fn the_help_is_what_was_read_last() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/help");
    let writes = std::env::var_os("POLYPORT_BLESS").is_some();
    let mut texts = vec![("polyport".to_owned(), polyport(&["--help"]))];
    for name in commands() {
        let output = polyport(&[&name, "--help"]);
        texts.push((name, output));
    }
    for (name, output) in texts {
        let shown = text(&output.stdout);
        assert_eq!(
            (text(&output.stderr), output.status.code()),
            (String::new(), Some(0))
        );
        let path = directory.join(name).with_extension("txt");
        if writes {
            fs::write(&path, &shown).unwrap();
        }
        let known = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            shown,
            known,
            "{}: read it, then set POLYPORT_BLESS",
            path.display()
        );
    }
}

#[test]
fn every_command_has_examples_and_says_what_its_statuses_mean() {
    let overview = text(&polyport(&["--help"]).stdout);
    for name in commands() {
        let help = text(&polyport(&[&name, "--help"]).stdout);
        let (_, examples) = help.split_once("\nExamples:\n").expect(&name);
        let (examples, statuses) = examples.split_once("\nExit status:\n").expect(&name);
        let own = format!("    polyport {name} ");
        assert!(examples.contains(&own), "{name}: {examples}");
        for status in ["  0  ", "  2  "] {
            let mut lines = statuses.lines();
            assert!(
                lines.any(|line| line.starts_with(status)),
                "{name}: {statuses}"
            );
        }
        let in_overview = format!("\n  polyport {name} ");
        assert!(overview.contains(&in_overview), "{name}: {overview}");
    }
}

#[test]
fn shells_understand_their_completions() {
    let directory = tempfile::tempdir().unwrap();
    for (shell, checks) in [
        ("bash", Some(("bash", "-n"))),
        ("zsh", Some(("zsh", "-n"))),
        ("fish", Some(("fish", "--no-execute"))),
        ("elvish", None),
        ("powershell", None),
    ] {
        let output = polyport(&["completions", shell]);
        let script = text(&output.stdout);
        assert!(output.status.success(), "{shell}");
        for name in commands() {
            assert!(script.contains(&name), "{shell}: {name}");
        }
        let path = directory.path().join(shell);
        fs::write(&path, &script).unwrap();
        let checked = checks.and_then(|(program, flag)| run(program, &[flag], &path));
        if let Some((is_well, said)) = checked {
            assert_eq!((is_well, said), (true, String::new()), "{shell}");
        }
    }
    let output = polyport(&["completions", "tcsh"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn bash_completes_commands_and_flags() {
    let script = polyport(&["completions", "bash"]).stdout;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("polyport.bash");
    fs::write(&path, script).unwrap();
    let asks = |words: &str, current: &str, last: &str| {
        let script = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _polyport \
             polyport '{current}' '{last}'; echo \"${{COMPREPLY[@]}}\"",
            path.display()
        );
        run("bash", &["-c"], script)
    };
    let Some((_, found)) = asks("polyport ex", "ex", "polyport") else {
        return;
    };
    assert_eq!(found, "explain\n");
    let (_, found) = asks("polyport explain --fall", "--fall", "explain").unwrap();
    assert_eq!(found, "--fallback\n");
}

#[test]
fn manual_pages_are_roff() {
    let directory = tempfile::tempdir().unwrap();
    let output = polyport(&["man", "-o", directory.path().to_str().unwrap()]);
    assert_eq!(text(&output.stderr), "");
    let mut pages: Vec<PathBuf> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    pages.sort();
    let mut expected: Vec<_> = commands()
        .iter()
        .map(|name| format!("polyport-{name}.1"))
        .collect();
    expected.push("polyport.1".to_owned());
    expected.sort();
    let names = pages
        .iter()
        .map(|page| page.file_name().unwrap().to_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), expected);
    for page in &pages {
        assert!(text(&output.stdout).contains(&format!("wrote {}\n", page.display())));
        let written = fs::read_to_string(page).unwrap();
        for section in [
            ".SH NAME\n",
            ".SH SYNOPSIS\n",
            ".SH EXAMPLES\n",
            ".SH \"EXIT STATUS\"\n",
        ] {
            assert!(written.contains(section), "{}: {written}", page.display());
        }
        // It is silent if there is nothing to complain of.
        if let Some(checked) = run("groff", &["-man", "-Tutf8", "-ww", "-z"], page) {
            assert_eq!(checked, (true, String::new()), "{}", page.display());
        }
    }
    let one = polyport(&["man", "gen"]).stdout;
    assert_eq!(
        one,
        fs::read(directory.path().join("polyport-gen.1")).unwrap()
    );
    let all = polyport(&["man"]).stdout;
    assert_eq!(all, fs::read(directory.path().join("polyport.1")).unwrap());
}

#[test]
fn examples_in_manual_pages_keep_their_lines() {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("polyport-gen.1");
    fs::write(&page, polyport(&["man", "gen"]).stdout).unwrap();
    let Some((_, shown)) = run("groff", &["-man", "-Tascii", "-P-cbou"], &page) else {
        return;
    };
    let example = "\n           polyport gen idl/orders.thrift idl/stock.thrift -o src/generated --name api\n\n";
    assert!(shown.contains(example), "{shown}");
}

#[test]
fn who_asks_for_a_page_that_is_not_there_is_told_which_are() {
    let output = polyport(&["man", "generate"]);
    let expected = format!(
        "error: there is no command `generate`: there are [{}]\n\nUsage: polyport man ",
        commands().join(", ")
    );
    assert!(
        text(&output.stderr).starts_with(&expected),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(2));
}

/// What prints colors for somebody who looks.
const COLORFUL: [&[&str]; 4] = [
    &["gen", "broken.thrift"],
    &["gen", "fresh.thrift", "--check"],
    &["decode", "00000011", "80010001"],
    &["--help"],
];

fn with_mistakes() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write =
        |name: &str, content: &str| fs::write(directory.path().join(name), content).unwrap();
    write("broken.thrift", "struct A { 1: Missing a }\n");
    write("fresh.thrift", "struct A { 1: i32 a }\n");
    write("fresh.rs", "old\n");
    directory
}

#[test]
fn where_nobody_looks_there_are_no_colors() {
    let directory = with_mistakes();
    for arguments in COLORFUL {
        let output = polyport_in(directory.path(), arguments);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(
            !said.is_empty() && !said.contains('\u{1b}'),
            "{arguments:?}: {said:?}"
        );
    }
}

/// On a terminal, which `script` makes where there is one.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_there_are_colors_unless_they_are_refused() {
    let directory = with_mistakes();
    let said = |arguments: &[&str], refuses: bool| {
        let line = [&[env!("CARGO_BIN_EXE_polyport")], arguments]
            .concat()
            .join(" ");
        let mut command = Command::new("script");
        command
            .args(["-qec", &line, "/dev/null"])
            .current_dir(directory.path());
        command
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        if refuses {
            command.env("NO_COLOR", "1");
        }
        command.output().ok().map(|output| text(&output.stdout))
    };
    for arguments in COLORFUL {
        let Some(colored) = said(arguments, false) else {
            return;
        };
        assert!(colored.contains('\u{1b}'), "{arguments:?}: {colored:?}");
        let plain = said(arguments, true).unwrap();
        // Bold and underlined are no colors.
        assert!(
            !plain.contains("\u{1b}[3") && !plain.contains("\u{1b}[9"),
            "{plain:?}"
        );
    }
}

#[test]
fn json_tells_failures_where_the_results_are() {
    let demo = idl("examples/idl/demo.thrift");
    let demo = demo.to_str().unwrap();
    for arguments in [
        &["gen", "no.thrift", "--json"][..],
        &["gen", demo, "-o", "no", "--check", "--json"],
        &["check", "no.thrift", "--json"],
        &["check", demo, "--against", "no.thrift", "--json"],
        &["explain", "--idl", "no.thrift", "--json"],
        &["decode", "--file", "no.bin", "--json"],
    ] {
        let directory = tempfile::tempdir().unwrap();
        let output = polyport_in(directory.path(), arguments);
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let lines = text(&output.stdout);
        let first = lines.lines().next().unwrap();
        let told: serde_json::Value = serde_json::from_str(first).unwrap();
        assert_eq!(told["severity"], "error");
        let message = told["message"].as_str().unwrap();
        assert!(message.starts_with("cannot read `no"), "{message}");
    }
}
