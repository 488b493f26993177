//! Finds and runs the harnesses of a package: the modules of its conformance test.
//!
//! Each harness runs in a process of its own, so that a crash is known to be its own. It never
//! judges a result.

use std::fs;

use super::TEST_TARGET;
use super::report::Case;
use crate::cargo::Invocation;
use crate::workspace::{Package, Workspace};
use crate::{Result, libtest};

/// The variable that names the file to report to.
const REPORT_VARIABLE: &str = "IQDB_CONFORMANCE_REPORT";

/// The variable that says how many operations the random histories have, and how many a thorough
/// run gives them.
const OPERATIONS_VARIABLE: &str = "IQDB_CONFORMANCE_OPERATIONS";
const OPERATIONS_THOROUGH: &str = "1000000";

/// One use of the suite: the tests that share the path in front of `family::case`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Harness {
    /// The path in front; `None` when the cases stand at the top of the test.
    pub(crate) module: Option<String>,
    /// The full paths of its tests, in the order of the list.
    pub(crate) tests: Vec<String>,
}

/// What a run of a harness left behind.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// Whether cargo said that every test passed.
    pub(crate) success: bool,
    /// The report, line by line.
    pub(crate) report: String,
    /// What to show when something failed.
    pub(crate) output: String,
}

impl Harness {
    /// The cases that are expected to report.
    pub(crate) fn cases(&self) -> Vec<Case> {
        self.tests.iter().filter_map(|test| Case::of_test(test)).collect()
    }
}

/// The harnesses of `package`; `None` when its test does not even compile, which cargo has then
/// explained on standard error.
pub(crate) fn list(workspace: &Workspace, package: &Package) -> Result<Option<Vec<Harness>>> {
    let list = test(package).args(["--", "--list", "--format", "terse"]);
    let captured = list.capture_stdout(&workspace.root)?;
    Ok(captured.success.then(|| group(&libtest::listed(&captured.stdout))))
}

/// Runs `harness` and collects its report.
pub(crate) fn run(
    workspace: &Workspace,
    package: &Package,
    harness: &Harness,
    is_thorough: bool,
) -> Result<Run> {
    let folder = workspace.target.join("xtask");
    let file = format!(
        "conformance-{}-{}-{}.tsv",
        package.name,
        harness.module.as_deref().unwrap_or("top").replace("::", "-"),
        std::process::id()
    );
    let path = folder.join(file);
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&path, ""))
        .map_err(|error| format!("the report {} can't be made: {error}", path.display()))?;
    let invocation = test(package)
        .args(["--quiet", "--", "--color", "never", "--exact"])
        .args(harness.tests.iter().cloned())
        .env(REPORT_VARIABLE, path.display().to_string());
    let invocation = match is_thorough {
        true => invocation.env(OPERATIONS_VARIABLE, OPERATIONS_THOROUGH),
        false => invocation,
    };
    let captured = invocation.capture(&workspace.root)?;
    let report = fs::read_to_string(&path)
        .map_err(|error| format!("the report {} can't be read: {error}", path.display()))?;
    // It has been read; a leftover in target would do no harm.
    let _ = fs::remove_file(&path);
    let output = libtest::failures(&captured.stdout).map_or_else(
        || format!("{}\n{}", captured.stdout.trim_end(), captured.stderr.trim_end()),
        str::to_owned,
    );
    Ok(Run { success: captured.success, report, output })
}

fn test(package: &Package) -> Invocation {
    Invocation::new(["test", "--locked", "-p", &package.name, "--test", TEST_TARGET])
}

/// Groups tests by the path in front of `family::case`. A test without a family is no case; it
/// runs with `cargo test`.
fn group(tests: &[&str]) -> Vec<Harness> {
    let mut harnesses: Vec<Harness> = Vec::new();
    for test in tests {
        let Some(case) = Case::of_test(test) else {
            continue;
        };
        let front = test.strip_suffix(&case.to_string()).unwrap_or_default();
        let module = front.strip_suffix("::").map(str::to_owned);
        match harnesses.iter_mut().find(|harness| harness.module == module) {
            Some(harness) => harness.tests.push((*test).to_owned()),
            None => harnesses.push(Harness { module, tests: vec![(*test).to_owned()] }),
        }
    }
    harnesses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_grouped_by_the_path_in_front() {
        let harnesses =
            group(&["apply::upsert", "arc::apply::upsert", "arc::read::get", "not_a_case"]);
        let modules: Vec<_> = harnesses.iter().map(|h| h.module.as_deref()).collect();
        assert_eq!(modules, [None, Some("arc")]);
        assert_eq!(harnesses[1].tests, ["arc::apply::upsert", "arc::read::get"]);
        assert_eq!(harnesses[0].cases()[0].to_string(), "apply::upsert");
    }
}
