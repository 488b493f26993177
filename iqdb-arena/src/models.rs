//! The protocol under model checkers, which run the code of the arena itself in every order.
//!
//! loom explores every interleaving within a bound on preemptions, and every value that a load may
//! see; shuttle runs larger models in random schedules. Planted defects show that each model can
//! fail, except that of two writers, which only take turns at a lock.
//!
//! Run by `cargo xtask models`.

use std::collections::BTreeMap;

use iqdb_core::{
    Batch, Blocks, Budget, Computation, Field, FieldId, FieldKind, Limits, Metric, Payload, Record,
    RecordRef, Schema, Snapshot,
};

use crate::arena::Arena;
use crate::components::FieldValue;
use crate::fault::{Defect, Faults};
use crate::options::ArenaOptions;
use crate::sync::Arc;
use crate::view::View;

#[cfg(loom)]
use loom::thread;
#[cfg(shuttle)]
use shuttle::thread;

/// Runs a model in every order (loom), or in many random ones (shuttle).
fn explore(model: impl Fn() + Send + Sync + 'static) {
    #[cfg(loom)]
    {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(number_from("IQDB_MODEL_PREEMPTIONS", 2));
        builder.check(model);
    }
    #[cfg(shuttle)]
    // By priorities that change a few times in a run: a fair coin at every step hardly ever lets
    // one thread come far while another stands (Burckhardt et al., "A randomized scheduler with
    // probabilistic guarantees of finding bugs", ASPLOS 2010).
    shuttle::check_pct(model, number_from("IQDB_MODEL_SCHEDULES", 25_000), 3);
}

