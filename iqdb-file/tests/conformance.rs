//! The suite that every backend passes, over directories of their own.

use iqdb_conformance::{Allocated, Harness, conformance_tests};
use iqdb_file::{FileOptions, FileStore};
use iqdb_search::ExactSearch;

fn harness() -> Harness {
    Harness::in_directory(
        "file",
        |path, schema| FileStore::open_or_create(path, schema, &FileOptions::new()),
        ExactSearch::new(),
    )
    .with_allocation_meter(|run| {
        let cost = allocation_counter::measure(run);
        Allocated { total_bytes: cost.bytes_total, peak_bytes: cost.bytes_max }
    })
}

conformance_tests!(harness());
