//! What searches derive from the blocks of a segment, in a file beside it.
//!
//! The file is a header that says which segment it belongs to, and entries one after the other, each
//! with its own checksum. The last entry of a block and a key counts. Whatever doesn't check is not
//! there; nothing is synced, because nothing is lost with it.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use iqdb_core::Sidecar;
use xxhash_rust::xxh3::xxh3_64;

use super::segment::{Place, SegmentInfo};
use crate::FileOptions;
use crate::files::database_dir::DatabaseDir;
use crate::files::lock::Lock;
use crate::format::file_name::Name;
use crate::format::manifest::Manifest;
use crate::format::wire::{Reader, put_u32, put_u64};
use crate::vfs::{Access, File, FileExt};

const MAGIC: &[u8; 8] = b"iqdb der";
const FORMAT: u32 = 1;
const HEADER: usize = 64;

/// Block, length of the key, length of the bytes, their checksum, and the checksum of all that and
/// the key.
const ENTRY: usize = 4 + 4 + 8 + 8 + 8;

/// Whether derived data is kept.
#[derive(Debug, Clone)]
pub(crate) enum Keep {
    No,
    /// What is there is used, and nothing is added.
    AsItIs,
    /// As long as the database is locked. A snapshot that outlives its segment may make the file of it
    /// once more; the next opening removes that.
    While(Weak<Lock>),
}

impl Keep {
    /// As the size of a database asks for.
    pub(crate) fn of(options: &FileOptions, manifest: &Manifest, lock: &Arc<Lock>) -> Self {
        let bytes: u64 = manifest.segments.iter().map(|entry| entry.info.seal.file_len).sum();
        match bytes >= options.derived_from {
            true if options.read_only => Self::AsItIs,
            true => Self::While(Arc::downgrade(lock)),
            false => Self::No,
        }
    }

    pub(super) fn file(&self, place: &Place<'_>, info: &SegmentInfo) -> Option<DerivedFile> {
        let lock = match self {
            Self::No => return None,
            Self::AsItIs => None,
            Self::While(lock) => Some(Weak::clone(lock)),
        };
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(MAGIC);
        put_u32(&mut header, FORMAT);
        put_u32(&mut header, 0);
        header.extend_from_slice(&place.database.to_le_bytes());
        put_u64(&mut header, info.number);
        // Ties it to the content, not to the name.
        put_u64(&mut header, info.seal.hash);
        header.resize(HEADER, 0);
        Some(DerivedFile {
            dir: place.dir.clone(),
            lock,
            name: Name::Derived(info.number),
            database: place.database,
            header,
            open: Mutex::new(Open::NotYet),
        })
    }
}

/// The file of one segment, opened when something is asked of it.
pub(super) struct DerivedFile {
    dir: DatabaseDir,
    /// That of the database, if anything may be written.
    lock: Option<Weak<Lock>>,
    name: Name,
    database: u128,
    header: Vec<u8>,
    open: Mutex<Open>,
}

enum Open {
    NotYet,
    /// There is none.
    None,
    Yes(Entries),
}

struct Entries {
    file: Box<dyn File>,
    end: u64,
    /// Where the bytes of a block and a key are, how many, and their checksum.
    places: HashMap<(u32, String), (u64, u64, u64)>,
}

/// The part of a segment's file that is about one block.
#[derive(Debug)]
pub(crate) struct BlockSidecar {
    file: Arc<DerivedFile>,
    block: u32,
}

impl BlockSidecar {
    pub(super) fn new(file: &Arc<DerivedFile>, block: usize) -> Self {
        Self { file: Arc::clone(file), block: u32::try_from(block).unwrap_or(u32::MAX) }
    }
}

impl Sidecar for BlockSidecar {
    fn load(&self, key: &str) -> Option<Vec<u8>> {
        self.file.load(self.block, key)
    }

    fn save(&self, key: &str, bytes: &[u8]) -> bool {
        // It stays locked until this is written, also if it is closed meanwhile.
        let lock = self.file.lock.as_ref().and_then(Weak::upgrade);
        lock.is_some() && self.file.save(self.block, key, bytes).is_ok()
    }
}

