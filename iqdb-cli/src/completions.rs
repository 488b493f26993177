//! `iqdb completions`: a script that completes commands and options in a shell.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::exit::Failure;
use crate::screen::Screen;

/// Prints the script.
///
/// # Errors
/// Those of the output.
pub(crate) fn run(args: &CompletionsArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    // It panics where writing fails, and standard output may be closed at any time.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "iqdb", &mut script);
    screen.out.write_all(&script)?;
    Ok(())
}
