//! `cargo xtask bench`: runs the benches.
//!
//! Those of criterion get the arguments. `roof` is a program of its own, which writes a record; it is
//! told the date and the commit. No measurement is judged here.

use clap::Args;

use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict, fuzz, terminal};

/// The package that holds the benches.
const PACKAGE: &str = "iqdb-benches";

/// The bench that is not criterion's.
const ROOF: &str = "roof";

/// What is passed through.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// `roof`, and dimensions, or arguments for criterion: a name to filter by, --list, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,
}

/// Runs the benches with the arguments of `options`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let bench = match options.args.split_first() {
        Some((name, rest)) if name == ROOF => roof(rest, &fuzz::now(), &fuzz::commit(workspace)),
        _ => invocation(&options.args),
    };
    terminal::say(&format!("$ {bench}"));
    bench.pass_through(&workspace.root).map(Verdict::green_if)
}

/// The kernels against what the machine can do.
fn roof(args: &[String], date: &str, commit: &str) -> Invocation {
    Invocation::new(["run", "--release", "--locked", "-p", PACKAGE, "--bin", ROOF, "--"])
        .args(["--date", date, "--commit", commit])
        .args(args)
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

    #[test]
    fn the_roof_is_told_when_and_of_what() {
        assert_eq!(
            roof(&["768".into()], "2026-01-31T12:00Z", "abc").to_string(),
            "cargo run --release --locked -p iqdb-benches --bin roof -- \
             --date 2026-01-31T12:00Z --commit abc 768"
        );
    }
}