impl DerivedFile {
    fn load(&self, block: u32, key: &str) -> Option<Vec<u8>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*open, Open::NotYet) {
            *open = match self.read().ok().flatten() {
                Some(entries) => Open::Yes(entries),
                None => Open::None,
            };
        }
        let Open::Yes(entries) = &*open else { return None };
        let (start, len, checksum) = *entries.places.get(&(block, key.to_owned()))?;
        // The entry has been seen to lie within the file.
        let mut bytes = vec![0; usize::try_from(len).ok()?];
        entries.file.read_exact_at(&mut bytes, start).ok()?;
        (xxh3_64(&bytes) == checksum).then_some(bytes)
    }

    fn save(&self, block: u32, key: &str, bytes: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*open, Open::NotYet) {
            *open = self.read()?.map_or(Open::None, Open::Yes);
        }
        if matches!(*open, Open::None) {
            let file = self.dir.create(self.name, self.database, &self.header)?;
            *open = Open::Yes(Entries { file, end: HEADER as u64, places: HashMap::new() });
        }
        let Open::Yes(entries) = &mut *open else { return Ok(()) };
        let mut entry = Vec::with_capacity(ENTRY + key.len() + bytes.len());
        put_u32(&mut entry, block);
        put_u32(&mut entry, u32::try_from(key.len()).unwrap_or(u32::MAX));
        put_u64(&mut entry, bytes.len() as u64);
        let checksum = xxh3_64(bytes);
        put_u64(&mut entry, checksum);
        let head = xxh3_64(&[&entry, key.as_bytes()].concat());
        put_u64(&mut entry, head);
        entry.extend_from_slice(key.as_bytes());
        let start = entries.end + entry.len() as u64;
        entry.extend_from_slice(bytes);
        entries.file.write_all_at(&entry, entries.end)?;
        entries.end += entry.len() as u64;
        entries.places.insert((block, key.to_owned()), (start, bytes.len() as u64, checksum));
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
        let mut entries = Entries { file, end: HEADER as u64, places: HashMap::new() };
        while let Some((block, key, bytes)) = entries.next(len)? {
            entries.end = bytes.0 + bytes.1;
            entries.places.insert((block, key), bytes);
        }
        Ok(Some(entries))
    }
}

impl Entries {
    /// The entry at the end of those that are known.
    #[allow(clippy::type_complexity)]
    fn next(&self, len: u64) -> io::Result<Option<(u32, String, (u64, u64, u64))>> {
        if len.saturating_sub(self.end) < ENTRY as u64 {
            return Ok(None);
        }
        let mut head = [0; ENTRY];
        self.file.read_exact_at(&mut head, self.end)?;
        let mut fields = Reader::new(&head);
        let fields = (|| {
            Some((
                fields.take_u32().ok()?,
                fields.take_u32().ok()?,
                fields.take_u64().ok()?,
                fields.take_u64().ok()?,
                fields.take_u64().ok()?,
            ))
        })();
        let Some((block, key_len, bytes, checksum, of_head)) = fields else { return Ok(None) };
        let start = self.end + ENTRY as u64 + u64::from(key_len);
        if key_len > 255 || start.checked_add(bytes).is_none_or(|end| end > len) {
            return Ok(None);
        }
        let mut key = vec![0; key_len as usize];
        self.file.read_exact_at(&mut key, self.end + ENTRY as u64)?;
        if xxh3_64(&[&head[..ENTRY - 8], &key].concat()) != of_head {
            return Ok(None);
        }
        Ok(String::from_utf8(key).ok().map(|key| (block, key, (start, bytes, checksum))))
    }
}

impl fmt::Debug for DerivedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DerivedFile({})", self.dir.path_of(self.name).display())
    }
}

#[cfg(test)]
mod tests {
    use iqdb_core::{Batch, Metric, Record, Schema, Store};

    use super::*;
    use crate::FileStore;

    fn options() -> FileOptions {
        FileOptions::new().keep_derived_from_bytes(0)
    }

    fn load(store: &FileStore, block: usize, key: &str) -> Option<Vec<u8>> {
        let snapshot = store.snapshot().unwrap();
        snapshot.block(block).unwrap().seal().unwrap().sidecar().unwrap().load(key)
    }

    fn save(store: &FileStore, block: usize, key: &str, bytes: &[u8]) -> bool {
        let snapshot = store.snapshot().unwrap();
        snapshot.block(block).unwrap().seal().unwrap().sidecar().unwrap().save(key, bytes)
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
        assert!(store.snapshot().unwrap().block_count() > 1);
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
