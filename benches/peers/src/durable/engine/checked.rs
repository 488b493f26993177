//! Pages with checksums below `redb`, which itself verifies none when it reads.
//!
//! The file is groups of one page of checksums and the 512 pages that they are of. Checksums are kept
//! in memory, verified by each read, and written before each sync. `redb` never writes to a page that
//! the last commit can reach, so a power cut that tears a page from its checksum only ever harms pages
//! that nothing refers to. Two exceptions remain, and make this the simplest form rather than a
//! finished one: the first page, which `redb` overwrites in place and guards itself, has no
//! checksum; and a repair reads torn pages on purpose, so nothing may be refused before it is over.

use std::fs::{File, OpenOptions};
use std::io::{Error, Result};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use xxhash_rust::xxh3::xxh3_64;

const PAGE: u64 = 4096;
/// Pages that one page of checksums is for.
const GROUP: u64 = PAGE / 8;

#[derive(Debug)]
pub(super) struct Checked {
    file: File,
    sums: Mutex<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    /// How long `redb` believes the file to be.
    len: u64,
    /// One per page; 0 for one that was never written and reads as zeros.
    of: Vec<u64>,
    /// Groups whose checksums are newer here than in the file.
    changed: Vec<bool>,
}

impl Checked {
    /// Opens the file or makes an empty one.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        let len = unplaced(file.metadata()?.len());
        let mut of = vec![0; pages(len)];
        for (group, sums) in of.chunks_mut(GROUP as usize).enumerate() {
            file.read_exact_at(bytemuck::cast_slice_mut(sums), sums_at(group as u64))?;
        }
        let changed = vec![false; of.len().div_ceil(GROUP as usize)];
        Ok(Self { file, sums: Mutex::new(Sums { len, of, changed }) })
    }

    fn sums(&self) -> MutexGuard<'_, Sums> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a whole page and verifies it.
    fn page(&self, sums: &Sums, page: u64, out: &mut [u8]) -> Result<()> {
        self.file.read_exact_at(out, place(page))?;
        let expected = sums.of[page as usize];
        let is_right = page == 0
            || if expected == 0 { out.iter().all(|&b| b == 0) } else { sum(out) == expected };
        if is_right { Ok(()) } else { Err(Error::other(format!("page {page} is damaged"))) }
    }
}

impl StorageBackend for Checked {
    fn len(&self) -> Result<u64> {
        Ok(self.sums().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let sums = self.sums();
        let mut whole = [0; PAGE as usize];
        for (page, from, part) in parts(offset, out.len()) {
            let out = &mut out[part];
            if out.len() == whole.len() {
                self.page(&sums, page, out)?;
            } else {
                self.page(&sums, page, &mut whole)?;
                out.copy_from_slice(&whole[from..from + out.len()]);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        let mut sums = self.sums();
        let pages = pages(len);
        self.file.set_len(if pages == 0 { 0 } else { place(pages as u64 - 1) + PAGE })?;
        sums.len = len;
        sums.of.resize(pages, 0);
        sums.changed.resize(pages.div_ceil(GROUP as usize), true);
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        let mut sums = self.sums();
        let Sums { of, changed, .. } = &mut *sums;
        for (group, of) in of.chunks(GROUP as usize).enumerate() {
            if std::mem::take(&mut changed[group]) {
                self.file.write_all_at(bytemuck::cast_slice(of), sums_at(group as u64))?;
            }
        }
        drop(sums);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        let mut sums = self.sums();
        let mut whole = [0; PAGE as usize];
        for (page, from, part) in parts(offset, data.len()) {
            let mut data = &data[part];
            if data.len() < whole.len() {
                self.page(&sums, page, &mut whole)?;
                whole[from..from + data.len()].copy_from_slice(data);
                data = &whole;
            }
            self.file.write_all_at(data, place(page))?;
            sums.of[page as usize] = sum(data);
            sums.changed[(page / GROUP) as usize] = true;
        }
        Ok(())
    }
}

/// Never 0, which stands for a page that was never written.
fn sum(page: &[u8]) -> u64 {
    xxh3_64(page).max(1)
}

fn pages(len: u64) -> usize {
    len.div_ceil(PAGE) as usize
}

/// Where a page is in the file.
fn place(page: u64) -> u64 {
    (page + page / GROUP + 1) * PAGE
}

/// Where the checksums of a group are.
fn sums_at(group: u64) -> u64 {
    group * (GROUP + 1) * PAGE
}

/// How many bytes of pages a file of this length has.
fn unplaced(len: u64) -> u64 {
    let pages = len / PAGE;
    (pages - pages.div_ceil(GROUP + 1)) * PAGE
}

/// The pages of a range of bytes: each with the first byte in it and the part of the range.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let end = offset + len as u64;
    (offset / PAGE..end.div_ceil(PAGE)).map(move |page| {
        let from = offset.max(page * PAGE);
        let to = end.min((page + 1) * PAGE);
        (page, (from % PAGE) as usize, (from - offset) as usize..(to - offset) as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_its_place_beside_the_checksums() {
        assert_eq!([0, 511, 512].map(place), [PAGE, 512 * PAGE, 514 * PAGE]);
        for pages in [0, 1, 512, 513] {
            let len = if pages == 0 { 0 } else { place(pages - 1) + PAGE };
            assert_eq!(unplaced(len), pages * PAGE);
        }
    }

    #[test]
    fn what_was_written_is_read_and_damage_is_found() {
        let path = std::env::temp_dir().join(format!("checked-{}", std::process::id()));
        let store = Checked::open(&path).unwrap();
        store.set_len(3 * PAGE).unwrap();
        store.write(PAGE + 100, &[7; 5_000]).unwrap();
        store.sync_data().unwrap();
        drop(store);
        let store = Checked::open(&path).unwrap();
        let mut bytes = [0; 5_002];
        store.read(PAGE + 99, &mut bytes).unwrap();
        assert!(bytes[0] == 0 && bytes[1..5_001] == [7; 5_000] && bytes[5_001] == 0);
        store.file.write_all_at(&[1], place(1)).unwrap();
        assert!(store.read(PAGE + 99, &mut bytes).is_err());
        store.read(2 * PAGE, &mut bytes[..10]).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
