//! Tests of the environment variables: the report, and the seed to replay.

use std::process::Command;

use iqdb_conformance::{REPORT_VARIABLE, SEED_VARIABLE, run_case};

use crate::defect::Defect;
use crate::harness::harness;

const HISTORIES: &str = "histories::random_operations_agree_with_the_model";

/// Runs a test of this file in a process of its own: the environment of this one is shared with
/// the other tests.
pub(crate) fn run(test: &str, variable: &str, value: &str) -> String {
    let output = Command::new(std::env::current_exe().expect("the path of this test"))
        .args(["--exact", test, "--nocapture"])
        .env(variable, value)
        .output()
        .expect("a second process");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_report_has_a_line_for_each_case_that_ran() {
    let path = std::env::temp_dir().join(format!("iqdb-conformance-{}", std::process::id()));
    run("report::one_of_each", REPORT_VARIABLE, path.to_str().unwrap());
    let report = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut lines = Vec::new();
    for line in report.lines() {
        let [backend, case, status, micros] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("four fields, in {line:?}");
        };
        assert!(micros.parse::<u64>().is_ok(), "{line:?}");
        lines.push([backend, case, status].map(str::to_owned));
    }
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            ["planted", "blocks::sealed_blocks_never_change", "n/a"],
            ["planted", "get::get_of_an_absent_id_is_none", "failed"],
            ["planted", "get::get_of_an_absent_id_is_none", "ok"],
        ]
    );
}

#[test]
#[should_panic(expected = "planted breaks `get::get_of_an_absent_id_is_none`")]
fn one_of_each() {
    run_case(&harness(None), "get::get_of_an_absent_id_is_none");
    run_case(&harness(Some(Defect::NothingIsSealed)), "blocks::sealed_blocks_never_change");
    run_case(&harness(Some(Defect::GetFindsDeleted)), "get::get_of_an_absent_id_is_none");
}

#[test]
fn a_seed_replays_its_history_alone() {
    let stderr = run("report::a_random_failure", SEED_VARIABLE, "17");
    assert!(stderr.contains("seed 17, step "), "{stderr}");
    let stderr = run("report::a_random_failure", SEED_VARIABLE, "seventeen");
    assert!(stderr.contains("\"seventeen\", which is no seed"), "{stderr}");
}

#[test]
#[should_panic(expected = "planted breaks `histories::")]
fn a_random_failure() {
    run_case(&harness(Some(Defect::SetPayloadMerges)), HISTORIES);
}
