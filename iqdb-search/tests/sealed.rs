//! Sealed blocks: what a search keeps with them is of the whole block, and changes no answer.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use iqdb_core::{
    Block, BlockSource, Blocks, Budget, Error, ErrorKind, Explain, FieldId, Filter, Hits, IdRef,
    Layout, Matrix, Metric, Narrow, Payload, PayloadRef, Predicate, Query, Record, RecordId,
    RecordRef, Remote, Result, RowsRef, SavedBytes, Schema, Scratch, Seal, Search, Shelf, Sidecar,
    Snapshot, VectorColumn, VectorRef, Version, distance,
};
use iqdb_search::{ExactSearch, Kernel};

/// Codes of 32 components are in planes, those of the others are not.
const DIM: usize = 43;
const STRIDE: usize = 48;
const ROWS: usize = 1_500;

/// A sealed block of which every third row is dead before version 2, and every fifth from then on.
#[derive(Debug)]
struct Chunk {
    first: u64,
    components: Vec<f32>,
    seal: Seal,
    /// Rows from here on can't be read.
    readable: usize,
    payloads_read: AtomicUsize,
}

#[derive(Debug)]
struct Chunks {
    schema: Schema,
    version: Version,
    chunks: Vec<Chunk>,
}

fn alive(row: usize, at: Version) -> bool {
    match at {
        Version(1) => !row.is_multiple_of(3),
        _ => !row.is_multiple_of(5),
    }
}

fn n(id: u64) -> u64 {
    id % 97
}

impl Chunks {
    fn new(metric: Metric) -> Self {
        Self::sealed(metric, |_| Seal::new())
    }

    fn sealed(metric: Metric, seal: impl Fn(u64) -> Seal) -> Self {
        let mut random = fastrand::Rng::with_seed(5);
        let mut chunk = |number: u64| {
            let mut components = vec![0.0; ROWS * STRIDE];
            for row in components.chunks_mut(STRIDE) {
                let scale = [1.0, 1.0, 1e-3, 1e3][random.usize(0..4)];
                row[..DIM].fill_with(|| (random.f32() - 0.4) * scale);
            }
            let (seal, first) = (seal(number), number * ROWS as u64);
            Chunk { first, components, seal, readable: ROWS, payloads_read: AtomicUsize::new(0) }
        };
        let chunks = (0..3).map(&mut chunk).collect();
        Self { schema: Schema::new(DIM, metric).unwrap(), version: Version(1), chunks }
    }

    fn payloads_read(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.payloads_read.swap(0, Ordering::Relaxed)).sum()
    }

    fn by_definition(&self, query: &Query<'_>) -> Vec<(u64, u64)> {
        let mut all = Vec::new();
        for chunk in &self.chunks {
            for row in (0..ROWS).filter(|row| alive(*row, self.version)) {
                let id = chunk.first + row as u64;
                let record = Record::without_vector(id).with("n", i64::try_from(n(id)).unwrap());
                let matches = |filter: &Filter| filter.matches(&record).unwrap();
                if query.filter().is_none_or(matches) {
                    let vector = &chunk.components[row * STRIDE..][..DIM];
                    all.push((
                        distance::of_numbers(
                            self.schema.fields()[0].kind().metric().unwrap(),
                            query.vector().unwrap().as_f32().unwrap(),
                            vector,
                        ),
                        id,
                    ));
                }
            }
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(query.goal().limit());
        all.into_iter().map(|(distance, id)| (id, distance.to_bits())).collect()
    }

    fn check(&self, search: &ExactSearch, queries: &[Query<'_>]) -> Explain {
        let mut hits: Vec<_> = queries.iter().map(|_| Hits::new()).collect();
        let explain = search.search(self, queries, &mut hits, &mut Scratch::new()).unwrap();
        for (query, hits) in queries.iter().zip(&hits) {
            let found: Vec<_> = hits
                .iter()
                .map(|hit| match hit.id {
                    IdRef::Number(id) => (id, hit.distance.to_bits()),
                    id => panic!("an id that was never lent: {id}"),
                })
                .collect();
            assert_eq!(found, self.by_definition(query), "{explain:?}");
        }
        explain
    }
}

impl Snapshot for Chunks {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn version(&self) -> Version {
        self.version
    }
    fn len(&self) -> u64 {
        let alive = (0..ROWS).filter(|row| alive(*row, self.version)).count();
        (self.chunks.len() * alive) as u64
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

impl Blocks for Chunks {
    fn block_count(&self) -> usize {
        self.chunks.len()
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        let chunk = &self.chunks[i];
        Ok(Block::new(chunk, &self.schema, ROWS, self.version)?.sealed(&chunk.seal))
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}

impl VectorColumn for Chunk {
    fn rows_of(&self) -> Option<&[u32]> {
        None
    }
    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        if range.end > self.readable {
            return Err(Error::new(ErrorKind::Damaged, "a page is damaged"));
        }
        let rows = &self.components[range.start * STRIDE..range.end * STRIDE];
        Matrix::new(rows, DIM, STRIDE).map(RowsRef::F32)
    }
    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        self.rows(range)
    }
}

impl BlockSource for Chunk {
    fn column(&self, _: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(Some(self))
    }
    fn clear_dead(&self, at: Version, live: &mut Narrow<'_>) -> Result<()> {
        live.retain(|row| Ok(alive(row, at)))
    }
    fn is_alive(&self, row: usize, at: Version) -> Result<bool> {
        Ok(alive(row, at))
    }
    fn ended(&self, _: Version, _: Version, _: &mut Vec<u32>) -> Result<bool> {
        Ok(false)
    }
    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(IdRef::Number(self.first + row as u64))
    }
    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        if row >= self.readable {
            return Err(Error::new(ErrorKind::Damaged, "a payload is damaged"));
        }
        self.payloads_read.fetch_add(1, Ordering::Relaxed);
        Ok(Payload::new().with("n", i64::try_from(n(self.first + row as u64)).unwrap()).into())
    }
    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}

