//! The payloads of a chunk, in one of three forms, and the payload of one row.

use iqdb_columns::Columns;
use iqdb_core::{Payload, PayloadRef, ValueRef};

use crate::column::Column;
use crate::open_columns::OpenColumns;
use crate::sync::Arc;

/// The payloads of a chunk, one per row.
#[derive(Debug, Clone)]
pub(crate) enum Payloads {
    /// By field, in the order of appearance, of a chunk that is being filled, or of a full one where
    /// the strings of a field are of more than 4 GiB.
    Open(Arc<OpenColumns>),
    /// By field, sorted and packed, of a full chunk.
    Packed(Arc<Columns>),
    /// Row by row, of a chunk with more fields than columns may have.
    Whole(Column<Payload>),
}

/// The payload of one row, in the form of its chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowPayload<'a> {
    Open(&'a OpenColumns, usize),
    Packed(&'a Columns, usize),
    Whole(&'a Payload),
    /// Of a row of new records.
    New(&'a iqdb_core::Rows, usize),
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
            Self::New(rows, row) => {
                rows.payload_entries(row).for_each(|(name, value)| each(name, value));
            }
        }
    }

    /// The size of the payload, in bytes, as [`Payload::size_bytes`] counts it.
    pub(crate) fn size_bytes(self) -> usize {
        let mut bytes = 0;
        self.for_each(|key, value| bytes += key.len() + value.size_bytes());
        bytes
    }

    /// A copy of the payload.
    pub(crate) fn to_payload(self) -> Payload {
        let mut payload = Payload::new();
        self.for_each(|name, value| {
            payload.insert(name, value);
        });
        payload
    }
}

impl<'a> From<RowPayload<'a>> for PayloadRef<'a> {
    fn from(payload: RowPayload<'a>) -> Self {
        match payload {
            RowPayload::Whole(whole) => whole.into(),
            RowPayload::Open(columns, row) => Self::of_row(columns, row),
            RowPayload::Packed(columns, row) => Self::of_row(columns, row),
            RowPayload::New(rows, row) => rows.payload(row),
        }
    }
}
