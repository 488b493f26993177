//! The scan by codes: the codes of a strip select candidates, and the scan reads only those rows.

use iqdb_core::Result;

use super::context::ScanContext;
use super::deferred::{DeferredRow, DeferredRows, Run};
use super::exact_rows::ExactRows;
use super::results::Results;
use super::selection::WantedRows;
use super::strip::{STRIP_BYTES, STRIP_ROWS, ScanBlock, Strip};
use crate::field_block::FieldBlock;
use crate::kernel::{
    AngleBound, CodeKernel, CodeLine, CodePlanes, CodedQuery, GROUP_ROWS, GroupLayout, MergedCodes,
    Sums, is_below,
};
use crate::quantized::{Codes, QueryCodes};

/// The most queries that the kernel compares with codes at a time.
const TILE_QUERIES: usize = 8;

/// Scans strips by their codes.
#[derive(Debug, Default)]
pub(super) struct CodeScan {
    /// The queries as codes, for the center of the last block that the scan compared by codes.
    queries: QueryCodes,
    /// The angle bound at each query's threshold, per query of a group.
    bounds: Vec<AngleBound>,
    /// The codes of a strip with both planes merged.
    merged: Vec<CodeLine>,
    filter: TileFilter,
    deferred: DeferredRows,
}

/// The queries of a group that the kernel compares at a time, with their numbers in the batch.
struct QueryTile<'a> {
    numbers: [usize; TILE_QUERIES],
    coded: [CodedQuery<'a>; TILE_QUERIES],
    len: usize,
}

/// What the queries of a tile leave of a strip.
#[derive(Debug, Default)]
struct TileFilter {
    /// A bit per candidate row, per query and group of rows; and the sums of those groups.
    candidates: Vec<u16>,
    sums: Vec<Sums>,
    /// The wanted candidates that are not deferred, one query after the other.
    rows: Vec<u32>,
}

impl CodeScan {
    /// Forgets the last search, and reserves for each list the most that it can hold in this one.
    /// The number of candidates differs from one search to the next; a list that grew with it would
    /// allocate now and then.
    pub(super) fn prepare(&mut self, context: ScanContext<'_>) {
        let ScanContext { batch, on, queries, .. } = context;
        self.queries.clear();
        if !batch.by_codes {
            self.deferred.clear();
            return;
        }
        self.bounds.clear();
        self.bounds.reserve(batch.slot_count());
        self.filter.reserve(queries.len().min(TILE_QUERIES) * STRIP_ROWS.end);
        if queries.len() > 1 {
            // A strip exceeds `STRIP_BYTES` by one group at most.
            let group = GroupLayout::new(batch.dim, true).merged_lines();
            let lines = STRIP_BYTES / size_of::<CodeLine>() + group;
            self.merged.reserve(lines.saturating_sub(self.merged.len()));
        }
        self.deferred.prepare(queries.len(), on.len());
    }