fn vectors(count: usize) -> Vec<[f32; DIM]> {
    let mut random = fastrand::Rng::with_seed(6);
    (0..count).map(|_| [(); DIM].map(|()| random.f32() - 0.4)).collect()
}

fn nearest(vector: &[f32]) -> Query<'_> {
    Query::nearest(VectorRef::new(vector).unwrap(), 7)
}

#[test]
fn answers_are_the_same_with_whatever_is_kept() {
    let vectors = vectors(70);
    let filters: [Filter; 2] = ["n < 40", "n = 3"].map(|text| text.parse().unwrap());
    let queries: Vec<_> = vectors
        .iter()
        .enumerate()
        .map(|(n, vector)| match n % 3 {
            0 => nearest(vector),
            n => nearest(vector).with_filter(&filters[n - 1]),
        })
        .collect();
    for metric in Metric::OF_NUMBERS {
        // The kernels meet the norms that another one has left behind.
        let mut chunks = Chunks::new(metric);
        for version in [1, 2] {
            chunks.version = Version(version);
            for kernel in Kernel::ALL {
                let search = ExactSearch::new().with_kernel(kernel);
                chunks.check(&search, &queries);
                chunks.check(&search, &queries[..3]);
                chunks.check(&search, &[queries[0].with_threads(2)]);
            }
        }
        // And each its own.
        for kernel in Kernel::ALL {
            let chunks = Chunks::new(metric);
            let search = ExactSearch::new().with_kernel(kernel);
            chunks.check(&search, &queries[..1]);
            chunks.check(&search, &queries);
        }
    }
}

#[test]
fn a_filter_that_comes_again_is_evaluated_no_more() {
    let (vectors, filter) = (vectors(1), "n < 40".parse::<Filter>().unwrap());
    let mut chunks = Chunks::new(Metric::Cosine);
    let search = ExactSearch::new();
    let query = [nearest(&vectors[0]).with_filter(&filter)];
    chunks.check(&search, &query);
    assert_eq!(chunks.payloads_read(), 3 * ROWS * 2 / 3, "the rows alive");
    chunks.check(&search, &query);
    assert_eq!(chunks.payloads_read(), 3 * ROWS, "all rows");
    // The same filter, written anew, in another version of the store.
    chunks.version = Version(2);
    let again = "(n < 40)".parse::<Filter>().unwrap();
    chunks.check(&search, &[nearest(&vectors[0]).with_filter(&again)]);
    assert_eq!(chunks.payloads_read(), 0);
    // Another one, which comes once.
    let other = "n < 41".parse::<Filter>().unwrap();
    chunks.check(&search, &[nearest(&vectors[0]).with_filter(&other)]);
    assert_eq!(chunks.payloads_read(), 3 * ROWS * 4 / 5, "the rows alive");
}

