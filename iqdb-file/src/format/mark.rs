//! The mark: how far the database was published, in the file `lock`.
//!
//! A log that was cut, or replaced by an earlier copy of itself, is a log all the same, and so is an
//! earlier manifest. The mark tells them from what was acknowledged: it is written after the sync of
//! a group and before its acknowledgement, so it is never ahead of what is on the disk. A writer syncs
//! its first one, and no later one. After a power loss the mark may be behind, or gone, and then proves
//! less.
//!
//! There are two slots, which are written in turn. Each has a page of its own, so that no write to the
//! one can damage the other, nor the file head.

use iqdb_core::DateTime;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::log::LogEnd;
use super::wire::{Reader, put_bytes, put_u8, put_u32, put_u64};

/// The offsets of the slots.
pub(crate) const SLOTS: [u64; 2] = [4_096, 8_192];

/// The size of the file `lock` in bytes.
pub(crate) const FILE_BYTES: usize = 12_288;

/// The size of a mark in bytes: the least that a disk writes at once.
pub(crate) const SLOT_BYTES: usize = 512;

/// The most bytes of a host's name that a mark has.
const HOST_MAX: usize = 255;

/// A mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The number of the mark: 1 more than that of the mark before.
    pub(crate) sequence: u64,
    pub(crate) published: Published,
    pub(crate) writer: MarkWriter,
    /// The writer has ended, and left nothing for recovery to do.
    pub(crate) is_clean: bool,
}

/// The process that writes marks, when it opened the database. Only the boot decides anything; the rest
/// is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MarkWriter {
    /// What tells its boot of the machine from all others, where the system has such a thing. Never 0.
    pub(crate) boot: Option<u128>,
    /// The name of the machine.
    pub(crate) host: String,
    /// The number of the process.
    pub(crate) process: u32,
    pub(crate) time: DateTime,
}

/// How far a database was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Published {
    /// The numbers of the manifest and the log.
    pub(crate) manifest: u64,
    pub(crate) log: u64,
    /// How much of the log was on the disk.
    pub(crate) end: LogEnd,
}

impl Mark {
    /// The offset of the slot that this mark is written to.
    pub(crate) fn slot(&self) -> u64 {
        if self.sequence.is_multiple_of(2) { SLOTS[0] } else { SLOTS[1] }
    }

    pub(crate) fn encode(&self, database: u128) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SLOT_BYTES);
        let Published { manifest, log, end } = self.published;
        for number in [self.sequence, manifest, log, end.offset, end.chain] {
            put_u64(&mut bytes, number);
        }
        put_bytes(&mut bytes, &self.writer.boot.unwrap_or(0).to_le_bytes());
        put_u64(&mut bytes, self.writer.time.as_micros().cast_unsigned());
        put_u32(&mut bytes, self.writer.process);
        put_u8(&mut bytes, u8::from(self.is_clean));
        let mut host = self.writer.host.clone();
        while host.len() > HOST_MAX {
            host.pop();
        }
        #[allow(clippy::cast_possible_truncation, reason = "it is at most HOST_MAX")]
        put_u8(&mut bytes, host.len() as u8);
        put_bytes(&mut bytes, host.as_bytes());
        bytes.resize(SLOT_BYTES - 8, 0);
        let checksum = checksum(&bytes, database);
        put_u64(&mut bytes, checksum);
        bytes
    }

    /// `None` for bytes that are no mark of this database.
    pub(crate) fn decode(bytes: &[u8], database: u128) -> Option<Self> {
        let (content, found) = bytes.split_at_checked(SLOT_BYTES - 8)?;
        if found != checksum(content, database).to_le_bytes() {
            return None;
        }
        let mut fields = Reader::new(content);
        let mut number = || fields.take_u64().ok();
        let (sequence, manifest, log) = (number()?, number()?, number()?);
        let end = LogEnd { offset: number()?, chain: number()? };
        let boot = u128::from_le_bytes(fields.take_bytes(16).ok()?.try_into().ok()?);
        let time = DateTime::from_micros(fields.take_u64().ok()?.cast_signed()).ok()?;
        let process = fields.take_u32().ok()?;
        let is_clean = fields.take_u8().ok()? == 1;
        let len = fields.take_u8().ok()?;
        let host = std::str::from_utf8(fields.take_bytes(usize::from(len)).ok()?).ok()?.to_owned();
        let boot = Some(boot).filter(|boot| *boot != 0);
        let writer = MarkWriter { boot, host, process, time };
        let published = Published { manifest, log, end };
        Some(Self { sequence, published, writer, is_clean })
    }

    /// Who wrote it, for people.
    pub(crate) fn describe(&self) -> String {
        let MarkWriter { host, process, time, .. } = &self.writer;
        let ended = if self.is_clean { ", which ended cleanly" } else { "" };
        format!("the mark of process {process} on `{host}` since {time}{ended}")
    }
}

#[allow(clippy::cast_possible_truncation, reason = "half of the id is enough of a seed")]
fn checksum(bytes: &[u8], database: u128) -> u64 {
    xxh3_64_with_seed(bytes, database as u64)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A mark of this sequence and boot.
    pub(crate) fn mark(sequence: u64, boot: Option<u128>) -> Mark {
        let end = LogEnd { offset: 64 * sequence, chain: sequence };
        let host = "h\u{f6}st".to_owned();
        let writer = MarkWriter { boot, host, process: 7, time: DateTime::MIN };
        let published = Published { manifest: 1, log: 2, end };
        Mark { sequence, published, writer, is_clean: sequence.is_multiple_of(3) }
    }

    #[test]
    fn a_mark_reads_back_and_no_other_bytes_are_one() {
        for sequence in 1..4 {
            let written = mark(sequence, (sequence > 1).then_some(u128::MAX - 1));
            let bytes = written.encode(8);
            assert_eq!(bytes.len(), SLOT_BYTES);
            assert_eq!(Mark::decode(&bytes, 8), Some(written));
            assert_eq!(Mark::decode(&bytes, 9), None, "of another database");
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Mark::decode(&flipped, 8), None, "bit {bit}");
            }
            (0..bytes.len()).for_each(|len| assert_eq!(Mark::decode(&bytes[..len], 8), None));
        }
    }

    #[test]
    fn the_name_of_a_host_is_cut_where_a_character_ends() {
        let mut long = mark(1, None);
        long.writer.host = "\u{1f600}".repeat(100);
        let found = Mark::decode(&long.encode(8), 8).unwrap();
        assert_eq!(found.writer.host, "\u{1f600}".repeat(63));
    }
}
