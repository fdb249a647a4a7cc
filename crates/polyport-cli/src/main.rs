//! The `polyport` command.
//!
//! It exits with 0 when all went well, with 1 when something is wrong with what it was given, and
//! with 2 when it was called in a wrong way.

mod decode;
mod explain;
mod check;
mod generate;
mod failure;
mod terminal;
mod args;

use std::io::stderr;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use polyport_build::Report;

use crate::args::{Args, Command};
use crate::failure::Failure;
use crate::terminal::{Color, Colors};

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Gen(args) => generate::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Decode(args) => decode::run(&args),
    };
    outcome.unwrap_or_else(say)
}

/// Says what stood in the way, and gives the status to exit with.
fn say(failure: Failure) -> ExitCode {
    match failure {
        Failure::Usage(problem) => Args::command()
            .error(ErrorKind::ValueValidation, problem)
            .exit(),
        Failure::Idl(error) => show(error.report()),
        Failure::Other(problem) => {
            let error = Colors::on(&stderr()).paint(Color::Error, "error");
            eprintln!("{error}: {problem}");
        }
        Failure::Closed => {}
    }
    ExitCode::FAILURE
}

/// Prints a report, with colors if somebody looks at it.
fn show(report: &Report) {
    if Colors::on(&stderr()).are_on() {
        eprintln!("{}", report.styled());
    } else {
        eprintln!("{report}");
    }
}