#[test]
fn masks_are_kept_for_a_few_filters_and_right_for_all() {
    let vectors = vectors(1);
    let chunks = Chunks::new(Metric::Dot);
    let search = ExactSearch::new();
    let filters: Vec<Filter> = (0..40).map(|n| format!("n < {n}").parse().unwrap()).collect();
    for filter in filters.iter().flat_map(|filter| [filter; 3]) {
        chunks.check(&search, &[nearest(&vectors[0]).with_filter(filter)]);
    }
    chunks.payloads_read();
    let read = filters.iter().filter(|filter| {
        chunks.check(&search, &[nearest(&vectors[0]).with_filter(filter)]);
        chunks.payloads_read() > 0
    });
    assert_eq!(read.count(), 32, "of 40, 8 are kept");
}

#[test]
fn what_cannot_be_read_and_is_not_asked_for_fails_no_search() {
    let (vectors, filter) = (vectors(20), "@id in [5, 7]".parse::<Filter>().unwrap());
    let payloads = "n < 40 and @id in [5, 7]".parse::<Filter>().unwrap();
    let mut chunks = Chunks::new(Metric::Cosine);
    chunks.chunks.truncate(1);
    chunks.chunks[0].readable = 64;
    let search = ExactSearch::new();
    for _ in 0..3 {
        for filter in [&filter, &payloads] {
            let queries: Vec<_> =
                vectors.iter().map(|vector| nearest(vector).with_filter(filter)).collect();
            let mut hits = [Hits::new()];
            let answer = search.search(&chunks, &queries[..1], &mut hits, &mut Scratch::new());
            if std::ptr::eq(filter, &raw const payloads) {
                // A payload of a row that is alive is asked for, and can't be read.
                assert_eq!(answer.unwrap_err().kind(), ErrorKind::Damaged);
            } else {
                chunks.check(&search, &queries[..1]);
                chunks.check(&search, &queries);
            }
        }
    }
}

/// What was saved, by block and key.
type Saved = Arc<Mutex<HashMap<(u64, String), Vec<u8>>>>;

#[derive(Debug)]
struct SavedOf(u64, Saved);

impl Sidecar for SavedOf {
    fn load(&self, key: &str) -> Option<SavedBytes> {
        self.1
            .lock()
            .unwrap()
            .get(&(self.0, key.to_owned()))
            .cloned()
            .map(|bytes| Box::new(bytes) as SavedBytes)
    }
    fn save(&self, key: &str, bytes: &[u8]) -> bool {
        self.1.lock().unwrap().insert((self.0, key.to_owned()), bytes.to_vec());
        true
    }
}

#[test]
fn what_was_saved_is_taken_without_reading_a_row_and_answers_the_same() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
        let (search, saved) = (ExactSearch::new(), Saved::default());
        let chunks = || {
            Chunks::sealed(metric, |number| {
                Seal::new().with_sidecar(SavedOf(number, saved.clone()))
            })
        };
        let vector = [0.25; DIM];
        let queries = [Query::nearest(VectorRef::new(&vector).unwrap(), 9)];
        let first = chunks();
        assert!(search.prepare(&first, Budget::new(), &mut ()).unwrap());
        let made = saved.lock().unwrap().clone();
        assert!(made.len() >= 3, "{:?}", made.keys());
        let coded = first.check(&search, &queries);

        let mut again = chunks();
        again.chunks.iter_mut().for_each(|chunk| chunk.readable = 0);
        assert!(search.prepare(&again, Budget::new(), &mut ()).unwrap(), "no row is read");
        again.chunks.iter_mut().for_each(|chunk| chunk.readable = ROWS);
        let loaded = again.check(&search, &queries);
        // How many bytes were read depends on the clock: it decides whether codes pay.
        assert_eq!((coded.plan, loaded.plan), ("certified", "certified"));
        assert_eq!(*saved.lock().unwrap(), made, "and nothing is saved again");

        // Bytes of something else are as good as none.
        let cut = |(_, bytes): (_, &mut Vec<u8>)| bytes.truncate(bytes.len() / 2);
        saved.lock().unwrap().iter_mut().for_each(cut);
        let anew = chunks();
        assert!(search.prepare(&anew, Budget::new(), &mut ()).unwrap());
        anew.check(&search, &queries);
        assert_eq!(*saved.lock().unwrap(), made);
    }
}
