//! The mark: how far the database was published, in the file `lock`.
//!
//! A log that was cut, or replaced by an earlier copy of itself, is a log all the same, and so is an
//! earlier manifest. The mark tells them from what was acknowledged: it is written after the sync of
//! a group and before its acknowledgement, so it is never ahead of what is on the disk. It is not
//! synced itself. After a power loss it may be behind, or gone, and then proves less.
//!
//! There are two slots, of a sector each, which are written in turn.

use std::io;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::format::wire::{Reader, put_u64};
use crate::vfs::{File, FileExt};

/// Where the slots are. Each is in a sector of its own, behind that of the head.
const SLOTS: [u64; 2] = [512, 1_024];

/// The size of the file that has them.
pub(crate) const FILE_BYTES: usize = 1_536;

/// The size of what is in a slot.
const SLOT_BYTES: usize = 40;

/// What was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// How often it was written.
    pub(crate) sequence: u64,
    /// The numbers of the manifest and the log.
    pub(crate) manifest: u64,
    pub(crate) log: u64,
    /// How many bytes of the log were on the disk.
    pub(crate) end: u64,
}

impl Mark {
    /// The newest mark in a file, if there is one that checks.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(crate) fn read(file: &dyn File, database: u128) -> io::Result<Option<Self>> {
        let len = file.len()?;
        let mut found = Vec::new();
        for slot in SLOTS.iter().filter(|slot| **slot + SLOT_BYTES as u64 <= len) {
            let mut bytes = [0; SLOT_BYTES];
            file.read_exact_at(&mut bytes, *slot)?;
            found.extend(Self::decode(&bytes, database));
        }
        Ok(found.into_iter().max_by_key(|mark| mark.sequence))
    }

    /// # Errors
    /// Those of writing the file.
    pub(crate) fn write(&self, file: &dyn File, database: u128) -> io::Result<()> {
        let slot = if self.sequence.is_multiple_of(2) { SLOTS[0] } else { SLOTS[1] };
        file.write_all_at(&self.encode(database), slot)
    }

    fn encode(&self, database: u128) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SLOT_BYTES);
        for number in [self.sequence, self.manifest, self.log, self.end] {
            put_u64(&mut bytes, number);
        }
        let checksum = checksum(&bytes, database);
        put_u64(&mut bytes, checksum);
        bytes
    }

    fn decode(bytes: &[u8], database: u128) -> Option<Self> {
        let mut fields = Reader::new(bytes);
        let mut number = || fields.take_u64().ok();
        let mark =
            Self { sequence: number()?, manifest: number()?, log: number()?, end: number()? };
        let found = number()?;
        (checksum(&bytes[..SLOT_BYTES - 8], database) == found).then_some(mark)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "half of the id is enough of a seed")]
fn checksum(bytes: &[u8], database: u128) -> u64 {
    xxh3_64_with_seed(bytes, database as u64)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::vfs::sim::SimVfs;
    use crate::vfs::{Access, Vfs};

    #[test]
    fn the_newest_mark_that_checks_is_read() {
        let vfs = SimVfs::new();
        vfs.put(Path::new("lock"), &[0; FILE_BYTES]).unwrap();
        let dir = vfs.open_dir(Path::new("")).unwrap();
        let file = dir.open("lock", Access::Write).unwrap();
        assert_eq!(Mark::read(&*file, 7).unwrap(), None);
        let mark = |sequence| Mark { sequence, manifest: 1, log: 2, end: 64 * sequence };
        for sequence in 1..5 {
            mark(sequence).write(&*file, 7).unwrap();
            assert_eq!(Mark::read(&*file, 7).unwrap(), Some(mark(sequence)));
            assert_eq!(Mark::read(&*file, 8).unwrap(), None, "of another database");
        }
        // The newest is torn: the one before it is read.
        file.write_all_at(&[0xff], SLOTS[0] + 3).unwrap();
        assert_eq!(Mark::read(&*file, 7).unwrap(), Some(mark(3)));
        file.set_len(64).unwrap();
        assert_eq!(Mark::read(&*file, 7).unwrap(), None);
    }
}
