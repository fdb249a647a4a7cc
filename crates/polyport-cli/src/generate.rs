//! `polyport gen`

use std::fs;
use std::io::{self, Write, stdout};
use std::path::Path;
use std::process::ExitCode;

use polyport_build::Builder;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::args::GenArgs;
use crate::failure::Failure;
use crate::report;
use crate::terminal::{Color, Colors};

pub(crate) fn run(args: &GenArgs) -> Result<ExitCode, Failure> {
    let builder = builder(args);
    let generated = builder.generate(&args.files)?;
    report::print(&generated.warnings, args.json)?;
    if args.check {
        let path = args.out_dir.join(&generated.file_name);
        return check(&path, &generated.code, args.json);
    }
    let path = builder.write(&generated)?;
    match args.json {
        true => report::print_line(&Written { file: &path })?,
        false => writeln!(stdout(), "wrote {}", path.display())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn builder(args: &GenArgs) -> Builder {
    let builder = args.descriptors.add_to(args.include_dirs.builder());
    let mut builder = builder
        .out_dir(&args.out_dir)
        .combine_service(args.combine_service);
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
    builder
}

/// What was done, as JSON has it.
#[derive(Serialize)]
struct Written<'a> {
    file: &'a Path,
}

/// What was found out, as JSON has it.
#[derive(Serialize)]
struct Checked<'a> {
    file: &'a Path,
    up_to_date: bool,
    /// In the format of `diff -u`.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
}

/// Holds the file against what would be written there.
fn check(path: &Path, code: &str, json: bool) -> Result<ExitCode, Failure> {
    let current = fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        let problem = format!("cannot read `{path}`: {error}: without `--check` it is written");
        Failure::Other(problem)
    })?;
    let up_to_date = current == code;
    let shown = path.display();
    if json {
        let difference = (!up_to_date).then(|| {
            let mut difference = Vec::new();
            write_difference(&mut difference, Colors::NONE, path, (&current, code))?;
            Ok::<_, io::Error>(String::from_utf8_lossy(&difference).into_owned())
        });
        report::print_line(&Checked {
            file: path,
            up_to_date,
            difference: difference.transpose()?,
        })?;
    } else if up_to_date {
        writeln!(stdout(), "{shown} is up to date")?;
    } else {
        let colors = Colors::on(&stdout());
        write_difference(&mut stdout().lock(), colors, path, (&current, code))?;
        let problem = format!("`{shown}` is stale: run the same command without `--check`");
        return Err(Failure::Other(problem));
    }
    Ok(match up_to_date {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// In the format of `diff -u`, which `patch` can apply.
fn write_difference(
    out: &mut impl Write,
    colors: Colors,
    path: &Path,
    (current, code): (&str, &str),
) -> io::Result<()> {
    writeln!(out, "--- {}\n+++ what would be generated", path.display())?;
    let difference = TextDiff::from_lines(current, code);
    for hunk in difference.unified_diff().iter_hunks() {
        let header = hunk.header().to_string();
        writeln!(out, "{}", colors.paint(Color::Name, &header))?;
        for change in hunk.iter_changes() {
            let line = change.value().trim_end_matches('\n');
            let line = match change.tag() {
                ChangeTag::Equal => format!(" {line}"),
                ChangeTag::Delete => colors.paint(Color::Removed, &format!("-{line}")),
                ChangeTag::Insert => colors.paint(Color::Added, &format!("+{line}")),
            };
            writeln!(out, "{line}")?;
            if change.missing_newline() {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}
