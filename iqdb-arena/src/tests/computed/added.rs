//! A computed field is added to a store with records, beside writers, or not at all.

mod beside;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use iqdb_core::{Budget, Computed, ErrorKind, Version};

use super::*;
use crate::fault::Stage;

fn field(name: &str) -> Field {
    Field::new(name.to_owned(), LENGTHS).unwrap()
}

/// A store without a computed field, which calls `on_stage` with itself at every stage.
fn hooked(
    options: ArenaOptions,
    planted: Option<Defect>,
    on_stage: impl Fn(&ArenaStore, Stage) + Send + Sync + 'static,
) -> Arc<ArenaStore> {
    let itself = Arc::new(OnceLock::<Weak<ArenaStore>>::new());
    let hook = Arc::clone(&itself);
    let faults = planted.map_or_else(Faults::none, Faults::planted).on_stage(move |stage| {
        if let Some(store) = hook.get().and_then(Weak::upgrade) {
            on_stage(&store, stage);
        }
    });
    let schema = Schema::new(3, Metric::Euclidean).unwrap();
    let store = Arc::new(ArenaStore::with_faults(schema, options, faults));
    itself.set(Arc::downgrade(&store)).unwrap();
    store
}

fn small_chunks() -> ArenaOptions {
    ArenaOptions::new().with_chunk_rows(4, 16).with_dead_ratio_max(1.0)
}

fn plain() -> Arc<ArenaStore> {
    hooked(small_chunks(), None, |_, _| ())
}

fn puts(ids: std::ops::Range<u64>, sort: u64) -> Batch {
    ids.fold(Batch::new(), |batch, id| batch.upsert(with_payload(id, id + sort)))
}

/// Checks that every record of a snapshot has the columns that follow from its payload, and that the
/// computed columns have no others of live rows.
fn check_complete(snapshot: &dyn Snapshot) {
    let schema = snapshot.schema();
    for (_, field) in schema.computed_fields() {
        let mut have = 0;
        for record in snapshot.records(None) {
            let record = record.unwrap();
            let expected = Computed::of(schema, &record.payload().unwrap()).unwrap();
            let found = record.computed(field.name()).unwrap();
            assert_eq!(found, expected.get(field.name()), "{} of {:?}", field.name(), record.id());
            have += u64::from(found.is_some());
        }
        let has = Filter::has(field.name());
        assert_eq!(snapshot.count(Some(&has)).unwrap(), have, "{}", field.name());
    }
}

/// Adds a field, and checks that the version is the next one and that the progress comes to its end.
fn add(store: &ArenaStore, name: &str) -> Version {
    let mut heard = vec![];
    let mut hears = |done: u64, of: u64| heard.push((done, of));
    let version = store.add_field(field(name), Budget::new(), &mut hears).unwrap();
    assert!(heard.is_sorted_by_key(|(done, _)| *done), "{heard:?}");
    assert!(heard.iter().all(|(done, of)| done <= of), "{heard:?}");
    assert!(heard.last().is_some_and(|(done, of)| done == of), "{heard:?}");
    assert_eq!(store.snapshot().unwrap().version(), version);
    version
}

#[test]
fn rows_of_full_chunks_and_of_an_open_one_get_their_columns() {
    for rows in [0, 1, 3, 4, 5, 12, 27, 28, 44, 60] {
        let store = plain();
        // Some rows are dead: replaced ones, and deleted ones.
        store.apply(&puts(0..rows, 2)).unwrap();
        store.apply(&puts(0..rows / 2, 0)).unwrap();
        store.apply(&(0..rows).step_by(7).fold(Batch::new(), Batch::delete)).unwrap();
        let before = store.snapshot().unwrap();
        assert_eq!(add(&store, "body"), before.version().next());

        let n = |id| if id < rows / 2 { id } else { id + 2 };
        let mut expected: Vec<_> =
            (0..rows).filter(|id| id % 7 != 0).map(|id| (id, n(id))).collect();
        check_store(&store, &expected);
        // The older snapshot knows nothing of the field.
        assert_eq!(before.schema().fields().len(), 1);
        for block in 0..before.blocks().unwrap().block_count() {
            let column = before.blocks().unwrap().block(block).unwrap().column(body());
            assert_eq!(column.unwrap_err().kind(), ErrorKind::UnknownField);
        }
        if let Some((id, _)) = expected.first() {
            let record = before.get(&(*id).into()).unwrap().unwrap();
            assert_eq!(record.computed("body").unwrap(), None);
        }
        // The rows after them go on with the column.
        for id in 100..140 {
            store.upsert(with_payload(id, id)).unwrap();
            expected.push((id, id));
            check_store(&store, &expected);
        }
        store.compact();
        check_store(&store, &expected);
    }
}

