//! Once a thread has read, reading allocates nothing and frees nothing on it, whatever writers do.
//!
//! A thread's first read may allocate: the cell that views are published through keeps a node per
//! thread. So does the first search of a sealed chunk, which may derive data that the chunk keeps.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use allocation_counter::{AllocationInfo, measure};
use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_core::filter::MaskPool;
use iqdb_core::{
    Batch, Budget, Computation, Field, FieldId, FieldKind, Filter, Hits, Metric, Query, Record,
    RecordId, RowMask, RowsRef, Schema, Scratch, Search, Snapshot, Store, StoreExt, VectorRef,
};
use iqdb_search::ExactSearch;

/// How often each kind of read is done.
const CALLS: usize = 100_000;

/// Components of a vector: enough for codes in planes.
const DIM: usize = 40;

/// Records of the store: several sealed chunks and one that is not.
const RECORDS: u64 = 150;

fn store() -> ArenaStore {
    let schema = Schema::new(DIM, Metric::Cosine).unwrap();
    let options =
        ArenaOptions::new().with_chunk_rows(8, 64).with_dead_ratio_max(0.5).with_dead_bytes_min(0);
    let store = ArenaStore::with_options(schema, options);
    store.apply(&upserts(0..RECORDS, 0)).unwrap();
    let stats = store.stats();
    assert!(stats.sealed > 1 && stats.sealed < stats.chunks, "{stats:?}");
    store
}

fn id(n: u64) -> RecordId {
    format!("a record whose id is a string, number {n}").into()
}

fn upserts(ids: Range<u64>, round: u64) -> Batch {
    let component = |n: u64, i: u64| ((n * 7 + round * 3 + i * 5) % 13) as f32 - 6.5;
    ids.fold(Batch::new(), |batch, n| {
        let vector: [f32; DIM] = std::array::from_fn(|i| component(n, i as u64));
        let record = Record::new(id(n), vector).unwrap();
        batch.upsert(record.with("n", i64::try_from(n).unwrap()).with("lang", "de"))
    })
}

/// Everything that a reader needs, made beforehand.
struct Reader {
    search: ExactSearch,
    filter: Filter,
    vector: [f32; DIM],
    hits: [Hits; 2],
    scratch: Scratch,
    /// How many searches were answered by codes.
    certified: u64,
    present: RecordId,
    absent: RecordId,
}

impl Reader {
    fn new() -> Self {
        Self {
            search: ExactSearch::new(),
            filter:
                r#"n < 100 and lang = "de" and @has vector and not @id in ["x"]"#.parse().unwrap(),
            vector: std::array::from_fn(|i| [1.0, -2.0, 0.5, 3.0][i % 4]),
            hits: [Hits::new(), Hits::new()],
            scratch: Scratch::new(),
            certified: 0,
            present: id(7),
            absent: id(RECORDS + 7),
        }
    }

    /// A search with a filter and one without.
    fn search(&mut self, snapshot: &dyn Snapshot) {
        let query = Query::nearest(VectorRef::new(&self.vector).unwrap(), 10);
        let queries = [query, query.with_filter(&self.filter)];
        let explain =
            self.search.search(snapshot, &queries, &mut self.hits, &mut self.scratch).unwrap();
        self.certified += u64::from(explain.plan == "certified");
        assert!(self.hits.iter().all(|hits| hits.len() == 10));
    }

    /// A record that is there and one that isn't.
    fn get(&self, snapshot: &dyn Snapshot) {
        let found = snapshot.get(&self.present).unwrap().unwrap();
        black_box((found.vector("vector").unwrap(), found.id().unwrap()));
        assert!(snapshot.get(&self.absent).unwrap().is_none());
    }
}

/// Neither got memory nor gave any back.
fn assert_untouched(cost: AllocationInfo, what: &str) {
    assert_eq!((cost.count_total, cost.count_current), (0, 0), "{what}: {cost:?}");
}

