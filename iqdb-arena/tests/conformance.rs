//! The arena keeps the contract.

use iqdb_arena::ArenaStore;
use iqdb_conformance::{Allocated, Harness, conformance_tests};
use iqdb_search::ExactSearch;

conformance_tests!(
    Harness::new("arena", |schema| Ok(ArenaStore::new(schema)), ExactSearch::new())
        .with_allocation_meter(|run| {
            let cost = allocation_counter::measure(run);
            Allocated { total_bytes: cost.bytes_total, peak_bytes: cost.bytes_max }
        })
);
