//! The suite on its own naive store and search.

use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
use iqdb_conformance::{Harness, conformance_tests};

conformance_tests!(Harness::new("naive", |schema| Ok(NaiveStore::new(schema)), NaiveSearch));