#[test]
fn reads_allocate_nothing_and_free_nothing() {
    let store = store();
    let mut reader = Reader::new();
    let snapshot = store.snapshot().unwrap();
    (0..3).for_each(|_| reader.search(&*snapshot));
    assert_eq!(reader.certified, 0, "no codes have been made");
    let cost = measure(|| (0..CALLS / 2).for_each(|_| reader.search(&*snapshot)));
    assert_untouched(cost, "searching without codes");

    assert!(reader.search.prepare(&*snapshot, Budget::new(), &mut ()).unwrap());
    (0..3).for_each(|_| reader.search(&*snapshot));
    assert_eq!(reader.certified, 3);
    let cost = measure(|| (0..CALLS).for_each(|_| drop(black_box(store.snapshot().unwrap()))));
    assert_untouched(cost, "taking snapshots");
    let cost = measure(|| (0..CALLS).for_each(|_| reader.get(&*snapshot)));
    assert_untouched(cost, "finding records");
    let shelf = snapshot.blocks().unwrap().shelf().unwrap();
    assert!(shelf.replace("value", None, Arc::new(7_u64)));
    let get = || drop(black_box((shelf.get::<u64>("value"), shelf.get::<u32>("value"))));
    get();
    let cost = measure(|| (0..CALLS).for_each(|_| get()));
    assert_untouched(cost, "reading from the shelf");
    let held = shelf.get::<u64>("value");
    assert!(shelf.replace("value", held.as_ref(), Arc::new(8_u64)));
    let cost = measure(|| drop(held));
    assert_untouched(cost, "letting go of what was replaced");
    // Two searches each.
    let cost = measure(|| (0..CALLS / 2).for_each(|_| reader.search(&*snapshot)));
    assert_untouched(cost, "searching");
    assert_eq!(reader.certified, 3 + CALLS as u64 / 2);
}

/// Many queries have codes put together for them, in memory that is kept from one search to the next.
#[test]
fn batches_allocate_nothing_and_free_nothing() {
    let store = store();
    let snapshot = store.snapshot().unwrap();
    let search = ExactSearch::new();
    assert!(search.prepare(&*snapshot, Budget::new(), &mut ()).unwrap());
    let vectors: [[f32; DIM]; 21] =
        std::array::from_fn(|n| std::array::from_fn(|i| ((n * 5 + i * 3) % 11) as f32 - 4.5));
    let nearest = |vector| Query::nearest(VectorRef::new(vector).unwrap(), 10);
    let queries: Vec<_> = vectors.iter().map(|vector| nearest(vector)).collect();
    let mut hits: Vec<Hits> = queries.iter().map(|_| Hits::new()).collect();
    let mut scratch = Scratch::new();
    let mut run = || search.search(&*snapshot, &queries, &mut hits, &mut scratch).unwrap();
    assert_eq!(run().plan, "certified");
    run();
    let cost = measure(|| (0..CALLS / 50).for_each(|_| assert_eq!(run().plan, "certified")));
    assert_untouched(cost, "searching for many");
}

/// Replaces records, deletes some, inserts them again, and compacts on call besides what it
/// compacts by itself.
fn write_flat_out(store: &ArenaStore, stop: &AtomicBool, commits: &AtomicU64) {
    for round in 1.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let start = round * 11 % (RECORDS - 10);
        store.apply(&upserts(start..start + 10, round)).unwrap();
        // The record that readers look for stays.
        store.apply(&Batch::new().delete(id(RECORDS - 1)).delete(id(RECORDS - 2))).unwrap();
        store.apply(&upserts(RECORDS - 2..RECORDS, round)).unwrap();
        if round % 16 == 0 {
            store.compact();
        }
        // What the facade does in the background.
        ExactSearch::new().prepare(&*store.snapshot().unwrap(), Budget::new(), &mut ()).unwrap();
        commits.fetch_add(3, Ordering::Relaxed);
    }
}

/// The number of snapshots that the reader holds. The snapshot that it drops is as many commits old,
/// and sometimes older than a compaction.
const HELD: usize = 8;