fn number_from(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The content of a store of one-component vectors: the component of each id.
type Content = BTreeMap<u64, i16>;

/// Chunks of one row and then two, so that every third write opens or seals one.
fn arena(planted: Option<Defect>, options: ArenaOptions) -> Arc<Arena> {
    let schema = Schema::new(1, Metric::Dot).unwrap();
    let faults = planted.map_or_else(Faults::none, Faults::planted);
    Arc::new(Arena::new(schema, options.with_chunk_rows(1, 2), faults))
}

fn lazy() -> ArenaOptions {
    ArenaOptions::new().with_dead_ratio_max(1.0)
}

fn eager() -> ArenaOptions {
    ArenaOptions::new().with_dead_ratio_max(0.0).with_dead_bytes_min(0)
}

fn put(batch: Batch, id: u64, component: i16) -> Batch {
    batch.upsert(Record::new(id, [f32::from(component)]).unwrap().with("n", component))
}

fn contents<const N: usize>(versions: [&[(u64, i16)]; N]) -> [Content; N] {
    versions.map(|content| content.iter().copied().collect())
}

fn component_of(record: &RecordRef<'_>) -> i16 {
    let vector = record.vector(Field::DEFAULT).unwrap().unwrap();
    vector.as_f32().unwrap()[0] as i16
}

/// Checks that a view shows exactly one version, row by row and id by id.
fn check(view: &View, versions: &[Content]) {
    let expected = &versions[usize::try_from(view.version.0).unwrap()];
    let mut seen = Content::new();
    for (chunk, row) in view.live_rows() {
        let id = chunk.rows().id(row).unwrap().to_string().parse().unwrap();
        let column = chunk.rows().field(FieldId::new(0).unwrap()).unwrap();
        let Some(FieldValue::Vector(vector)) = column.value(row) else { panic!("no vector") };
        let component = vector.as_f32().unwrap()[0];
        let twice = seen.insert(id, component as i16);
        assert_eq!(twice, None, "{id} is alive twice at version {}", view.version);
    }
    assert_eq!(&seen, expected, "the rows of version {}", view.version);
    assert_eq!(view.len(), expected.len() as u64);
    for id in 0..3 {
        let record = view.get(&id.into()).unwrap();
        let found = record.as_ref().map(component_of);
        assert_eq!(found, expected.get(&id).copied(), "{id} at version {}", view.version);
        let payload = record.map(|record| record.payload().unwrap().to_payload().unwrap());
        let expected = found.map(|component| Payload::new().with("n", component));
        assert_eq!(payload, expected, "the payload of {id} at version {}", view.version);
    }
}

/// Drops a reader's handle to a view, which is never the last one: the writer has another handle and
/// drops it only after all readers have dropped theirs.
fn drop_not_last(view: Arc<View>) {
    assert!(Arc::strong_count(&view) > 1, "a reader is the last to hold a view");
    drop(view);
}

/// A batch that replaces one record and inserts another, seen whole or not at all.
fn replacing(planted: Option<Defect>) {
    explore(move || {
        let versions = contents([&[], &[(0, 10)], &[(0, 20), (1, 20)]]);
        let arena = arena(planted, lazy());
        arena.apply(&put(Batch::new(), 0, 10), Budget::new()).unwrap();
        let reader = thread::spawn({
            let (arena, versions) = (Arc::clone(&arena), versions.clone());
            move || {
                let first = arena.view();
                check(&first, &versions);
                let second = arena.view();
                check(&second, &versions);
                assert!(first.version <= second.version, "versions go back");
                check(&first, &versions);
                drop_not_last(first);
                drop_not_last(second);
            }
        });
        arena.apply(&put(put(Batch::new(), 0, 20), 1, 20), Budget::new()).unwrap();
        check(&arena.view(), &versions);
        reader.join().unwrap();
        check(&arena.view(), &versions);
    });
}

/// One id deleted and written again, while an older view is asked for it.
fn coming_back(planted: Option<Defect>) {
    explore(move || {
        let versions = contents([&[], &[(0, 10)], &[], &[(0, 30)]]);
        let arena = arena(planted, lazy());
        arena.apply(&put(Batch::new(), 0, 10), Budget::new()).unwrap();
        let before = arena.view();
        let reader = thread::spawn({
            let (arena, versions) = (Arc::clone(&arena), versions.clone());
            move || {
                check(&before, &versions);
                let view = arena.view();
                check(&view, &versions);
                drop_not_last(view);
                drop_not_last(before);
            }
        });
        arena.apply(&Batch::new().delete(0), Budget::new()).unwrap();
        arena.apply(&put(Batch::new(), 0, 30), Budget::new()).unwrap();
        reader.join().unwrap();
    });
}

/// A compaction beside a reader: no content changes, and no view is freed too early.
fn compacting(planted: Option<Defect>) {
    explore(move || {
        let versions = contents([&[], &[(0, 10), (1, 10)], &[(1, 10)]]);
        let arena = arena(planted, eager());
        arena.apply(&put(put(Batch::new(), 0, 10), 1, 10), Budget::new()).unwrap();
        let reader = thread::spawn({
            let (arena, versions) = (Arc::clone(&arena), versions.clone());
            move || {
                let view = arena.view();
                check(&view, &versions);
                drop_not_last(view);
            }
        });
        // Half of the rows die, so they are compacted away.
        arena.apply(&Batch::new().delete(0), Budget::new()).unwrap();
        check(&arena.view(), &versions);
        reader.join().unwrap();
        arena.reclaim();
        assert_eq!(
            arena.lock().retired(),
            0,
            "a retired view is kept although no reader holds one"
        );
    });
}

/// Checks that a view whose schema has the computed field lends it for every row, and that no other
/// view does.
fn check_lengths(view: &View) {
    let length = 3_u32.to_le_bytes();
    let expected = (view.schema.fields().len() > 1).then_some(&length[..]);
    let blocks = (0..view.block_count()).map(|n| view.block(n).unwrap());
    for (block, row) in blocks.flat_map(|block| (0..block.len()).map(move |row| (block, row))) {
        let record = block.record(row).unwrap();
        assert_eq!(record.computed("text").unwrap(), expected, "at version {}", view.version);
    }
}

/// A computed field that is added to a full chunk and an open one, beside a reader, and with `beside`
/// beside a writer, too.
fn adding_a_field(planted: Option<Defect>, beside: bool) {
    let put = |id: u64| {
        let record = Record::new(id, [1.0]).unwrap().with("text", "abc");
        Batch::new().upsert(record)
    };
    explore(move || {
        let arena = arena(planted, lazy());
        (0..2).for_each(|id| _ = arena.apply(&put(id), Budget::new()).unwrap());
        let reader = thread::spawn({
            let arena = Arc::clone(&arena);
            move || {
                let view = arena.view();
                check_lengths(&view);
                drop_not_last(view);
            }
        });
        let writer = beside.then(|| {
            let arena = Arc::clone(&arena);
            thread::spawn(move || _ = arena.apply(&put(2), Budget::new()).unwrap())
        });
        let text = Field::new("text", FieldKind::Computed(Computation::TextLengths)).unwrap();
        arena.add_field(text, Limits::default(), Budget::new(), &mut ()).unwrap();
        check_lengths(&arena.view());
        reader.join().unwrap();
        writer.map_or(Ok(()), |writer| writer.join()).unwrap();
        let view = arena.view();
        check_lengths(&view);
        assert_eq!((view.schema.fields().len(), view.len()), (2, if beside { 3 } else { 2 }));
        drop_not_last(view);
    });
}

/// Two writers: each batch makes a version of its own, and readers see them in one order.
fn two_writers() {
    explore(|| {
        let arena = arena(None, lazy());
        let writers = [1, 2].map(|id| {
            let arena = Arc::clone(&arena);
            thread::spawn(move || {
                arena.apply(&put(Batch::new(), id, 7), Budget::new()).unwrap().version
            })
        });
        let view = arena.view();
        assert_eq!(view.len(), view.version.0);
        assert_eq!(view.live_rows().count() as u64, view.version.0);
        drop_not_last(view);
        let mut versions = writers.map(|writer| writer.join().unwrap().0);
        versions.sort_unstable();
        assert_eq!(versions, [1, 2]);
        let contents = contents([&[], &[], &[(1, 7), (2, 7)]]);
        check(&arena.view(), &contents);
    });
}

#[test]
fn a_batch_is_seen_whole() {
    replacing(None);
}

#[test]
#[should_panic(expected = "alive twice")]
fn planted_published_before_stamped() {
    replacing(Some(Defect::PublishedBeforeStamped));
}

#[test]
#[cfg(loom)]
#[should_panic(expected = "Causality violation")]
fn planted_relaxed_publication() {
    replacing(Some(Defect::RelaxedPublication));
}

#[test]
#[should_panic(expected = "the last to hold")]
fn planted_freed_by_readers() {
    replacing(Some(Defect::FreedByReaders));
}

#[test]
#[should_panic(expected = "at version")]
fn planted_table_before_row() {
    replacing(Some(Defect::TableBeforeRow));
}

#[test]
fn an_id_comes_back() {
    coming_back(None);
}

#[test]
#[should_panic(expected = "at version")]
fn planted_no_links() {
    coming_back(Some(Defect::NoLinks));
}

#[test]
fn a_compaction_changes_nothing() {
    compacting(None);
}

#[test]
#[should_panic(expected = "version")]
fn planted_compaction_ends_rows() {
    compacting(Some(Defect::CompactionEndsRows));
}

#[test]
fn an_added_field_is_complete_when_it_is_seen() {
    adding_a_field(None, false);
}

#[test]
fn an_added_field_is_complete_beside_a_writer() {
    adding_a_field(None, true);
}

#[test]
#[should_panic(expected = "at version")]
fn planted_published_before_filled() {
    adding_a_field(Some(Defect::PublishedBeforeFilled), false);
}

#[test]
fn writers_take_turns() {
    two_writers();
}
