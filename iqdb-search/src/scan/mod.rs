//! The scan: it visits blocks in order, strip by strip, for all queries of a batch at once.
//!
//! A strip holds as many rows as a core's cache keeps while all queries read them. Where a block
//! has codes, the scan compares them with the queries first and scores only the candidates that
//! they leave ([`by_codes`]). Without codes, one query or a few score the rows of a strip one query
//! after the other ([`by_rows`]); many queries score them panel by panel ([`by_panels`]).

mod by_codes;
mod by_panels;
mod by_rows;
mod cost_model;
mod deferred;

use std::ops::Range;

use iqdb_core::{Block, Error, ErrorKind, Explain, Query, Result, RowMask, Rows, Snapshot};

use self::cost_model::Worth;
use self::deferred::Later;
use crate::derived::filter_masks::{self, Selector};
use crate::derived::norms;
use crate::kernel::AngleBound;
use crate::kernel::{
    CodeLine, Cut, FloatKernel, GROUP_ROWS, GroupLayout, KEEP_ROWS, ScoreForm, Sums, Survivor, Tile,
};
use crate::quantized::{Codes, QueryCodes};
use crate::query_batch::{Group, QueryBatch};
use crate::top_k::{Candidate, Place, SharedThreshold, TopK};

/// Bytes of rows in a strip.
const STRIP_BYTES: usize = 256 * 1_024;

/// Rows in a strip: at least as many as the kernels take at a time, at most as many as the lists
/// hold. A scan starts with few rows, because every row survives until there are k candidates, and
/// doubles their number from strip to strip.
const STRIP_ROWS: Range<usize> = 8..1_024;
const FIRST_STRIP_ROWS: usize = 64;

/// Where a group of queries wants fewer than one row in this many, scoring those rows costs less
/// than comparing all codes.
const SPARSE: usize = 24;

/// A range of rows of one block.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) block: usize,
    pub(crate) rows: Range<usize>,
}

/// The queries of a search and the snapshot that they read, shared by all threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) prepared: &'a QueryBatch,
    pub(crate) on: &'a dyn Snapshot,
    pub(crate) queries: &'a [Query<'a>],
    /// The threshold that threads share, one per query; empty when one thread searches alone.
    pub(crate) shared: &'a [SharedThreshold],
}

/// The working memory of one thread, reused from one search to the next.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The nearest rows so far, per query.
    top: Vec<TopK>,
    /// The factor and the cut that exclude a row, per slot.
    factors: Vec<f32>,
    cuts: Vec<f32>,
    /// The live rows that match the filter, per group; and all live rows, to count the bytes read.
    masks: Vec<RowMask>,
    selector: Selector,
    /// The fingerprint of each group's filter, once a block has asked for it.
    fingerprints: Vec<Option<u64>>,
    /// 0, 1, 2, … for strips of which all rows are wanted.
    all: Vec<u32>,
    /// The rows of a strip that a group wants, and their terms and scores.
    list: Vec<u32>,
    terms: Vec<f32>,
    scores: Vec<f32>,
    survivors: Vec<Survivor>,
    /// The queries as codes, for the center of the last block that the scan compared by codes.
    coded: QueryCodes,
    /// The angle bound at each query's threshold, per query of a group.
    cones: Vec<AngleBound>,
    /// The candidate rows of a strip, a bit per row, per query and group of rows; and the sums of
    /// those groups.
    left: Vec<u16>,
    sums: Vec<Sums>,
    /// The candidates that the filter keeps, of one strip, one query after the other.
    in_question: Vec<u32>,
    /// The codes of a strip with both planes merged.
    together: Vec<CodeLine>,
    /// The deferred rows: unlikely candidates that wait for a tighter threshold.
    later: Later,
    /// Whether codes pay, per group of queries.
    worth: Vec<Worth>,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    candidates: u64,
    rescored: u64,
    bytes_read: u64,
    by_panels: bool,
    by_codes: bool,
}

/// A range of rows of one block, which the groups of queries scan one after the other.
struct Strip<'a> {
    lender: Block<'a>,
    /// The norms of all of the strip's rows, if the block keeps them.
    norms: Option<&'a [f32]>,
    /// The codes of the block's rows, if it has them and the search uses codes.
    codes: Option<&'a Codes>,
    block: usize,
    range: Range<usize>,
}

/// A strip with some of its rows borrowed from the block.
struct Lent<'a> {
    strip: &'a Strip<'a>,
    rows: Rows<'a>,
}

