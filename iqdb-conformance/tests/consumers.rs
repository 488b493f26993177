//! A toy of each consumer that the contract has to carry: that it compiles, and that it gets what it
//! needs. One test for each line of the list.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use iqdb_conformance::naive::{NaiveIndex, NaiveSearch, NaiveStore};
use iqdb_conformance::remote::RemoteStore;
use iqdb_core::{
    Accuracy, Applied, Batch, Budget, Capabilities, DateTime, Element, Error, ErrorKind, Field,
    Filter, Hits, IdRef, Map, Metric, Payload, Position, Progress, Query, Record, RecordId, Result,
    Schema, Scratch, SealId, Search, Snapshot, SnapshotExt, Store, StoreExt, Value, Vector,
    VectorRef, Verdict, Version,
};

fn schema() -> Schema {
    Schema::builder()
        .dense("text", 3, Metric::Cosine)
        .dense("image", 2, Metric::Euclidean)
        .element(Element::F16)
        .sparse("terms", Metric::Dot)
        .build()
        .unwrap()
}

fn ids(hits: &Hits) -> Vec<u64> {
    let number = |id: IdRef<'_>| match id {
        IdRef::Number(number) => number,
        id => panic!("an id that was never written: {id}"),
    };
    hits.iter().map(|hit| number(hit.id)).collect()
}

fn f16(components: [f32; 2]) -> Vector {
    Vector::try_from(components).unwrap().to_f16().unwrap()
}

#[test]
fn text_and_image_in_one_record_with_metrics_and_elements_of_their_own() -> Result<()> {
    let store = NaiveStore::new(schema());
    for (id, text, image) in [
        (1, [1.0, 0.0, 0.0], [9.0, 0.0]),
        (2, [0.0, 1.0, 0.0], [1.0, 1.0]),
        (3, [1.0; 3], [0.0; 2]),
    ] {
        let record = Record::without_vector(id);
        store.upsert(record.with_vector("text", text)?.with_vector("image", f16(image))?)?;
    }
    let (text, image) = (Vector::try_from([1.0, 0.1, 0.0])?, f16([0.0, 0.5]));
    let queries = [
        Query::nearest(text.as_ref(), 2).with_field("text"),
        Query::nearest(image.as_ref(), 2).with_field("image"),
    ];
    let mut hits = [Hits::new(), Hits::new()];
    NaiveSearch.search(&*store.snapshot()?, &queries, &mut hits, &mut Scratch::new())?;
    assert_eq!(ids(&hits[0]), [1, 3]);
    assert_eq!(ids(&hits[1]), [3, 2]);
    assert_eq!(hits[1].get(0).unwrap().distance, 0.5, "the image's own metric");
    Ok(())
}

#[test]
fn records_are_stored_first_and_embedded_later() -> Result<()> {
    let store = NaiveStore::new(schema());
    store.upsert(Record::without_vector(1).with("title", "not embedded yet"))?;
    let query = Vector::try_from([1.0, 0.0, 0.0])?;
    let query = [Query::nearest(query.as_ref(), 5).with_field("text")];
    let mut hits = [Hits::new()];
    NaiveSearch.search(&*store.snapshot()?, &query, &mut hits, &mut Scratch::new())?;
    assert!(hits[0].is_empty());
    assert_eq!(store.count(Some(&Filter::exists("title")))?, 1, "everything else sees it");

    let vector = Vector::try_from([1.0, 0.0, 0.0])?;
    let applied = store.apply(&Batch::new().set_vectors(1, [("text".into(), Some(vector))]))?;
    assert_eq!((applied.vectors_set, applied.replaced), (1, 0));
    NaiveSearch.search(&*store.snapshot()?, &query, &mut hits, &mut Scratch::new())?;
    assert_eq!(ids(&hits[0]), [1]);
    let record = store.get(&1.into())?.unwrap();
    assert_eq!(record.payload.get("title"), Some(&"not embedded yet".into()));
    Ok(())
}

