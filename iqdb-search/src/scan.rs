//! The scan: every block once, row by row, for all queries of a batch at a time.

use std::collections::HashMap;
use std::ops::Range;

use iqdb_core::filter::MaskPool;
use iqdb_core::{
    Block, Error, ErrorKind, Explain, Metric, Query, Result, RowMask, Rows, Schema, Snapshot,
};

use crate::kernel::{self, Bound, Kernel};
use crate::top_k::{Candidate, Place, TopK};

/// Bytes of rows that all queries look at before the scan moves on: they stay in a core's cache.
const TILE_BYTES: usize = 128 * 1_024;

/// A range of rows of one block.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) block: usize,
    pub(crate) rows: Range<usize>,
}

/// What a scan works with, reused from one search to the next.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    dim: usize,
    /// Whether the kernel wants to know the rows' norms.
    norms_needed: bool,
    bounds: Vec<Bound>,
    top: Vec<TopK>,
    /// The mask of each distinct filter, by the filter's address.
    filters: HashMap<usize, usize>,
    /// Which of the masks each query looks through.
    mask_of: Vec<usize>,
    /// The rows that are alive and match, per distinct filter; the first is for no filter.
    masks: Vec<RowMask>,
    pool: MaskPool,
    /// The squared norms of a tile's rows.
    norms: Vec<f64>,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    candidates: u64,
    excluded: u64,
    rescored: u64,
    bytes_read: u64,
}

