//! The arena keeps the contract while an index answers what gives up exactness.

#![allow(clippy::unwrap_used)]

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_conformance::{CASES, Harness, Outcome};
use iqdb_search::IndexedSearch;

#[test]
fn an_index_keeps_the_contract_of_a_search() {
    let harness = Harness::new(
        "arena, indexed",
        |schema| {
            let options = ArenaOptions::new()
                .with_chunk_rows(5, 72)
                .with_dead_ratio_max(0.3)
                .with_dead_bytes_min(0);
            Ok(ArenaStore::with_options(schema, options))
        },
        IndexedSearch::new().with_index_rows_min(0),
    );
    let mut estimated = 0;
    for case in CASES {
        if matches!(
            case.family,
            "estimates" | "search" | "prepare" | "shelf" | "lineage" | "answers"
        ) {
            let outcome = case.check(&harness).unwrap();
            estimated += usize::from(case.family == "estimates" && outcome == Outcome::Kept);
        }
    }
    let cases = CASES.iter().filter(|case| case.family == "estimates").count();
    assert_eq!(estimated, cases, "all of its cases meet an estimate");
}