#[test]
fn the_callers_bits_come_back_in_every_element() -> Result<()> {
    let f32 = Vector::try_from([0.1, -0.0])?;
    let vectors = [
        (Metric::Cosine, Element::F32, f32.clone()),
        (Metric::Dot, Element::F16, f32.to_f16()?),
        (Metric::Euclidean, Element::BF16, f32.to_bf16()?),
        (Metric::Cosine, Element::I8, Vector::try_from([-128_i8, 127])?),
        (Metric::Jaccard, Element::Binary, Vector::binary(2, [0b0100_0000])?),
    ];
    for (metric, element, vector) in vectors {
        let schema = Schema::builder().dense("v", 2, metric).element(element).build()?;
        let store = NaiveStore::new(schema);
        store.upsert(Record::without_vector(1).with_vector("v", vector.clone())?)?;
        let found = store.get(&1.into())?.unwrap();
        assert_eq!(format!("{:?}", found.vector("v")), format!("{:?}", Some(vector.as_ref())));
        let wrong = Vector::sparse([1], [1.0])?;
        let refused = store.upsert(Record::without_vector(1).with_vector("v", wrong)?);
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ElementMismatch);
    }
    Ok(())
}

#[test]
fn sparse_vectors_find_what_shares_a_term() -> Result<()> {
    let store = NaiveStore::new(schema());
    for (id, indices, weights) in
        [(1, [3, 9], [1.0, 2.0]), (2, [4, 9], [1.0, 3.0]), (3, [5, 6], [9.0, 9.0])]
    {
        let terms = Vector::sparse(indices, weights)?;
        store.upsert(Record::without_vector(id).with_vector("terms", terms)?)?;
    }
    let terms = Vector::sparse([9, 70_000], [1.0, 1.0])?;
    let mut hits = [Hits::new()];
    let query = [Query::nearest(terms.as_ref(), 10).with_field("terms")];
    NaiveSearch.search(&*store.snapshot()?, &query, &mut hits, &mut Scratch::new())?;
    assert_eq!(ids(&hits[0]), [2, 1], "record 3 shares no term, so there are fewer than k");
    Ok(())
}

#[test]
fn a_schema_without_a_default_field_names_its_fields() -> Result<()> {
    let store = NaiveStore::new(schema());
    let refused = store.upsert(Record::new(1, [1.0, 0.0, 0.0])?).unwrap_err();
    let query = [1.0, 0.0, 0.0];
    let query = Query::nearest(VectorRef::new(&query)?, 1);
    for error in [refused, query.check(&schema()).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::UnknownField);
        assert_eq!(error.expectation(), Some("text, image, terms"), "{error}");
    }
    assert!(Schema::new(3, Metric::Dot)?.field(Field::DEFAULT).is_ok());
    Ok(())
}

#[test]
fn a_document_store_writes_nested_payloads_merges_and_replaces_by_filter() -> Result<()> {
    let store = NaiveStore::new(schema());
    let author = Map::new().with("name", "Ada").with("born", "1815-12-10".parse::<DateTime>()?);
    let document = |id: u64| {
        Record::without_vector(id).with("source", "a.pdf").with("authors", vec![author.clone()])
    };
    store.apply(
        &Batch::new().insert(document(1)).insert(document(2)).insert_if_absent(document(2)),
    )?;
    let filter: Filter =
        r#"authors[].name = "Ada" and authors[].born < date("1900-01-01")"#.parse()?;
    assert_eq!(store.count(Some(&filter))?, 2);

    let patch = Payload::new().with("seen", true).with("source", Value::Null);
    store.apply(&Batch::new().merge_payload(1, patch))?;
    let source: Filter = r#"source contains_text ".pdf""#.parse()?;
    assert_eq!(store.count(Some(&source))?, 1);

    let replaced = Batch::new().delete_where(source).upsert(document(7)).upsert(document(8));
    let applied = store.apply(&replaced)?;
    assert_eq!((applied.deleted, applied.inserted), (1, 2));
    let again = store.apply(&Batch::new().upsert(document(9)).insert(document(7))).unwrap_err();
    assert_eq!((again.kind(), again.id()), (ErrorKind::AlreadyExists, Some(&7.into())));
    assert_eq!(store.snapshot()?.count(None)?, 3, "the batch that failed left nothing");
    Ok(())
}

fn seals(on: &dyn Snapshot) -> Result<BTreeSet<SealId>> {
    let on = on.blocks().expect("blocks");
    let blocks = (0..on.block_count()).map(|n| on.block(n));
    blocks.filter_map(|block| block.map(|block| Some(block.seal()?.id())).transpose()).collect()
}

