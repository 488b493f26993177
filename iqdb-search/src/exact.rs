//! The exact search: it checks the queries, scans the blocks or ranks the candidates of a remote, and
//! writes the hits.

use std::sync::Arc;

use iqdb_core::{
    Block, Blocks, Budget, Error, ErrorKind, Explain, FieldId, FieldKind, Hits, Input, Progress,
    Query, Result, Scratch, Search, Snapshot, VectorRef, search_remote,
};

use crate::budgets::Budgets;
use crate::derived::norms;
use crate::field_block::FieldBlock;
use crate::kernel::{Engine, Kernel};
use crate::parallel::{Scans, Threads};
use crate::quantized;
use crate::subset::Subset;
use crate::text::{Asked, TextScan};
use crate::top_k::Candidate;

/// Exact search by scanning. Cloning shares its threads.
///
/// ```
/// use iqdb_core::{
///     Hits, IdRef, Metric, Query, Record, Schema, Scratch, Search, Store, StoreExt, VectorRef,
/// };
/// use iqdb_search::ExactSearch;
///
/// let store = iqdb_memory::MemoryStore::new(Schema::new(2, Metric::Euclidean)?);
/// store.upsert(Record::new(1, [0.0, 0.0])?)?;
/// store.upsert(Record::new(2, [3.0, 4.0])?)?;
///
/// let query = Query::nearest(VectorRef::new(&[3.0, 3.0])?, 1);
/// let mut hits = [Hits::new()];
/// ExactSearch::new().search(&*store.snapshot()?, &[query], &mut hits, &mut Scratch::new())?;
/// assert_eq!(hits[0].get(0).unwrap().id, IdRef::Number(2));
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ExactSearch {
    kernel: Kernel,
    threads: Threads,
}

/// Room for the queries of a batch that look in the same field.
#[derive(Debug, Default)]
struct OfField(Subset);

impl ExactSearch {
    /// With the fastest kernel. Queries that ask for more than one thread share one pool, made when
    /// the first of them comes, with as many threads as the machine has.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this kernel.
    #[must_use]
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// With this pool for queries that ask for more than one thread.
    #[must_use]
    pub fn with_pool(mut self, pool: Arc<rayon::ThreadPool>) -> Self {
        self.threads = Threads::of(pool);
        self
    }

    /// Answers queries that all look in one field.
    fn answer(
        &self,
        on: &dyn Blocks,
        field: FieldId,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        if on.schema().kind(field).is_some_and(FieldKind::is_computed) {
            return answer_texts(on, field, queries, hits, scratch);
        }
        let scans = scratch.of::<Scans>();
        let mut explain = Explain::of("f32", self.kernel.as_str());
        let threads = queries.iter().map(Query::threads).min().unwrap_or(1);
        let engine = Engine::of(self.kernel);
        let budgets = Budgets::of(queries);
        budgets.check()?;
        explain.threads =
            self.threads.scan(threads, scans, engine, (on, field, budgets), queries)?;
        for (n, (query, hits)) in queries.iter().zip(hits).enumerate() {
            push_hits(on, field, query, hits, scans.sorted(n, on)?)?;
        }
        scans.explain(&mut explain);
        Ok(explain)
    }

    /// Answers queries on several fields, one field after the other.
    fn answer_fields(
        &self,
        on: &dyn Blocks,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        let mut explain = Explain::of("", "");
        for (field, _) in on.schema().iter() {
            let mut subset = Subset::take(&mut scratch.of::<OfField>().0);
            for (n, query) in queries.iter().enumerate() {
                if query.field_in(on.schema())? == field {
                    subset.push(n);
                }
            }
            let answer = subset.answer((queries, hits), scratch, |queries, hits, scratch| {
                match queries.is_empty() {
                    true => Ok(Explain::of("", "")),
                    false => self.answer(on, field, queries, hits, scratch),
                }
            });
            scratch.of::<OfField>().0 = subset;
            explain.add(&answer?);
        }
        Ok(explain)
    }
}

