//! One block of a segment, as a snapshot lends it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use iqdb_core::{
    BlockSource, Error, ErrorKind, FieldId, IdRef, Narrow, PayloadRef, Predicate, Result, Seal,
    VectorColumn, Version,
};

use super::body::Body;
use super::column::SegmentColumn;
use super::ended::Ended;
use crate::errors::damaged;
use crate::format::payloads::PayloadBlock;
use crate::format::segment::ids::{END, decode_id};
use crate::format::segment::layout::{ColumnPart, Section, Shape};

/// Up to some 4 MiB of rows.
#[derive(Clone)]
pub(crate) struct SegmentBlock {
    records: Arc<BlockRecords>,
    /// By the position of their field; `None` for a field that is later than the block and has no column
    /// file.
    columns: Vec<Option<Arc<SegmentColumn>>>,
}

/// All of a block but its columns. Views before and after a column is added share it.
struct BlockRecords {
    body: Arc<Body>,
    rows: usize,
    ids_slot: usize,
    payloads_slot: usize,
    payloads: OnceLock<PayloadBlock>,
    ended: Ended,
    seal: Seal,
}

impl SegmentBlock {
    /// Block number `n` of a segment with this footer. `body` holds the footer's sections.
    pub(crate) fn new(
        body: &Arc<Body>,
        shape: &Shape,
        (rows, vectors): (u64, &[usize]),
        n: usize,
        seal: Seal,
    ) -> Self {
        let (blocks, fields) = (shape.blocks(rows), shape.fields());
        let rows = shape.rows_in(n, rows);
        let columns = vectors.iter().enumerate().map(|(field, len)| {
            let slot = Section::Column(n, field, ColumnPart::Vectors).slot(blocks, fields);
            let kind = shape.schema.fields()[field].kind();
            Some(Arc::new(SegmentColumn::new(Arc::clone(body), kind, (*len, rows), slot)))
        });
        let records = BlockRecords {
            body: Arc::clone(body),
            rows,
            ids_slot: Section::Ids(n).slot(blocks, fields),
            payloads_slot: Section::Payloads(n).slot(blocks, fields),
            payloads: OnceLock::new(),
            ended: Ended::none(rows),
            seal,
        };
        Self { columns: columns.collect(), records: Arc::new(records) }
    }

    /// The block with the column of a field that was added later.
    pub(crate) fn with_column(mut self, field: usize, column: &Arc<SegmentColumn>) -> Self {
        let len = self.columns.len().max(field + 1);
        self.columns.resize(len, None);
        self.columns[field] = Some(Arc::clone(column));
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.records.rows
    }

    pub(crate) fn seal(&self) -> &Seal {
        &self.records.seal
    }

    pub(crate) fn ended(&self) -> &Ended {
        &self.records.ended
    }

    /// The payloads, decoded at their first use.
    pub(crate) fn payloads(&self) -> Result<&PayloadBlock> {
        self.records.payloads()
    }

    pub(crate) fn id_of(&self, row: usize) -> Result<IdRef<'_>> {
        self.records.id_of(row)
    }

    /// Whether all ids, payloads, vectors and the lineage make sense.
    pub(crate) fn check_all(&self) -> Result<()> {
        self.records.check_all()?;
        self.columns.iter().flatten().try_for_each(|column| column.check_all())
    }
}

impl BlockRecords {
    fn payloads(&self) -> Result<&PayloadBlock> {
        if let Some(payloads) = self.payloads.get() {
            return Ok(payloads);
        }
        let bytes = self.body.section(self.payloads_slot)?;
        let decoded = PayloadBlock::decode(bytes, self.rows).map_err(|error| {
            damaged(self.body.path(), "payloads make no sense").caused_by(error)
        })?;
        // Another reader may have been faster.
        Ok(self.payloads.get_or_init(|| decoded))
    }

    fn id_of(&self, row: usize) -> Result<IdRef<'_>> {
        if row >= self.rows {
            return Err(no_such_row());
        }
        let end = |row: usize| -> Result<usize> {
            let bytes = self.body.bytes(self.ids_slot, row * END..(row + 1) * END)?;
            Ok(bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize)
        };
        let start = match row.checked_sub(1) {
            Some(before) => end(before)?,
            None => 0,
        };
        let first = self.rows * END;
        let bytes = self.body.bytes(self.ids_slot, first + start..first + end(row)?)?;
        decode_id(bytes).ok_or_else(|| damaged(self.body.path(), "an id makes no sense"))
    }

    fn check_all(&self) -> Result<()> {
        self.payloads()?;
        self.seal.lineage()?;
        (0..self.rows).try_for_each(|row| self.id_of(row).map(drop))
    }
}

/// For a caller that keeps a source and asks for more rows than its block has.
fn no_such_row() -> Error {
    Error::new(ErrorKind::ContractViolation, "there is no such row in the block")
}

impl BlockSource for SegmentBlock {
    fn column(&self, field: FieldId) -> Result<Option<&dyn VectorColumn>> {
        // A segment that is older than a field of vectors has no column of it.
        let Some(Some(column)) = self.columns.get(field.index()) else { return Ok(None) };
        Ok(column.lend()?.map(|column| column as &dyn VectorColumn))
    }

    /// O(1) while no row of the block is dead, else O(rows).
    fn clear_dead(&self, at: Version, live: &mut Narrow<'_>) -> Result<()> {
        self.ended().clear_dead(at, live);
        Ok(())
    }

    fn is_alive(&self, row: usize, at: Version) -> Result<bool> {
        Ok(self.ended().is_alive(row, at))
    }

    /// Knows of no ends before the segment was opened.
    fn ended(&self, since: Version, at: Version, out: &mut Vec<u32>) -> Result<bool> {
        Ok(self.ended().between(since, at, out))
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        self.id_of(row)
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        self.payloads()?.payload(row).ok_or_else(no_such_row)
    }

    fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> Result<bool> {
        Ok(self.payloads()?.matching(leaf, mask))
    }
}

impl fmt::Debug for SegmentBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SegmentBlock({} rows)", self.len())
    }
}
