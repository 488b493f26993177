//! Saves what searches keep on the shelf, each value in a file of its own beside the segments.
//!
//! A file never changes, so a map of it is lent. The file of a key with the highest number counts. One
//! that is damaged is as good as none: a search derives its value anew.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use iqdb_core::{SavedBytes, Shelf, Sidecar};
use xxhash_rust::xxh3::xxh3_64;

use crate::files::database_dir::DatabaseDir;
use crate::files::lock::Lock;
use crate::format::file_name::FileName;
use crate::format::shelf::{SHELF_HEAD, ShelfHead, encode_shelf_head};
use crate::options::{FileOptions, ReadMode};
use crate::vfs::{Access, File, FileExt, Mapping, Process, Reading};

/// The files of the shelf of one database.
pub(crate) struct ShelfFiles {
    dir: DatabaseDir,
    database: u128,
    /// The lock of the database, if values may be saved.
    lock: Option<Weak<Lock>>,
    read_mode: ReadMode,
    process: Process,
    known: Mutex<Option<Known>>,
}

/// The files that are there.
struct Known {
    /// The number of the file of each key.
    by_key: BTreeMap<String, u64>,
    /// Files that others have replaced or that are not whole, and that are still there.
    replaced: Vec<u64>,
    next: u64,
}

/// A file that is whole, as far as its head says.
struct Opened {
    key: String,
    head: ShelfHead,
    file: Box<dyn File>,
}

/// Bytes of a file.
struct Lent {
    mapping: Mapping,
    range: Range<usize>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.mapping.get(self.range.clone()).unwrap_or_default()
    }
}

impl ShelfFiles {
    /// The shelf of a database whose values can be saved.
    pub(crate) fn shelf(
        dir: &DatabaseDir,
        database: u128,
        options: &FileOptions,
        lock: &Arc<Lock>,
    ) -> Shelf {
        Shelf::with_sidecar(Self {
            dir: dir.clone(),
            database,
            lock: (!options.read_only).then(|| Arc::downgrade(lock)),
            read_mode: options.read_mode,
            process: Process::current(),
            known: Mutex::new(None),
        })
    }

    /// Calls `with` with the files that are there.
    fn with<T>(&self, with: impl FnOnce(&mut Known) -> io::Result<T>) -> io::Result<T> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *known {
            Some(known) => with(known),
            none => with(none.insert(self.find()?)),
        }
    }

    fn find(&self) -> io::Result<Known> {
        let mut known = Known { by_key: BTreeMap::new(), replaced: Vec::new(), next: 1 };
        let number = |name| match name {
            FileName::Shelf(number) => Some(number),
            _ => None,
        };
        let mut numbers: Vec<u64> = self.dir.names()?.into_iter().filter_map(number).collect();
        numbers.sort_unstable();
        for number in numbers {
            known.next = known.next.max(number.saturating_add(1));
            match self.open(number) {
                Ok(Some(opened)) => {
                    known.replaced.extend(known.by_key.insert(opened.key, number));
                }
                // A crash has left it unfinished, or it is damaged.
                Ok(None) => known.replaced.push(number),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    known.replaced.push(number);
                }
                Err(_) => {}
            }
        }
        Ok(known)
    }

    /// `None` for a file that is not of this shelf, or not whole.
    fn open(&self, number: u64) -> io::Result<Option<Opened>> {
        let name = FileName::Shelf(number);
        let file = self.dir.file(name, Access::Read)?;
        let mut bytes = [0; SHELF_HEAD];
        file.read_exact_at(&mut bytes, 0)?;
        let Some(head) = ShelfHead::decode(&bytes, name, self.database) else { return Ok(None) };
        let mut key = vec![0; head.key_len];
        file.read_exact_at(&mut key, SHELF_HEAD as u64)?;
        let is_whole = (head.start() as u64).checked_add(head.len) == Some(file.len()?);
        match String::from_utf8(key) {
            Ok(key) if is_whole && head.fits(&bytes, key.as_bytes()) => {
                Ok(Some(Opened { key, head, file }))
            }
            _ => Ok(None),
        }
    }

    fn lend(&self, key: &str) -> io::Result<Option<Lent>> {
        let Some(number) = self.with(|known| Ok(known.by_key.get(key).copied()))? else {
            return Ok(None);
        };
        let Some(Opened { head, file, .. }) = self.open(number)? else { return Ok(None) };
        let len = usize::try_from(head.len).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let start = head.start();
        let lent = match self.read_mode {
            ReadMode::Map => {
                let end = head.start() as u64 + head.len;
                Lent { mapping: file.map(end, Reading::Ahead)?, range: start..start + len }
            }
            ReadMode::Copy => {
                let mut bytes = vec![0; len];
                file.read_exact_at(&mut bytes, start as u64)?;
                Lent { mapping: Mapping::copied(&bytes), range: 0..len }
            }
        };
        Ok((xxh3_64(lent.as_ref()) == head.checksum).then_some(lent))
    }

    fn store(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        self.with(|known| {
            let name = FileName::Shelf(known.next);
            let Some(head) = encode_shelf_head(name, self.database, key, bytes) else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            let number = known.next;
            known.next += 1;
            let file = self.dir.create(name, self.database, &head)?;
            let written = file
                .write_all_at(bytes, head.len() as u64)
                // Or a crash could lose it after its predecessor is gone.
                .and_then(|()| file.sync_data())
                .and_then(|()| self.dir.sync());
            if let Err(error) = written {
                self.dir.remove(name, self.database);
                return Err(error);
            }
            known.replaced.extend(known.by_key.insert(key.to_owned(), number));
            // Where a map of it keeps a system from removing a file, it goes later.
            known.replaced.retain(|old| !self.dir.remove(FileName::Shelf(*old), self.database));
            Ok(())
        })
    }
}

impl Sidecar for ShelfFiles {
    fn load(&self, key: &str) -> Option<SavedBytes> {
        self.process.check().ok()?;
        self.lend(key).ok().flatten().map(|lent| Box::new(lent) as SavedBytes)
    }

    fn save(&self, key: &str, bytes: &[u8]) -> bool {
        // The database stays locked until this is written, also if it is closed meanwhile.
        let lock = self.lock.as_ref().and_then(Weak::upgrade);
        lock.is_some() && self.process.is_surely_current() && self.store(key, bytes).is_ok()
    }
}

impl fmt::Debug for ShelfFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShelfFiles({})", self.dir.path().display())
    }
}

#[cfg(test)]
mod tests;
