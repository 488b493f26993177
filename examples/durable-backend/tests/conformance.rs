//! All that it takes to prove a durable backend: the suite opens the store at a path, closes it,
//! kills it and opens it again.

use durable_backend::RedbStore;
use iqdb_conformance::{Harness, conformance_tests};
use iqdb_search::ExactSearch;

// Every operation is a sync or more.
conformance_tests!(
    Harness::in_directory("redb", RedbStore::open, ExactSearch::new()).with_operations(10_000)
);
