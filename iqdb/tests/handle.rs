//! What the handle adds to the contract: conversions, builders, pages, and errors to act on.
#![cfg(any(feature = "arena", feature = "memory"))]
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use iqdb::storage::Progress;
use iqdb::{
    Aggregate, Aggregated, Backend, Budget, Cursor, Direction, Element, ErrorKind, ExactSearch,
    Filter, Hits, Iqdb, Kernel, Metric, Parts, Payload, Plan, Query, Record, Result, Rows, Schema,
    Scratch, Search, Snapshot, Vector, VectorRef, Version,
};

fn articles() -> Iqdb {
    let db = Iqdb::open_in_memory(Schema::new(2, Metric::Euclidean).unwrap()).unwrap();
    let article = |id: u64, x: f32, lang: &str| {
        Record::new(id, [x, 0.0]).unwrap().with("lang", lang).with("year", 2000 + id as i64)
    };
    db.upsert_many([article(1, 1.0, "en"), article(2, 2.0, "de"), article(3, 3.0, "en")]).unwrap();
    db
}

fn ids(hits: &Hits) -> Vec<String> {
    hits.iter().map(|hit| hit.id.to_string()).collect()
}

#[test]
fn a_handle_is_shared_between_threads_and_clones() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    let db = articles();
    shared(&db);
    let other = db.clone();
    std::thread::spawn(move || other.delete(1).unwrap()).join().unwrap();
    assert_eq!(db.len().unwrap(), 2);
}

#[test]
fn vectors_are_taken_in_any_form() {
    let db = articles();
    let owned = Vector::try_from([1.0, 0.0]).unwrap();
    let array = &[1.0, 0.0];
    for hits in [
        db.search([1.0, 0.0], 1),
        db.search(array, 1),
        db.search(vec![1.0, 0.0], 1),
        db.search(&owned, 1),
        db.search(owned.as_ref(), 1),
        db.search(owned.as_f32().unwrap(), 1),
        db.search(owned.clone(), 1),
    ] {
        assert_eq!(ids(&hits.unwrap()), ["1"]);
    }
}

#[test]
fn a_query_says_what_it_wants() {
    let db = articles();
    let nearest = |filter: &str| ids(&db.query([0.0, 0.0]).filter(filter).run().unwrap());
    assert_eq!(nearest("lang = \"en\""), ["1", "3"]);
    assert_eq!(nearest("@id in [2, 9]"), ["2"]);
    let both = db.query([0.0, 0.0]).filter("lang = \"en\"").filter(Filter::gt("year", 2001));
    assert_eq!(ids(&both.run().unwrap()), ["3"]);
    assert_eq!(ids(&db.query([0.0, 0.0]).within(2.0).run().unwrap()), ["1", "2"]);
    assert_eq!(ids(&db.query([0.0, 0.0]).within(2.0).k(1).run().unwrap()), ["1"]);
    db.upsert_many((10..40_u8).map(|n| Record::new(u64::from(n), [0.5, 0.5]).unwrap())).unwrap();
    assert_eq!(db.query([0.0, 0.0]).within(0.9).run().unwrap().len(), 30);
    assert_eq!(db.delete_where("not lang exists").unwrap(), 30);
    let hits = db.query([0.0, 0.0]).k(1).with_payload().threads(2).plan(Plan::F32).run().unwrap();
    let payload = Payload::new().with("lang", "en").with("year", 2001);
    assert_eq!(hits.get(0).unwrap().payload, Some(&payload));
    let (hits, explain) = db.query([0.0, 0.0]).explain().unwrap();
    assert_eq!((hits.len(), explain.candidates, explain.plan), (3, 3, "f32"));
}

#[test]
fn what_cannot_be_asked_is_reported_when_it_is_run() {
    let db = articles();
    for (error, kind) in [
        (db.query([f32::NAN, 0.0]).run(), ErrorKind::InvalidVector),
        (db.query([0.0]).run(), ErrorKind::DimensionMismatch),
        (db.query([0.0, 0.0]).filter("lang =").run(), ErrorKind::InvalidFilter),
        (
            db.query([0.0, 0.0]).filter("lang =").filter("lang exists").run(),
            ErrorKind::InvalidFilter,
        ),
        (db.query([0.0, 0.0]).k(0).run(), ErrorKind::InvalidQuery),
        (db.query([0.0, 0.0]).within(1.0).k(0).run(), ErrorKind::InvalidQuery),
        (db.query([0.0, 0.0]).threads(0).run(), ErrorKind::InvalidQuery),
    ] {
        assert_eq!(error.unwrap_err().kind(), kind);
    }
    assert_eq!(db.count("lang =").unwrap_err().kind(), ErrorKind::InvalidFilter);
    assert_eq!(db.delete_where("lang =").unwrap_err().kind(), ErrorKind::InvalidFilter);
    assert_eq!(db.scroll().filter("lang =").run().unwrap_err().kind(), ErrorKind::InvalidFilter);
    assert_eq!(db.len().unwrap(), 3);
}

