//! Queries for text: the terms of every live record of the field are read, and those that the query hits
//! are scored.

use iqdb_core::filter::MaskPool;
use iqdb_core::text::{TextMatches, TextQuery};
use iqdb_core::{
    Block, Blocks, Column, Error, ErrorKind, Explain, FieldId, Query, Result, RowMask, RowsRef,
};

use crate::budgets::Budgets;
use crate::top_k::{Candidate, Place, TopK};

/// How many rows are read between two looks at the budget.
const STRIP_ROWS: usize = 1_024;

/// The working memory of a query for text.
#[derive(Debug, Default)]
pub(crate) struct TextScan {
    matches: TextMatches,
    alive: RowMask,
    wanted: RowMask,
    pool: MaskPool,
    /// The rows of a strip that are read, counted from its start.
    read: Vec<u32>,
    top: TopK,
}

/// What a query for text asks, and of what.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) on: &'a dyn Blocks,
    pub(crate) field: FieldId,
    pub(crate) query: &'a Query<'a>,
    pub(crate) text: &'a TextQuery,
}

impl TextScan {
    /// Finds the hits, and adds what was done to `explain`.
    pub(crate) fn run(
        &mut self,
        asked: Asked<'_>,
        budgets: Budgets<'_>,
        explain: &mut Explain,
    ) -> Result<()> {
        let Asked { on, field, query, text } = asked;
        self.matches.begin(text);
        for number in 0..on.block_count() {
            budgets.check()?;
            let block = on.block(number)?;
            if let Some(column) = block.column(field)? {
                self.count(asked, (number, &block, column), budgets, explain)?;
            }
        }
        self.top.reset(query.goal());
        let scores = self.matches.scores(text);
        explain.rescored += scores.len() as u64;
        for (key, score) in scores {
            let place = |part: u64| usize::try_from(part).unwrap_or(usize::MAX);
            let (block, row) = (place(key >> 32), place(key & u64::from(u32::MAX)));
            let candidate = Candidate { distance: 0.0 - score, place: Place { block, row } };
            self.top.offer(candidate, on)?;
        }
        Ok(())
    }

    /// Adds the live rows of a block.
    fn count(
        &mut self,
        asked: Asked<'_>,
        (number, block, column): (usize, &Block<'_>, Column<'_>),
        budgets: Budgets<'_>,
        explain: &mut Explain,
    ) -> Result<()> {
        let Self { matches, alive, wanted, pool, read, .. } = self;
        let go_on = || budgets.check();
        block.select(0..block.len(), None, alive, pool)?;
        if let Some(filter) = asked.query.filter() {
            block.select_while(0..block.len(), Some(filter), wanted, pool, &go_on)?;
        }
        for start in (0..column.len()).step_by(STRIP_ROWS) {
            budgets.check()?;
            let range = start..column.len().min(start + STRIP_ROWS);
            read.clear();
            let is_alive = |n: &u32| alive.contains(column.block_row(start + *n as usize));
            read.extend((0_u32..).take(range.len()).filter(is_alive));
            if read.is_empty() {
                continue;
            }
            let RowsRef::Bytes(rows) = column.rows_some(range, read)? else {
                return Err(violation("a source lent rows of another kind than the field's"));
            };
            for n in &*read {
                let (row, bytes) = (column.block_row(start + *n as usize), rows.row(*n as usize));
                let is_wanted = asked.query.filter().is_none() || wanted.contains(row);
                explain.candidates += u64::from(is_wanted);
                explain.bytes_read += bytes.len() as u64;
                matches
                    .add(asked.text, bytes, (number as u64) << 32 | row as u64, is_wanted)
                    .map_err(|error| match block.id(row) {
                        Ok(id) => error.with_id(&id.to_id()),
                        Err(_) => error,
                    })?;
            }
        }
        Ok(())
    }

    /// The hits, best first.
    pub(crate) fn sorted(&mut self, on: &dyn Blocks) -> Result<&[Candidate]> {
        self.top.sorted(on)
    }
}

fn violation(message: &'static str) -> Error {
    Error::new(ErrorKind::ContractViolation, message)
}
