//! The suite over a store whose snapshots have no blocks.

use iqdb_conformance::remote::RemoteStore;
use iqdb_conformance::{Harness, conformance_tests};
use iqdb_search::ExactSearch;

conformance_tests!(Harness::new(
    "remote",
    |schema| Ok(RemoteStore::new(schema)),
    ExactSearch::new()
));
