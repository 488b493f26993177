//! The suite on stores and searches behind pointers, which must forward every method.
//!
//! Also the example of several backends in one file.

use std::sync::Arc;

use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
use iqdb_core::{Search, Store};

/// What a store may leave out, a wrapper may forget, and no case would fail.
#[test]
fn pointers_forward_what_has_a_default() {
    let schema = iqdb_core::Schema::new(1, iqdb_core::Metric::Dot).expect("a schema");
    let naive = || NaiveStore::new(schema.clone());
    let stores: [Box<dyn Store>; 2] = [Box::new(Arc::new(naive())), Box::new(Box::new(naive()))];
    for store in stores {
        assert!(store.maintenance().is_some() && store.feed().is_some(), "{store:?}");
    }
}

mod behind_an_arc {
    use super::*;

    iqdb_conformance::conformance_tests!(
        iqdb_conformance::Harness::new(
            "arc",
            |schema| Ok(Arc::new(NaiveStore::new(schema)) as Arc<dyn Store>),
            Arc::new(NaiveSearch) as Arc<dyn Search>,
        )
        .with_operations(3_000)
    );
}

mod behind_a_box {
    use super::*;

    iqdb_conformance::conformance_tests!(
        iqdb_conformance::Harness::new(
            "box",
            |schema| Ok(Box::new(NaiveStore::new(schema)) as Box<dyn Store>),
            &NaiveSearch as &dyn Search,
        )
        .with_operations(3_000)
    );
}
