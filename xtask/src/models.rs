//! `cargo xtask models`: runs the protocol's models under loom and shuttle.
//!
//! It knows no model: a package has models if it depends on a checker, and the list of them comes
//! from the test binary. Models are tests in a module called `models`; those that plant a defect
//! are called `planted_…`.

use clap::Args;

use crate::cargo::Invocation;
use crate::workspace::{Package, Workspace};
use crate::{Result, Verdict, libtest, terminal};

/// The module that the models are in.
const MODULE: &str = "models";

/// How far to go.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Three preemptions and a million random schedules instead of two and a hundred thousand.
    #[arg(long)]
    long: bool,
}

/// A model checker, and how its depth is set.
#[derive(Debug)]
struct Checker {
    name: &'static str,
    cfg: &'static str,
    variable: &'static str,
    depth: fn(is_long: bool, models: u64) -> u64,
    unit: &'static str,
}

/// Every interleaving within a bound; very many schedules of what is too large for that.
const CHECKERS: [Checker; 2] = [
    Checker {
        name: "loom",
        cfg: "--cfg loom",
        variable: "IQDB_MODEL_PREEMPTIONS",
        depth: |is_long, _| if is_long { 3 } else { 2 },
        unit: "preemptions at most, every interleaving",
    },
    Checker {
        name: "shuttle",
        cfg: "--cfg shuttle",
        variable: "IQDB_MODEL_SCHEDULES",
        depth: |is_long, models| if is_long { 1_000_000 } else { 100_000_u64 }.div_ceil(models),
        unit: "random schedules for each",
    },
];

/// Runs every model of every package under every checker it depends on.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let mut verdict = Verdict::Green;
    let mut ran = 0;
    for checker in &CHECKERS {
        for package in workspace.packages.iter().filter(|package| checker.is_used_by(package)) {
            ran += 1;
            if run_models(workspace, checker, package, options)? == Verdict::Red {
                verdict = Verdict::Red;
            }
        }
    }
    match ran {
        0 => Err("no package of the workspace depends on loom or shuttle".to_owned()),
        _ => Ok(verdict),
    }
}

fn run_models(
    workspace: &Workspace,
    checker: &Checker,
    package: &Package,
    options: &Options,
) -> Result<Verdict> {
    let test = checker.test(workspace, package);
    let list = test.clone().args(["--", "--list", "--format", "terse"]);
    let captured = list.capture_stdout(&workspace.root)?;
    if !captured.success {
        return Err(format!("`{list}` failed, so the models of {} are unknown", package.name));
    }
    let (models, planted) = counts(&libtest::listed(&captured.stdout));
    if models == 0 {
        return Err(format!("`{list}` lists no test in a module `{MODULE}`"));
    }
    let depth = (checker.depth)(options.long, models);
    let run = test.env(checker.variable, depth.to_string());
    terminal::say(&format!(
        "{} on {}: {models} models, {planted} planted defects; {depth} {}\n$ {run}",
        checker.name, package.name, checker.unit
    ));
    run.pass_through(&workspace.root).map(Verdict::green_if)
}

/// How many of these tests are models, and how many plant a defect in one.
fn counts(tests: &[&str]) -> (u64, u64) {
    let in_module = tests.iter().filter_map(|test| test.strip_prefix(&format!("{MODULE}::")));
    in_module.fold((0, 0), |(models, planted), test| match test.starts_with("planted_") {
        true => (models, planted + 1),
        false => (models + 1, planted),
    })
}

impl Checker {
    fn is_used_by(&self, package: &Package) -> bool {
        package.dependencies.iter().any(|dependency| dependency.name == self.name)
    }

    /// In a target folder of its own, because its flag would rebuild everything else, too.
    fn test(&self, workspace: &Workspace, package: &Package) -> Invocation {
        Invocation::new(["test", "--release", "--locked", "-p", &package.name, "--lib", MODULE])
            .rustflags(self.cfg)
            .env("CARGO_TARGET_DIR", workspace.target_for(self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fake;

    #[test]
    fn a_package_that_depends_on_a_checker_has_models() {
        let workspace = fake::workspace(vec![fake::package("a", &["loom"])]);
        let package = &workspace.packages[0];
        let [loom, shuttle] = &CHECKERS;
        assert!(loom.is_used_by(package) && !shuttle.is_used_by(package));
        let test = loom.test(&workspace, package).to_string();
        let end = "--cfg loom\" CARGO_TARGET_DIR=target/loom cargo test --release --locked -p a \
                   --lib models";
        assert!(test.starts_with("RUSTFLAGS=") && test.ends_with(end), "{test}");
    }

    #[test]
    fn a_workspace_without_models_is_an_error() {
        let workspace = fake::workspace(vec![fake::package("a", &[])]);
        assert!(run(&workspace, &Options::default()).is_err());
    }

    #[test]
    fn planted_defects_are_no_models() {
        let tests = ["models::a", "models::planted_b", "models::c", "column::tests::models::d"];
        assert_eq!(counts(&tests), (2, 1));
    }

    #[test]
    fn the_schedules_are_shared_among_the_models_and_never_fewer_than_promised() {
        let [loom, shuttle] = &CHECKERS;
        assert_eq!(((loom.depth)(false, 4), (loom.depth)(true, 4)), (2, 3));
        for models in 1..20 {
            assert!((shuttle.depth)(false, models) * models >= 100_000);
            assert!((shuttle.depth)(true, models) * models >= 1_000_000);
        }
    }
}