    /// Compares the codes of a strip with the queries of a group, then scores the wanted candidates
    /// or defers them. Returns how many candidates it scored; `None`, with nothing done, while more
    /// than a quarter of the queries can exclude no row.
    pub(super) fn scan_strip(
        &mut self,
        context: ScanContext<'_>,
        codes: &Codes,
        wanted: &WantedRows<'_>,
        exact: &mut ExactRows,
        results: &mut Results,
    ) -> Result<Option<usize>> {
        let (batch, group, strip) = (context.batch, wanted.group(), wanted.strip());
        let Some(kernel) = batch.engine.codes() else { return Ok(None) };
        let Self { queries, bounds, merged, filter, deferred } = self;
        queries.encode(batch.dim, batch.vectors(), codes.center());
        let slots = &batch.slots(group.slots())[..group.len()];
        let bound = |query: usize| queries.bound(query, codes, results.threshold(query));
        bounds.clear();
        bounds.extend(slots.iter().map(|query| query.map_or(AngleBound::All, bound)));
        let unbounded = bounds.iter().filter(|bound| **bound == AngleBound::All).count();
        if unbounded * 4 > group.len() {
            return Ok(None);
        }
        results.note_codes();
        let planes = codes.planes(strip.code_groups());
        let width = kernel.width().min(TILE_QUERIES);
        // Many queries compare all bits of the codes, whose planes are merged once for all of them.
        let merged = (group.len() >= width).then(|| kernel.merge_planes(&planes, merged));
        let mut groups_read = [0; 2];
        let mut scored = 0;
        for (slots, bounds) in slots.chunks(width).zip(bounds.chunks(width)) {
            let tile = || slots.iter().flatten().zip(bounds);
            for (query, _) in tile().filter(|(_, bound)| **bound == AngleBound::All) {
                scored += wanted.count();
                exact.score_wanted(context, *query, wanted, results)?;
            }
            let coded = tile().filter_map(|(n, bound)| Some((*n, queries.coded(*n, *bound)?)));
            let Some(tile) = QueryTile::new(coded) else { continue };
            let more = filter.filter(kernel, &planes, merged.as_ref(), &tile, wanted);
            groups_read = [groups_read[0] + more[0], groups_read[1] + more[1]];
            let ends = filter.collect(&tile, codes, wanted, deferred)?;
            scored += filter.rows.len();
            // The processor is prefetching all of the rows by now.
            let mut start = 0;
            for (query, end) in tile.numbers().iter().zip(ends) {
                if start < end {
                    let rows = &filter.rows[start..end];
                    exact.score_candidates(context, *query, strip, rows, results)?;
                }
                start = end;
            }
        }
        // Several queries may have read the same groups; all groups of the strip are the most there
        // are.
        let groups = planes.group_count();
        let groups_read = if merged.is_some() { [groups; 2] } else { groups_read };
        for (groups_read, bytes) in groups_read.into_iter().zip(codes.group_bytes()) {
            results.add_bytes_read(groups_read.min(groups) * bytes);
        }
        Ok(Some(scored))
    }

    /// To be called when codes have left few candidates: deferring rows may pay again.
    pub(super) fn resume_deferring(&mut self) {
        self.deferred.resume();
    }

    /// Whether it is time to flush the deferred rows.
    pub(super) fn is_full(&self) -> bool {
        self.deferred.is_full()
    }

    /// Flushes the deferred rows: scores those that are still candidates at the current thresholds.
    pub(super) fn flush_deferred(
        &mut self,
        context: ScanContext<'_>,
        exact: &mut ExactRows,
        results: &mut Results,
    ) -> Result<()> {
        results.exchange(context.shared);
        let scored = self.score_deferred(context, exact, results);
        if let Ok(scored) = scored {
            self.deferred.record_flush(scored);
        }
        self.deferred.clear();
        scored.map(|_| ())
    }

    /// Returns how many rows it scored.
    fn score_deferred(
        &mut self,
        context: ScanContext<'_>,
        exact: &mut ExactRows,
        results: &mut Results,
    ) -> Result<usize> {
        let Self { queries, filter, deferred, .. } = self;
        let list = &mut filter.rows;
        let mut scored = 0;
        let mut last: Option<Strip<'_>> = None;
        for (run, rows) in deferred.runs() {
            let Run { query, block, range, .. } = run;
            let strip = match &last {
                Some(strip) if strip.block_index() == *block && strip.range() == *range => strip,
                _ => {
                    let lent = FieldBlock::of(context.on, *block, context.field)?;
                    let Some(lent) = lent else { continue };
                    last.insert(ScanBlock::new(context, *block, lent).strip(range.clone()))
                }
            };
            list.clear();
            if let Some(codes) = strip.codes() {
                queries.encode(context.batch.dim, context.batch.vectors(), codes.center());
                let bound = queries.bound(*query, codes, results.threshold(*query));
                let is_candidate = |row: &&DeferredRow| {
                    let error = codes.error(range.start + row.row as usize);
                    !is_below(row.sum, bound.cut(error))
                };
                list.extend(rows.iter().filter(is_candidate).map(|row| row.row));
            } else {
                list.extend(rows.iter().map(|row| row.row));
            }
            if !list.is_empty() {
                scored += list.len();
                exact.score_candidates(context, *query, strip, list, results)?;
            }
        }
        Ok(scored)
    }
}

