//! `cargo xtask mutants`: plants small defects with cargo-mutants and asks the tests to find them.
//!
//! What is mutated, how much of it has to be caught, and which survivors are known with a reason
//! is data: `xtask/mutants.json`. It never changes the checkout: cargo-mutants works on a copy.

mod config;
mod outcomes;
mod report;

use clap::Args;

use self::config::{Config, Scope};
use self::outcomes::Outcomes;
use self::report::Row;
use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal};

/// Where cargo-mutants leaves what it found, below the workspace root.
const OUTPUT: &str = "target/mutants";

/// What to mutate.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this scope of xtask/mutants.json; repeatable.
    #[arg(long = "scope", value_name = "NAME")]
    scopes: Vec<String>,
    /// How many mutants are tested at the same time.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Test every sixteenth mutant of each scope only, with `0/16` or another part: a sample of a large
    /// scope.
    #[arg(long, value_name = "PART/PARTS")]
    shard: Option<String>,
}

/// Mutates every scope asked for, prints what survived, and judges it by the scope's bar.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let config = Config::read(&workspace.root)?;
    let scopes = config.select(&options.scopes)?;
    let version = Invocation::new(["mutants", "--version"]).capture(&workspace.root)?;
    if !version.success {
        return Err("cargo-mutants is not installed; run `cargo install cargo-mutants`".into());
    }
    let mut rows = Vec::new();
    for scope in scopes {
        let directory = workspace.root.join(output(scope));
        // What an earlier run found must not be taken for what this one did.
        if directory.exists() {
            std::fs::remove_dir_all(&directory)
                .map_err(|error| format!("{} can't be removed: {error}", directory.display()))?;
        }
        // cargo-mutants makes only the last directory of its output's path.
        std::fs::create_dir_all(&directory)
            .map_err(|error| format!("{} can't be made: {error}", directory.display()))?;
        let run = invocation(scope, options);
        terminal::say(&format!("$ {run}"));
        // It fails when a mutant survives, which the outcomes tell in more detail.
        run.pass_through(&workspace.root)?;
        let found = Outcomes::read(&directory.join("mutants.out/outcomes.json"))?;
        rows.push(Row::judge(scope, &found, &config));
    }
    terminal::say(&report::render(&rows));
    Ok(Verdict::green_if(rows.iter().all(Row::is_green)))
}

fn output(scope: &Scope) -> String {
    format!("{OUTPUT}/{}", scope.name)
}

fn invocation(scope: &Scope, options: &Options) -> Invocation {
    let mut run = Invocation::new(["mutants", "--no-shuffle", "--package", &scope.package])
        .args(["--output", &output(scope), "--jobs", &options.jobs.to_string()])
        .args(["--timeout", &scope.timeout_seconds.to_string()]);
    for file in &scope.files {
        run = run.args(["--file", file]);
    }
    if scope.all_features {
        run = run.args(["--all-features"]);
    }
    if let Some(shard) = &options.shard {
        run = run.args(["--sharding", "round-robin", "--shard", shard]);
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_becomes_one_call() {
        let scope = Scope {
            name: "filter".into(),
            package: "core".into(),
            files: vec!["core/src/filter/**".into()],
            all_features: true,
            timeout_seconds: 60,
            caught_percent_min: 95.0,
        };
        let options = Options { scopes: Vec::new(), jobs: 2, shard: Some("3/16".into()) };
        assert_eq!(
            invocation(&scope, &options).to_string(),
            "cargo mutants --no-shuffle --package core --output target/mutants/filter --jobs 2 \
             --timeout 60 --file \"core/src/filter/**\" --all-features --sharding round-robin \
             --shard 3/16"
        );
    }
}
