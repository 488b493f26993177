//! Reads and writes the two slots of the mark in the file `lock`.

use std::io;

use crate::format::mark::{Mark, SLOT_BYTES, SLOTS};
use crate::vfs::{File, FileExt};

/// Reads the newest mark of a file whose checksum is right.
///
/// # Errors
/// Those of reading the file.
pub(crate) fn read_mark(file: &dyn File, database: u128) -> io::Result<Option<Mark>> {
    let len = file.len()?;
    let mut found = Vec::new();
    for slot in SLOTS.iter().filter(|slot| **slot + SLOT_BYTES as u64 <= len) {
        let mut bytes = [0; SLOT_BYTES];
        file.read_exact_at(&mut bytes, *slot)?;
        found.extend(Mark::decode(&bytes, database));
    }
    Ok(found.into_iter().max_by_key(|mark| mark.sequence))
}

/// Writes a mark to its slot.
///
/// # Errors
/// Those of writing the file.
pub(crate) fn write_mark(file: &dyn File, mark: &Mark, database: u128) -> io::Result<()> {
    file.write_all_at(&mark.encode(database), mark.slot())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::format::log::LogEnd;
    use crate::format::mark::FILE_BYTES;
    use crate::vfs::sim::SimVfs;
    use crate::vfs::{Access, Vfs};

    #[test]
    fn the_newest_mark_that_checks_is_read() {
        let vfs = SimVfs::new();
        vfs.put(Path::new("lock"), &[0; FILE_BYTES]).unwrap();
        let dir = vfs.open_dir(Path::new("")).unwrap();
        let file = dir.open("lock", Access::Write).unwrap();
        assert_eq!(read_mark(&*file, 7).unwrap(), None);
        let end = |sequence| LogEnd { offset: 64 * sequence, chain: sequence };
        let mark = |sequence| Mark { sequence, manifest: 1, log: 2, end: end(sequence) };
        for sequence in 1..5 {
            write_mark(&*file, &mark(sequence), 7).unwrap();
            assert_eq!(read_mark(&*file, 7).unwrap(), Some(mark(sequence)));
            assert_eq!(read_mark(&*file, 8).unwrap(), None, "of another database");
        }
        // The newest is torn: the one before it is read.
        file.write_all_at(&[0xff], SLOTS[0] + 3).unwrap();
        assert_eq!(read_mark(&*file, 7).unwrap(), Some(mark(3)));
        file.set_len(64).unwrap();
        assert_eq!(read_mark(&*file, 7).unwrap(), None);
    }
}
