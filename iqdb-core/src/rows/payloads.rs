//! A column of payloads, as bytes.

use crate::value::{put_entry, take_entry};
use crate::{PayloadColumns, PayloadRef, Result, ValueRef};

/// Payloads, one after the other: of each its entries, a key and a value. A cleared column keeps its
/// memory.
#[derive(Debug, Clone, Default)]
pub(super) struct PayloadColumn {
    bytes: Vec<u8>,
    /// Where each payload ends.
    ends: Vec<usize>,
}

impl PayloadColumn {
    /// Appends a payload. O(its bytes); what is there stays as it is if reading it fails.
    pub(super) fn push(&mut self, payload: &PayloadRef<'_>) -> Result<()> {
        let start = self.bytes.len();
        let entries = payload.for_each_entry(|key, value| put_entry(&mut self.bytes, key, value));
        match entries {
            Ok(()) => self.ends.push(self.bytes.len()),
            Err(_) => self.bytes.truncate(start),
        }
        entries
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn entries(&self, row: usize) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        let mut rest = &self.bytes[start..self.ends[row]];
        std::iter::from_fn(move || take_entry(&mut rest))
    }
}

/// Rows are checked by [`Block`](crate::Block) before they get here.
impl PayloadColumns for PayloadColumn {
    fn entry_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
        Ok(self.entries(row).nth(n))
    }

    fn get(&self, row: usize, key: &str) -> Result<Option<ValueRef<'_>>> {
        Ok(self.entries(row).find(|(name, _)| *name == key).map(|(_, value)| value))
    }
}
