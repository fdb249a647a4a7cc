//! What was typed.

use std::path::PathBuf;

use clap::Parser;

/// Polyport: any number of RPC services on one port.
#[derive(Debug, Parser)]
#[command(name = "polyport", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Gen(GenArgs),
}

/// Generates Rust from IDL files: the same as `polyport_build` does in a build script.
#[derive(Debug, clap::Args)]
pub(crate) struct GenArgs {
    /// The IDL files; all of them go into one Rust file.
    #[arg(required = true, value_name = "IDL")]
    pub(crate) files: Vec<PathBuf>,

    /// A directory to look for included files in, after the including file's own.
    #[arg(short = 'I', long = "include-dir", value_name = "DIR")]
    pub(crate) include_dirs: Vec<PathBuf>,

    /// The directory to write to.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(crate) out_dir: PathBuf,

    /// The name of the Rust file, without `.rs`; otherwise the first IDL's name.
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Also generate a service with all methods of all services of each file.
    #[arg(long)]
    pub(crate) combine_service: bool,
}
