//! `cargo xtask crash | faults | bitflip | kill9 | power`: what becomes of a database when something
//! fails below it.
//!
//! It only runs the package that does it; what each of them does and finds is printed there.

use clap::Args;

use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal};

/// The package whose commands these are.
const PACKAGE: &str = "iqdb-faults";

/// What is passed through.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// --long goes further; --help tells the rest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,
}

/// Runs a command of the package.
pub(crate) fn run(workspace: &Workspace, command: &str, options: &Options) -> Result<Verdict> {
    let run = invocation(command).args(options.args.iter().cloned());
    terminal::say(&format!("$ {run}"));
    run.pass_through(&workspace.root).map(Verdict::green_if)
}

/// How a command of the package is run.
pub(crate) fn invocation(command: &str) -> Invocation {
    Invocation::new(["run", "--quiet", "--release", "--locked", "-p", PACKAGE, "--", command])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_run_by_its_name() {
        let run = invocation("crash").args(["--seed", "3"]).to_string();
        let expected = "cargo run --quiet --release --locked -p iqdb-faults -- crash --seed 3";
        assert_eq!(run, expected);
    }
}
