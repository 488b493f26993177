//! One chunk as readers see it: its rows, its payloads, and its seal once it is full.

use iqdb_core::{
    Birthplace, BlockSource, Error, ErrorKind, FieldId, IdRef, Narrow, PayloadRef, Predicate,
    Result, Seal, VectorColumn, Version,
};

use crate::payloads::{Payloads, RowPayload};
use crate::rows::Rows;
use crate::sync::Arc;

/// A chunk with its payloads in one form. Chunks of the same rows in other forms share the rows.
#[derive(Debug)]
pub(crate) struct Chunk {
    rows: Arc<Rows>,
    payloads: Payloads,
    seal: Option<Seal>,
}

impl Chunk {
    /// A chunk that is still being filled.
    pub(crate) fn open(rows: Arc<Rows>, payloads: Payloads) -> Self {
        Self { rows, payloads, seal: None }
    }

    /// A chunk that is full: its rows, ids and payloads, one per row, never change again.
    pub(crate) fn sealed(rows: Arc<Rows>, payloads: Payloads, seal: Seal) -> Self {
        Self { rows, payloads, seal: Some(seal) }
    }

    pub(crate) fn rows(&self) -> &Arc<Rows> {
        &self.rows
    }

    pub(crate) fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    /// The first sealed chunk that had a row; `None` for a row of a chunk that isn't full.
    pub(crate) fn birthplace(&self, row: usize) -> Option<Birthplace> {
        // A lineage in memory is read without errors.
        self.seal()?.birthplace(u32::try_from(row).ok()?).ok()
    }

    /// The payload of a row.
    pub(crate) fn payload(&self, row: usize) -> Option<RowPayload<'_>> {
        match &self.payloads {
            Payloads::Open(columns) => self.rows.id(row).map(|_| RowPayload::Open(columns, row)),
            Payloads::Packed(columns) => {
                self.rows.id(row).map(|_| RowPayload::Packed(columns, row))
            }
            Payloads::Whole(payloads) => payloads.get(row).map(RowPayload::Whole),
        }
    }
}

/// The error for a caller that keeps a source and asks it for a row that is not in its block.
fn no_such_row() -> Error {
    Error::new(ErrorKind::ContractViolation, "there is no such row in the chunk")
}

impl BlockSource for Chunk {
    fn column(&self, field: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(self.rows.field(field).map(|column| column as &dyn VectorColumn))
    }

    /// O(1) while no row of the chunk is dead, else O(rows).
    fn clear_dead(&self, at: Version, live: &mut Narrow<'_>) -> Result<()> {
        if !self.rows.all_alive(at) {
            live.retain_words(|first, _| self.rows.alive_among_64(first, at));
        }
        Ok(())
    }

    fn is_alive(&self, row: usize, at: Version) -> Result<bool> {
        Ok(self.rows.is_alive(row, at))
    }

    fn ended(&self, since: Version, at: Version, out: &mut Vec<u32>) -> Result<bool> {
        Ok(self.rows.ended_between(since, at, out))
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        self.rows.id(row).map(|id| id.as_ref()).ok_or_else(no_such_row)
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        Chunk::payload(self, row).map(Into::into).ok_or_else(no_such_row)
    }

    fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> Result<bool> {
        match &self.payloads {
            Payloads::Open(columns) => Ok(columns.matching(leaf, mask)),
            Payloads::Packed(columns) => Ok(columns.matching(leaf, mask)),
            Payloads::Whole(_) => Ok(false),
        }
    }
}