#[test]
fn an_index_on_the_shelf_survives_a_compaction_by_lineage() -> Result<()> {
    let store = NaiveStore::new(Schema::new(2, Metric::Euclidean)?);
    let record = |n: u16| Record::new(u64::from(n), [f32::from(n % 7) - 3.0, f32::from(n) - 50.0]);
    let records = (0..100).map(record).collect::<Result<Vec<_>>>()?;
    store.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
    let (index, before) = (NaiveIndex::new(), store.snapshot()?);
    assert!(index.prepare(&*before, Budget::new(), &mut ())?);
    assert_eq!(index.rows_read(), 100);

    let gone = (0_u64..100).filter(|n| n % 5 != 0);
    store.apply(&gone.fold(Batch::new(), Batch::delete))?;
    let after = store.snapshot()?;
    assert!(seals(&*before)?.is_disjoint(&seals(&*after)?), "all blocks are new");
    assert!(index.prepare(&*after, Budget::new(), &mut ())?);
    assert_eq!(index.rows_read(), 100, "no row of the new blocks was read");

    let vector = [2.0, -30.0];
    let query = Query::nearest(VectorRef::new(&vector)?, 100);
    let (mut exact, mut estimate) = ([Hits::new()], [Hits::new()]);
    let (fast, mut scratch) = (query.with_accuracy(Accuracy::Recall(0.5)), Scratch::new());
    for (on, len) in [(&after, 20), (&before, 100)] {
        index.search(&**on, &[query], &mut exact, &mut scratch)?;
        index.search(&**on, &[fast], &mut estimate, &mut scratch)?;
        assert!(matches!(estimate[0].verdict(), Verdict::Estimated { epoch: Some(_), .. }));
        let (exact, estimate) = (ids(&exact[0]), ids(&estimate[0]));
        assert_eq!(exact.len(), len);
        assert!(!estimate.is_empty() && estimate.len() < len, "{} of {len}", estimate.len());
        assert!(estimate.iter().all(|id| exact.contains(id)));
    }
    Ok(())
}

#[test]
fn a_remote_store_rounds_and_declines_and_answers_exactly() -> Result<()> {
    let store = RemoteStore::new(Schema::new(2, Metric::Euclidean)?);
    let record = |n: u16| -> Result<Record> {
        // Two records at each distance, where an engine that rounds can't tell which comes first.
        Ok(Record::new(u64::from(n), [f32::from(n / 2), 0.0])?.with("even", n.is_multiple_of(2)))
    };
    let records = (0..40).map(record).collect::<Result<Vec<_>>>()?;
    store.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
    let snapshot = store.snapshot()?;
    assert!(snapshot.blocks().is_none());

    let vector = [0.0, 0.0];
    let nearest = Query::nearest(VectorRef::new(&vector)?, 5);
    let declined: Filter = "even = true or @id in [1]".parse()?;
    let within = Query::within(VectorRef::new(&vector)?, 2.0, 100);
    let queries = [nearest, nearest.with_filter(&declined), within];
    let mut hits = [Hits::new(), Hits::new(), Hits::new()];
    let explain = NaiveSearch.search(&*snapshot, &queries, &mut hits, &mut Scratch::new())?;
    assert_eq!(ids(&hits[0]), [0, 1, 2, 3, 4]);
    assert_eq!(ids(&hits[1]), [0, 1, 2, 4, 6]);
    assert_eq!(ids(&hits[2]), [0, 1, 2, 3, 4, 5]);
    assert!(hits.iter().all(|hits| hits.verdict().is_exact()));
    assert_eq!(explain.plan, "scroll", "one of the queries was declined");
    store.apply(&Batch::new().delete_where(declined))?;
    assert_eq!((store.count(None)?, snapshot.len()), (19, 40));
    Ok(())
}

/// A copy of a store, which follows its feed: what lives with the copy is a position in bytes.
#[derive(Debug)]
struct Follower {
    copy: NaiveStore,
    position: [u8; 24],
}

