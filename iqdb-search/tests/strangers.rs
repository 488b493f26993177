//! What a stranger's backend may do in safe code: be wrong, and be told so. Never a panic, never a
//! wrong answer.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use iqdb_core::{
    Block, BlockSource, Blocks, Error, ErrorKind, FieldId, Filter, Hits, IdRef, Layout, Matrix,
    Metric, Narrow, Payload, PayloadRef, Predicate, Query, RecordId, RecordRef, Remote, Result,
    RowsRef, Schema, Scratch, Search, Shelf, Snapshot, SnapshotExt, VectorColumn, VectorRef,
    Version,
};
use iqdb_search::ExactSearch;

/// A snapshot of one block that lends whatever it was given.
#[derive(Debug)]
struct Stranger {
    schema: Schema,
    components: Vec<f32>,
    rows: usize,
    /// The schema that the block claims, from the second time on.
    later_schema: Schema,
    damaged: bool,
    lent: AtomicUsize,
    payloads_read: AtomicUsize,
    rows_read: Mutex<Vec<(ThreadId, Range<usize>)>>,
}

impl Stranger {
    fn new(metric: Metric, components: &[f32]) -> Self {
        Self {
            schema: Schema::new(2, metric).unwrap(),
            components: components.to_vec(),
            rows: components.len() / 2,
            later_schema: Schema::new(2, metric).unwrap(),
            damaged: false,
            lent: AtomicUsize::new(0),
            payloads_read: AtomicUsize::new(0),
            rows_read: Mutex::default(),
        }
    }

    fn ask(&self, threads: usize, filter: Option<&Filter>) -> Result<Vec<u64>> {
        let mut query = Query::nearest(VectorRef::new(&[1.0, 1.0])?, 2).with_threads(threads);
        if let Some(filter) = filter {
            query = query.with_filter(filter);
        }
        let mut hits = [Hits::new()];
        let answer = ExactSearch::new().search(self, &[query], &mut hits, &mut Scratch::new());
        if answer.is_err() {
            assert!(hits[0].is_empty());
        }
        answer.map(|_| {
            hits[0]
                .iter()
                .map(|hit| match hit.id {
                    IdRef::Number(number) => number,
                    id => panic!("an id that was never lent: {id}"),
                })
                .collect()
        })
    }
}

impl Snapshot for Stranger {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn version(&self) -> Version {
        Version(1)
    }
    fn len(&self) -> u64 {
        self.rows as u64
    }
    fn get(&self, _: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(None)
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for Stranger {
    fn block_count(&self) -> usize {
        1
    }

    fn block(&self, _: usize) -> Result<Block<'_>> {
        let schema = match self.lent.fetch_add(1, Ordering::Relaxed) {
            0 => &self.schema,
            _ => &self.later_schema,
        };
        Block::new(self, schema, self.rows, Version(1))
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}

impl VectorColumn for Stranger {
    fn rows_of(&self) -> Option<&[u32]> {
        None
    }
    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        self.rows_read.lock().unwrap().push((thread::current().id(), range.clone()));
        let rows = &self.components[range.start * 2..range.end * 2];
        match self.damaged {
            true => Err(Error::new(ErrorKind::Damaged, "a page is damaged")),
            false => Matrix::new(rows, 2, 2).map(RowsRef::F32),
        }
    }
    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        self.rows(range)
    }
}

impl BlockSource for Stranger {
    fn column(&self, _: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(Some(self))
    }
    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }
    fn is_alive(&self, _: usize, _: Version) -> Result<bool> {
        Ok(true)
    }
    fn ended(&self, _: Version, _: Version, _: &mut Vec<u32>) -> Result<bool> {
        Ok(true)
    }
    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(IdRef::Number(row as u64))
    }
    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        self.payloads_read.fetch_add(1, Ordering::Relaxed);
        Ok(Payload::new().with("even", row.is_multiple_of(2)).into())
    }
    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}

