//! The matrix: runs the cases about each defect, or all cases, and writes the report that
//! `cargo xtask conformance --defects` renders.
//!
//! The report has lines of fields with tabs between them: `case`, name, for each case of the suite; `defect`,
//! name, story, number of cells; `cell`, defect, case, verdict, microseconds; and at the very end `end`, so
//! that half a report is known as such. Verdicts are `caught`, `missed`, and `blind` for a case about the defect
//! that misses it. Each defect is written, and told on standard error, when its cases have run.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use iqdb_conformance::{CASES, Case, Harness};

use crate::defect::Defect;
use crate::harness::harness;
use crate::is_caught_by;

/// The environment variable that names the file for the report.
pub(crate) const MATRIX_VARIABLE: &str = "IQDB_CONFORMANCE_MATRIX";

/// The environment variable that names the defects to run, with commas between them; `not_yet` names
/// all that no case catches yet. Without it, all that some case must catch are run.
const DEFECTS_VARIABLE: &str = "IQDB_CONFORMANCE_DEFECTS";

/// The environment variable that has all cases run on each defect, not only those about it. It takes hours.
const ALL_CASES_VARIABLE: &str = "IQDB_CONFORMANCE_ALL_CASES";

/// The defects that the environment names.
///
/// # Panics
/// When one of them has no such name.
pub(crate) fn chosen() -> Vec<Defect> {
    let not_yet = || Defect::NOT_YET_CAUGHT.iter().map(|(_, defect)| *defect);
    match std::env::var(DEFECTS_VARIABLE) {
        Err(_) => Defect::ALL.to_vec(),
        Ok(names) if names == "not_yet" => not_yet().collect(),
        Ok(names) => {
            let named = |name: &str| {
                let mut all = Defect::ALL.iter().copied().chain(not_yet());
                let found = all.find(|defect| format!("{defect:?}") == name);
                found.unwrap_or_else(|| panic!("there is no defect {name:?}"))
            };
            names.split(',').map(named).collect()
        }
    }
}

/// The number of threads, each of which works on one defect at a time: one per core.
fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Runs the cases on each of the defects, and writes the report to `path`.
fn report(defects: &[Defect], path: &Path) -> io::Result<()> {
    let mut report = File::create(path)?;
    for case in CASES {
        writeln!(report, "case\t{}", case.full_name)?;
    }
    let report = Mutex::new(report);
    let next = AtomicUsize::new(0);
    let written = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers())
            .map(|_| {
                scope.spawn(|| -> io::Result<()> {
                    loop {
                        let at = next.fetch_add(1, Ordering::SeqCst);
                        let Some(defect) = defects.get(at) else { return Ok(()) };
                        let (row, progress) = row(*defect, &harness(Some(*defect)));
                        let mut report = report.lock().expect("no writer of a row panics");
                        report.write_all(row.as_bytes())?;
                        // The macros are captured by the test runner; this is not.
                        let of = defects.len();
                        writeln!(io::stderr(), "defect {} of {of}: {progress}", at + 1)?;
                    }
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no worker panics"))
    });
    written?;
    report.into_inner().expect("no writer of a row panics").write_all(b"end\n")
}

/// The lines of one defect, and its line of progress.
fn row(defect: Defect, harness: &Harness) -> (String, String) {
    let begun = Instant::now();
    let is_about = |case: &Case| defect.caught_by().contains(&case.full_name);
    let has_all = std::env::var_os(ALL_CASES_VARIABLE).is_some();
    let cases: Vec<_> = CASES.iter().filter(|case| has_all || is_about(case)).collect();
    let mut lines = format!("defect\t{defect:?}\t{}\t{}\n", defect.story(), cases.len());
    let mut caught = 0;
    for case in &cases {
        let started = Instant::now();
        let verdict = match is_about(case) {
            true if is_caught_by(case, harness) => "caught",
            true => "blind",
            false if case.check(harness).is_err() => "caught",
            false => "missed",
        };
        caught += usize::from(verdict == "caught");
        let micros = started.elapsed().as_micros();
        let _ = writeln!(lines, "cell\t{defect:?}\t{}\t{verdict}\t{micros}", case.full_name);
    }
    let (of, took) = (cases.len(), begun.elapsed());
    (lines, format!("{defect:?}: caught by {caught} of {of} cases in {took:.1?}"))
}

/// Runs only when the variable is set. The tests in `main` are the short form that `cargo test`
/// runs.
#[test]
fn the_matrix_is_reported_where_it_is_asked_for() {
    let Some(path) = std::env::var_os(MATRIX_VARIABLE) else {
        return;
    };
    let defects = chosen();
    // The run expects thousands of panics; no reader needs their messages.
    std::panic::set_hook(Box::new(|_| {}));
    let written = report(&defects, path.as_ref());
    // The hook is silent: an exit code must do.
    assert!(written.is_ok());
}