impl Search for ExactSearch {
    /// O(queries × rows × dim). Each row is read from memory once for all queries of the batch. A query for
    /// text reads the terms of every live record of its field: O(bytes of the terms).
    ///
    /// With one thread it takes no lock and, once `hits` and `scratch` have grown and the sealed
    /// blocks have been seen, allocates nothing (payloads asked for aside). `scratch` keeps a copy of
    /// the batch's vectors, and a few megabytes at most.
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        Query::check_batch(queries, hits, on.schema())?;
        let Some(query) = queries.first() else {
            return Ok(Explain::of("", self.kernel.as_str()));
        };
        let field = query.field_in(on.schema())?;
        let is_of_one_field = queries.iter().all(|other| other.field() == query.field());
        let answer = match (on.blocks(), on.remote()) {
            (Some(blocks), _) if is_of_one_field => {
                self.answer(blocks, field, queries, hits, scratch)
            }
            (Some(blocks), _) => self.answer_fields(blocks, queries, hits, scratch),
            (None, Some(remote)) => search_remote(on, remote, queries, hits),
            (None, None) => Err(Error::new(
                ErrorKind::ContractViolation,
                "a snapshot has neither blocks nor a remote",
            )),
        };
        if answer.is_err() {
            hits.iter_mut().for_each(Hits::clear);
        }
        answer.map_err(|error| error.during("search"))
    }

    /// Codes and norms. O(rows × dim) for what is new, O(blocks) otherwise. `progress` counts blocks,
    /// once per field.
    fn prepare(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        let Some(on) = on.blocks() else { return Ok(true) };
        let engine = Engine::of(self.kernel);
        let of = (on.schema().fields().len() * on.block_count()) as u64;
        let mut done = 0..of;
        let mut go_on = || {
            progress.report(done.start, of);
            done.next();
            budget.check().is_ok()
        };
        for (field, _) in on.schema().iter() {
            if !prepare_field(engine, on, field, &mut go_on)? {
                return Ok(false);
            }
        }
        progress.report(of, of);
        Ok(true)
    }

    /// Nothing: it has no index.
    fn build_index(&self, _: &dyn Snapshot, _: Budget<'_>, _: &mut dyn Progress) -> Result<bool> {
        Ok(true)
    }
}

/// Pushes what was found, with the parts that the query wants.
pub(crate) fn push_hits(
    on: &dyn Blocks,
    field: FieldId,
    query: &Query<'_>,
    hits: &mut Hits,
    candidates: &[Candidate],
) -> Result<()> {
    for candidate in candidates {
        let block = on.block(candidate.place.block)?;
        let payload = match query.wants_payload() {
            true => Some(block.payload(candidate.place.row)?.to_payload()?),
            false => None,
        };
        hits.push(block.id(candidate.place.row)?, candidate.distance, payload);
        if query.wants_vector() {
            hits.attach_vector(vector_of(&block, field, candidate.place.row)?);
        }
    }
    Ok(())
}

/// Answers queries that all look in one text field, on the calling thread.
fn answer_texts(
    on: &dyn Blocks,
    field: FieldId,
    queries: &[Query<'_>],
    hits: &mut [Hits],
    scratch: &mut Scratch,
) -> Result<Explain> {
    let mut explain = Explain::of("text", "scan");
    let budgets = Budgets::of(queries);
    let scan = scratch.of::<TextScan>();
    for (query, hits) in queries.iter().zip(hits) {
        let Input::Text(text) = query.input() else { continue };
        scan.run(Asked { on, field, query, text }, budgets, &mut explain)?;
        // A text field has no vectors.
        push_hits(on, field, &query.with_vector(false), hits, scan.sorted(on)?)?;
    }
    explain.excluded = explain.candidates - explain.rescored;
    Ok(explain)
}

/// The vector of a row that was found by it.
fn vector_of<'a>(block: &Block<'a>, field: FieldId, row: usize) -> Result<VectorRef<'a>> {
    let column = block.column(field)?;
    let at = column.and_then(|column| Some((column, column.position(row)?)));
    let (column, position) = at.ok_or_else(|| {
        Error::new(ErrorKind::ContractViolation, "a row has lost its vector").found(row)
    })?;
    column.vector(position)
}

/// Prepares the blocks for queries on one field, as long as `go_on` says so before each. Returns
/// whether nothing is lacking any more.
fn prepare_field(
    engine: Engine,
    on: &dyn Blocks,
    field: FieldId,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<bool> {
    let mut before = None;
    for n in 0..on.block_count() {
        if !go_on() {
            return Ok(false);
        }
        let Some(block) = FieldBlock::of(on, n, field)? else { continue };
        let Some(metric) = block.kind().metric() else { continue };
        if block.derived().is_none() || !block.has_numbers() {
            continue;
        }
        let by_norms =
            engine.form(metric, false).needs_norms() || engine.form(metric, true).needs_norms();
        // First, or a search that finds codes would read all rows for their norms.
        if by_norms {
            norms::prepare(&block, engine);
        }
        if engine.codes().is_some() {
            let codes = quantized::prepare(&block, metric, before)
                .map_err(|error| error.during("prepare"))?;
            before = codes.or(before);
        }
    }
    Ok(true)
}