#[test]
fn the_progress_counts_rows() {
    let store = plain();
    store.apply(&puts(0..200, 0)).unwrap();
    let mut heard = vec![];
    store.add_field(field("body"), Budget::new(), &mut |done, of| heard.push((done, of))).unwrap();
    assert_eq!((heard[0], *heard.last().unwrap()), ((0, 200), (200, 200)));
    assert!(heard.len() > 10, "{heard:?}");
}

#[test]
fn a_field_of_a_name_that_is_taken_is_refused_before_a_row_is_computed() {
    let store = plain();
    store.apply(&puts(0..60, 0)).unwrap();
    let mut hears = |_, _| panic!("a row was computed");
    let error = store.add_field(field(Field::DEFAULT), Budget::new(), &mut hears).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

/// Adds fields in the position of one that was not added, and checks that they are whole.
fn add_others(store: &ArenaStore) {
    let before = store.snapshot().unwrap();
    assert_eq!(before.schema().fields().len(), 1);
    let bits =
        FieldKind::Dense { dim: 9, element: iqdb_core::Element::Binary, metric: Metric::Hamming };
    store.add_field(Field::new("bits", bits).unwrap(), Budget::new(), &mut ()).unwrap();
    assert_eq!(store.snapshot().unwrap().count(Some(&Filter::has("bits"))).unwrap(), 0);
    let vector = Vector::binary(9, [3, 0x80]).unwrap();
    for id in [0, 50] {
        let bits = [("bits".into(), Some(vector.clone()))];
        store.apply(&Batch::new().set_vectors(id, bits)).unwrap();
    }
    assert_eq!(store.snapshot().unwrap().count(Some(&Filter::has("bits"))).unwrap(), 2);
    store.apply(&puts(40..80, 1)).unwrap();
    add(store, "body");
    let snapshot = store.snapshot().unwrap();
    check_complete(&*snapshot);
    let found = snapshot.get(&0.into()).unwrap().unwrap();
    assert_eq!(found.vector("bits").unwrap(), Some(vector.as_ref()));
    store.compact();
    check_complete(&*store.snapshot().unwrap());
}

#[test]
fn a_field_that_is_cancelled_at_any_row_leaves_nothing() {
    for reports in 0..6 {
        let store = plain();
        store.apply(&puts(0..60, 0)).unwrap();
        let version = store.snapshot().unwrap().version();
        let (flag, mut heard) = (AtomicBool::new(false), 0);
        let budget = Budget::new().with_cancel(&flag);
        let mut cancels = |_, _| {
            flag.store(heard == reports, Ordering::Relaxed);
            heard += 1;
        };
        let error = store.add_field(field("title"), budget, &mut cancels).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert_eq!(store.snapshot().unwrap().version(), version);
        add_others(&store);
    }
}

#[test]
fn a_field_whose_time_is_over_under_the_lock_leaves_nothing() {
    let flag = Arc::new(AtomicBool::new(false));
    for rows in [0, 20] {
        flag.store(false, Ordering::Relaxed);
        let store = hooked(small_chunks(), None, {
            let flag = Arc::clone(&flag);
            move |store, stage| {
                if stage == Stage::CaughtUp && !flag.swap(true, Ordering::Relaxed) {
                    store.apply(&puts(60..60 + rows, 0)).unwrap();
                }
            }
        });
        store.apply(&puts(0..60, 0)).unwrap();
        let budget = Budget::new().with_cancel(&flag);
        let error = store.add_field(field("title"), budget, &mut ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        add_others(&store);
    }
}

#[test]
fn a_field_given_up_half_way_leaves_nothing() {
    let armed = AtomicBool::new(true);
    let store = hooked(small_chunks(), None, move |_, stage| {
        if stage == Stage::Filled && armed.swap(false, Ordering::Relaxed) {
            panic!("before the view is published");
        }
    });
    store.apply(&puts(0..60, 0)).unwrap();
    let added = || store.add_field(field("body"), Budget::new(), &mut ());
    assert!(catch_unwind(AssertUnwindSafe(added)).is_err());
    add_others(&store);
}

/// Adds a field and reads each view as soon as it is published.
fn read_when_published(planted: Option<Defect>) {
    let store = hooked(small_chunks(), planted, |store, stage| {
        if stage == Stage::Published {
            check_complete(&*store.snapshot().unwrap());
        }
    });
    store.apply(&puts(0..60, 0)).unwrap();
    add(&store, "body");
}

#[test]
fn a_view_is_complete_when_it_is_published() {
    read_when_published(None);
}

#[test]
fn planted_a_view_that_is_published_before_its_columns_is_noticed() {
    let planted = || read_when_published(Some(Defect::PublishedBeforeFilled));
    assert!(catch_unwind(planted).is_err());
}
