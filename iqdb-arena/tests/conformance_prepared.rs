//! The arena keeps the contract while searches look at codes: each snapshot is prepared before it is
//! searched.

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_conformance::{Harness, conformance_tests};
use iqdb_core::{Budget, Explain, Hits, Progress, Query, Result, Scratch, Search, Snapshot};
use iqdb_search::ExactSearch;

/// Leaves no block unprepared.
#[derive(Debug, Default)]
struct Prepared(ExactSearch);

impl Search for Prepared {
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        // What can't be read is for the search to report.
        let _ = self.0.prepare(on, Budget::new(), &mut ());
        self.0.search(on, queries, hits, scratch)
    }

    fn prepare(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        self.0.prepare(on, budget, progress)
    }

    fn build_index(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        self.0.build_index(on, budget, progress)
    }
}

conformance_tests!(Harness::new(
    "arena, prepared",
    |schema| {
        // Small enough to be sealed soon, and no whole number of what is looked at together.
        let options = ArenaOptions::new()
            .with_chunk_rows(5, 72)
            .with_dead_ratio_max(0.3)
            .with_dead_bytes_min(0);
        Ok(ArenaStore::with_options(schema, options))
    },
    Prepared::default()
));

#[test]
fn codes_are_looked_at() -> Result<()> {
    use iqdb_core::{Batch, Metric, Record, Schema, Store, StoreExt};

    for metric in Metric::OF_NUMBERS {
        let store = ArenaStore::with_options(
            Schema::new(2, metric)?,
            ArenaOptions::new().with_chunk_rows(5, 72),
        );
        let record = |n: u16| Record::new(u64::from(n), [f32::from(n) - 200.0, 30.0]);
        let records = (0..400).map(record).collect::<Result<Vec<_>>>()?;
        store.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
        let vector = [50.0, 30.0];
        let query = Query::nearest(iqdb_core::VectorRef::new(&vector)?, 1);
        let search = Prepared::default();
        let explain = search.search(
            &*store.snapshot()?,
            &[query],
            &mut [Hits::new()],
            &mut Scratch::new(),
        )?;
        assert_eq!(explain.plan, "certified", "{metric}");
        assert!(explain.excluded > 0, "{metric}: {explain:?}");
    }
    Ok(())
}
