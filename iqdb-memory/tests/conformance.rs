//! The reference backend keeps the contract.

use iqdb_conformance::{Harness, conformance_tests};
use iqdb_memory::MemoryStore;
use iqdb_search::ExactSearch;

conformance_tests!(Harness::new(
    "memory",
    |schema| Ok(MemoryStore::new(schema)),
    ExactSearch::new()
));
