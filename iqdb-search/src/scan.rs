//! The scan: blocks in order, strip by strip, for all queries of a batch at a time.
//!
//! A strip is as many rows as stay in a core's cache while all queries look at them. One query, or
//! few, take the rows of a strip one after the other; many take them panel by panel.

use std::ops::Range;

use iqdb_core::{Block, Error, ErrorKind, Explain, Query, Result, RowMask, Rows, Snapshot};

use crate::kernel::{Cut, Form, KEEP_ROWS, Lanes, Panel, Survivor, Tile};
use crate::norms;
use crate::prepare::{Group, Prepared};
use crate::rescore::Rescore;
use crate::select::{self, Selector};
use crate::top_k::{Candidate, Place, TopK};

/// Bytes of rows in a strip.
const STRIP_BYTES: usize = 256 * 1_024;

/// Rows in a strip: at least as many as the kernels take at a time, at most as many as the lists
/// hold. A scan starts with few, as every row survives until there are k, and doubles them.
const STRIP_ROWS: Range<usize> = 8..1_024;
const FIRST_STRIP_ROWS: usize = 64;

/// A range of rows of one block.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) block: usize,
    pub(crate) rows: Range<usize>,
}

/// What one thread works with, reused from one search to the next.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The nearest so far, per query.
    top: Vec<TopK>,
    /// What excludes a row, per slot.
    factors: Vec<f32>,
    cuts: Vec<f32>,
    /// The rows that are alive and match, per group; and those alive, for the count of bytes.
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
    counts: Counts,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    candidates: u64,
    rescored: u64,
    bytes_read: u64,
    by_panels: bool,
}

/// Some rows of one block, as a group of queries looks at them.
struct Strip<'a> {
    rows: Rows<'a>,
    /// The norms of all of the strip's rows, if the block keeps them.
    norms: Option<&'a [f32]>,
    block: usize,
    range: Range<usize>,
}