impl Scan {
    /// Forgets the last search and gets ready for these queries.
    pub(crate) fn prepare(&mut self, kernel: Kernel, schema: &Schema, queries: &[Query<'_>]) {
        self.dim = schema.dim();
        self.norms_needed = Bound::needs_norms(kernel, schema.metric());
        self.counts = Counts::default();
        self.bounds.clear();
        self.bounds.extend(
            queries.iter().map(|query| Bound::new(kernel, schema.metric(), &query.vector())),
        );
        self.top.resize_with(self.top.len().max(queries.len()), TopK::default);
        for (top, query) in self.top.iter_mut().zip(queries) {
            top.reset(query.goal());
        }
        self.mask_of.clear();
        self.filters.clear();
        for query in queries {
            let next = self.filters.len() + 1;
            self.mask_of.push(match query.wanted_filter() {
                None => 0,
                Some(filter) => {
                    *self.filters.entry(std::ptr::from_ref(filter).addr()).or_insert(next)
                }
            });
        }
        let masks = self.filters.len() + 1;
        self.masks.resize_with(self.masks.len().max(masks), RowMask::default);
    }

    /// Looks at every row of `spans` for every query.
    pub(crate) fn run(
        &mut self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        spans: impl IntoIterator<Item = Result<Span>>,
    ) -> Result<()> {
        for span in spans {
            let Span { block: index, rows } = span?;
            let block = on.block(index)?;
            self.enter(&block, rows.clone(), queries)?;
            let tile_rows = (TILE_BYTES / (block.stride() * size_of::<f32>())).max(1);
            let mut start = rows.start;
            while start < rows.end {
                let tile = start..rows.end.min(start + tile_rows);
                start = tile.end;
                self.tile(on, queries, index, &block, tile)?;
            }
        }
        Ok(())
    }

    /// Selects among a block's rows, once for all queries of the same filter.
    fn enter(
        &mut self,
        block: &Block<'_>,
        rows: Range<usize>,
        queries: &[Query<'_>],
    ) -> Result<()> {
        if block.dim() != self.dim {
            return Err(Error::new(ErrorKind::Backend, "a block has another dimension")
                .expected(format_args!("{} components", self.dim))
                .found(format_args!("{} components", block.dim())));
        }
        block.select(rows.clone(), None, &mut self.masks[0], &mut self.pool)?;
        let mut done = 1;
        for (n, query) in queries.iter().enumerate() {
            if self.mask_of[n] == done {
                let mask = &mut self.masks[done];
                block.select(rows.clone(), query.wanted_filter(), mask, &mut self.pool)?;
                done += 1;
            }
        }
        Ok(())
    }

    /// Looks at one tile of rows for every query.
    fn tile(
        &mut self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        index: usize,
        block: &Block<'_>,
        tile: Range<usize>,
    ) -> Result<()> {
        // With one filter for all, rows outside it need not even be read.
        let shared = self.mask_of.iter().all(|mask| *mask == self.mask_of[0]);
        let needed = &self.masks[if shared { self.mask_of[0] } else { 0 }];
        let needed_rows = needed.count_in(tile.clone());
        if needed_rows == 0 {
            return Ok(());
        }
        let rows = block.rows(tile.clone())?;
        let row_bytes = block.stride() * size_of::<f32>();
        self.counts.bytes_read += (needed_rows * row_bytes) as u64;

        self.norms.clear();
        if self.norms_needed {
            self.norms.resize(tile.len(), f64::NAN);
            for n in 0..tile.len() {
                if needed.contains(tile.start + n) {
                    self.norms[n] = kernel::squared_norm(rows.vector(n));
                }
            }
        }

        let metric = on.schema().metric();
        for (n, query) in queries.iter().enumerate() {
            let mask = &self.masks[self.mask_of[n]];
            let selected = mask.count_in(tile.clone());
            self.counts.candidates += selected as u64;
            let mut pass = Pass {
                on,
                metric,
                query,
                bound: &self.bounds[n],
                top: &mut self.top[n],
                rows,
                norms: &self.norms,
                place: Place { block: index, row: tile.start },
                rescored: 0,
            };
            if selected == tile.len() {
                (0..tile.len()).try_for_each(|row| pass.row(row))?;
            } else if selected > 0 {
                (0..tile.len())
                    .filter(|row| mask.contains(tile.start + row))
                    .try_for_each(|row| pass.row(row))?;
            }
            self.counts.rescored += pass.rescored;
            self.counts.excluded += selected as u64 - pass.rescored;
        }
        Ok(())
    }

    /// Takes over what another scan found for the same queries.
    pub(crate) fn merge(&mut self, other: &Self, on: &dyn Snapshot) -> Result<()> {
        for (mine, theirs) in self.top.iter_mut().zip(&other.top) {
            for candidate in theirs.candidates() {
                mine.offer(*candidate, on)?;
            }
        }
        self.counts.candidates += other.counts.candidates;
        self.counts.excluded += other.counts.excluded;
        self.counts.rescored += other.counts.rescored;
        self.counts.bytes_read += other.counts.bytes_read;
        Ok(())
    }

    /// The nearest of query number `n`, nearest first.
    pub(crate) fn sorted(&mut self, n: usize, on: &dyn Snapshot) -> Result<&[Candidate]> {
        self.top[n].sorted(on)
    }

    /// Adds what was done to `explain`.
    pub(crate) fn explain(&self, explain: &mut Explain) {
        explain.candidates += self.counts.candidates;
        explain.excluded += self.counts.excluded;
        explain.rescored += self.counts.rescored;
        explain.bytes_read += self.counts.bytes_read;
    }
}

/// One query over one tile.
struct Pass<'a> {
    on: &'a dyn Snapshot,
    metric: Metric,
    query: &'a Query<'a>,
    bound: &'a Bound,
    top: &'a mut TopK,
    rows: Rows<'a>,
    norms: &'a [f64],
    /// Of the tile's first row.
    place: Place,
    rescored: u64,
}

impl Pass<'_> {
    #[inline]
    fn row(&mut self, n: usize) -> Result<()> {
        let vector = self.query.vector();
        let row = self.rows.vector(n);
        let squared_norm = self.norms.get(n).copied().unwrap_or(f64::NAN);
        let bound = self.bound.below(&vector, row, squared_norm);
        if bound.is_finite() && bound > self.top.threshold() {
            return Ok(());
        }
        self.rescored += 1;
        let distance = self.metric.distance(&vector, row);
        let place = Place { block: self.place.block, row: self.place.row + n };
        if !distance.is_finite() {
            return Err(self.not_a_vector(place));
        }
        self.top.offer(Candidate { distance, place }, self.on)
    }

    /// A row that no store can have let in: NaN would otherwise rank first on one machine and last
    /// on another.
    #[cold]
    fn not_a_vector(&self, place: Place) -> Error {
        let Place { block, row } = place;
        let error = Error::new(ErrorKind::Damaged, "a stored row is not a vector")
            .expected("finite components, and not all of them 0 under the cosine metric")
            .found(format_args!("a distance that is not finite, for row {row} of block {block}"));
        match self.on.block(block).and_then(|block| Ok(block.id(row)?.to_id())) {
            Ok(id) => error.with_id(&id),
            Err(_) => error,
        }
    }
}
