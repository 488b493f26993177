//! The suite's cases about text over blocks of few rows.

#![allow(clippy::unwrap_used)]

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_conformance::{CASES, Harness, Outcome};
use iqdb_search::ExactSearch;

#[test]
fn texts_are_searched_in_blocks_of_any_size() {
    for rows in [5, 64] {
        let options = ArenaOptions::new().with_chunk_rows(rows, 512);
        let create = move |schema| Ok(ArenaStore::with_options(schema, options.clone()));
        let harness = Harness::new("arena", create, ExactSearch::new());
        for case in CASES.iter().filter(|case| case.family == "text") {
            assert_eq!(case.check(&harness).unwrap(), Outcome::Kept, "{}", case.full_name);
        }
    }
}
