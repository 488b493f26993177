//! The arena keeps the contract, with chunks so small that everything that happens in a large store
//! happens all the time: sealing, growing, compacting.

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_conformance::{Harness, conformance_tests};
use iqdb_search::ExactSearch;

conformance_tests!(Harness::new(
    "arena with small chunks",
    |schema| {
        let options = ArenaOptions::new()
            .with_chunk_rows(2, 16)
            .with_dead_ratio_max(0.3)
            .with_dead_bytes_min(0);
        Ok(ArenaStore::with_options(schema, options))
    },
    ExactSearch::new()
));
