//! The mark: how far the database was published, in the file `lock`.
//!
//! A log that was cut, or replaced by an earlier copy of itself, is a log all the same, and so is an
//! earlier manifest. The mark tells them from what was acknowledged: it is written after the sync of
//! a group and before its acknowledgement, so it is never ahead of what is on the disk. It is not
//! synced itself. After a power loss it may be behind, or gone, and then proves less.
//!
//! There are two slots, of a sector each, which are written in turn.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::log::LogEnd;
use super::wire::{Reader, put_u64};

/// The offsets of the slots. Each slot has a sector of its own, behind the sector of the file head.
pub(crate) const SLOTS: [u64; 2] = [512, 1_024];

/// The size of the file `lock` in bytes.
pub(crate) const FILE_BYTES: usize = 1_536;

/// The size of a mark in bytes.
pub(crate) const SLOT_BYTES: usize = 48;

/// How far the database was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// How often it was written.
    pub(crate) sequence: u64,
    /// The numbers of the manifest and the log.
    pub(crate) manifest: u64,
    pub(crate) log: u64,
    /// How far the log was on the disk.
    pub(crate) end: LogEnd,
}

impl Mark {
    /// The offset of the slot that this mark is written to.
    pub(crate) fn slot(&self) -> u64 {
        if self.sequence.is_multiple_of(2) { SLOTS[0] } else { SLOTS[1] }
    }

    pub(crate) fn encode(&self, database: u128) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SLOT_BYTES);
        let LogEnd { offset, chain } = self.end;
        for number in [self.sequence, self.manifest, self.log, offset, chain] {
            put_u64(&mut bytes, number);
        }
        let checksum = checksum(&bytes, database);
        put_u64(&mut bytes, checksum);
        bytes
    }

    /// `None` for bytes that are no mark of this database.
    pub(crate) fn decode(bytes: &[u8], database: u128) -> Option<Self> {
        let mut fields = Reader::new(bytes);
        let mut number = || fields.take_u64().ok();
        let (sequence, manifest, log) = (number()?, number()?, number()?);
        let end = LogEnd { offset: number()?, chain: number()? };
        let mark = Self { sequence, manifest, log, end };
        let found = number()?;
        (checksum(&bytes[..SLOT_BYTES - 8], database) == found).then_some(mark)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "half of the id is enough of a seed")]
fn checksum(bytes: &[u8], database: u128) -> u64 {
    xxh3_64_with_seed(bytes, database as u64)
}
