//! `cargo xtask conformance`: runs the suite on every backend that the workspace has.
//!
//! It knows no backend and no case: packages come from cargo, cases from the test binaries, names
//! and results from the reports that the harnesses write.

mod column;
mod coverage;
mod defects;
mod harness;
mod matrix;
mod report;
mod select;
mod table;

use clap::Args;

use self::column::Column;
use self::harness::Harness;
use crate::workspace::{Package, Workspace};
use crate::{Result, Verdict, terminal};

/// The integration test target that makes a package a backend.
const TEST_TARGET: &str = "conformance";

/// What to run.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Run only this backend, by its name or its package's; may be given several times.
    #[arg(long = "backend", value_name = "NAME")]
    backends: Vec<String>,
    /// Instead, run the cases about each planted defect on it, and print which catch it; an idle case is
    /// a failure.
    #[arg(long, conflicts_with = "backends")]
    defects: bool,
    /// With `--defects`: run all cases on each defect, which takes hours.
    #[arg(long, requires = "defects")]
    all_cases: bool,
    /// Instead, print which pairs of a change, an id, a value, a boundary, a reopening and the age of a
    /// snapshot the random histories meet; a pair that they miss is a failure.
    #[arg(long, conflicts_with_all = ["backends", "defects"])]
    coverage: bool,
    /// Give the random histories a million operations instead of a hundred thousand.
    #[arg(long, conflicts_with_all = ["defects", "coverage"])]
    thorough: bool,
}

/// Runs the suite and prints the table and whatever failed, or which cases catch which defects.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    if options.defects {
        return defects::run(workspace, options.all_cases);
    }
    if options.coverage {
        return coverage::run(workspace);
    }
    let backends: Vec<&Package> =
        workspace.packages.iter().filter(|package| package.has_test(TEST_TARGET)).collect();
    if backends.is_empty() {
        return Err(format!(
            "no package of the workspace has an integration test target called `{TEST_TARGET}`; \
             give a backend a tests/{TEST_TARGET}.rs that runs the suite"
        ));
    }
    let mut columns = Vec::new();
    for package in select::packages(&backends, &options.backends) {
        match harness::list(workspace, package)? {
            None => columns.push(Column::broken(package.short_name(), &package.name)),
            Some(harnesses) if harnesses.is_empty() => {
                columns.push(Column::empty(package.short_name(), &package.name));
            }
            Some(harnesses) => {
                for harness in &harnesses {
                    columns.extend(run_harness(workspace, package, harness, options)?);
                }
            }
        }
    }
    let columns = select::columns(columns, &options.backends)?;
    terminal::say(&table::render(&columns));
    for column in columns.iter().filter(|column| !column.is_green()) {
        terminal::say(&column.complaints());
    }
    Ok(Verdict::green_if(columns.iter().all(Column::is_green)))
}

fn run_harness(
    workspace: &Workspace,
    package: &Package,
    harness: &Harness,
    options: &Options,
) -> Result<Vec<Column>> {
    let fallback = harness.module.as_deref().unwrap_or_else(|| package.short_name());
    let run = harness::run(workspace, package, harness, options.thorough)?;
    Ok(column::columns(fallback, &package.name, &harness.cases(), &run))
}
