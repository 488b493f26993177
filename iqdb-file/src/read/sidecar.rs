//! Saves data that searches derived from the blocks of a segment in a file beside the segment.
//!
//! The last entry of a block and a key counts. An entry with a wrong checksum is ignored, and no entry
//! is ever synced: a search derives lost data anew.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use iqdb_core::{SavedBytes, Sidecar};
use xxhash_rust::xxh3::xxh3_64;

use super::context::{SegmentContext, SidecarUse};
use crate::files::database_dir::DatabaseDir;
use crate::files::lock::Lock;
use crate::format::file_name::FileName;
use crate::format::manifest::SegmentInfo;
use crate::format::sidecar::{ENTRY_HEAD, EntryHead, HEADER, encode_entry, header};
use crate::vfs::{Access, File, FileExt};

/// The saved data of one segment. Opened at its first use.
pub(super) struct SidecarFile {
    dir: DatabaseDir,
    /// The lock of the database, if data may be saved.
    lock: Option<Weak<Lock>>,
    name: FileName,
    database: u128,
    header: Vec<u8>,
    open: Mutex<Open>,
}

enum Open {
    NotYet,
    /// There is no file.
    Absent,
    Entries(Entries),
}

/// The place of saved bytes in the file, and their checksum.
#[derive(Clone, Copy)]
struct SavedPlace {
    start: u64,
    len: u64,
    checksum: u64,
}

struct Entries {
    file: Box<dyn File>,
    end: u64,
    /// The saved bytes, by block and key.
    saved: HashMap<(u32, String), SavedPlace>,
}

/// The saved data of one block.

#[derive(Debug)]
pub(crate) struct BlockSidecar {
    file: Arc<SidecarFile>,
    block: u32,
}

impl BlockSidecar {
    pub(super) fn new(file: &Arc<SidecarFile>, block: usize) -> Self {
        Self { file: Arc::clone(file), block: u32::try_from(block).unwrap_or(u32::MAX) }
    }
}

impl Sidecar for BlockSidecar {
    fn load(&self, key: &str) -> Option<SavedBytes> {
        self.file.load(self.block, key).map(|bytes| Box::new(bytes) as SavedBytes)
    }

    fn save(&self, key: &str, bytes: &[u8]) -> bool {
        // It stays locked until this is written, also if it is closed meanwhile.
        let lock = self.file.lock.as_ref().and_then(Weak::upgrade);
        lock.is_some() && self.file.save(self.block, key, bytes).is_ok()
    }
}

impl SidecarFile {
    /// The file of this segment; `None` where no derived data is saved.
    pub(super) fn of(context: &SegmentContext<'_>, info: &SegmentInfo) -> Option<Self> {
        let lock = match &context.sidecars {
            SidecarUse::No => return None,
            SidecarUse::ReadOnly => None,
            SidecarUse::ReadWrite(lock) => Some(Weak::clone(lock)),
        };
        Some(Self {
            dir: context.dir.clone(),
            lock,
            name: FileName::Derived(info.number),
            database: context.database,
            header: header(context.database, info),
            open: Mutex::new(Open::NotYet),
        })
    }

    fn load(&self, block: u32, key: &str) -> Option<Vec<u8>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*open, Open::NotYet) {
            *open = match self.read().ok().flatten() {
                Some(entries) => Open::Entries(entries),
                None => Open::Absent,
            };
        }
        let Open::Entries(entries) = &*open else { return None };
        let SavedPlace { start, len, checksum } = *entries.saved.get(&(block, key.to_owned()))?;
        // The entry has been seen to lie within the file.
        let mut bytes = vec![0; usize::try_from(len).ok()?];
        entries.file.read_exact_at(&mut bytes, start).ok()?;
        (xxh3_64(&bytes) == checksum).then_some(bytes)
    }

    fn save(&self, block: u32, key: &str, bytes: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*open, Open::NotYet) {
            *open = self.read()?.map_or(Open::Absent, Open::Entries);
        }
        if matches!(*open, Open::Absent) {
            let file = self.dir.create(self.name, self.database, &self.header)?;
            *open = Open::Entries(Entries { file, end: HEADER as u64, saved: HashMap::new() });
        }
        let Open::Entries(entries) = &mut *open else { return Ok(()) };
        let entry = encode_entry(block, key, bytes);
        let len = bytes.len() as u64;
        let start = entries.end + entry.len() as u64 - len;
        entries.file.write_all_at(&entry, entries.end)?;
        entries.end += entry.len() as u64;
        let saved = SavedPlace { start, len, checksum: xxh3_64(bytes) };
        entries.saved.insert((block, key.to_owned()), saved);
        Ok(())
    }

    /// Finds the entries of the file, up to the first that makes no sense. `None` when there is no
    /// such file, or it is about something else.
    fn read(&self) -> io::Result<Option<Entries>> {
        let access = if self.lock.is_some() { Access::Write } else { Access::Read };
        let file = match self.dir.file(self.name, access) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let len = file.len()?;
        let mut header = vec![0; HEADER];
        if len < HEADER as u64 {
            return Ok(None);
        }
        file.read_exact_at(&mut header, 0)?;
        if header != self.header {
            return Ok(None);
        }
        let mut entries = Entries { file, end: HEADER as u64, saved: HashMap::new() };
        while let Some((block, key, bytes)) = entries.next(len)? {
            entries.end = bytes.start + bytes.len;
            entries.saved.insert((block, key), bytes);
        }
        Ok(Some(entries))
    }
}

