//! The chunk that the writer fills, from its side: appenders, and the chunk that readers see.

use iqdb_core::{Birthplace, Lineage, Payload, RecordId, Seal, SealId};

use crate::chunk::Chunk;
use crate::column::{Appender, column};
use crate::field_column::{FieldAppender, FieldColumn};
use crate::field_memory::ReservedMemory;
use crate::layout::Layout;
use crate::noted_ends::NotedEnds;
use crate::open_columns::{ColumnsAppender, columns};
use crate::payloads::{Payloads, RowPayload};
use crate::rows::{Link, RowValues, Rows, RowsAppender, rows};
use crate::sync::Arc;
use crate::table::Hasher;

/// A chunk and the appenders of its rows and payloads.
#[derive(Debug)]
pub(crate) struct OpenChunk {
    rows_in: RowsAppender,
    payloads_in: PayloadsAppender,
    rows: Arc<Rows>,
    payloads: Payloads,
    rows_max: usize,
    /// Where its rows come from.
    lineage: Lineage,
}

#[derive(Debug)]
enum PayloadsAppender {
    Columns(ColumnsAppender),
    Whole(Appender<Payload>),
}

impl OpenChunk {
    /// An empty chunk number `n`.
    pub(crate) fn new(layout: &Layout, n: usize, hasher: Hasher, noted_ends: NotedEnds) -> Self {
        let rows_max = layout.chunk_rows(n);
        let (rows_in, rows) = rows(layout, n, noted_ends);
        let (payloads_in, payloads) = columns(rows_max, hasher);
        Self {
            rows_in,
            payloads_in: PayloadsAppender::Columns(payloads_in),
            rows: Arc::new(rows),
            payloads: Payloads::Open(Arc::new(payloads)),
            rows_max,
            lineage: Lineage::new(),
        }
    }

    /// The rows, which all forms of the chunk share.
    pub(crate) fn rows(&self) -> &Arc<Rows> {
        &self.rows
    }

    /// Appends a row. Returns its number in the chunk, and whether the payloads changed their form, so
    /// that the next view needs a new [`chunk`](Self::chunk); earlier views keep theirs, which is valid
    /// for the rows before.
    ///
    /// # Panics
    /// When the chunk is [full](Self::is_full).
    pub(crate) fn push(
        &mut self,
        id: RecordId,
        values: RowValues<'_>,
        link: Link,
        (payload, birthplace): (RowPayload<'_>, Option<Birthplace>),
        reserved: &mut ReservedMemory,
    ) -> (usize, bool) {
        self.lineage.push(birthplace);
        let row = self.rows_in.push(&self.rows, id, values, link, reserved);
        let fits = match &mut self.payloads_in {
            PayloadsAppender::Columns(columns) => {
                let mut fields = columns.row(row);
                payload.for_each(|name, value| fields.push(name, value));
                fields.fits()
            }
            PayloadsAppender::Whole(payloads) => {
                payloads.push(payload.to_payload());
                true
            }
        };
        if !fits {
            self.keep_whole(row, payload);
        }
        (row, !fits)
    }

    /// Adds the column of the field at this position, which has all rows so far, and its appender.
    pub(crate) fn add_column(&mut self, field: usize, writes: FieldAppender, reads: FieldColumn) {
        self.rows.fill(field, reads);
        self.rows_in.fill(field, writes);
    }

    /// Replaces the columns by whole payloads: copies those of the rows below `row`, and adds that of
    /// `row`.
    fn keep_whole(&mut self, row: usize, payload: RowPayload<'_>) {
        let (mut appender, column) = column(self.rows_max);
        if let Payloads::Open(columns) = &self.payloads {
            (0..row).for_each(|row| appender.push(RowPayload::Open(columns, row).to_payload()));
        }
        appender.push(payload.to_payload());
        self.payloads_in = PayloadsAppender::Whole(appender);
        self.payloads = Payloads::Whole(column);
    }

    /// Whether there is no room for another row.
    pub(crate) fn is_full(&self) -> bool {
        self.rows_in.is_full()
    }

    /// The chunk as readers see it while rows are added.
    pub(crate) fn chunk(&self) -> Chunk {
        Chunk::open(Arc::clone(&self.rows), self.payloads.clone())
    }

    /// The chunk as readers see it when it is full. O(values log values).
    pub(crate) fn sealed(self, id: SealId) -> Chunk {
        let payloads = match &self.payloads {
            Payloads::Open(open) => open.packed(self.rows_max).map_or_else(
                || self.payloads.clone(),
                |columns| Payloads::Packed(Arc::new(columns)),
            ),
            other => other.clone(),
        };
        Chunk::sealed(self.rows, payloads, Seal::with_id(id).with_lineage(self.lineage))
    }
}
