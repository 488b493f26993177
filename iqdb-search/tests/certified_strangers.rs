//! Codes where no store of ours would have them: on some blocks only, and under another metric than
//! the one that they were made for. The answer is the canonical one all the same.
#![allow(clippy::unwrap_used)]

use std::ops::Range;
use std::sync::Arc;

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_core::{
    Batch, Block, Blocks, Budget, Change, Hits, Layout, Metric, Query, Record, RecordId, RecordRef,
    Remote, Result, Schema, Scratch, Search, Shelf, Snapshot, Store, StoreExt, Vector, Version,
};
use iqdb_search::{ExactSearch, Kernel};

/// Some blocks of a snapshot, under a schema of its own.
#[derive(Debug)]
struct Part {
    of: Arc<dyn Snapshot>,
    blocks: Range<usize>,
    schema: Schema,
}

impl Snapshot for Part {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn version(&self) -> Version {
        self.of.version()
    }
    fn len(&self) -> u64 {
        self.of.len()
    }
    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        self.of.get(id)
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for Part {
    fn block_count(&self) -> usize {
        self.blocks.len()
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        self.of.blocks().unwrap().block(self.blocks.start + i)
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}

/// Rows around a point away from the origin.
fn vector(random: &mut fastrand::Rng, dim: usize) -> Vector {
    let components: Vec<f32> = (0..dim).map(|_| 0.7 + random.f32()).collect();
    Vector::try_from(components).unwrap()
}

fn snapshot(schema: Schema, rows: u64) -> Arc<dyn Snapshot> {
    let mut random = fastrand::Rng::with_seed(3);
    let options = ArenaOptions::default().with_chunk_rows(1_024, 1_024);
    let dim = schema.fields()[0].kind().dim().unwrap();
    let store = ArenaStore::with_options(schema, options);
    let batch: Batch = (0..rows)
        .map(|n| Change::Upsert(Record::new(n, vector(&mut random, dim)).unwrap()))
        .collect();
    store.apply(&batch).unwrap();
    store.snapshot().unwrap()
}

/// Compares with the reference; returns whether codes were looked at.
fn check(on: &dyn Snapshot) -> bool {
    let mut random = fastrand::Rng::with_seed(4);
    let mut certified = false;
    let exact = ExactSearch::new().with_kernel(Kernel::Reference);
    for _ in 0..20 {
        let vector = vector(&mut random, on.schema().fields()[0].kind().dim().unwrap());
        let query = [Query::nearest(vector.as_ref(), 5)];
        let (mut expected, mut found) = ([Hits::new()], [Hits::new()]);
        exact.search(on, &query, &mut expected, &mut Scratch::new()).unwrap();
        let explain =
            ExactSearch::new().search(on, &query, &mut found, &mut Scratch::new()).unwrap();
        assert_eq!(found[0].to_vec(), expected[0].to_vec(), "{}", explain.plan);
        certified |= explain.plan == "certified";
    }
    certified
}

#[test]
fn a_block_without_codes_may_stand_before_one_with_codes() {
    for metric in Metric::OF_NUMBERS {
        // 170 rows of 384 components fill a strip, which is no whole number of groups of codes.
        let schema = Schema::new(384, metric).unwrap();
        let whole = snapshot(schema.clone(), 2_500);
        let last =
            Part { of: whole.clone(), blocks: 1..whole.blocks().unwrap().block_count(), schema };
        assert!(ExactSearch::new().prepare(&last, Budget::new(), &mut ()).unwrap());
        assert!(check(&*whole), "{metric}: the second block has codes");
    }
}

#[test]
fn codes_of_one_metric_answer_no_other() {
    for made_for in Metric::OF_NUMBERS {
        for asked in Metric::OF_NUMBERS {
            let whole = snapshot(Schema::new(24, made_for).unwrap(), 2_500);
            assert!(ExactSearch::new().prepare(&*whole, Budget::new(), &mut ()).unwrap());
            let blocks = 0..whole.blocks().unwrap().block_count();
            let schema = Schema::new(24, asked).unwrap();
            let certified = check(&Part { of: whole, blocks, schema });
            assert!(certified || made_for != asked, "{made_for}: its own codes are looked at");
        }
    }
}
