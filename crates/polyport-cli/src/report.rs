//! What went wrong, told to people or to machines.

use std::fmt::Write as _;
use std::io::{self, Write, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;
use polyport_build::{Finding, Location, Report, Severity};
use serde::Serialize;

use crate::args::Args;
use crate::failure::Failure;
use crate::terminal::{Color, Colors, visible_lines};

/// What the command exits with when it was called in a wrong way.
const WRONG_CALL: u8 = 2;

/// Says what stood in the way of the command of this name, and gives the status to exit with. With
/// `json` it is said where the results are.
pub(crate) fn say(failure: Failure, command: &str, json: bool) -> ExitCode {
    let said = match failure {
        Failure::Usage(problem) if json => return wrong_call_as_json(&problem),
        Failure::Usage(problem) => wrong_call(command, &problem),
        Failure::Idl(error) => print(error.report(), json),
        Failure::Other(problem) if json => print_line(&Line::new("error", &problem)),
        Failure::Other(problem) => {
            let error = Colors::on(&stderr()).paint(Color::Error, "error");
            writeln!(stderr(), "{error}: {}", visible_lines(&problem))
        }
        Failure::Closed => Ok(()),
    };
    // Who cannot be told learns it from the status.
    said.map_or(ExitCode::FAILURE, |()| ExitCode::FAILURE)
}

/// Says what clap found wrong with a command line, or prints the help that was asked for; with `--json`
/// somewhere in it, as all that goes wrong.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if !json || !error.use_stderr() {
        error.exit();
    }
    let text = error.to_string();
    let (problem, _) = text.split_once("\n\n").unwrap_or((&text, ""));
    let problem = problem.strip_prefix("error: ").unwrap_or(problem);
    wrong_call_as_json(problem.trim_end())
}

fn wrong_call_as_json(problem: &str) -> ExitCode {
    // Who cannot be told learns it from the status.
    let _ = print_line(&Line::new("error", problem));
    ExitCode::from(WRONG_CALL)
}

/// As clap says what it finds out by itself, with the usage of this command.
fn wrong_call(command: &str, problem: &str) -> ! {
    let problem = visible_lines(problem);
    let mut program = Args::command();
    program.build();
    let error = match program.find_subcommand_mut(command) {
        Some(command) => command.error(ErrorKind::ValueValidation, problem),
        None => program.error(ErrorKind::ValueValidation, problem),
    };
    error.exit()
}

/// Prints a report: with colors if somebody looks at it, or a line of JSON for each diagnostic.
pub(crate) fn print(report: &Report, json: bool) -> io::Result<()> {
    if json {
        let mut findings = report.findings();
        return findings.try_for_each(|finding| print_line(&Line::of(&finding)));
    }
    if !report.is_empty() {
        match Colors::on(&stderr()).are_on() {
            true => writeln!(stderr(), "{}", report.styled())?,
            false => writeln!(stderr(), "{report}")?,
        }
    }
    Ok(())
}

/// Prints a value as one line of JSON.
pub(crate) fn print_line(value: &impl Serialize) -> io::Result<()> {
    writeln!(stdout(), "{}", line(value)?)
}

/// A value as one line of JSON, of which a terminal shows all and obeys nothing.
pub(crate) fn line(value: &impl Serialize) -> io::Result<String> {
    let json = serde_json::to_string(value)?;
    let mut line = String::with_capacity(json.len());
    for letter in json.chars() {
        // The others are escaped already. Controls can only stand in texts.
        match letter.is_control() {
            true => write!(line, "\\u{:04x}", u32::from(letter)).map_err(io::Error::other)?,
            false => line.push(letter),
        }
    }
    Ok(line)
}

/// A diagnostic as JSON has it; the first place stands apart as well.
#[derive(Serialize)]
struct Line<'a> {
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    message: &'a str,
    file: Option<&'a Path>,
    line: Option<usize>,
    column: Option<usize>,
    places: Vec<Place<'a>>,
    help: &'a [String],
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a Path,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    label: &'a str,
}

impl<'a> Line<'a> {
    fn new(severity: &'static str, message: &'a str) -> Self {
        Self {
            severity,
            code: None,
            message,
            file: None,
            line: None,
            column: None,
            places: Vec::new(),
            help: &[],
        }
    }

    fn of(finding: &Finding<'a>) -> Self {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            _ => "note",
        };
        let first = finding.places.first();
        Self {
            code: finding.code,
            file: first.map(|place| place.file),
            line: first.map(|place| place.line),
            column: first.map(|place| place.column),
            places: finding.places.iter().map(Place::of).collect(),
            help: finding.help,
            ..Self::new(severity, finding.message)
        }
    }
}

impl<'a> Place<'a> {
    fn of(location: &Location<'a>) -> Self {
        Self {
            file: location.file,
            line: location.line,
            column: location.column,
            end_line: location.end_line,
            end_column: location.end_column,
            label: location.label,
        }
    }
}
