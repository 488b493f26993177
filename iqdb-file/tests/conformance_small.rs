//! The same suite where everything happens all the time: batches go to segments at once, and logs
//! are sealed and segments rewritten after a few changes.

use iqdb_conformance::{Allocated, Harness, conformance_tests};
use iqdb_file::{FileOptions, FileStore};
use iqdb_search::ExactSearch;

fn harness() -> Harness {
    let options = FileOptions::new()
        .with_seal_bounds(4_096, 24, 16_384)
        .with_placed_from_bytes(64)
        .with_reserve_bytes(0);
    Harness::in_directory(
        "file, small",
        move |path, schema| FileStore::open_or_create(path, schema, &options),
        ExactSearch::new(),
    )
    .with_allocation_meter(|run| {
        let cost = allocation_counter::measure(run);
        Allocated { total_bytes: cost.bytes_total, peak_bytes: cost.bytes_max }
    })
    // Every operation is a sync or more.
    .with_operations(10_000)
}

conformance_tests!(harness());
