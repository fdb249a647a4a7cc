//! The `polyport` command.
//!
//! It exits with 0 when all went well, with 1 when something is wrong with what it was given, and
//! with 2 when it was called in a wrong way.

mod generate;
mod args;

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use clap::Parser;
use polyport_build::Report;

use crate::args::{Args, Command};

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Gen(args) => generate::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            show(error.report());
            ExitCode::FAILURE
        }
    }
}

/// Prints a report, with colors if somebody looks at it.
fn show(report: &Report) {
    let colors = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if colors {
        eprintln!("{}", report.styled());
    } else {
        eprintln!("{report}");
    }
}