#[test]
fn an_honest_stranger_is_answered() {
    let stranger = Stranger::new(Metric::Cosine, &[1.0, 0.0, 0.5, 0.5, 1.0, 0.9]);
    assert_eq!(stranger.ask(1, None).unwrap(), [1, 2]);
}

#[test]
fn a_row_that_is_no_vector_is_reported_and_never_ranked() {
    for (metric, row) in [
        (Metric::Cosine, [0.0, 0.0]),
        (Metric::Cosine, [f32::NAN, 1.0]),
        (Metric::Dot, [f32::NAN, 1.0]),
        (Metric::Dot, [f32::NEG_INFINITY, 1.0]),
        (Metric::Euclidean, [1.0, f32::INFINITY]),
    ] {
        let stranger = Stranger::new(metric, &[1.0, 0.0, row[0], row[1], 1.0, 1.0]);
        let error = stranger.ask(1, None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{metric} {row:?}");
        assert_eq!(error.id(), Some(&1.into()));
    }
}

#[test]
fn a_block_that_changes_its_dimension_is_an_error() {
    let mut stranger = Stranger::new(Metric::Dot, &vec![1.0; 50_000]);
    stranger.later_schema = Schema::new(1, Metric::Dot).unwrap();
    // One thread asks for a block once.
    for (threads, lent) in [(1, 1), (2, 0), (2, 1)] {
        stranger.lent.store(lent, Ordering::Relaxed);
        let error = stranger.ask(threads, None).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::ContractViolation,
            "{threads} threads, lent {lent} times"
        );
    }
}

#[test]
fn damage_in_the_rows_fails_a_search_and_spares_the_ids() {
    let mut stranger = Stranger::new(Metric::Dot, &[1.0; 20]);
    stranger.damaged = true;
    assert_eq!(stranger.ask(1, None).unwrap_err().kind(), ErrorKind::Damaged);
    assert_eq!(
        stranger.records(None).filter(|record| record.as_ref().unwrap().id().is_ok()).count(),
        10
    );
    assert!(
        stranger.records(None).all(|record| record.and_then(|record| record.to_record()).is_err())
    );
}

#[test]
fn threads_share_the_work_of_a_filter() {
    let stranger = Stranger::new(Metric::Dot, &vec![1.0; 100_000]);
    let filter: Filter = "even = true".parse().unwrap();
    for threads in [1, 2, 7] {
        stranger.payloads_read.store(0, Ordering::Relaxed);
        assert_eq!(stranger.ask(threads, Some(&filter)).unwrap(), [0, 2]);
        assert_eq!(stranger.payloads_read.load(Ordering::Relaxed), 50_000, "{threads} threads");
    }
}

#[test]
fn what_one_thread_can_do_stays_on_the_calling_one() {
    for (rows, threads) in [(10, 7), (50_000, 1)] {
        let stranger = Stranger::new(Metric::Dot, &vec![1.0; 2 * rows]);
        assert_eq!(stranger.ask(threads, None).unwrap(), [0, 1]);
        let seen: HashSet<_> =
            stranger.rows_read.lock().unwrap().iter().map(|(thread, _)| *thread).collect();
        assert_eq!(seen, HashSet::from([thread::current().id()]), "{rows} rows");
    }
}

#[test]
fn rows_are_read_in_strips_that_begin_small() {
    // Until there are k, every row survives; so the first strip is short, and the next ones double.
    let stranger = Stranger::new(Metric::Euclidean, &vec![1.0; 8_000]);
    assert_eq!(stranger.ask(1, None).unwrap(), [0, 1]);
    let strips: Vec<_> =
        stranger.rows_read.lock().unwrap().iter().map(|(_, rows)| rows.clone()).collect();
    let expected = [0..64, 64..192, 192..448, 448..960, 960..1_984, 1_984..3_008, 3_008..4_000];
    assert_eq!(strips, expected);
}
