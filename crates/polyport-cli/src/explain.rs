//! `polyport explain`
//!
//! The tables are a server's own: it gets services of the IDLs' names and methods, is never bound,
//! and is asked where calls would go.

mod table;
mod call;
mod refusal;
mod setup;

use std::io::stdout;
use std::process::ExitCode;

use crate::args::ExplainArgs;
use crate::explain::call::Answer;
use crate::explain::refusal::Refusal;
use crate::explain::setup::Setup;
use crate::explain::table::Table;
use crate::failure::Failure;
use crate::report::print_line;

pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let setup = Setup::new(args)?;
    let router = match setup.server().router() {
        Ok(router) => router,
        Err(error) => {
            let refusal = Refusal::new(&setup, &error);
            return match args.json {
                true => Ok(print_line(&refusal).map(|()| ExitCode::FAILURE)?),
                false => Err(refusal.into_failure()),
            };
        }
    };
    let Some(call) = &args.call else {
        let table = Table::new(&setup, &router);
        match args.json {
            true => print_line(&table)?,
            false => table.print(&mut stdout().lock())?,
        }
        return Ok(ExitCode::SUCCESS);
    };
    let answers = Answer::all(&setup, &router, args.transport.transport(), call);
    for answer in &answers {
        match args.json {
            true => print_line(answer)?,
            false => answer.print(&mut stdout().lock(), answers.len() > 1)?,
        }
    }
    Ok(match answers.iter().any(Answer::is_answered) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
