//! A radius includes the rows at exactly its distance.
#![allow(clippy::unwrap_used)]

use iqdb_core::{Hits, Metric, Query, Record, Schema, Scratch, Search, Store, StoreExt, VectorRef};
use iqdb_memory::MemoryStore;
use iqdb_search::{ExactSearch, Kernel};

#[test]
fn a_row_at_the_radius_is_inside() {
    // The last one is a distance at which a fast score is exact, and equal to its own bound.
    for (metric, row, radius) in [
        (Metric::Cosine, [0.0, 2.0], 1.0),
        (Metric::Dot, [1.0, 5.0], -3.0),
        (Metric::Euclidean, [3.0, 4.0], 4.0),
        (Metric::Euclidean, [3.0, 0.0], 0.0),
    ] {
        let store = MemoryStore::new(Schema::new(2, metric).unwrap());
        store.upsert(Record::new(1, row).unwrap()).unwrap();
        let snapshot = store.snapshot().unwrap();
        let vector = VectorRef::new(&[3.0, 0.0]).unwrap();
        for kernel in Kernel::ALL {
            let search = ExactSearch::new().with_kernel(kernel);
            let found = |radius| {
                let mut hits = [Hits::new()];
                let query = Query::within(vector, radius, 10);
                search.search(&*snapshot, &[query], &mut hits, &mut Scratch::new()).unwrap();
                hits[0].len()
            };
            assert_eq!(found(radius), 1, "{metric} by {kernel}");
            assert_eq!(found(radius - 1e-3), 0, "{metric} by {kernel}");
        }
    }
}