impl<'a> Ask<'a> {
    /// The norms and the codes that a block keeps of its rows, where the search uses them.
    fn kept(&self, block: &Block<'a>) -> (Option<&'a [f32]>, Option<&'a Codes>) {
        let prepared = self.prepared;
        let norms = match prepared.groups.iter().any(|group| group.form.needs_norms()) {
            true => norms::of(block, prepared.engine),
            false => None,
        };
        let metric = self.on.schema().metric();
        (norms, if prepared.by_codes { Codes::of(block, metric) } else { None })
    }

    /// Some rows of a block.
    fn strip(&self, index: usize, range: Range<usize>) -> Result<Strip<'a>> {
        let block = self.on.block(index)?;
        let (norms, codes) = self.kept(&block);
        Ok(Strip {
            lender: block,
            norms: norms.and_then(|norms| norms.get(range.clone())),
            codes,
            block: index,
            range,
        })
    }
}

impl Scan {
    /// Forgets the last search and gets ready for these queries.
    pub(crate) fn prepare(&mut self, prepared: &QueryBatch, queries: &[Query<'_>]) {
        self.counts = Counts::default();
        self.top.resize_with(self.top.len().max(queries.len()), TopK::default);
        for (top, query) in self.top.iter_mut().zip(queries) {
            top.reset(query.goal());
        }
        self.factors.clear();
        self.factors.resize(prepared.slot_count(), Cut::EVERYTHING.factor);
        self.cuts.clear();
        self.cuts.resize(prepared.slot_count(), Cut::EVERYTHING.cut);
        let groups = prepared.groups.len();
        self.masks.resize_with(self.masks.len().max(groups + 1), RowMask::default);
        self.fingerprints.clear();
        self.fingerprints.resize(groups, None);
        self.coded.clear();
        self.worth.clear();
        self.worth.resize(groups, Worth::default());
        if self.all.is_empty() {
            self.all.extend((0..).take(STRIP_ROWS.end));
        }
        self.terms.resize(STRIP_ROWS.end, 0.0);
        self.scores.resize(STRIP_ROWS.end, 0.0);
    }

    /// Scans every row of `spans`, each with its block, for every query.
    pub(crate) fn run<'a>(
        &mut self,
        ask: Ask<'a>,
        spans: impl IntoIterator<Item = Result<(Span, Block<'a>)>>,
    ) -> Result<()> {
        let Ask { prepared, queries, shared, .. } = ask;
        self.make_room(ask);
        let mut strip_rows = FIRST_STRIP_ROWS;
        for span in spans {
            let (Span { block: index, rows }, block) = span?;
            self.enter(prepared, &block, rows.clone(), queries)?;
            let (norms, codes) = ask.kept(&block);
            let most = strip_rows_max(&block, codes);
            let mut start = rows.start;
            while start < rows.end {
                let range = start..rows.end.min(start + strip_rows.min(most));
                start = range.end;
                // Always whole groups of codes: the limits of earlier blocks don't enter.
                strip_rows = STRIP_ROWS.end.min(2 * strip_rows);
                let alive = self.alive(range.clone(), prepared);
                if alive == 0 {
                    continue;
                }
                let strip = Strip {
                    lender: block,
                    norms: norms.map(|norms| &norms[range.clone()]),
                    codes,
                    block: index,
                    range,
                };
                for (top, shared) in self.top.iter_mut().zip(shared) {
                    top.exchange(shared);
                }
                let mut read = false;
                for (n, group) in prepared.groups.iter().enumerate() {
                    read |= self.group(ask, group, n, &strip)?;
                }
                if read {
                    self.counts.bytes_read += (alive * strip.row_bytes()) as u64;
                }
                if self.later.is_full() {
                    self.settle(ask)?;
                }
            }
        }
        self.settle(ask)
    }

    /// Reserves for each list the most that it can hold in this search. The number of candidates
    /// differs from one search to the next; a list that grew with it would allocate now and then.
    fn make_room(&mut self, ask: Ask<'_>) {
        let Ask { prepared, on, queries, .. } = ask;
        make_room(&mut self.list, STRIP_ROWS.end);
        let widest = |lanes: FloatKernel| lanes.panel_width(lanes.panel_registers());
        let lanes = prepared.groups.iter().filter_map(|group| group.panels);
        let panel = lanes.map(widest).max().unwrap_or(0);
        make_room(&mut self.survivors, (STRIP_ROWS.end * panel).max(KEEP_ROWS));
        if prepared.by_codes {
            let tile = queries.len().min(by_codes::TILE) * STRIP_ROWS.end;
            make_room(&mut self.in_question, tile);
            make_room(&mut self.left, tile / GROUP_ROWS);
            make_room(&mut self.sums, tile / GROUP_ROWS);
            make_room(&mut self.cones, prepared.slot_count());
            if queries.len() > 1 {
                // A strip exceeds `STRIP_BYTES` by one group at most.
                let group = GroupLayout::new(prepared.dim, true).merged_lines();
                make_room(&mut self.together, STRIP_BYTES / size_of::<CodeLine>() + group);
            }
            self.later.prepare(queries.len(), on.len());
        }
    }

    /// How many rows of a range the groups of queries scan.
    fn alive(&self, range: Range<usize>, prepared: &QueryBatch) -> usize {
        let groups = prepared.groups.len();
        // With several filters, all live rows count.
        self.masks[if groups > 1 { groups } else { 0 }].count_in(range)
    }

    /// Selects among a block's rows, once for each group.
    fn enter(
        &mut self,
        prepared: &QueryBatch,
        block: &Block<'_>,
        rows: Range<usize>,
        queries: &[Query<'_>],
    ) -> Result<()> {
        if block.dim() != prepared.dim {
            return Err(Error::new(ErrorKind::ContractViolation, "a block has another dimension")
                .expected(format_args!("{} components", prepared.dim))
                .found(format_args!("{} components", block.dim())));
        }
        for (n, group) in prepared.groups.iter().enumerate() {
            let filter = queries[group.example].wanted_filter().map(|filter| {
                let fingerprint = match block.seal() {
                    Some(_) => *self.fingerprints[n]
                        .get_or_insert_with(|| filter_masks::fingerprint(filter)),
                    None => 0,
                };
                (filter, fingerprint)
            });
            self.selector.select(block, rows.clone(), filter, &mut self.masks[n])?;
        }
        if prepared.groups.len() > 1 {
            let alive = &mut self.masks[prepared.groups.len()];
            self.selector.select(block, rows, None, alive)?;
        }
        Ok(())
    }

    /// Scans the rows of a strip that one group of queries wants. Returns whether it read all of
    /// those rows, instead of their codes first.
    fn group(&mut self, ask: Ask<'_>, group: &Group, n: usize, strip: &Strip<'_>) -> Result<bool> {
        // Lent out, so that the rest of `self` stays free.
        let mask = std::mem::take(&mut self.masks[n]);
        let wanted = Wanted { count: mask.count_in(strip.range.clone()), mask: &mask };
        self.counts.candidates += (wanted.count * group.len()) as u64;
        let done = match wanted.count {
            0 => Ok(false),
            _ => self.look(ask, group, n, strip, &wanted),
        };
        self.masks[n] = mask;
        done
    }

    /// Scans the wanted rows in the fastest way. Returns whether it did so without codes.
    fn look(
        &mut self,
        ask: Ask<'_>,
        group: &Group,
        n: usize,
        strip: &Strip<'_>,
        wanted: &Wanted<'_>,
    ) -> Result<bool> {
        let dense = wanted.count * SPARSE >= strip.range.len();
        if let Some(codes) = strip.codes
            && dense
            && self.worth[n].wants_codes()
            && self.by_codes(ask, group, n, strip, codes, wanted)?
        {
            return Ok(false);
        }
        let started = self.worth[n].start();
        self.with_list(strip, wanted, |scan, rows| {
            let lent = &strip.lent(rows)?;
            rows.chunks(rows_at_a_time(&strip.lender)).try_for_each(|rows| match group.panels {
                Some(lanes) => scan.by_panels(ask, group, lanes, lent, rows),
                None => scan.by_rows(ask, group, lent, rows),
            })
        })?;
        self.worth[n].plain(started, wanted.count * group.len());
        Ok(true)
    }

    /// Calls `look` with a list of the wanted rows, numbered within the strip.
    fn with_list<T>(
        &mut self,
        strip: &Strip<'_>,
        wanted: &Wanted<'_>,
        look: impl FnOnce(&mut Self, &[u32]) -> T,
    ) -> T {
        // Lent out, so that the rest of `self` stays free.
        let mut list = std::mem::take(&mut self.list);
        let all = std::mem::take(&mut self.all);
        let rows = if wanted.are_all(strip) {
            &all[..wanted.count]
        } else {
            list.clear();
            let rows = wanted.mask.rows_in(strip.range.clone());
            list.extend(rows.map(|row| all[row - strip.range.start]));
            &list[..]
        };
        let found = look(self, rows);
        (self.list, self.all) = (list, all);
        found
    }

    /// Writes the terms of the listed rows.
    fn terms(&mut self, prepared: &QueryBatch, form: ScoreForm, lent: &Lent<'_>, rows: &[u32]) {
        let terms = &mut self.terms[..rows.len()];
        match lent.strip.norms {
            _ if !form.needs_norms() => terms.fill(0.0),
            Some(norms) => {
                for (term, row) in terms.iter_mut().zip(rows) {
                    *term = norms[*row as usize];
                }
            }
            None => prepared.engine.norms(&lent.tile(prepared.dim, rows), terms),
        }
        prepared.margin().terms(form, terms);
    }

    /// Takes over what another scan found for the same queries.
    pub(crate) fn merge(&mut self, other: &Self, on: &dyn Snapshot) -> Result<()> {
        for (mine, theirs) in self.top.iter_mut().zip(&other.top) {
            for candidate in theirs.candidates() {
                mine.offer(*candidate, on)?;
            }
        }
        self.counts.candidates += other.counts.candidates;
        self.counts.rescored += other.counts.rescored;
        self.counts.bytes_read += other.counts.bytes_read;
        self.counts.by_panels |= other.counts.by_panels;
        self.counts.by_codes |= other.counts.by_codes;
        Ok(())
    }

    /// The nearest of query number `n`, nearest first.
    pub(crate) fn sorted(&mut self, n: usize, on: &dyn Snapshot) -> Result<&[Candidate]> {
        self.top[n].sorted(on)
    }

    /// Adds the counts of this scan to `explain`.
    pub(crate) fn explain(&self, prepared: &QueryBatch, explain: &mut Explain) {
        explain.kernel = prepared.engine.name(self.counts.by_panels);
        if self.counts.by_codes {
            explain.plan = "certified";
        }
        explain.candidates += self.counts.candidates;
        explain.excluded += self.counts.candidates - self.counts.rescored;
        explain.rescored += self.counts.rescored;
        explain.bytes_read += self.counts.bytes_read;
    }
}

/// The rows of a strip that a group of queries wants.
struct Wanted<'a> {
    count: usize,
    /// Numbered within the block.
    mask: &'a RowMask,
}

impl Wanted<'_> {
    fn are_all(&self, strip: &Strip<'_>) -> bool {
        self.count == strip.range.len()
    }
}

