//! `rnnwm completions`.

use clap::{Args, Command};
use clap_complete::Shell;

use super::failure::Failure;

/// Arguments of `rnnwm completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Prints a script that completes commands and flags in a shell.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> Result<(), Failure> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    super::print(&String::from_utf8_lossy(&script));
    Ok(())
}
