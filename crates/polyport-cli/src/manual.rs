//! `polyport man`

use std::fs;
use std::io::{self, Write, stdout};
use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::args::{Args, ManArgs};
use crate::failure::Failure;

pub(crate) fn run(args: &ManArgs) -> Result<ExitCode, Failure> {
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    if let Some(directory) = &args.out_dir {
        write_all(&program, directory)?;
        return Ok(ExitCode::SUCCESS);
    }
    let command = match &args.command {
        None => &program,
        Some(name) => program
            .find_subcommand(name)
            .ok_or_else(|| unknown(&program, name))?,
    };
    stdout().write_all(&page(command)?)?;
    Ok(ExitCode::SUCCESS)
}

fn unknown(program: &Command, name: &str) -> Failure {
    let names: Vec<_> = program.get_subcommands().map(Command::get_name).collect();
    let names = names.join(", ");
    Failure::Usage(format!("there is no command `{name}`: there are [{names}]"))
}

/// A page for the program and one for each of its commands.
fn write_all(program: &Command, directory: &Path) -> Result<(), Failure> {
    let cannot_write = |path: &Path, error: io::Error| {
        Failure::Other(format!("cannot write `{}`: {error}", path.display()))
    };
    fs::create_dir_all(directory).map_err(|error| cannot_write(directory, error))?;
    for command in std::iter::once(program).chain(program.get_subcommands()) {
        let path = directory.join(Man::new(command.clone()).get_filename());
        fs::write(&path, page(command)?).map_err(|error| cannot_write(&path, error))?;
        writeln!(stdout(), "wrote {}", path.display())?;
    }
    Ok(())
}

/// The examples and statuses of the help have sections of their own, in which lines stay lines.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone()).source("").manual("Polyport");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let help = command
        .get_after_long_help()
        .or_else(|| command.get_after_help());
    let mut roff = Roff::default();
    for line in help.map(ToString::to_string).unwrap_or_default().lines() {
        match line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            Some(heading) => {
                roff.control("fi", []);
                roff.control("SH", [heading.to_uppercase().as_str()]);
                roff.control("nf", []);
            }
            None => {
                roff.text([roman(line)]);
            }
        }
    }
    roff.control("fi", []);
    roff.to_writer(&mut page)?;
    Ok(page)
}