impl Entries {
    /// The entry at the end of those that are known.
    fn next(&self, file_len: u64) -> io::Result<Option<(u32, String, SavedPlace)>> {
        if file_len.saturating_sub(self.end) < ENTRY_HEAD as u64 {
            return Ok(None);
        }
        let mut bytes = [0; ENTRY_HEAD];
        self.file.read_exact_at(&mut bytes, self.end)?;
        let Some(head) = EntryHead::decode(&bytes) else { return Ok(None) };
        let start = self.end + ENTRY_HEAD as u64 + u64::from(head.key_len);
        if start.checked_add(head.len).is_none_or(|end| end > file_len) {
            return Ok(None);
        }
        let mut key = vec![0; head.key_len as usize];
        self.file.read_exact_at(&mut key, self.end + ENTRY_HEAD as u64)?;
        if !head.fits(&bytes, &key) {
            return Ok(None);
        }
        let saved = SavedPlace { start, len: head.len, checksum: head.checksum };
        Ok(String::from_utf8(key).ok().map(|key| (head.block, key, saved)))
    }
}

impl fmt::Debug for SidecarFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SidecarFile({})", self.dir.path_of(self.name).display())
    }
}

#[cfg(test)]
mod tests {
    use iqdb_core::{Batch, Metric, Record, Schema, Store, StoreExt};

    use crate::{FileOptions, FileStore};

    fn options() -> FileOptions {
        FileOptions::new().with_derived_from_bytes(0)
    }

    fn load(store: &FileStore, block: usize, key: &str) -> Option<Vec<u8>> {
        let snapshot = store.snapshot().unwrap();
        let found = snapshot
            .blocks()
            .unwrap()
            .block(block)
            .unwrap()
            .seal()
            .unwrap()
            .sidecar()
            .unwrap()
            .load(key);
        found.map(|bytes| (*bytes).as_ref().to_vec())
    }

    fn save(store: &FileStore, block: usize, key: &str, bytes: &[u8]) -> bool {
        let snapshot = store.snapshot().unwrap();
        snapshot
            .blocks()
            .unwrap()
            .block(block)
            .unwrap()
            .seal()
            .unwrap()
            .sidecar()
            .unwrap()
            .save(key, bytes)
    }

    #[test]
    fn what_is_saved_is_there_after_reopening_unless_it_is_damaged() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        let schema = Schema::new(1_024, Metric::Dot).unwrap();
        let store = FileStore::create(&dir, schema, &options()).unwrap();
        let records = (0..2_000_u64).map(|n| Record::new(n, vec![1.0; 1_024]).unwrap());
        store.apply(&records.fold(Batch::new(), Batch::upsert)).unwrap();
        store.compact().unwrap();
        drop(store);
        let open = || FileStore::open(&dir, &options()).unwrap();

        let store = open();
        assert!(store.snapshot().unwrap().blocks().unwrap().block_count() > 1);
        assert_eq!(load(&store, 0, "codes"), None);
        for (block, key, bytes) in
            [(0, "codes", "old"), (0, "codes", "new"), (1, "codes", "other"), (0, "norms", "")]
        {
            assert!(save(&store, block, key, bytes.as_bytes()));
        }
        drop(store);
        let store = open();
        assert_eq!(load(&store, 0, "codes").as_deref(), Some(&b"new"[..]));
        assert_eq!(load(&store, 1, "codes").as_deref(), Some(&b"other"[..]));
        assert_eq!(load(&store, 0, "norms").as_deref(), Some(&b""[..]));
        assert_eq!(load(&store, 1, "norms"), None);
        drop(store);

        let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names = std::fs::read_dir(&dir).unwrap().map(|entry| name(entry.unwrap()));
        let path = dir.join(names.find(|name| name.starts_with("derived-")).unwrap());
        let good = std::fs::read(&path).unwrap();
        let known: [Option<&[u8]>; 4] = [None, Some(b"old"), Some(b"new"), Some(b"other")];
        for bit in 0..good.len() * 8 {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, flipped).unwrap();
            let store = FileStore::open_read_only(&dir, &options()).unwrap();
            for block in 0..2 {
                let found = load(&store, block, "codes");
                assert!(known.contains(&found.as_deref()), "bit {bit}: {found:?}");
            }
            assert!(!save(&store, 0, "codes", b"nobody may"));
        }
        for len in 0..good.len() {
            std::fs::write(&path, &good[..len]).unwrap();
            let store = open();
            let found = load(&store, 1, "codes");
            assert!(known.contains(&found.as_deref()), "{len} bytes: {found:?}");
            assert!(save(&store, 1, "codes", b"again"));
            assert_eq!(load(&store, 1, "codes").as_deref(), Some(&b"again"[..]));
        }
    }
}
