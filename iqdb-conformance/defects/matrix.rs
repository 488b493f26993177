//! The matrix: runs every case on every defect, or on some, and writes the report that
//! `cargo xtask conformance --defects` renders.
//!
//! The report has lines of fields with tabs between them: `defect`, name, story; `cell`, defect,
//! case, `caught` or `missed`, microseconds; and at the very end `end`, so that half a report is
//! known as such.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use iqdb_conformance::{CASES, Harness};

use crate::defect::Defect;
use crate::harness::harness;

/// The environment variable that names the file for the report.
pub(crate) const MATRIX_VARIABLE: &str = "IQDB_CONFORMANCE_MATRIX";

/// The environment variable that names the defects to run, with commas between them; `not_yet` names
/// all that no case catches yet. Without it, all that some case must catch are run.
const DEFECTS_VARIABLE: &str = "IQDB_CONFORMANCE_DEFECTS";

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

/// Runs every case on each of the defects. Returns the report.
fn run(defects: &[Defect]) -> String {
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(vec![String::new(); defects.len()]);
    thread::scope(|scope| {
        for _ in 0..workers() {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let Some(defect) = defects.get(at) else { return };
                    let row = row(*defect, &harness(Some(*defect)));
                    rows.lock().expect("no row panics while it is stored")[at] = row;
                }
            });
        }
    });
    rows.into_inner().expect("no row panics while it is stored").concat() + "end\n"
}

fn row(defect: Defect, harness: &Harness) -> String {
    let mut lines = format!("defect\t{defect:?}\t{}\n", defect.story());
    for case in CASES {
        let started = Instant::now();
        let verdict = if case.check(harness).is_err() { "caught" } else { "missed" };
        let micros = started.elapsed().as_micros();
        let _ = writeln!(lines, "cell\t{defect:?}\t{}\t{verdict}\t{micros}", case.full_name);
    }
    lines
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
    let report = run(&defects);
    let written = std::fs::write(&path, report);
    // The hook is silent: an exit code must do.
    assert!(written.is_ok());
}
