//! The reference backend keeps the contract.

use iqdb_conformance::{Allocated, Harness, conformance_tests};
use iqdb_memory::MemoryStore;
use iqdb_search::ExactSearch;

conformance_tests!(
    Harness::new("memory", |schema| Ok(MemoryStore::new(schema)), ExactSearch::new())
        .with_allocation_meter(|run| {
            let cost = allocation_counter::measure(run);
            Allocated { total_bytes: cost.bytes_total, peak_bytes: cost.bytes_max }
        })
);