#[test]
fn beside_a_writer_flat_out_too_also_where_the_reader_held_a_snapshot_last() {
    let store = Arc::new(store());
    let (stop, commits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writer = std::thread::spawn({
        let (store, stop, commits) = (Arc::clone(&store), Arc::clone(&stop), Arc::clone(&commits));
        move || write_flat_out(&store, &stop, &commits)
    });
    let mut reader = Reader::new();
    let mut held: [_; HELD] = std::array::from_fn(|_| store.snapshot().unwrap());
    // With codes and without, so that the buffers have grown for both.
    reader.search(&*held[0]);
    assert!(reader.search.prepare(&*held[0], Budget::new(), &mut ()).unwrap());
    (0..3).for_each(|_| reader.search(&*held[0]));
    assert!(reader.certified > 0);

    let mut seen = 0;
    for n in 0..CALLS {
        let version = held[n % HELD].version();
        let cost = measure(|| {
            // The reader drops the older one, and only the writers' list has it any more.
            held[n % HELD] = store.snapshot().unwrap();
            reader.get(&*held[n % HELD]);
        });
        assert_untouched(cost, "reading beside a writer");
        let snapshot = &*held[n % HELD];
        seen += u64::from(snapshot.version() != version);
        // Searches are fewer, so that the snapshots stay new.
        if n % 16 == 0 {
            // What sealed chunks keep of it is derived by then.
            (0..3).for_each(|_| reader.search(snapshot));
            assert_untouched(measure(|| reader.search(snapshot)), "searching beside a writer");
        }
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    assert!(
        seen > 100 && commits.load(Ordering::Relaxed) > 100,
        "no thread wrote: {seen} versions"
    );
    // A reader that holds the last snapshots of a version that is no more frees nothing, either.
    store.compact();
    let last = measure(|| drop(held));
    assert_untouched(last, "dropping the last snapshots");
}

/// The lengths of the texts at `lang` are computed for records that came before the field and after it.
#[test]
fn computed_columns_allocate_nothing_and_free_nothing() {
    let store = store();
    let lengths = FieldKind::Computed(Computation::TextLengths);
    store.add_field(Field::new("lang", lengths).unwrap(), Budget::new(), &mut ()).unwrap();
    store.apply(&upserts(RECORDS / 2..RECORDS + 5, 1)).unwrap();
    let lang = FieldId::new(1).unwrap();
    let snapshot = store.snapshot().unwrap();
    let reader = Reader::new();
    let read = || {
        let snapshot = store.snapshot().unwrap();
        let found = snapshot.get(&reader.present).unwrap().unwrap();
        assert_eq!(found.computed("lang").unwrap(), Some(&2_u32.to_le_bytes()[..]));
        assert!(found.has_field("lang").unwrap());
        let blocks = snapshot.blocks().unwrap();
        let mut rows = 0;
        for block in (0..blocks.block_count()).map(|n| blocks.block(n).unwrap()) {
            let column = block.column(lang).unwrap().unwrap();
            let RowsRef::Bytes(lent) = column.rows(0..column.len()).unwrap() else {
                panic!("{column:?}");
            };
            rows += lent.len();
        }
        assert!(rows as u64 >= RECORDS + 5);
    };
    read();
    let cost = measure(|| (0..CALLS / 50).for_each(|_| read()));
    assert_untouched(cost, "reading computed columns");
    let has = Filter::has("lang");
    let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
    let mut select = || {
        let block = snapshot.blocks().unwrap().block(0).unwrap();
        block.select(0..block.len(), Some(&has), &mut mask, &mut pool).unwrap();
        assert!(mask.count() > 0);
    };
    select();
    let cost = measure(|| (0..CALLS / 50).for_each(|_| select()));
    assert_untouched(cost, "asking which records have it");
}

#[test]
fn the_counter_counts() {
    let kept = measure(|| drop(black_box(Box::new(1))));
    assert_eq!((kept.count_total, kept.count_current), (1, 0));
    let boxed = black_box(Box::new(1));
    assert_eq!(measure(|| drop(boxed)).count_current, -1);
}
