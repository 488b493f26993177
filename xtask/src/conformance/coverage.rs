//! `cargo xtask conformance --coverage`: what the random histories of the suite meet.
//!
//! It knows no axis: a test of the package that holds the suite prints the table, and fails where a
//! pair is missing.

use super::defects;
use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict};

/// The test that prints the table.
const TEST: &str = "coverage::tests::every_pair_is_met_or_listed_as_impossible";

/// Runs the test and shows what it prints.
pub(crate) fn run(workspace: &Workspace) -> Result<Verdict> {
    let package = defects::package(workspace)?;
    let test = Invocation::new(["test", "--locked", "--quiet", "-p", &package.name, "--lib"])
        .args(["--", "--exact", TEST, "--nocapture"]);
    test.pass_through(&workspace.root).map(Verdict::green_if)
}
