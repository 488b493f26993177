//! One chunk as a view lends it: rows, payloads, and the seal once it is full.

use std::ops::Range;

use iqdb_columns::Columns;
use iqdb_core::{
    BlockSource, Error, ErrorKind, IdRef, Narrow, Payload, PayloadRef, Predicate, Result, Seal,
    ValueRef, Version,
};

use crate::column::Column;
use crate::open_columns::OpenColumns;
use crate::rows::Rows;
use crate::sync::Arc;

/// A chunk with its payloads in one of their forms. The rows are shared by all forms.
#[derive(Debug)]
pub(crate) struct Chunk {
    rows: Arc<Rows>,
    payloads: Payloads,
    seal: Option<Seal>,
}

/// The payloads of a chunk, one per row.
#[derive(Debug, Clone)]
pub(crate) enum Payloads {
    /// By field, and growing. Also of a full chunk that has too long strings to be packed.
    Open(Arc<OpenColumns>),
    /// By field, packed.
    Packed(Arc<Columns>),
    /// One after the other, where there are too many fields.
    Whole(Column<Payload>),
}

impl Chunk {
    /// A chunk that is still being filled.
    pub(crate) fn open(rows: Arc<Rows>, payloads: Payloads) -> Self {
        Self { rows, payloads, seal: None }
    }

    /// A chunk that is full: its rows, ids and payloads, one per row, never change again.
    pub(crate) fn sealed(rows: Arc<Rows>, payloads: Payloads) -> Self {
        Self { rows, payloads, seal: Some(Seal::new()) }
    }

    pub(crate) fn rows(&self) -> &Arc<Rows> {
        &self.rows
    }

    pub(crate) fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
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

/// A payload in one of the forms.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowPayload<'a> {
    Open(&'a OpenColumns, usize),
    Packed(&'a Columns, usize),
    Whole(&'a Payload),
}

impl<'a> RowPayload<'a> {
    /// Calls `each` with every field and its value.
    pub(crate) fn for_each(self, mut each: impl FnMut(&'a str, ValueRef<'a>)) {
        match self {
            Self::Whole(payload) => {
                payload.iter().for_each(|(name, value)| each(name, value.as_ref()));
            }
            Self::Open(columns, row) => {
                columns.row(row).for_each(|(name, value)| each(name, value));
            }
            Self::Packed(columns, row) => {
                columns.row(row).for_each(|(name, value)| each(name, value));
            }
        }
    }

    /// What it counts towards the limits of a payload, in bytes.
    pub(crate) fn size_bytes(self) -> usize {
        let scalar = |value: ValueRef<'_>| match value {
            ValueRef::Text(text) => 8 + text.len(),
            _ => 8,
        };
        let mut bytes = 0;
        self.for_each(|name, value| {
            bytes += name.len();
            bytes += match value {
                ValueRef::List(list) => list.iter().fold(8, |bytes, value| bytes + scalar(value)),
                value => scalar(value),
            };
        });
        bytes
    }

    pub(crate) fn to_payload(self) -> Payload {
        let mut payload = Payload::new();
        self.for_each(|name, value| {
            payload.insert(name, value);
        });
        payload
    }
}

impl<'a> From<RowPayload<'a>> for PayloadRef<'a> {
    fn from(lent: RowPayload<'a>) -> Self {
        match lent {
            RowPayload::Whole(payload) => payload.into(),
            RowPayload::Open(columns, row) => Self::of_row(columns, row),
            RowPayload::Packed(columns, row) => Self::of_row(columns, row),
        }
    }
}

/// For a caller that holds on to a source and asks for a row that its block lacks.
fn no_such_row() -> Error {
    Error::new(ErrorKind::ContractViolation, "there is no such row in the chunk")
}

impl BlockSource for Chunk {
    fn rows(&self, range: Range<usize>) -> Result<&[f32]> {
        self.rows.components(range).ok_or_else(no_such_row)
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<&[f32]> {
        BlockSource::rows(self, range)
    }

    /// O(1) while no row of the chunk is dead, else O(rows).
    fn clear_dead(&self, at: Version, live: &mut Narrow<'_>) -> Result<()> {
        if !self.rows.all_alive(at) {
            live.retain_words(|first, _| self.rows.alive_among_64(first, at));
        }
        Ok(())
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