impl<'a> QueryTile<'a> {
    /// At most [`TILE_QUERIES`] queries; `None` if there are none.
    fn new(mut queries: impl Iterator<Item = (usize, CodedQuery<'a>)>) -> Option<Self> {
        let (number, coded) = queries.next()?;
        let (numbers, coded) = ([number; TILE_QUERIES], [coded; TILE_QUERIES]);
        let mut tile = Self { numbers, coded, len: 1 };
        for (number, coded) in queries {
            (tile.numbers[tile.len], tile.coded[tile.len]) = (number, coded);
            tile.len += 1;
        }
        Some(tile)
    }

    fn numbers(&self) -> &[usize] {
        &self.numbers[..self.len]
    }

    fn coded(&self) -> &[CodedQuery<'a>] {
        &self.coded[..self.len]
    }
}

impl TileFilter {
    /// Reserves for as many pairs of query and row.
    fn reserve(&mut self, pairs: usize) {
        self.rows.clear();
        self.rows.reserve(pairs);
        self.candidates.clear();
        self.candidates.reserve(pairs / GROUP_ROWS);
        self.sums.clear();
        self.sums.reserve(pairs / GROUP_ROWS);
    }

    /// Writes the candidates of a tile and their sums. Returns how many groups the kernel read of
    /// the upper and of the lower plane; zeros where they were merged beforehand.
    fn filter(
        &mut self,
        kernel: CodeKernel,
        planes: &CodePlanes<'_>,
        merged: Option<&MergedCodes<'_>>,
        tile: &QueryTile<'_>,
        wanted: &WantedRows<'_>,
    ) -> [usize; 2] {
        let groups = planes.group_count();
        let Self { candidates, sums, .. } = self;
        candidates.resize(tile.len * groups, 0);
        sums.resize(tile.len * groups, [0; GROUP_ROWS]);
        match merged {
            Some(merged) => {
                kernel.filter(merged, tile.coded(), candidates, sums);
                [0; 2]
            }
            None => {
                candidates.chunks_mut(groups).for_each(|groups| wanted.write_bits(groups));
                kernel.filter_by_planes(planes, tile.coded(), candidates, sums)
            }
        }
    }

    /// Lists the wanted candidates of a tile, and prefetches their rows; defers those that are
    /// unlikely to be hits. Returns where in the list the rows of each query end.
    fn collect(
        &mut self,
        tile: &QueryTile<'_>,
        codes: &Codes,
        wanted: &WantedRows<'_>,
        deferred: &mut DeferredRows,
    ) -> Result<[usize; TILE_QUERIES]> {
        let Self { candidates, sums, rows } = self;
        let (strip, groups) = (wanted.strip(), candidates.len() / tile.len);
        let unread = match candidates.iter().any(|group| *group != 0) {
            true => Some(strip.unread()?),
            false => None,
        };
        let found = candidates.chunks(groups).zip(sums.chunks(groups));
        let queries = tile.numbers().iter().zip(tile.coded());
        let mut ends = [0; TILE_QUERIES];
        rows.clear();
        for (((query, coded), (candidates, sums)), end) in queries.zip(found).zip(&mut ends) {
            let bound = *coded.bound();
            deferred.begin_run(*query, strip.block_index(), strip.range());
            let first = strip.range().start;
            wanted.for_each_of(candidates, |row| {
                let sum = sums[row as usize / GROUP_ROWS][row as usize % GROUP_ROWS];
                let error = || codes.error(first + row as usize);
                if deferred.has_room() && is_below(sum, bound.estimate(error())) {
                    deferred.push(row, sum);
                } else {
                    if let Some(unread) = &unread {
                        unread.prefetch(row as usize);
                    }
                    rows.push(row);
                }
            });
            *end = rows.len();
        }
        Ok(ends)
    }
}
