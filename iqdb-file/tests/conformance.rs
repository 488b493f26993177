//! The suite that every backend passes, over directories of their own.

mod place;

use iqdb_conformance::{Allocated, Harness, conformance_tests};
use iqdb_file::FileOptions;
use iqdb_search::ExactSearch;

use place::Directory;

fn harness() -> Harness {
    Harness::durable(
        "file",
        |schema| Directory::new(schema, FileOptions::new()),
        ExactSearch::new(),
    )
    .with_allocation_meter(|run| {
        let cost = allocation_counter::measure(run);
        Allocated { total_bytes: cost.bytes_total, peak_bytes: cost.bytes_max }
    })
}

conformance_tests!(harness());
