//! Lineage: where the rows of a sealed block come from.

use std::fmt;
use std::ops::Range;

use crate::{Error, ErrorKind, Result, SealId};

/// The first sealed block that had a row with these bytes, and the row's number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Birthplace {
    /// The block.
    pub seal: SealId,
    /// The row of that block.
    pub row: u32,
}

/// Rows that follow each other in a block and at their birthplace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineageRun {
    /// The rows of the block at hand.
    pub rows: Range<u32>,
    /// The birthplace of the first of them.
    pub from: Birthplace,
}

/// The birthplaces of the rows of a sealed block that a store made from other sealed blocks: by a
/// checkpoint, a merge or a compaction. What was derived from a row is still right for its copies.
///
/// A row without a birthplace was born in the block itself. Kept as runs: O(runs) memory.
#[derive(Clone, Default)]
pub struct Lineage {
    /// How many rows have been pushed.
    rows: u32,
    seals: Vec<SealId>,
    /// In rising order, without overlaps.
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: u32,
    len: u32,
    /// The number of the seal of the birthplaces, and the row there.
    seal: u32,
    row: u32,
}

impl Lineage {
    /// Of a block whose rows are all born in it. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a block with these runs, in rising order; all other rows are born in it.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when a run is empty, begins before the end of the one before,
    /// or has rows that 32 bits don't number.
    pub fn from_runs(runs: impl IntoIterator<Item = LineageRun>) -> Result<Self> {
        let mut lineage = Self::new();
        for LineageRun { rows, from } in runs {
            let len = rows.end.saturating_sub(rows.start);
            if len == 0 || rows.start < lineage.rows || from.row.checked_add(len).is_none() {
                let what = "a lineage has runs that can't be";
                return Err(Error::new(ErrorKind::ContractViolation, what)
                    .expected(format_args!("rows from {} on", lineage.rows))
                    .found(format_args!("{rows:?} from row {}", from.row)));
            }
            lineage.rows = rows.end;
            lineage.add(Run { first: rows.start, len, seal: 0, row: from.row }, from.seal);
        }
        Ok(lineage)
    }

    /// Adds the next row. `None` says that it is born in the block. O(1), and O(seals) where the
    /// birthplace is in another block than that of the row before.
    pub fn push(&mut self, birthplace: Option<Birthplace>) {
        if let Some(Birthplace { seal, row }) = birthplace {
            self.add(Run { first: self.rows, len: 1, seal: 0, row }, seal);
        }
        self.rows = self.rows.saturating_add(1);
    }

    fn add(&mut self, run: Run, seal: SealId) {
        if let Some(last) = self.runs.last_mut()
            && self.seals[last.seal as usize] == seal
            && last.first + last.len == run.first
            && last.row + last.len == run.row
        {
            last.len += run.len;
            return;
        }
        // Rows come mostly from the blocks that were met last.
        let known = self.seals.iter().rposition(|known| *known == seal);
        let at = known.unwrap_or_else(|| {
            self.seals.push(seal);
            self.seals.len() - 1
        });
        // There are at most as many seals as rows.
        self.runs.push(Run { seal: u32::try_from(at).unwrap_or(u32::MAX), ..run });
    }

    /// The birthplace of a row; `None` when it was born in the block. O(log runs).
    #[must_use]
    pub fn birthplace(&self, row: u32) -> Option<Birthplace> {
        let before = self.runs.partition_point(|run| run.first <= row);
        let run = self.runs.get(before.checked_sub(1)?)?;
        let at = row - run.first;
        let seal = self.seals[run.seal as usize];
        (at < run.len).then(|| Birthplace { seal, row: run.row + at })
    }

    /// The runs, in rising order.
    #[must_use]
    pub fn runs(&self) -> impl ExactSizeIterator<Item = LineageRun> {
        self.runs.iter().map(|run| LineageRun {
            rows: run.first..run.first + run.len,
            from: Birthplace { seal: self.seals[run.seal as usize], row: run.row },
        })
    }

    /// Whether all rows are born in the block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lineage({} runs of {} blocks)", self.runs.len(), self.seals.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seal: u128, row: u32) -> Birthplace {
        Birthplace { seal: SealId::from_u128(seal), row }
    }

    #[test]
    fn rows_that_follow_each_other_are_one_run_and_each_row_has_its_place() {
        let places = [
            None,
            Some(place(1, 5)),
            Some(place(1, 6)),
            Some(place(1, 8)),
            Some(place(2, 9)),
            None,
            Some(place(2, 10)),
            Some(place(1, 7)),
        ];
        let mut lineage = Lineage::new();
        places.iter().for_each(|place| lineage.push(*place));
        assert_eq!(lineage.runs().len(), 5);
        for (row, expected) in (0..).zip(&places) {
            assert_eq!(lineage.birthplace(row), *expected, "row {row}");
        }
        assert_eq!(lineage.birthplace(8), None);
        assert_eq!(lineage.birthplace(u32::MAX), None);
        let again = Lineage::from_runs(lineage.runs()).unwrap();
        assert!(again.runs().eq(lineage.runs()));
        assert!(Lineage::new().is_empty() && !lineage.is_empty());
    }

    #[test]
    fn runs_that_cannot_be_are_refused() {
        let run = |rows, row| LineageRun { rows, from: place(1, row) };
        #[allow(clippy::reversed_empty_ranges)]
        for runs in [
            vec![run(0..0, 0)],
            vec![run(5..4, 0)],
            vec![run(0..4, 0), run(3..5, 9)],
            vec![run(0..2, u32::MAX - 1)],
        ] {
            let error = Lineage::from_runs(runs).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ContractViolation);
        }
        assert!(Lineage::from_runs([run(0..4, 0), run(4..5, 9)]).is_ok());
    }
}
