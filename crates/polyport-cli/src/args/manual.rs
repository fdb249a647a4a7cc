//! What is typed for `polyport man`.

use std::path::PathBuf;

/// Prints a manual page, or writes all of them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MAN_EXAMPLES)]
pub(crate) struct ManArgs {
    /// The command that the page is about; otherwise it is about all of them.
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,

    /// Write the pages of all commands to this directory.
    #[arg(short, long, value_name = "DIR", conflicts_with = "command")]
    pub(crate) out_dir: Option<PathBuf>,
}

const MAN_EXAMPLES: &str = "\
Examples:
  Read about `polyport gen`:
    polyport man gen | man -l -

  All pages, where `man` finds those of a user:
    polyport man -o ~/.local/share/man/man1

Exit status:
  0  the pages were printed or written
  1  a page cannot be written
  2  the command was called in a wrong way";