#[test]
fn a_wrong_dimension_says_what_to_expect() {
    let error = articles().upsert(Record::new("new", [1.0]).unwrap()).unwrap_err();
    insta::assert_debug_snapshot!(error, @r"
    wrong dimension: the vector does not have the field's dimension
      while:     apply
      record:    new
      expected:  2 components
      found:     1 components
      hint:      embed with the model that the field was made for
    ");
}

#[test]
fn records_are_read_changed_and_counted() {
    let db = articles();
    assert_eq!(db.count("lang = \"en\"").unwrap(), 2);
    assert!(db.set_payload(1, Payload::new().with("lang", "fr")).unwrap());
    assert!(!db.set_payload(9, Payload::new()).unwrap());
    assert_eq!(db.get(1).unwrap().unwrap().payload, Payload::new().with("lang", "fr"));
    assert_eq!(db.get("1").unwrap(), None);
    let many = db.get_many([3, 9, 1]).unwrap();
    assert_eq!(many.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(db.delete_where("lang != \"fr\"").unwrap(), 2);
    assert!(db.delete(1).unwrap() && !db.delete(1).unwrap());
    assert!(db.is_empty().unwrap());
    db.flush().unwrap();
}

#[test]
fn pages_come_in_the_order_of_the_ids() {
    let db = articles();
    db.upsert(Record::new("a", [0.0, 0.0]).unwrap()).unwrap();
    let page = |scroll: iqdb::Scroll<'_>| -> Vec<String> {
        scroll.run().unwrap().records.iter().map(|record| record.id.to_string()).collect()
    };
    assert_eq!(page(db.scroll()), ["1", "2", "3", "a"]);
    assert_eq!(page(db.scroll().limit(2)), ["1", "2"]);
    assert_eq!(page(db.scroll().after(Cursor::after_id(2)).limit(2)), ["3", "a"]);
    assert_eq!(page(db.scroll().after(Cursor::after_id("a"))), [""; 0]);
    assert_eq!(page(db.scroll().limit(0)), [""; 0]);
    let both = db.scroll().filter("lang = \"en\"").filter("year > 2001");
    assert_eq!(page(both), ["3"]);
    assert_eq!(page(db.scroll().filter("lang = \"en\"").limit(1)), ["1"]);
}

#[test]
fn pages_come_in_the_order_of_a_value() {
    let db = articles();
    db.upsert(Record::new("a", [0.0, 0.0]).unwrap()).unwrap();
    let by_year = || db.scroll().order_by("year", Direction::Down).parts(Parts::ID.with_payload());
    let first = by_year().limit(3).run().unwrap();
    let ids: Vec<_> = first.records.iter().map(|record| record.id.clone()).collect();
    assert_eq!(ids, [3, 2, 1]);
    assert!(first.records.iter().all(|record| record.vectors().count() == 0));
    let mut rows = Rows::new(&db.schema());
    let next = by_year().limit(3).after(first.next).run_into(&mut rows).unwrap();
    assert_eq!((rows.record(0).unwrap().id().unwrap().to_id(), next), ("a".into(), None));
    let cancelled = AtomicBool::new(true);
    let refused = db.scroll().cancel(&cancelled).run_into(&mut rows).unwrap_err();
    assert_eq!((refused.kind(), rows.len()), (ErrorKind::Cancelled, 0));
    let late = db.scroll().deadline(Instant::now()).run().unwrap_err();
    assert_eq!(late.kind(), ErrorKind::DeadlineExceeded);
}

#[test]
fn rows_go_from_one_database_to_another_and_values_are_counted() {
    let (db, copy) = (articles(), articles());
    copy.delete_where("year > 0").unwrap();
    let mut rows = Rows::new(&db.schema());
    db.scroll().run_into(&mut rows).unwrap();
    assert_eq!(copy.upsert_rows(rows).unwrap().inserted, 3);
    assert_eq!(copy.scroll().run().unwrap(), db.scroll().run().unwrap());
    assert_eq!(copy.min_max("year").unwrap(), Some((2001.into(), 2003.into())));
    assert_eq!(copy.distinct("year", 1).unwrap(), [2001.into()]);
    assert_eq!(copy.facet("lang", 1).unwrap(), [("en".into(), 2)]);
    let english = Filter::eq("lang", "en");
    let count = copy.aggregate(&[Aggregate::Count], Some(&english)).unwrap();
    assert_eq!(count, [Aggregated::Count(2)]);
    assert_eq!(copy.min_max("nothing.there").unwrap(), None);
}

#[test]
fn a_snapshot_goes_on_showing_what_it_saw() {
    let db = articles();
    let snapshot = db.snapshot().unwrap();
    db.delete_where("year > 0").unwrap();
    let query = Query::nearest(VectorRef::new(&[0.0, 0.0]).unwrap(), 9);
    let mut hits = [Hits::new()];
    let again = db.query([0.0, 0.0]).at(&*snapshot).run().unwrap();
    assert_eq!(ids(&again), ["1", "2", "3"]);
    assert_eq!(db.scroll().at(&*snapshot).run().unwrap().records.len(), 3);
    db.search_batch(&[query], &mut hits, &mut Scratch::new()).unwrap();
    assert!(hits[0].is_empty());
}

#[test]
fn a_backend_is_chosen_by_name() {
    let schema = Schema::new(1, Metric::Dot).unwrap();
    for backend in Backend::available() {
        assert_eq!(backend.to_string().parse::<Backend>().unwrap(), *backend);
        let in_memory = Iqdb::builder().backend(*backend).open_in_memory(schema.clone());
        assert_eq!(in_memory.is_ok(), *backend != Backend::File);
    }
    assert_eq!("lance".parse::<Backend>().unwrap_err().kind(), ErrorKind::NotSupported);
    let store = articles().store().clone();
    assert_eq!(Iqdb::builder().with_store(store.clone()).unwrap().len().unwrap(), 3);
    let both = Iqdb::builder().backend(Backend::Memory).with_store(store);
    assert_eq!(both.unwrap_err().kind(), ErrorKind::NotSupported);
}

/// A search of one's own: counts how often it is asked, and to get ready for what.
#[derive(Debug, Default)]
struct Counting {
    asked: AtomicUsize,
    /// The version of each snapshot that it got ready for, and by which thread.
    prepared: Mutex<Vec<(Version, ThreadId)>>,
}

impl Search for Counting {
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<iqdb::Explain> {
        self.asked.fetch_add(queries.len(), Relaxed);
        ExactSearch::new().with_kernel(Kernel::Reference).search(on, queries, hits, scratch)
    }

    fn prepare(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        if budget.check().is_err() {
            return Ok(false);
        }
        progress.report(1, 1);
        self.prepared.lock().unwrap().push((on.version(), std::thread::current().id()));
        Ok(true)
    }

    fn build_index(&self, _: &dyn Snapshot, _: Budget<'_>, _: &mut dyn Progress) -> Result<bool> {
        Ok(true)
    }
}

impl Counting {
    /// Waits until it has got ready for this version, which takes as long as a thread needs to be
    /// woken; fails after a minute.
    fn wait_for(&self, version: Version) {
        let start = Instant::now();
        while self.prepared.lock().unwrap().last().is_none_or(|last| last.0 < version) {
            assert!(start.elapsed() < Duration::from_secs(60), "{version:?} is not prepared");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn a_search_of_ones_own_is_asked() {
    let search = Arc::new(Counting::default());
    let db = Iqdb::builder()
        .search(search.clone())
        .open_in_memory(Schema::new(1, Metric::Dot).unwrap())
        .unwrap();
    db.search([1.0], 1).unwrap();
    assert_eq!(search.asked.load(Relaxed), 1);
}

#[test]
fn a_search_gets_ready_for_every_write_on_one_thread_that_ends_with_the_last_handle() {
    let search = Arc::new(Counting::default());
    let db = Iqdb::builder()
        .search(search.clone())
        .open_in_memory(Schema::new(1, Metric::Dot).unwrap())
        .unwrap();
    let other = db.clone();
    assert_eq!(Arc::strong_count(&search), 2, "one for the test, one for all handles");

    let write = |db: &Iqdb, id: u64| {
        db.upsert(Record::new(id, [1.0]).unwrap()).unwrap();
        search.wait_for(db.snapshot().unwrap().version());
    };
    write(&db, 1);
    write(&other, 2);
    drop(db);
    write(&other, 3);

    drop(other);
    assert_eq!(Arc::strong_count(&search), 1, "the thread has ended");
    let threads: HashSet<_> = search.prepared.lock().unwrap().iter().map(|one| one.1).collect();
    assert_eq!(threads.len(), 1);
    assert!(!threads.contains(&std::thread::current().id()));
}

#[test]
fn getting_ready_on_the_calling_thread_ends_with_its_budget() {
    let search = Arc::new(Counting::default());
    let db = Iqdb::builder().search(search.clone());
    let db = db.open_in_memory(Schema::new(1, Metric::Dot).unwrap()).unwrap();
    let here = || {
        let prepared = search.prepared.lock().unwrap();
        prepared.iter().filter(|one| one.1 == std::thread::current().id()).count()
    };
    let cancel = AtomicBool::new(true);
    assert!(!db.prepare_within(Budget::new().with_cancel(&cancel)).unwrap());
    assert_eq!(here(), 0);
    assert!(db.prepare_within(Budget::new()).unwrap());
    db.prepare().unwrap();
    assert_eq!(here(), 2);
}

/// Titles, and images of some of them.
fn shop() -> Iqdb {
    let schema = Schema::builder()
        .dense("title", 2, Metric::Euclidean)
        .dense("image", 2, Metric::Euclidean)
        .element(Element::I8)
        .build()
        .unwrap();
    let db = Iqdb::open_in_memory(schema).unwrap();
    let titled = |id: u64, x: f32| Record::without_vector(id).with_vector("title", [x, 0.0]);
    let both = titled(2, 2.0).and_then(|record| record.with_vector("image", [20_i8, 0]));
    db.upsert_many([titled(1, 1.0).unwrap(), both.unwrap(), Record::without_vector(3)]).unwrap();
    db
}

#[test]
fn a_query_looks_in_the_field_that_it_names() {
    let db = shop();
    let by_title = |db: &Iqdb| ids(&db.query([0.0, 0.0]).on("title").run().unwrap());
    let by_image = |db: &Iqdb| ids(&db.query([0_i8, 0]).on("image").run().unwrap());
    assert_eq!((by_title(&db), by_image(&db)), (vec!["1".into(), "2".into()], vec!["2".into()]));
    for (refused, kind) in [
        (db.search([0.0, 0.0], 1), ErrorKind::UnknownField),
        (db.query([0.0, 0.0]).on("name").run(), ErrorKind::UnknownField),
        (db.query([0.0, 0.0]).on("image").run(), ErrorKind::ElementMismatch),
        (db.query([0_i8]).on("image").run(), ErrorKind::DimensionMismatch),
    ] {
        assert_eq!(refused.unwrap_err().kind(), kind);
    }

    let image = Vector::try_from([1_i8, 0]).unwrap();
    let vectors = [("image".into(), Some(image)), ("title".into(), None)];
    assert!(db.set_vectors(1, vectors.to_vec()).unwrap());
    assert!(!db.set_vectors(9, vectors.to_vec()).unwrap());
    assert_eq!((by_title(&db), by_image(&db)), (vec!["2".into()], vec!["1".into(), "2".into()]));
}

#[test]
fn records_are_inserted_once_and_replaced_by_filter() {
    let db = articles();
    let again = Record::new(1, [9.0, 9.0]).unwrap();
    assert_eq!(db.insert(again.clone()).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(!db.insert_if_absent(again.clone()).unwrap());
    assert_eq!(db.get(1).unwrap().unwrap().payload.get("lang"), Some(&"en".into()));
    let applied = db.replace_where("lang = \"en\"", [again.clone()]).unwrap();
    assert_eq!((applied.deleted, applied.inserted), (2, 1));
    assert_eq!((db.len().unwrap(), db.get(1).unwrap()), (2, Some(again)));
    assert!(db.insert_if_absent(Record::new(3, [3.0, 0.0]).unwrap()).unwrap());
}
