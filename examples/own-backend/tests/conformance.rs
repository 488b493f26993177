//! All that it takes to prove a backend: one line that says how to make a store.

use iqdb_conformance::{Harness, conformance_tests};
use iqdb_search::ExactSearch;
use own_backend::Toy;

conformance_tests!(Harness::new("toy", |schema| Ok(Toy::new(schema)), ExactSearch::new()));
