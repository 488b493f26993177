//! A failing history shrinks to a few operations, and is printed as a regression test that fails.

use iqdb_conformance::{Case, Harness};

use crate::defect::Defect;
use crate::harness::harness;

const HISTORIES: &str = "histories::random_operations_agree_with_the_model";

/// The test that the suite prints for one of the defects.
#[rustfmt::skip]
#[path = "printed.rs"]
mod printed;

#[rustfmt::skip]
#[path = "printed_values.rs"]
mod printed_values;

#[rustfmt::skip]
#[path = "printed_vectors.rs"]
mod printed_vectors;

mod sound {
    pub(super) fn conformance_harness() -> iqdb_conformance::Harness {
        crate::harness::harness(None)
    }
}

/// `conformance_tests!` defines this function for printed tests to call.
fn conformance_harness() -> Harness {
    harness(Some(Defect::SetPayloadMerges))
}

/// The message of a history that fails on the defect.
fn failure(defect: Defect) -> String {
    let case = Case::named(HISTORIES).expect("the case");
    let verdict = case.check(&harness(Some(defect)));
    verdict.expect_err("histories catch this").message().to_owned()
}

#[test]
fn a_failing_history_shrinks_to_at_most_eight_operations() {
    for defect in [
        Defect::InsertDropsThePayload,
        Defect::ReplaceMergesThePayload,
        Defect::SetPayloadMerges,
        Defect::GetFindsDeleted,
        Defect::StaleForAMoment,
        Defect::NegativeZeroIsZero,
        Defect::LastChangeOfAnIdWins,
        Defect::HalfOfABadBatchStays,
        Defect::ConflictNeedsAnEffect,
        Defect::IdKindsCollide,
        Defect::DeleteForgetsLen,
        Defect::SnapshotSeesLaterWrites,
        Defect::DeadRowsAreAlive,
        Defect::AbsentKeyDiffers,
        Defect::TiesByInsertion,
        Defect::FilterAfterRanking,
        Defect::KAboveLenPanics,
        Defect::ThreadsReverseTies,
    ] {
        let message = failure(defect);
        let (_, shrunk) = message.split_once("\n\nShrunk to ").expect("a shrunk script");
        let operations: usize = shrunk.split(' ').next().unwrap().parse().unwrap();
        assert!(operations <= 8, "{defect:?}: {message}");
        assert_eq!(
            shrunk.matches("        Operation::").count(),
            operations,
            "{defect:?}: {message}"
        );
    }
}

#[test]
fn a_printed_test_is_the_one_in_its_file() {
    let message = failure(Defect::SetPayloadMerges);
    let (_, printed) = message.split_once("\n\n#[test]\n").expect("a test");
    let (_, expected) = include_str!("printed.rs").split_once("\n#[test]\n").expect("a test");
    assert_eq!(printed, expected, "{message}");
}
