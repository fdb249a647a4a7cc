//! `polyport gen`

use std::fs;
use std::io::{self, Write, stdout};
use std::path::Path;
use std::process::ExitCode;

use polyport_build::Builder;
use similar::{ChangeTag, TextDiff};

use crate::args::GenArgs;
use crate::failure::Failure;
use crate::terminal::{Color, Colors};

pub(crate) fn run(args: &GenArgs) -> Result<ExitCode, Failure> {
    let mut builder = Builder::new()
        .out_dir(&args.out_dir)
        .combine_service(args.combine_service);
    for directory in &args.include_dirs {
        builder = builder.include_dir(directory);
    }
    for path in &args.descriptor_sets {
        builder = builder.descriptor_set(path);
    }
    if let Some(name) = &args.name {
        builder = builder.name(name);
    }
    for path in &args.keep_unknown_fields {
        builder = builder.keep_unknown_fields(path);
    }
    for path in &args.text_as_bytes {
        builder = builder.text_as_bytes(path);
    }
    for path in &args.shared_text {
        builder = builder.shared_text(path);
    }
    for path in &args.boxed {
        builder = builder.boxed(path);
    }
    let generated = builder.generate(&args.files)?;
    if !generated.warnings.is_empty() {
        crate::show(&generated.warnings);
    }
    if args.check {
        let path = args.out_dir.join(&generated.file_name);
        return check(&path, &generated.code);
    }
    let path = builder.write(&generated)?;
    writeln!(stdout(), "wrote {}", path.display())?;
    Ok(ExitCode::SUCCESS)
}

/// Holds the file against what would be written there.
fn check(path: &Path, code: &str) -> Result<ExitCode, Failure> {
    let current = match fs::read_to_string(path) {
        Ok(current) => current,
        Err(error) => {
            let problem = format!("cannot read `{}`: {error}", path.display());
            return Err(Failure::Other(problem));
        }
    };
    if current == code {
        writeln!(stdout(), "{} is up to date", path.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    print_difference(path, &current, code)?;
    let problem = format!(
        "`{}` is stale: run the same command without `--check`",
        path.display()
    );
    Err(Failure::Other(problem))
}

/// In the format of `diff -u`, which `patch` can apply.
fn print_difference(path: &Path, current: &str, code: &str) -> io::Result<()> {
    let colors = Colors::on(&stdout());
    let mut out = stdout().lock();
    writeln!(out, "--- {}\n+++ what would be generated", path.display())?;
    let difference = TextDiff::from_lines(current, code);
    for hunk in difference.unified_diff().iter_hunks() {
        writeln!(
            out,
            "{}",
            colors.paint(Color::Name, &hunk.header().to_string())
        )?;
        for change in hunk.iter_changes() {
            let line = change.value().trim_end_matches('\n');
            let line = match change.tag() {
                ChangeTag::Equal => format!(" {line}"),
                ChangeTag::Delete => colors.paint(Color::Removed, &format!("-{line}")),
                ChangeTag::Insert => colors.paint(Color::Added, &format!("+{line}")),
            };
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
