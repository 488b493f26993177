//! The table case × backend, and the totals below it.
//!
//! Pure: the same columns always give the same text.

use std::cmp::Reverse;
use std::time::Duration;

use super::column::{Cell, Column};
use super::report::{Case, Status};

/// How many of the slowest cases are named.
const SLOWEST: usize = 5;

/// The table as text.
pub(crate) fn render(columns: &[Column]) -> String {
    let mut rows = vec![header(columns)];
    let mut family = None;
    for case in cases(columns) {
        if family != Some(&case.family) {
            family = Some(&case.family);
            rows.push(vec![case.family.clone()]);
        }
        let cells = columns.iter().map(|column| word(column.cell(case)).to_owned());
        rows.push(std::iter::once(format!("  {}", case.name)).chain(cells).collect());
    }
    align(&rows) + "\n" + &totals(columns)
}

fn header(columns: &[Column]) -> Vec<String> {
    let backends = columns.iter().map(|column| column.backend.clone());
    std::iter::once("case".to_owned()).chain(backends).collect()
}

fn word(cell: Option<Cell>) -> &'static str {
    match cell {
        Some(Cell::Reported(Status::Ok)) => "ok",
        Some(Cell::Reported(Status::Failed)) => "FAILED",
        Some(Cell::Reported(Status::NotPromised)) => "n/a (not promised)",
        Some(Cell::DidNotRun) => "did not run",
        None => "not in its harness",
    }
}

/// Every case once: families in the order they first appear, and cases so within a family.
fn cases(columns: &[Column]) -> Vec<&Case> {
    let mut cases: Vec<&Case> = Vec::new();
    for (case, _, _) in columns.iter().flat_map(|column| &column.cells) {
        if !cases.contains(&case) {
            cases.push(case);
        }
    }
    let mut families: Vec<&str> = Vec::new();
    for case in &cases {
        if !families.contains(&case.family.as_str()) {
            families.push(&case.family);
        }
    }
    let place = |case: &&Case| families.iter().position(|family| *family == case.family);
    cases.sort_by_key(place);
    cases
}

/// The rows as lines, with cells of one width below each other.
pub(super) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|i| rows.iter().filter_map(|row| row.get(i)).map(|c| c.chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text += line.join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn totals(columns: &[Column]) -> String {
    let mut text = String::new();
    for column in columns {
        let totals = column.totals();
        text += &format!(
            "{}: {} passed, {} failed, {} not promised",
            column.backend, totals.passed, totals.failed, totals.not_promised
        );
        if totals.did_not_run > 0 {
            text += &format!(", {} did not run", totals.did_not_run);
        }
        text += &format!("; {} in all\n", shown(totals.took));
        if column.cells.is_empty() {
            text += "  ZERO CASES: nothing was proven\n";
        }
        if let Some(times) = times(column) {
            text += &format!("  time: {times}\n");
        }
        let mut slowest: Vec<_> =
            column.cells.iter().filter(|(_, cell, _)| *cell != Cell::DidNotRun).collect();
        slowest.sort_by_key(|(_, _, took)| Reverse(*took));
        for (case, _, took) in slowest.into_iter().take(SLOWEST) {
            text += &format!("  slow: {:>8}  {case}\n", shown(*took));
        }
    }
    text
}

/// Where the time went: family by family, the slowest first.
fn times(column: &Column) -> Option<String> {
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for (case, _, took) in &column.cells {
        match times.iter_mut().find(|(family, _)| *family == case.family) {
            Some((_, time)) => *time += *took,
            None => times.push((&case.family, *took)),
        }
    }
    times.sort_by_key(|(_, time)| Reverse(*time));
    let times: Vec<_> =
        times.into_iter().map(|(family, time)| format!("{family} {}", shown(time))).collect();
    (!times.is_empty()).then(|| times.join(", "))
}

/// A time as a person reads it.
pub(super) fn shown(took: Duration) -> String {
    match took.as_secs_f64() {
        seconds if seconds < 1e-3 => format!("{} µs", took.as_micros()),
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::column;
    use crate::conformance::harness::Run;

    fn columns(fallback: &str, expected: &[&str], report: &str) -> Vec<Column> {
        let expected: Vec<_> = expected.iter().map(|path| Case::of_test(path).unwrap()).collect();
        let run = Run { success: true, report: report.to_owned(), output: String::new() };
        column::columns(fallback, "iqdb-memory", &expected, &run)
    }

    #[test]
    fn a_green_table() {
        let expected = [
            "apply::delete_removes_the_record",
            "read::get_returns_the_exact_bits",
            "apply::upsert",
        ];
        let report = "memory\tapply::upsert\tok\t1500\n\
            memory\tread::get_returns_the_exact_bits\tok\t40\n\
            memory\tapply::delete_removes_the_record\tok\t2250000\n";
        insta::assert_snapshot!(render(&columns("x", &expected, report)), @r"
        case                          memory
        apply
          delete_removes_the_record   ok
          upsert                      ok
        read
          get_returns_the_exact_bits  ok

        memory: 3 passed, 0 failed, 0 not promised; 2.25 s in all
          time: apply 2.25 s, read 40 µs
          slow:   2.25 s  apply::delete_removes_the_record
          slow:   1.5 ms  apply::upsert
          slow:    40 µs  read::get_returns_the_exact_bits
        ");
    }

    #[test]
    fn a_table_of_everything_that_can_happen() {
        let expected = ["apply::upsert", "apply::delete", "life::reopen", "race::writes"];
        let mut all = columns(
            "x",
            &expected,
            "memory\tapply::upsert\tok\t10\nmemory\tapply::delete\tfailed\t20\n\
             memory\tlife::reopen\tn/a\t1\n",
        );
        let report = "arc<memory>\tapply::upsert\tok\t30\n";
        all.extend(columns("x", &expected[..1], report));
        insta::assert_snapshot!(render(&all), @r"
        case      memory              arc<memory>
        apply
          upsert  ok                  ok
          delete  FAILED              not in its harness
        life
          reopen  n/a (not promised)  not in its harness
        race
          writes  did not run         not in its harness

        memory: 1 passed, 1 failed, 1 not promised, 1 did not run; 31 µs in all
          time: apply 30 µs, life 1 µs, race 0 µs
          slow:    20 µs  apply::delete
          slow:    10 µs  apply::upsert
          slow:     1 µs  life::reopen
        arc<memory>: 1 passed, 0 failed, 0 not promised; 30 µs in all
          time: apply 30 µs
          slow:    30 µs  apply::upsert
        ");
    }

    #[test]
    fn a_table_of_zero_cases() {
        insta::assert_snapshot!(render(&[Column::empty("memory", "iqdb-memory")]), @r"
        case  memory

        memory: 0 passed, 0 failed, 0 not promised; 0 µs in all
          ZERO CASES: nothing was proven
        ");
    }
}
