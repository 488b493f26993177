//! The scan by codes: the codes of a strip select candidates, and the scan reads only those rows.

use iqdb_core::Result;

use super::{Ask, Scan, Strip, Wanted, rows_at_a_time};
use crate::kernel::AngleBound;
use crate::kernel::{CodeKernel, CodeLine, CodedQuery, GROUP_ROWS, is_below, prefetch_row};
use crate::quantized::{Codes, QueryCodes};
use crate::query_batch::Group;

/// The most queries that the kernel compares with codes at a time.
pub(super) const TILE: usize = 8;

impl Scan {
    /// Compares the codes of a strip with the queries, then scores the wanted candidates or defers
    /// them. Returns whether it did: not while more than a quarter of the queries can exclude no
    /// row.
    pub(super) fn by_codes(
        &mut self,
        ask: Ask<'_>,
        group: &Group,
        n: usize,
        strip: &Strip<'_>,
        codes: &Codes,
        wanted: &Wanted<'_>,
    ) -> Result<bool> {
        let Ask { prepared, .. } = ask;
        let Some(sieve) = prepared.engine.codes() else { return Ok(false) };
        self.coded.encode(prepared.dim, ask.queries, codes.center());
        // Lent out, so that the rest of `self` stays free.
        let queries = std::mem::take(&mut self.coded);
        let mut lines = std::mem::take(&mut self.together);
        let done = self.sift(ask, group, n, strip, codes, wanted, (sieve, &queries, &mut lines));
        (self.coded, self.together) = (queries, lines);
        done
    }

