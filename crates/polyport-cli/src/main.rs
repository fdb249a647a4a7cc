//! The `polyport` command.
//!
//! It exits with 0 when all went well, with 1 when something is wrong with what it was given, with 2
//! when it was called in a wrong way, and with 3 when a call was answered with a business error.

mod bench;
mod decode;
mod explain;
mod check;
mod generate;
mod new;
mod list;
mod describe;
mod call;
mod requests;
mod target;
mod completions;
mod manual;
mod report;
mod failure;
mod terminal;
mod args;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::args::{Args, Command};

fn main() -> ExitCode {
    let typed = Args::command().try_get_matches();
    let typed = typed.and_then(|matches| Ok((Args::from_arg_matches(&matches)?, matches)));
    let (args, matches) = match typed {
        Ok(typed) => typed,
        Err(error) => return report::refuse(&error),
    };
    let outcome = match args.command {
        Command::New(args) => new::run(&args),
        Command::Gen(args) => generate::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Call(args) => call::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::List(args) => list::run(&args),
        Command::Describe(args) => describe::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => manual::run(&args),
    };
    outcome.unwrap_or_else(|failure| {
        let (name, arguments) = matches.subcommand().unzip();
        let json = arguments.and_then(|arguments| arguments.try_get_one::<bool>("json").ok()?);
        report::say(
            failure,
            name.unwrap_or_default(),
            json.is_some_and(|json| *json),
        )
    })
}
