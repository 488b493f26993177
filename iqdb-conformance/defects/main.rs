//! Tests of the suite itself: small faulty stores and searches. The cases about each defect must
//! catch it, and each case must catch at least one.
//!
//! `cargo xtask conformance --defects` prints which cases catch each defect.

#[macro_use]
mod defects_macro;
#[macro_use]
mod lists;

mod asked;
mod batches;
mod block;
mod bulk;
mod bulk_search;
mod cached;
mod column;
mod defect;
mod diverse;
mod durable;
mod estimates;
mod explained;
mod fed;
mod files;
mod fusions;
mod groups;
mod harness;
mod id_order;
mod keys;
mod leaks;
mod limited;
mod linear;
mod log;
mod maintained;
mod map_snapshot;
mod map_store;
mod matrix;
mod means;
mod misread;
mod not_yet_caught;
mod prepared;
mod questions;
mod racing;
mod reading;
mod records_snapshot;
mod remote;
mod reopened;
mod report;
mod rerank;
mod same;
mod search;
mod shelf;
mod shrink;
mod snapshot;
mod store;
mod texts;
mod untried;
mod values;
mod vectors;

use std::collections::BTreeSet;

use defect::{Defect, Planted};
use harness::{harness, map_harness, racing_harness, remote_harness};
use iqdb_conformance::{CASES, Case, Harness, Outcome, run_case};

/// How often a case may miss a defect before it counts as not catching it.
const ATTEMPTS: usize = 20;

#[test]
fn each_defect_is_caught_by_the_cases_about_it() {
    let chosen = matrix::chosen();
    let missed = missed(chosen.iter().filter(|defect| defect.planted() != Planted::Files));
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Whether a case about the defect of a harness catches it. One that depends on time can slip through on a busy
/// machine.
fn is_caught_by(case: &Case, harness: &Harness) -> bool {
    (0..ATTEMPTS).any(|_| case.check(harness).is_err())
}

/// The cases about these defects that don't catch them.
fn missed<'a>(defects: impl Iterator<Item = &'a Defect>) -> Vec<String> {
    let mut missed = Vec::new();
    for defect in defects {
        let harness = harness(Some(*defect));
        for name in defect.caught_by() {
            let case = Case::named(name).unwrap_or_else(|| panic!("there is no case {name}"));
            if !is_caught_by(case, &harness) {
                missed.push(format!("{name} does not catch {defect:?}, {ATTEMPTS} times in a row"));
            }
        }
    }
    missed
}

#[test]
fn every_case_is_seen_to_fail_on_some_defect() {
    let seen: BTreeSet<_> =
        Defect::ALL.iter().flat_map(|defect| defect.caught_by()).copied().collect();
    let all: BTreeSet<_> = CASES.iter().map(|case| case.full_name).collect();
    let never: Vec<_> = all.difference(&seen).collect();
    assert!(never.is_empty(), "no defect makes these fail: {never:#?}");
}

#[test]
fn a_story_is_one_sentence_of_a_line() {
    let not_yet = Defect::NOT_YET_CAUGHT.iter().map(|(_, defect)| defect);
    for defect in Defect::ALL.iter().chain(not_yet) {
        let story = defect.story();
        let fits = story.chars().count() <= 100 && story.ends_with('.') && !story.contains('\t');
        assert!(fits, "{defect:?}: {story:?}");
    }
}

/// What a store without seals doesn't promise.
const OF_SEALS: [&str; 14] = [
    "sealed_blocks_never_change",
    "ended_names_the_rows_that_ended_between_two_versions",
    "lineage_names_rows_with_the_same_bytes",
    "shelf_outlives_its_snapshots",
    "shelf_keys_that_look_alike_are_apart",
    "shelf_loses_no_replacement",
    "shelf_values_are_dropped_by_writers",
    "a_layout_is_of_the_same_sealed_blocks",
    "estimated_answers_are_sound",
    "estimated_answers_repeat_within_an_epoch",
    "the_recall_of_an_estimate_is_reached",
    "a_build_that_is_cut_short_is_no_error",
    "prepare_keeps_what_others_prepare",
    "shelf_saves_until_the_store_is_closed",
];

/// What a search of a remote store promises all the same, which gives up exactness by itself.
const OF_REMOTE_SEARCHES: [&str; 3] = [
    "estimated_answers_are_sound",
    "the_recall_of_an_estimate_is_reached",
    "a_build_that_is_cut_short_is_no_error",
];

/// Panics unless the store without a defect keeps all that its kind promises.
fn check_sound(harness: &Harness, of: Planted) {
    let (seals, is_remote, is_map) =
        (of == Planted::Store, of == Planted::Remote, of == Planted::Map);
    for case in CASES {
        let outcome = case.check(harness).unwrap_or_else(|failure| panic!("{failure}"));
        let is_promised = !matches!(case.family, "durable" | "crashes")
            && !case.name.starts_with("wait_free_reads_")
            && (is_map || case.name != "memory_is_bounded_by_what_is_live")
            && case.name != "shelf_saves_until_the_store_is_closed"
            && case.name != "a_backup_is_a_store_of_its_own"
            && case.name != "an_added_field_outlives_the_process"
            && case.name != "computed_fields_outlive_the_process"
            && case.name != "explain_counts_what_was_done"
            && (seals || !matches!(case.family, "maintenance" | "feed"))
            && (case.family == "remote") <= is_remote
            && (seals
                || !OF_SEALS.contains(&case.name)
                || is_remote && OF_REMOTE_SEARCHES.contains(&case.name))
            && !(is_remote && matches!(case.family, "blocks" | "payloads" | "liveness"));
        assert_eq!(outcome == Outcome::Kept, is_promised, "{}", case.full_name);
    }
}

#[test]
fn without_a_defect_the_naive_store_passes() {
    check_sound(&harness(None), Planted::Store);
}

#[test]
fn without_a_defect_the_racing_store_passes() {
    check_sound(&racing_harness(None), Planted::Racing);
}

#[test]
fn without_a_defect_the_store_in_a_map_passes() {
    check_sound(&map_harness(None), Planted::Map);
}

#[test]
fn without_a_defect_the_remote_store_passes() {
    check_sound(&remote_harness(None), Planted::Remote);
}

#[test]
fn a_hanging_case_is_a_failure_and_not_a_hang() {
    let case = Case::named("store::flush_changes_nothing_visible").unwrap();
    let failure = case.check(&harness(Some(Defect::FlushHangs))).unwrap_err();
    assert!(failure.message().contains("still running"), "{failure}");
}

#[test]
fn a_random_failure_says_how_to_see_it_again() {
    let case = Case::named("histories::random_operations_agree_with_the_model").unwrap();
    let failure = case.check(&harness(Some(Defect::SetPayloadMerges))).unwrap_err();
    for part in ["seed ", "step ", "IQDB_CONFORMANCE_SEED=", "expected", "found"] {
        assert!(failure.message().contains(part), "{part:?} is missing: {failure}");
    }
}

#[test]
#[should_panic(expected = "planted breaks `apply::delete_removes_the_record`: ")]
fn a_stamped_test_names_the_backend_and_the_statement() {
    run_case(&harness(Some(Defect::GetFindsDeleted)), "apply::delete_removes_the_record");
}

#[test]
#[should_panic(expected = "no case named `apply::no_such_case`")]
fn a_case_that_does_not_exist_is_a_failure() {
    run_case(&harness(None), "apply::no_such_case");
}
