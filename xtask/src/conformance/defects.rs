//! `cargo xtask conformance --defects`: the cases about each planted defect, or all cases, on it.
//!
//! It knows no defect: they are in the package with a test target called `defects`, whose report
//! it collects. It never judges more than `matrix` does.

use std::fs;
use std::time::Instant;

use super::matrix::Matrix;
use crate::cargo::Invocation;
use crate::workspace::{Package, Workspace};
use crate::{Result, Verdict, terminal};

/// The test target that holds the defects.
const TEST_TARGET: &str = "defects";

/// The variable that names the file to report to.
const MATRIX_VARIABLE: &str = "IQDB_CONFORMANCE_MATRIX";

/// The variable that has all cases run on each defect.
const ALL_CASES_VARIABLE: &str = "IQDB_CONFORMANCE_ALL_CASES";

/// The package that holds the suite: the one that has defects.
///
/// # Errors
/// That there is none.
pub(super) fn package(workspace: &Workspace) -> Result<&Package> {
    let mut packages = workspace.packages.iter();
    let found = packages.find(|package| package.has_test(TEST_TARGET));
    found.ok_or_else(|| format!("no package has a test target called `{TEST_TARGET}`"))
}

/// With what the matrix begins each line of progress.
const PROGRESS: &str = "defect ";

/// Runs the matrix, optimised, and prints it; before that a line for each defect when its cases have run.
pub(crate) fn run(workspace: &Workspace, has_all_cases: bool) -> Result<Verdict> {
    let package = package(workspace)?;
    let folder = workspace.target.join("xtask");
    let path = folder.join(format!("defects-{}.tsv", std::process::id()));
    fs::create_dir_all(&folder)
        .map_err(|error| format!("the folder {} can't be made: {error}", folder.display()))?;
    let test = ["test", "--locked", "--release", "-p", &package.name, "--test", TEST_TARGET];
    let build = Invocation::new(test).args(["--no-run"]);
    if !build.pass_through(&workspace.root)? {
        return Err(format!("`{build}` failed; mend what it says"));
    }
    let started = Instant::now();
    let mut matrix = Invocation::new(test)
        .args(["--quiet", "--", "matrix::"])
        .env(MATRIX_VARIABLE, path.display().to_string());
    if has_all_cases {
        matrix = matrix.env(ALL_CASES_VARIABLE, "1");
    }
    let success = matrix.stream_stderr(&workspace.root, |line| {
        // The suite tells of what it shrinks; thousands of its failures are as they should be.
        if line.starts_with(PROGRESS) {
            terminal::say(line);
        }
    })?;
    let report = fs::read_to_string(&path)
        .map_err(|error| format!("`{matrix}` left no report {}: {error}", path.display()))?;
    // It has been read; a leftover in target would do no harm.
    let _ = fs::remove_file(&path);
    let matrix = Matrix::parse(&report)?;
    terminal::say(&matrix.render(started.elapsed()));
    Ok(Verdict::green_if(success && matrix.is_green()))
}
