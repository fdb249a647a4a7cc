//! `polyport explain`
//!
//! The tables are a server's own: it gets services of the IDLs' names and methods, is never bound,
//! and is asked where calls would go.

mod table;
mod call;
mod refusal;
mod setup;

use std::io::{Write, stdout};
use std::process::ExitCode;

use serde::Serialize;

use crate::args::ExplainArgs;
use crate::explain::call::Answer;
use crate::explain::refusal::Refusal;
use crate::explain::setup::Setup;
use crate::explain::table::Table;
use crate::failure::Failure;

pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let setup = Setup::new(args)?;
    let router = match setup.server().router() {
        Ok(router) => router,
        Err(error) => {
            let refusal = Refusal::new(&setup, &error);
            return match args.json {
                true => print_json(&refusal).map(|()| ExitCode::FAILURE),
                false => Err(refusal.into_failure()),
            };
        }
    };
    let Some(call) = &args.call else {
        let table = Table::new(&setup, &router);
        match args.json {
            true => print_json(&table)?,
            false => table.print(&mut stdout().lock())?,
        }
        return Ok(ExitCode::SUCCESS);
    };
    let answers = Answer::all(&setup, &router, args.transport.transport(), call);
    for answer in &answers {
        match args.json {
            true => print_json(answer)?,
            false => answer.print(&mut stdout().lock(), answers.len() > 1)?,
        }
    }
    Ok(match answers.iter().any(Answer::is_answered) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(value).map_err(std::io::Error::from)?;
    writeln!(stdout(), "{json}")?;
    Ok(())
}
