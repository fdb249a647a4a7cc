//! What is typed for `polyport completions`.

use clap_complete::Shell;

/// Prints what a shell needs to complete this command.
#[derive(Debug, clap::Args)]
#[command(after_long_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: Shell,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  Bash, for its user; it reads the directory when it is asked the first time:
    polyport completions bash > ~/.local/share/bash-completion/completions/polyport

  Zsh, where ~/.zfunc is in `fpath`:
    polyport completions zsh > ~/.zfunc/_polyport

  Fish:
    polyport completions fish > ~/.config/fish/completions/polyport.fish

Exit status:
  0  the script was printed
  2  the command was called in a wrong way";
