//! `cargo xtask bench`: runs the criterion benches.
//!
//! It never records or judges a measurement.

use clap::Args;

use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal};

/// The package that holds the benches.
const PACKAGE: &str = "iqdb-benches";

/// What is passed through.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Arguments for criterion: a name to filter by, --list, --save-baseline NAME, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,
}

/// Runs the benches with the arguments of `options`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let bench = invocation(&options.args);
    terminal::say(&format!("$ {bench}"));
    bench.pass_through(&workspace.root).map(Verdict::green_if)
}

fn invocation(args: &[String]) -> Invocation {
    Invocation::new(["bench", "--locked", "-p", PACKAGE, "--"]).args(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_passed_through() {
        assert_eq!(
            invocation(&["scan".into(), "--list".into()]).to_string(),
            "cargo bench --locked -p iqdb-benches -- scan --list"
        );
    }
}
