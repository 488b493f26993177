//! The table over the default seeds, and a history whose pairs are known.

use iqdb_core::{Batch, Metric, Record, Schema};

use super::*;

/// Prints what `cargo xtask conformance --coverage` shows.
#[test]
#[allow(clippy::print_stdout, reason = "the test harness shows it where it is asked to")]
fn every_pair_is_met_or_listed_as_impossible() {
    let coverage = Coverage::of_default_seeds().expect("histories");
    println!("{}", coverage.report());
    assert_eq!(coverage.faults(), Vec::<String>::new());
}

fn scripted(operations: Vec<Operation>) -> Coverage {
    let schema = Schema::new(1, Metric::Euclidean).expect("a schema");
    let mut coverage = Coverage::default();
    coverage.add(&Script::new(schema, operations)).expect("a history");
    coverage
}

#[test]
fn a_pair_that_is_never_met_is_a_fault_and_so_is_an_impossible_one_that_is() {
    let record = Record::new(1, [1.0]).expect("a record").with("x", -0.0);
    let upsert = || Operation::Apply(Batch::new().upsert(record.clone()));
    let coverage = scripted(vec![
        upsert(),
        Operation::KeepSnapshot,
        Operation::Reopen { after_kill: true },
        Operation::Apply(Batch::new().delete(1)),
        // Without effect.
        Operation::Apply(Batch::new().delete(1)),
        upsert(),
    ]);
    let times = |a, b| coverage.met.get(&(a, b)).copied().unwrap_or(0);
    assert_eq!(times(("change", "upsert"), ("id", "number")), 2);
    assert_eq!(times(("change", "delete"), ("id", "number")), 1);
    assert_eq!(times(("change", "upsert"), ("reopened", "not yet")), 1);
    assert_eq!(times(("change", "upsert"), ("reopened", "after it was killed")), 1);
    assert_eq!(times(("change", "upsert"), ("value boundary", "negative zero")), 2);
    let old = ("oldest snapshot", "of 1 to 15 versions ago");
    assert_eq!(times(("value", "float"), old), 1);
    let faults = coverage.faults();
    let never = "change `upsert` with id `uuid`: never met";
    assert!(faults.iter().any(|fault| fault == never), "{faults:#?}");
    let is_of_deletes = |fault: &String| fault.contains("`delete` with value");
    assert!(!faults.iter().any(is_of_deletes), "{faults:#?}");

    let mut wrong = coverage;
    wrong.met.insert((("change", "delete"), ("value", "int")), 3);
    let faults = wrong.faults();
    assert!(faults.iter().any(|fault| fault.contains("met 3 times, and listed")), "{faults:#?}");
}