impl Follower {
    fn begin(of: &dyn Store) -> Result<Self> {
        let feed = of.feed().expect("a store with a feed");
        let (position, snapshot) = feed.begin(Budget::new())?;
        let copy = NaiveStore::new(snapshot.schema().clone());
        let records = snapshot.records(None).map(|record| record?.to_record());
        copy.upsert_many(records.collect::<Result<Vec<_>>>()?)?;
        Ok(Self { copy, position: position.to_bytes() })
    }

    fn follow(&mut self, of: &dyn Store) -> Result<usize> {
        let feed = of.feed().expect("a store with a feed");
        let changes = feed.changes(Position::from_bytes(self.position), Budget::new())?;
        self.copy.apply(&changes.to_batch()?)?;
        self.position = changes.upto.to_bytes();
        Ok(changes.ids.len())
    }
}

#[test]
fn a_copy_follows_its_store_until_the_store_is_another() -> Result<()> {
    let store = NaiveStore::new(Schema::new(1, Metric::Dot)?);
    let record = |id: u64, n: i64| Ok::<_, Error>(Record::new(id, [1.0])?.with("n", n));
    store.upsert_many([record(1, 1)?, record(2, 2)?])?;
    let mut follower = Follower::begin(&store)?;
    store.apply(&Batch::new().upsert(record(3, 3)?).delete(1).upsert(record(2, 7)?))?;
    store.apply(&Batch::new().upsert(record(2, 8)?))?;
    assert_eq!(follower.follow(&store)?, 3, "each id once");
    assert_eq!(follower.follow(&store)?, 0);
    for id in 1..=3 {
        assert_eq!(follower.copy.get(&id.into())?, store.get(&id.into())?);
    }
    let restored = NaiveStore::new(store.schema());
    restored.upsert_many((1..9).map(|id| record(id, 0)).collect::<Result<Vec<_>>>()?)?;
    let error = follower.follow(&restored).unwrap_err();
    assert!(error.kind() == ErrorKind::VersionGone && !error.is_retryable(), "{error}");
    Ok(())
}

/// A store that is open to be read only, beside the one that writes: it shows what was published
/// when it was refreshed last.
#[derive(Debug)]
struct Reader {
    writer: Arc<NaiveStore>,
    shown: Mutex<Arc<dyn Snapshot>>,
}

impl Reader {
    fn new(writer: Arc<NaiveStore>) -> Result<Self> {
        let shown = Mutex::new(writer.snapshot()?);
        Ok(Self { writer, shown })
    }
}

impl Store for Reader {
    fn schema(&self) -> Schema {
        self.shown.lock().unwrap().schema().clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.writer.capabilities()
    }

    fn apply_within(&self, _: &Batch, _: Budget<'_>) -> Result<Applied> {
        Err(Error::new(ErrorKind::NotSupported, "the store is open to be read only"))
    }

    fn add_field(&self, _: Field, _: Budget<'_>, _: &mut dyn Progress) -> Result<Version> {
        Err(Error::new(ErrorKind::NotSupported, "the store is open to be read only"))
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.snapshot()?.get(id)?.map(|record| record.to_record()).transpose()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(self.shown.lock().unwrap().clone())
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn refresh(&self, budget: Budget<'_>) -> Result<Version> {
        let newest = self.writer.snapshot()?;
        budget.check()?;
        let mut shown = self.shown.lock().unwrap();
        if newest.version() > shown.version() {
            *shown = newest;
        }
        Ok(shown.version())
    }
}

#[test]
fn a_reader_beside_a_writer_catches_up_when_it_is_asked_to() -> Result<()> {
    let writer = Arc::new(NaiveStore::new(Schema::new(1, Metric::Dot)?));
    let reader = Reader::new(writer.clone())?;
    writer.upsert(Record::new(1, [1.0])?)?;
    let before = reader.snapshot()?;
    let late = Budget::new().with_deadline(Instant::now());
    assert_eq!(reader.refresh(late).unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    assert_eq!((reader.len()?, before.version()), (0, Version(0)), "it shows what it did");
    assert_eq!(reader.refresh(Budget::new())?, Version(1));
    assert_eq!(reader.refresh(Budget::new())?, Version(1));
    assert_eq!((reader.len()?, before.len()), (1, 0), "and the old snapshot stays what it is");
    let refused = reader.upsert(Record::new(2, [1.0])?).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotSupported);
    Ok(())
}
