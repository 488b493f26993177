//! The store as its users see it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use arc_swap::ArcSwap;
use iqdb_core::{
    Applied, Batch, Capabilities, Change, ErrorKind, Record, RecordId, Result, Schema, Snapshot,
    Store,
};

use crate::files::lock::LockedBy;
use crate::lifecycle::verify::{Progress, Verified};
use crate::options::FileOptions;
use crate::read::view::View;
use crate::vfs::Process;
use crate::write::writer::Writer;

/// A store in a directory, which outlives its process.
///
/// An acknowledged write is on the disk ([`Durability`](crate::Durability) says when one is acknowledged). One process
/// at a time has the directory open for writing. Readers never wait for writers.
///
/// ```no_run
/// use iqdb_core::{Metric, Record, Schema, Store, StoreExt};
/// use iqdb_file::{FileOptions, FileStore};
///
/// let schema = Schema::new(2, Metric::Euclidean)?;
/// let store = FileStore::create("words.iqdb", schema, &FileOptions::new())?;
/// store.upsert(Record::new("a", [0.0, 1.0])?)?;
/// drop(store);
/// let store = FileStore::open("words.iqdb", &FileOptions::new())?;
/// assert!(store.get(&"a".into())?.is_some());
/// # Ok::<(), iqdb_core::Error>(())
/// ```
pub struct FileStore {
    schema: Schema,
    path: PathBuf,
    /// The process that opened it. No other may use it.
    process: Process,
    pub(crate) view: ArcSwap<View>,
    pub(crate) writer: Mutex<Writer>,
    /// A group has been written, or has failed.
    pub(crate) changed: Condvar,
    /// The group that is staged has as many batches as its leader waits for.
    pub(crate) followers_staged: Condvar,
}

/// How a database is doing: counted, not measured.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FileStats {
    /// What tells it from all other databases, wherever its directory is. A copy of the directory has
    /// the same; a backup has its own. Errors and `iqdb info` show it as 32 hexadecimal digits.
    pub database: u128,
    /// What is locked while it is open.
    pub locked_by: LockedBy,
    /// Why the last checkpoint failed, if it did. Writes go on, and it is tried again, until the log is
    /// four times [`log_bytes_max`](Self::log_bytes_max): then writes are refused with the cause, each
    /// after another attempt. On a full disk deletes go on even so.
    pub checkpoint_failure: Option<String>,
    /// How many checkpoints have failed since the last one that did not.
    pub checkpoints_failed: u64,
    /// The mark that tells how far the database was published could not be written. An earlier state of
    /// the log, put in its place, would not be noticed.
    pub mark_failed: bool,
    /// From how many bytes on the log is sealed into a segment.
    pub log_bytes_max: u64,
    /// Bytes of all files that the database needs.
    pub bytes: u64,
    /// Bytes of its log, which is sealed into a segment from some size on.
    pub log_bytes: u64,
    /// Segments.
    pub segments: usize,
    /// Rows in segments, dead ones included.
    pub rows: u64,
    /// Those of them that are dead.
    pub dead_rows: u64,
    /// Records.
    pub records: u64,
}

impl FileStore {
    /// Makes a new, empty database in this directory, which is made too unless it is there. Its
    /// parent must be there. A directory that is made has its name once the database is whole; one
    /// that exists has to be empty but for `lost+found`, and keeps its mode and its owner.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when there is a database already, or anything else, or the system refuses:
    /// then nothing is left of the attempt; [`ErrorKind::Locked`] when another handle or process is
    /// making one.
    pub fn create(path: impl AsRef<Path>, schema: Schema, options: &FileOptions) -> Result<Self> {
        crate::lifecycle::open::create(path.as_ref(), schema, options)
    }

    /// Opens a database. O(segments), and O(bytes) of what was written last, up to some MiB.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when there is none, or the system refuses; [`ErrorKind::Locked`] when
    /// another handle or process has it open; [`ErrorKind::Damaged`] when its files are not what
    /// was written; [`ErrorKind::NotSupported`] when a later version of iqdb wrote them.
    pub fn open(path: impl AsRef<Path>, options: &FileOptions) -> Result<Self> {
        crate::lifecycle::open::open(path.as_ref(), options, false)
    }

    /// Opens a database, or makes it when there is none.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) and [`open`](Self::open); [`ErrorKind::InvalidSchema`] when
    /// it has another schema.
    pub fn open_or_create(
        path: impl AsRef<Path>,
        schema: Schema,
        options: &FileOptions,
    ) -> Result<Self> {
        crate::lifecycle::open::open_or_create(path.as_ref(), schema, options)
    }

    /// Opens a database to be read, beside other readers. Changes nothing in its directory, but makes a
    /// missing file `lock` where the directory itself can't be locked.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ErrorKind::Locked`] only while a writer has it open.
    pub fn open_read_only(path: impl AsRef<Path>, options: &FileOptions) -> Result<Self> {
        crate::lifecycle::open::open(path.as_ref(), options, true)
    }

    pub(crate) fn new(mut writer: Writer) -> Result<Self> {
        writer.staged = Default::default();
        Ok(Self {
            schema: *writer.schema(),
            path: writer.dir.path().to_owned(),
            process: Process::current(),
            view: ArcSwap::from_pointee(writer.view()?),
            writer: Mutex::new(writer),
            changed: Condvar::new(),
            followers_staged: Condvar::new(),
        })
    }