/// Reserves the most elements that a list can hold.
fn make_room<T>(list: &mut Vec<T>, len: usize) {
    list.reserve(len.saturating_sub(list.len()));
}

/// How many rows a strip has at most.
fn strip_rows_max(block: &Block<'_>, codes: Option<&Codes>) -> usize {
    match codes {
        // The kernels compare whole groups of codes, so a strip begins with one.
        Some(codes) => {
            let group_bytes: usize = codes.group_bytes().iter().sum();
            in_cache(group_bytes / GROUP_ROWS).next_multiple_of(GROUP_ROWS)
        }
        None => rows_at_a_time(block),
    }
}

/// The most rows that the scan scores before it rescores the survivors among them. A strip with
/// codes holds several times as many.
fn rows_at_a_time(block: &Block<'_>) -> usize {
    in_cache(block.stride() * size_of::<f32>())
}

/// How many rows of `row_bytes` bytes stay in a core's cache.
fn in_cache(row_bytes: usize) -> usize {
    (STRIP_BYTES / row_bytes).clamp(STRIP_ROWS.start, STRIP_ROWS.end)
}

impl<'a> Strip<'a> {
    /// Bytes of a row.
    fn row_bytes(&self) -> usize {
        self.lender.stride() * size_of::<f32>()
    }

    /// Borrows the listed rows of the strip; the list is in ascending order. The other rows of the
    /// matrix may never have been read.
    fn lent(&'a self, wanted: &[u32]) -> Result<Lent<'a>> {
        let range = self.range.clone();
        let rows = match wanted.len() == range.len() {
            true => self.lender.rows(range)?,
            false => self.lender.rows_some(range, wanted)?,
        };
        Ok(Lent { strip: self, rows })
    }
}

impl Lent<'_> {
    /// Where the first row of the strip is.
    fn first(&self) -> Place {
        Place { block: self.strip.block, row: self.strip.range.start }
    }

    /// The listed rows of the strip, as a tile for the kernels.
    fn tile<'b>(&'b self, dim: usize, rows: &'b [u32]) -> Tile<'b> {
        Tile::new(self.rows.components(), dim, self.rows.stride(), rows)
    }
}