    #[allow(clippy::too_many_arguments)]
    fn sift(
        &mut self,
        ask: Ask<'_>,
        group: &Group,
        n: usize,
        strip: &Strip<'_>,
        codes: &Codes,
        wanted: &Wanted<'_>,
        (sieve, queries, lines): (CodeKernel, &QueryCodes, &mut Vec<CodeLine>),
    ) -> Result<bool> {
        let prepared = ask.prepared;
        let slots = &prepared.slots(group.slots())[..group.len()];
        let cone = |query: usize| queries.bound(query, codes, self.top[query].threshold());
        self.cones.clear();
        self.cones.extend(slots.iter().map(|query| query.map_or(AngleBound::All, cone)));
        let open = self.cones.iter().filter(|cone| **cone == AngleBound::All).count();
        if open * 4 > group.len() {
            return Ok(false);
        }
        self.counts.by_codes = true;
        let started = self.worth[n].start();
        let sheet =
            codes.planes(strip.range.start / GROUP_ROWS..strip.range.end.div_ceil(GROUP_ROWS));
        let width = sieve.width().min(TILE);
        // Many queries compare all bits of the codes, whose planes are merged once for all of them.
        let together = (group.len() >= width).then(|| sieve.merge_planes(&sheet, lines));
        let groups = sheet.group_count();
        let mut looked_at = [0; 2];
        let mut in_question = 0;
        for (first, slots) in (0..).step_by(width).zip(slots.chunks(width)) {
            let mut tile: [Option<(usize, CodedQuery<'_>)>; TILE] = [None; TILE];
            let mut count = 0;
            for (query, cone) in slots.iter().zip(first..) {
                let Some(query) = query else { continue };
                match queries.coded(*query, self.cones[cone]) {
                    Some(coded) => {
                        tile[count] = Some((*query, coded));
                        count += 1;
                    }
                    None => {
                        in_question += wanted.count;
                        self.with_list(strip, wanted, |scan, rows| {
                            scan.follow(ask, *query, strip, rows)
                        })?;
                    }
                }
            }
            let Some((_, any)) = tile[0] else { continue };
            let tile = &tile[..count];
            let coded: [CodedQuery<'_>; TILE] =
                std::array::from_fn(|n| tile.get(n).copied().flatten().map_or(any, |of| of.1));
            let (mut left, mut sums) =
                (std::mem::take(&mut self.left), std::mem::take(&mut self.sums));
            left.resize(count * groups, 0);
            sums.resize(count * groups, [0; GROUP_ROWS]);
            let coded = &coded[..count];
            match &together {
                Some(together) => sieve.filter(together, coded, &mut left, &mut sums),
                None => {
                    left.chunks_mut(groups).for_each(|left| wanted.write(strip, left));
                    let more = sieve.filter_by_planes(&sheet, coded, &mut left, &mut sums);
                    looked_at = [looked_at[0] + more[0], looked_at[1] + more[1]];
                }
            }
            // The addresses of the rows, for prefetching; this reads none of them.
            let unread = match left.iter().any(|left| *left != 0) {
                true => Some(strip.lender.rows_some(strip.range.clone(), &[])?),
                false => None,
            };
            let mut list = std::mem::take(&mut self.in_question);
            let found = left.chunks(groups).zip(sums.chunks(groups));
            let mut ends = [0; TILE];
            list.clear();
            for (((query, coded), (left, sums)), end) in
                tile.iter().flatten().zip(found).zip(&mut ends)
            {
                let cone = coded.bound();
                self.later.open(strip, *query);
                wanted.of(left, strip, |row| {
                    let sum = sums[row as usize / GROUP_ROWS][row as usize % GROUP_ROWS];
                    let facts = || codes.error(strip.range.start + row as usize);
                    if self.later.takes() && is_below(sum, cone.estimate(facts())) {
                        self.later.push(row, sum);
                    } else {
                        if let Some(unread) = &unread {
                            prefetch_row(unread.vector(row as usize));
                        }
                        list.push(row);
                    }
                });
                *end = list.len();
            }
            in_question += list.len();
            // The processor is prefetching all of them by now.
            let mut start = 0;
            for ((query, _), end) in tile.iter().flatten().zip(ends) {
                if start < end {
                    self.follow(ask, *query, strip, &list[start..end])?;
                }
                start = end;
            }
            (self.left, self.sums, self.in_question) = (left, sums, list);
        }
        // Several queries may have read the same groups; all groups of the strip are the most there
        // are.
        let looked_at = if together.is_some() { [groups; 2] } else { looked_at };
        for (looked_at, bytes) in looked_at.into_iter().zip(codes.group_bytes()) {
            self.counts.bytes_read += (looked_at.min(groups) * bytes) as u64;
        }
        self.worth[n].coded(started, wanted.count * group.len(), in_question);
        if !self.worth[n].is_doubtful() {
            self.later.may_pay();
        }
        Ok(true)
    }

    /// Scores the listed rows for one query.
    pub(super) fn follow(
        &mut self,
        ask: Ask<'_>,
        query: usize,
        strip: &Strip<'_>,
        rows: &[u32],
    ) -> Result<()> {
        let form = ask.prepared.engine.form(ask.on.schema().metric(), false);
        self.counts.bytes_read += (rows.len() * strip.row_bytes()) as u64;
        let along = form.needs_norms() && strip.norms.is_none();
        let lent = strip.lent(rows)?;
        let vector = ask.queries[query].vector();
        for rows in rows.chunks(rows_at_a_time(&strip.lender)) {
            if !along {
                self.terms(ask.prepared, form, &lent, rows);
            }
            self.one(ask, query, &vector, form, along, &lent, rows)?;
        }
        Ok(())
    }
}

impl Wanted<'_> {
    /// Writes a bit for each wanted row; each entry of `groups` stands for 16 rows of the strip.
    /// The last group may be longer than the strip.
    fn write(&self, strip: &Strip<'_>, groups: &mut [u16]) {
        if self.are_all(strip) {
            groups.fill(u16::MAX);
            return;
        }
        for (group, first) in groups.iter_mut().zip(strip.range.clone().step_by(GROUP_ROWS)) {
            *group = self.mask.sixteen(first);
        }
    }

    /// Calls `each` with every wanted row that `left` has a bit for; each entry of `left` stands
    /// for 16 rows of the strip.
    fn of(&self, left: &[u16], strip: &Strip<'_>, mut each: impl FnMut(u32)) {
        let all = self.are_all(strip);
        for (first, left) in (0..).step_by(GROUP_ROWS).zip(left) {
            let mut left = *left;
            while left != 0 {
                let row: u32 = first + left.trailing_zeros();
                left &= left - 1;
                // The last group may be longer than the block.
                let there = strip.range.start + (row as usize) < strip.range.end;
                if there && (all || self.mask.contains(strip.range.start + row as usize)) {
                    each(row);
                }
            }
        }
    }
}
