//! A computed field that is being added to a store with records: the columns of the rows that there
//! are, before a schema has the field.

use iqdb_core::{Blocks, Budget, ColumnBuf, Field, Progress, Result};

use crate::field_column::{FieldAppender, FieldColumn};
use crate::generation::Generation;
use crate::sync::Arc;
use crate::view::View;

/// How many rows are computed between two looks at the budget.
const STRIDE: usize = 64;

/// How many rows may be computed while writers wait.
const LOCKED_ROWS_MAX: usize = 1_024;

/// How often writers may come ahead, or replace the generation, until they have to wait.
const ROUNDS_MAX: usize = 16;

/// The columns of the rows of one generation, from its first row on. It catches up with one view after
/// the other, as rows are added.
#[derive(Debug)]
pub(crate) struct Backfill {
    field: Field,
    /// The generation that the rows are of.
    generation: Option<Arc<Generation>>,
    /// The columns of its first chunks, which are full.
    full: Vec<FieldColumn>,
    /// The column of the first `next_rows` rows of the chunk after them.
    next: ColumnBuf,
    next_rows: usize,
    /// The size of all columns.
    bytes: u64,
    /// How many rows have been computed, those of earlier generations included.
    rows_done: u64,
    /// How often it has caught up, and how many rows had been added then.
    rounds: usize,
    rows_left: usize,
}

/// The columns of all rows of a generation.
#[derive(Debug)]
pub(crate) struct Backfilled {
    /// Those of full chunks, in the order of the chunks.
    pub(crate) full: Vec<FieldColumn>,
    /// That of the chunk after them, if it has rows, and its appender.
    pub(crate) open: Option<(FieldAppender, FieldColumn)>,
    /// Their size.
    pub(crate) bytes: u64,
}

impl Backfill {
    /// The field that is added, without a row.
    pub(crate) fn new(field: Field) -> Self {
        let next = ColumnBuf::new(field.kind());
        Self {
            field,
            generation: None,
            full: Vec::new(),
            next,
            next_rows: 0,
            bytes: 0,
            rows_done: 0,
            rounds: 0,
            rows_left: usize::MAX,
        }
    }

    pub(crate) fn field(&self) -> &Field {
        &self.field
    }

    /// How many rows have been computed.
    pub(crate) fn rows_done(&self) -> u64 {
        self.rows_done
    }

    /// Whether to [catch up](Self::catch_up) once more before writers wait: a compaction has replaced
    /// the rows, or this view has many rows more, but fewer than there were the time before.
    pub(crate) fn is_behind(&mut self, view: &View) -> bool {
        let (left, before) = (self.rows_left(view), self.rows_left);
        self.rounds += 1;
        self.rows_left = left;
        let pays = !self.is_of(view) || (left > LOCKED_ROWS_MAX && left < before);
        pays && self.rounds < ROUNDS_MAX
    }

    /// Computes the rows that this view shows and that have not been computed; all of them, if a
    /// compaction has replaced the generation. Rows that are dead at the view lack the field. O(bytes
    /// of the payloads).
    ///
    /// # Errors
    /// Those of the budget; whatever reading the payloads reports.
    pub(crate) fn catch_up(
        &mut self,
        view: &View,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        if !self.is_of(view) {
            self.restart(Arc::clone(&view.generation));
        }
        let of = self.rows_done + self.rows_left(view) as u64;
        while self.full.len() < view.chunks.len() {
            let rows_max = view.generation.layout().chunk_rows(self.full.len());
            self.compute_chunk(view, budget, &mut |done| progress.report(done, of))?;
            if self.next_rows < rows_max {
                break;
            }
            let (_, column) = FieldAppender::of_bytes(&self.next, rows_max, rows_max)?;
            self.full.push(column);
            self.next.clear();
            self.next_rows = 0;
        }
        progress.report(self.rows_done, of);
        Ok(())
    }

    /// The columns, once all rows are computed. O(bytes of the open chunk's).
    ///
    /// # Errors
    /// Those of the column.
    pub(crate) fn finish(self) -> Result<Backfilled> {
        let Self { generation, full, next, next_rows, bytes, .. } = self;
        let open = match generation {
            Some(generation) if next_rows > 0 => {
                let rows_max = generation.layout().chunk_rows(full.len());
                Some(FieldAppender::of_bytes(&next, next_rows, rows_max)?)
            }
            _ => None,
        };
        Ok(Backfilled { full, open, bytes })
    }

    /// Whether the rows are those of the view's generation.
    fn is_of(&self, view: &View) -> bool {
        self.generation.as_ref().is_some_and(|of| Arc::ptr_eq(of, &view.generation))
    }

    /// How many rows the view has that have not been computed.
    fn rows_left(&self, view: &View) -> usize {
        let done = match self.is_of(view) {
            true => view.generation.layout().first_row(self.full.len()) + self.next_rows,
            false => 0,
        };
        (view.rows as usize).saturating_sub(done)
    }

    fn restart(&mut self, generation: Arc<Generation>) {
        self.generation = Some(generation);
        self.full.clear();
        self.next.clear();
        self.next_rows = 0;
        self.bytes = 0;
    }

    /// Computes the rows of the chunk after the full ones, and tells how many are done.
    fn compute_chunk(
        &mut self,
        view: &View,
        budget: Budget<'_>,
        report: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let block = view.block(self.full.len())?;
        let mut bytes = Vec::new();
        for row in self.next_rows..block.len() {
            if row.is_multiple_of(STRIDE) {
                report(self.rows_done);
                budget.check()?;
            }
            if block.is_alive(row)? && self.field.compute(&block.payload(row)?, &mut bytes)? {
                // A chunk has fewer rows than 32 bits count.
                self.next.push_bytes(u32::try_from(row).unwrap_or(u32::MAX), &bytes)?;
                self.bytes += bytes.len() as u64;
                bytes.clear();
            }
            self.next_rows += 1;
            self.rows_done += 1;
        }
        Ok(())
    }
}