impl Scan {
    /// Forgets the last search and gets ready for these queries.
    pub(crate) fn prepare(&mut self, prepared: &Prepared, queries: &[Query<'_>]) {
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
        if self.all.is_empty() {
            self.all.extend((0..).take(STRIP_ROWS.end));
        }
        self.terms.resize(STRIP_ROWS.end, 0.0);
        self.scores.resize(STRIP_ROWS.end, 0.0);
    }

    /// Looks at every row of `spans` for every query.
    pub(crate) fn run(
        &mut self,
        prepared: &Prepared,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        spans: impl IntoIterator<Item = Result<Span>>,
    ) -> Result<()> {
        let mut strip_rows = FIRST_STRIP_ROWS;
        for span in spans {
            let Span { block: index, rows } = span?;
            let block = on.block(index)?;
            self.enter(prepared, &block, rows.clone(), queries)?;
            let norms = match prepared.groups.iter().any(|group| group.form.needs_norms()) {
                true => norms::of(&block, prepared.engine),
                false => None,
            };
            let most = STRIP_BYTES / (block.stride() * size_of::<f32>());
            let most = most.clamp(STRIP_ROWS.start, STRIP_ROWS.end);
            let mut start = rows.start;
            while start < rows.end {
                let range = start..rows.end.min(start + strip_rows.min(most));
                start = range.end;
                strip_rows = most.min(2 * strip_rows).max(strip_rows);
                self.strip(prepared, on, queries, index, &block, range, norms)?;
            }
        }
        Ok(())
    }

    /// Selects among a block's rows, once for each group.
    fn enter(
        &mut self,
        prepared: &Prepared,
        block: &Block<'_>,
        rows: Range<usize>,
        queries: &[Query<'_>],
    ) -> Result<()> {
        if block.dim() != prepared.dim {
            return Err(Error::new(ErrorKind::Backend, "a block has another dimension")
                .expected(format_args!("{} components", prepared.dim))
                .found(format_args!("{} components", block.dim())));
        }
        for (n, group) in prepared.groups.iter().enumerate() {
            let filter = queries[group.example].wanted_filter().map(|filter| {
                let fingerprint = match block.seal() {
                    Some(_) => {
                        *self.fingerprints[n].get_or_insert_with(|| select::fingerprint(filter))
                    }
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

    /// Looks at one strip of rows for every group.
    #[allow(clippy::too_many_arguments)]
    fn strip(
        &mut self,
        prepared: &Prepared,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        index: usize,
        block: &Block<'_>,
        range: Range<usize>,
        norms: Option<&[f32]>,
    ) -> Result<()> {
        let groups = prepared.groups.len();
        // Of several filters, all rows that are alive count as read.
        let needed = &self.masks[if groups > 1 { groups } else { 0 }];
        let needed = needed.count_in(range.clone());
        if needed == 0 {
            return Ok(());
        }
        self.counts.bytes_read += (needed * block.stride() * size_of::<f32>()) as u64;
        let strip = Strip {
            rows: block.rows(range.clone())?,
            norms: norms.map(|norms| &norms[range.clone()]),
            block: index,
            range,
        };
        for (n, group) in prepared.groups.iter().enumerate() {
            self.group(prepared, on, queries, group, n, &strip)?;
        }
        Ok(())
    }

    /// Looks at the rows of a strip that one group wants.
    fn group(
        &mut self,
        prepared: &Prepared,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        group: &Group,
        mask: usize,
        strip: &Strip<'_>,
    ) -> Result<()> {
        let mask = &self.masks[mask];
        let wanted = mask.count_in(strip.range.clone());
        if wanted == 0 {
            return Ok(());
        }
        self.counts.candidates += (wanted * group.len()) as u64;
        // Lent out, so that the rest of `self` stays free.
        let mut list = std::mem::take(&mut self.list);
        let all = std::mem::take(&mut self.all);
        let rows = if wanted == strip.range.len() {
            &all[..wanted]
        } else {
            list.clear();
            let rows = mask.rows_in(strip.range.clone()).map(|row| row - strip.range.start);
            list.extend(rows.zip(&all).map(|(row, _)| all[row]));
            &list[..]
        };
        let done = match group.panels {
            Some(lanes) => self.by_panels(prepared, on, queries, group, lanes, strip, rows),
            None => self.by_rows(prepared, on, queries, group, strip, rows),
        };
        (self.list, self.all) = (list, all);
        done
    }

    /// Writes the terms of the listed rows.
    fn terms(&mut self, prepared: &Prepared, form: Form, strip: &Strip<'_>, rows: &[u32]) {
        let terms = &mut self.terms[..rows.len()];
        match strip.norms {
            _ if !form.needs_norms() => terms.fill(0.0),
            Some(norms) => {
                for (term, row) in terms.iter_mut().zip(rows) {
                    *term = norms[*row as usize];
                }
            }
            None => prepared.engine.norms(&strip.tile(prepared.dim, rows), terms),
        }
        prepared.margin().terms(form, terms);
    }

    /// One query after the other, 64 rows at a time.
    fn by_rows(
        &mut self,
        prepared: &Prepared,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        group: &Group,
        strip: &Strip<'_>,
        rows: &[u32],
    ) -> Result<()> {
        let (engine, form) = (prepared.engine, group.form);
        // One query without stored norms takes them along with its scores.
        let alone = form.needs_norms() && strip.norms.is_none() && group.len() == 1;
        if !alone {
            self.terms(prepared, form, strip, rows);
        }
        for slot in group.slots() {
            let Some(query) = prepared.slots(slot..slot + 1)[0] else { continue };
            let vector = prepared.components(group.row(slot, prepared.dim));
            let mut rescore = Rescore {
                on,
                engine: prepared.engine,
                metric: on.schema().metric(),
                form,
                vector: queries[query].vector(),
                bound: prepared.bounds[query],
                top: &mut self.top[query],
                rows: strip.rows,
                first: Place { block: strip.block, row: strip.range.start },
                rescored: 0,
            };
            let tile = strip.tile(prepared.dim, rows);
            let (scores, terms) = (&mut self.scores[..rows.len()], &mut self.terms[..rows.len()]);
            if alone {
                engine.dots_and_norms(vector, &tile, scores, terms);
            } else {
                engine.scores(form, vector, &tile, scores);
            }
            for (n, rows) in rows.chunks(KEEP_ROWS).enumerate() {
                let at = n * KEEP_ROWS..n * KEEP_ROWS + rows.len();
                let (scores, terms) = (&scores[at.clone()], &terms[at]);
                let mut kept = engine.keep(scores, terms, rescore.cut());
                if kept == 0 {
                    continue;
                }
                self.survivors.clear();
                while kept != 0 {
                    let row = kept.trailing_zeros();
                    kept &= kept - 1;
                    let score = scores[row as usize];
                    self.survivors.push(Survivor { row, query: 0, score });
                }
                rescore.run(&mut self.survivors, rows, terms)?;
            }
            self.counts.rescored += rescore.rescored;
        }
        Ok(())
    }

    /// Panel after panel, all rows at a time.
    #[allow(clippy::too_many_arguments)]
    fn by_panels(
        &mut self,
        prepared: &Prepared,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        group: &Group,
        lanes: Lanes,
        strip: &Strip<'_>,
        rows: &[u32],
    ) -> Result<()> {
        self.counts.by_panels = true;
        self.terms(prepared, group.form, strip, rows);
        for (slots, components) in group.panels(prepared.dim) {
            for (slot, query) in slots.clone().zip(prepared.slots(slots.clone())) {
                let Some(query) = query else { break };
                let threshold = self.top[*query].threshold();
                let Cut { factor, cut } = prepared.bounds[*query].cut(group.form, threshold);
                (self.factors[slot], self.cuts[slot]) = (factor, cut);
            }
            let panel = Panel::new(
                prepared.components(components),
                &self.factors[slots.clone()],
                &self.cuts[slots.clone()],
            );
            let terms = &self.terms[..rows.len()];
            self.survivors.clear();
            lanes.panel(&panel, &strip.tile(prepared.dim, rows), terms, &mut self.survivors);
            self.survivors.sort_unstable_by_key(|survivor| (survivor.query, survivor.row));
            for survivors in self.survivors.chunk_by_mut(|a, b| a.query == b.query) {
                let slot = slots.start + survivors[0].query as usize;
                // What isn't finite is kept for slots without a query, too.
                let Some(query) = prepared.slots(slot..slot + 1)[0] else { continue };
                let mut rescore = Rescore {
                    on,
                    engine: prepared.engine,
                    metric: on.schema().metric(),
                    form: group.form,
                    vector: queries[query].vector(),
                    bound: prepared.bounds[query],
                    top: &mut self.top[query],
                    rows: strip.rows,
                    first: Place { block: strip.block, row: strip.range.start },
                    rescored: 0,
                };
                rescore.run(survivors, rows, terms)?;
                self.counts.rescored += rescore.rescored;
            }
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
        self.counts.rescored += other.counts.rescored;
        self.counts.bytes_read += other.counts.bytes_read;
        self.counts.by_panels |= other.counts.by_panels;
        Ok(())
    }

    /// The nearest of query number `n`, nearest first.
    pub(crate) fn sorted(&mut self, n: usize, on: &dyn Snapshot) -> Result<&[Candidate]> {
        self.top[n].sorted(on)
    }

    /// Adds what was done to `explain`.
    pub(crate) fn explain(&self, prepared: &Prepared, explain: &mut Explain) {
        explain.kernel = prepared.engine.name(self.counts.by_panels);
        explain.candidates += self.counts.candidates;
        explain.excluded += self.counts.candidates - self.counts.rescored;
        explain.rescored += self.counts.rescored;
        explain.bytes_read += self.counts.bytes_read;
    }
}

impl<'a> Strip<'a> {
    /// Those of its rows that are listed.
    fn tile<'b>(&self, dim: usize, rows: &'b [u32]) -> Tile<'b>
    where
        'a: 'b,
    {
        Tile::new(self.rows.components(), dim, self.rows.stride(), rows)
    }
}
