//! One backend's results: what was expected of it and what it reported.
//!
//! Pure. Silence is never success: a case that was listed and not reported did not run.

use std::time::Duration;

use super::harness::Run;
use super::report::{self, Case, Line, Status};

/// What stands in one cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    Reported(Status),
    /// Listed and not reported: the process died before or in it.
    DidNotRun,
}

/// The results of one backend.
#[derive(Debug)]
pub(crate) struct Column {
    /// The name that the harness gave itself.
    pub(crate) backend: String,
    pub(crate) package: String,
    /// Every expected case, in the order of the list.
    pub(crate) cells: Vec<(Case, Cell, Duration)>,
    /// What is wrong with the run beyond single cases.
    pub(crate) problems: Vec<String>,
    /// The captured output, to be shown when something failed.
    output: String,
}

/// How many cells there are of each kind, and their time in all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) not_promised: usize,
    pub(crate) did_not_run: usize,
    pub(crate) took: Duration,
}

/// The columns of a harness: one per backend name in its report, or one called `fallback` when it
/// reported nothing.
pub(crate) fn columns(fallback: &str, package: &str, expected: &[Case], run: &Run) -> Vec<Column> {
    let (lines, mut problems) = report::parse(&run.report);
    let mut names: Vec<&str> = Vec::new();
    for line in &lines {
        if !names.contains(&line.backend.as_str()) {
            names.push(&line.backend);
        }
    }
    if names.is_empty() {
        names.push(fallback);
    }
    if !run.success {
        problems.push("cargo test failed".to_owned());
    }
    names
        .into_iter()
        .map(|name| {
            let own: Vec<&Line> = lines.iter().filter(|line| line.backend == name).collect();
            let mut column = Column::empty(name, package);
            column.cells = expected.iter().map(|case| cell(case, &own)).collect();
            column.problems = problems.clone();
            let unexpected = own.iter().filter(|line| !expected.contains(&line.case));
            column.problems.extend(
                unexpected.map(|line| {
                    format!("{} was reported but is no test of this harness", line.case)
                }),
            );
            column.output.clone_from(&run.output);
            column
        })
        .collect()
}

/// Of a case that reported twice the worst counts.
fn cell(case: &Case, lines: &[&Line]) -> (Case, Cell, Duration) {
    let reported = || lines.iter().filter(|line| line.case == *case);
    let worst = reported().find(|line| line.status == Status::Failed).or(reported().next());
    let cell = worst.map_or(Cell::DidNotRun, |line| Cell::Reported(line.status));
    (case.clone(), cell, worst.map_or(Duration::ZERO, |line| line.took))
}

impl Column {
    /// A backend whose test lists no case.
    pub(crate) fn empty(backend: &str, package: &str) -> Self {
        Self {
            backend: backend.to_owned(),
            package: package.to_owned(),
            cells: Vec::new(),
            problems: Vec::new(),
            output: String::new(),
        }
    }

    /// A backend whose test can't be built or listed.
    pub(crate) fn broken(backend: &str, package: &str) -> Self {
        let mut column = Self::empty(backend, package);
        column.problems.push("its test could not be built or listed; see cargo's errors".into());
        column
    }

    /// What the backend did with `case`, if its harness has it.
    pub(crate) fn cell(&self, case: &Case) -> Option<Cell> {
        self.cells.iter().find(|(own, _, _)| own == case).map(|(_, cell, _)| *cell)
    }

    /// Counts the cells.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for (_, cell, took) in &self.cells {
            totals.took += *took;
            match cell {
                Cell::Reported(Status::Ok) => totals.passed += 1,
                Cell::Reported(Status::Failed) => totals.failed += 1,
                Cell::Reported(Status::NotPromised) => totals.not_promised += 1,
                Cell::DidNotRun => totals.did_not_run += 1,
            }
        }
        totals
    }

    /// Whether every case ran and passed or was not promised, and at least one passed.
    pub(crate) fn is_green(&self) -> bool {
        let totals = self.totals();
        self.problems.is_empty()
            && totals.passed > 0
            && totals.failed == 0
            && totals.did_not_run == 0
    }

    /// What is to be mended, with the captured output; empty when green.
    pub(crate) fn complaints(&self) -> String {
        if self.is_green() {
            return String::new();
        }
        let mut text = format!("\n{} ({}):\n", self.backend, self.package);
        if self.totals().passed == 0 {
            text += "  no case passed; a backend that proves nothing is not green\n";
        }
        for problem in &self.problems {
            text += &format!("  {problem}\n");
        }
        text + self.output.trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(paths: &[&str]) -> Vec<Case> {
        paths.iter().map(|path| Case::of_test(path).unwrap()).collect()
    }

    fn run(success: bool, report: &str) -> Run {
        Run { success, report: report.to_owned(), output: "what it printed".to_owned() }
    }

    #[test]
    fn a_complete_report_is_green() {
        let expected = cases(&["apply::upsert", "life::reopen"]);
        let run = run(true, "m\tapply::upsert\tok\t5\nm\tlife::reopen\tn/a\t1\n");
        let columns = columns("x", "iqdb-m", &expected, &run);
        assert_eq!(columns.len(), 1);
        assert_eq!(columns[0].backend, "m");
        assert!(columns[0].is_green(), "{}", columns[0].complaints());
        assert_eq!(columns[0].complaints(), "");
        let totals = columns[0].totals();
        assert_eq!((totals.passed, totals.not_promised), (1, 1));
        assert_eq!(totals.took, Duration::from_micros(6));
    }

    #[test]
    fn what_is_listed_and_not_reported_did_not_run() {
        let expected = cases(&["apply::upsert", "apply::delete"]);
        let columns = columns("x", "p", &expected, &run(true, "m\tapply::upsert\tok\t5\n"));
        assert_eq!(columns[0].cell(&expected[1]), Some(Cell::DidNotRun));
        assert!(!columns[0].is_green());
    }

    #[test]
    fn a_harness_that_reports_nothing_is_red_under_its_own_name() {
        let columns = columns("arc", "p", &cases(&["apply::upsert"]), &run(true, ""));
        assert_eq!(columns[0].backend, "arc");
        assert!(!columns[0].is_green());
    }

    #[test]
    fn a_failure_of_cargo_alone_is_red() {
        let expected = cases(&["apply::upsert"]);
        let columns = columns("x", "p", &expected, &run(false, "m\tapply::upsert\tok\t5\n"));
        assert!(!columns[0].is_green());
        assert!(columns[0].complaints().contains("what it printed"));
    }

    #[test]
    fn a_failure_outweighs_a_success_of_the_same_case() {
        let expected = cases(&["apply::upsert"]);
        let report = "m\tapply::upsert\tok\t5\nm\tapply::upsert\tfailed\t7\n";
        let columns = columns("x", "p", &expected, &run(true, report));
        assert_eq!(columns[0].cell(&expected[0]), Some(Cell::Reported(Status::Failed)));
    }

    #[test]
    fn a_case_that_was_never_listed_is_a_problem() {
        let report = "m\tapply::upsert\tok\t5\nm\tapply::other\tok\t5\n";
        let columns = columns("x", "p", &cases(&["apply::upsert"]), &run(true, report));
        assert!(columns[0].complaints().contains("apply::other was reported"));
    }

    #[test]
    fn backends_without_a_passed_case_are_red() {
        assert!(!Column::empty("m", "p").is_green());
        assert!(!Column::broken("m", "p").is_green());
        let none_promised = run(true, "m\tlife::reopen\tn/a\t1\n");
        assert!(!columns("x", "p", &cases(&["life::reopen"]), &none_promised)[0].is_green());
    }
}