    /// The path that the directory was opened by. It may be elsewhere by now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Rewrites what holds dead rows, and joins small segments, so that the directory shrinks to what
    /// is alive. Changes nothing that can be read. Writers wait, readers don't. O(bytes rewritten).
    ///
    /// # Errors
    /// [`ErrorKind::Io`], and then nothing has changed; [`ErrorKind::NotSupported`] where the
    /// database is open to be read only.
    pub fn compact(&self) -> Result<()> {
        self.process.check_surely()?;
        self.checkpoint(self.idle()?, &[], true)?;
        let mut most = usize::MAX;
        loop {
            // Other writers may have written since.
            let mut writer = self.idle()?;
            let chosen = writer.all_that_shrinks(most);
            if chosen.is_empty() {
                writer.restore_reserve();
                return Ok(());
            }
            match self.checkpoint(writer, &chosen, true) {
                Ok(()) => {}
                // On a full disk one at a time may go where all don't.
                Err(_) if most > 1 && chosen.len() > 1 => most = 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Copies the database as it is now to a directory that has none, while it goes on being read
    /// and written. The copy is compacted. O(bytes). What a failure has left is no database, and
    /// blocks no later attempt: trying again into the same directory works.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) for the copy; whatever reading the records reports.
    pub fn backup_to(&self, path: impl AsRef<Path>) -> Result<()> {
        self.process.check_surely()?;
        let options = self.lock().options.clone();
        crate::lifecycle::backup::copy(&self.view(), path.as_ref(), &options)
    }

    /// Reads all files and checks every byte that matters, whether it has been read before or not.
    /// `progress` is called now and then. Writers wait only while the log is looked at. O(bytes).
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`], naming the file and the first byte of what is damaged;
    /// [`ErrorKind::Io`].
    pub fn verify(&self, progress: &mut dyn FnMut(Progress)) -> Result<Verified> {
        self.process.check_surely()?;
        let writer = match self.idle() {
            Ok(writer) => writer,
            // What can't be written can still be checked.
            Err(_) => self.lock(),
        };
        let checked = crate::lifecycle::verify::check_log(&writer)?;
        let view = self.view();
        drop(writer);
        crate::lifecycle::verify::check_segments(&view, checked, progress)
    }

    /// How the database is doing. Waits for a writer at work.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] in a process that was forked from the one that opened it.
    pub fn stats(&self) -> Result<FileStats> {
        self.process.check_surely()?;
        let writer = self.lock();
        let segments = writer.segments.all();
        let open_segment = writer.open_segment.file().and_then(|file| file.len().ok()).unwrap_or(0);
        let failed = writer.failed_checkpoint.as_ref();
        Ok(FileStats {
            database: writer.manifest.database,
            locked_by: writer.lock.locked_by(),
            checkpoint_failure: failed.map(|failed| failed.cause.clone()),
            checkpoints_failed: failed.map_or(0, |failed| failed.attempts),
            mark_failed: writer.lock.mark_failed(),
            log_bytes_max: writer.options.log_bytes,
            bytes: segments.iter().map(|segment| segment.file_len()).sum::<u64>()
                + writer.manifest.encode().len() as u64
                + open_segment
                + writer.log_end,
            log_bytes: writer.log_end,
            segments: segments.len(),
            rows: segments.iter().map(|segment| segment.info().rows).sum(),
            dead_rows: segments.iter().map(|segment| segment.dead()).sum(),
            records: writer.live,
        })
    }
}

impl Store for FileStore {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What of a segment that was there at opening is read for the first time is checked then, and its
    /// payloads are decoded, which allocates; what is sealed later, its writer has made ready.
    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_durable().with_wait_free_reads()
    }

    /// O(bytes in the batch), and O(segments) for each of its ids, amortised: now and then the log is
    /// sealed into a segment, or segments are rewritten. Batches of many threads share a sync.
    fn apply(&self, batch: &Batch) -> Result<Applied> {
        self.process.check_surely()?;
        batch.check_input(&self.schema)?;
        let is_delete = |change: &Change| matches!(change, Change::Delete(_));
        let mut writer = self.ready(batch.changes().iter().all(is_delete))?;
        if batch.check_version(writer.version).is_err() {
            // What it conflicts with may not be on the disk yet, and may never be.
            drop(writer);
            writer = self.idle()?;
            batch.check_version(writer.version)?;
        }
        let applied = writer.stage(batch)?;
        if writer.awaited_batches == Some(writer.staged.batches) {
            self.followers_staged.notify_one();
        }
        // What it saw may not be on the disk yet, even if it adds nothing to it.
        let group = match &writer.in_flight {
            _ if !writer.staged.is_empty() => Arc::clone(&writer.staged.group),
            Some(in_flight) => Arc::clone(&in_flight.group),
            None => return Ok(applied),
        };
        self.finish(writer, &group)?;
        Ok(applied)
    }

    /// O(segments) on average.
    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.process.check()?;
        self.view().get(id)?.map(|record| record.to_record()).transpose()
    }

    /// O(1).
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        self.process.check()?;
        Ok(self.view())
    }

    /// Returns when everything that was acknowledged is on the disk: at once, unless writes are
    /// [`Durability::Relaxed`](crate::Durability::Relaxed).
    fn flush(&self) -> Result<()> {
        self.process.check_surely()?;
        let mut writer = match self.idle() {
            // There is nothing to be made durable.
            Err(error) if error.kind() == ErrorKind::NotSupported => return Ok(()),
            idle => idle?,
        };
        writer.sync()
    }
}

impl Drop for FileStore {
    /// Leaves the directory so that the next opening is quick and knows how far the log goes. What
    /// was acknowledged is there without it. In a forked child it is not this handle's to leave.
    fn drop(&mut self) {
        if !self.process.is_surely_current() {
            return;
        }
        if let Ok(mut writer) = self.idle() {
            let _ = writer.close();
        }
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileStore({}, {})", self.path.display(), self.schema)
    }
}
