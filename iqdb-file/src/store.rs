//! The store as its users see it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Error, ErrorKind, Field, Maintenance, Progress, Record,
    RecordId, Result, Schema, Shelf, Snapshot, Store, Verified, Version,
};

use crate::lifecycle;
use crate::options::FileOptions;
use crate::pace::Pace;
use crate::stats::FileStats;
use crate::vfs::Process;
use crate::write::committer::Committer;
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
    path: PathBuf,
    /// The process that opened it. No other may use it.
    process: Process,
    committer: Committer,
    /// What searches keep.
    shelf: Arc<Shelf>,
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
        let create = || Self::new(lifecycle::open::create(path.as_ref(), schema, options)?);
        create().map_err(|error| error.during("create"))
    }

    /// Opens a database. O(segments), and O(bytes) of what was written last, up to some MiB.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when there is none, or the system refuses; [`ErrorKind::Locked`] when
    /// another handle or process has it open; [`ErrorKind::Damaged`] when its files are not what
    /// was written; [`ErrorKind::NotSupported`] when a later version of iqdb wrote them, or one
    /// before its first release.
    pub fn open(path: impl AsRef<Path>, options: &FileOptions) -> Result<Self> {
        let open = || Self::new(lifecycle::open::open(path.as_ref(), options, false)?);
        open().map_err(|error| error.during("open"))
    }

    /// Opens a database, or makes it when there is none.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) and [`open`](Self::open); [`ErrorKind::InvalidSchema`] when
    /// it has another schema. One that has the fields of `schema`, and others that were added since, is
    /// opened.
    #[allow(clippy::needless_pass_by_value, reason = "as `create` takes it")]
    pub fn open_or_create(
        path: impl AsRef<Path>,
        schema: Schema,
        options: &FileOptions,
    ) -> Result<Self> {
        let path = path.as_ref();
        let open = || {
            let store = Self::new(lifecycle::open::open_or_create(path, &schema, options)?)?;
            lifecycle::open::check_schema(path, &schema, &store.schema())?;
            Ok(store)
        };
        open().map_err(|error: Error| error.during("open"))
    }

    /// Opens a database to be read, beside other readers. Changes nothing in its directory, but makes a
    /// missing file `lock` where the directory itself can't be locked.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ErrorKind::Locked`] only while a writer has it open.
    pub fn open_read_only(path: impl AsRef<Path>, options: &FileOptions) -> Result<Self> {
        let open = || Self::new(lifecycle::open::open(path.as_ref(), options, true)?);
        open().map_err(|error| error.during("open"))
    }

    fn new(writer: Writer) -> Result<Self> {
        Ok(Self {
            path: writer.files().dir().path().to_owned(),
            process: Process::current(),
            shelf: Arc::clone(writer.tables().shelf()),
            committer: Committer::new(writer)?,
        })
    }

    /// The path that the directory was opened by. It may be elsewhere by now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Rewrites what holds dead rows, and joins small segments, so that the directory shrinks to what
    /// is alive. Changes nothing that can be read. Writers wait, readers don't. O(bytes rewritten).
    ///
    /// # Errors
    /// [`ErrorKind::Io`], and then nothing has changed; [`ErrorKind::NotSupported`] where the
    /// database is open to be read only.
    pub fn compact(&self) -> Result<()> {
        Maintenance::compact(self, Budget::new(), &mut ())
    }

    /// Copies the database as it is now to a directory that has none, while it goes on being read
    /// and written. The copy is compacted. O(bytes). What a failure has left is no database, and
    /// blocks no later attempt: trying again into the same directory works.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) for the copy; whatever reading the records reports.
    pub fn backup_to(&self, path: impl AsRef<Path>) -> Result<()> {
        Maintenance::backup_to(self, path.as_ref(), Budget::new(), &mut ())
    }

    /// Reads all files and checks every byte that matters, whether it has been read before or not.
    /// Writers wait only while the log is looked at. O(bytes).
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`], naming the file and the first byte of what is damaged;
    /// [`ErrorKind::Io`].
    pub fn verify(&self, progress: &mut dyn Progress) -> Result<Verified> {
        Maintenance::verify(self, Budget::new(), progress)
    }

    /// How the database is doing. Waits for a writer at work.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] in a process that was forked from the one that opened it.
    pub fn stats(&self) -> Result<FileStats> {
        self.process.check_surely()?;
        Ok(FileStats::of(self.committer.lock().writer()))
    }
}

impl Store for FileStore {
    fn schema(&self) -> Schema {
        self.committer.view().schema.clone()
    }

    /// What of a segment that was there at opening is read for the first time is checked then, and its
    /// payloads are decoded, which allocates; what is sealed later, its writer has made ready.
    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_durable().with_wait_free_reads()
    }

    /// O(bytes in the batch), and O(segments) for each of its ids, amortised: now and then the log is
    /// sealed into a segment, or segments are rewritten. Batches of many threads share a sync.
    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        self.process.check_surely()?;
        batch.check_input(&self.committer.view().schema)?;
        let applied = self.committer.commit(batch, budget);
        self.shelf.reclaim();
        applied
    }

    /// Seals the log: O(bytes of the log). Segments stay as they are. What core computes of their
    /// payloads for a computed field goes to files beside them, O(bytes of the payloads), while other
    /// writers go on.
    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        self.process.check_surely()?;
        let limits = self.capabilities().limits();
        let mut pace = Pace::new(budget, progress, 1);
        let version = self.committer.add_field(field, limits, &mut pace)?;
        self.shelf.reclaim();
        pace.end();
        Ok(version)
    }

    /// O(segments) on average.
    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.process.check()?;
        self.committer.view().get(id)?.map(|record| record.to_record()).transpose()
    }

    /// O(1).
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        self.process.check()?;
        Ok(self.committer.view())
    }

    /// Returns when everything that was acknowledged is on the disk: at once, unless writes are
    /// [`Durability::Relaxed`](crate::Durability::Relaxed).
    fn flush(&self) -> Result<()> {
        self.process.check_surely()?;
        self.shelf.reclaim();
        let mut state = match self.committer.idle() {
            // A database that is open to be read only has nothing to make durable.
            Err(error) if error.kind() == ErrorKind::NotSupported => return Ok(()),
            idle => idle?,
        };
        state.writer_mut().sync()
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        Some(self)
    }
}

impl Maintenance for FileStore {
    fn compact(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<()> {
        self.process.check_surely()?;
        let mut pace = Pace::new(budget, progress, 0);
        let compacted = self.committer.compact(&mut pace);
        self.shelf.reclaim();
        compacted?;
        pace.end();
        Ok(())
    }

    fn backup_to(
        &self,
        path: &Path,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        self.process.check_surely()?;
        let options = self.committer.lock().writer().options().clone();
        let view = self.committer.view();
        let mut pace = Pace::new(budget, progress, view.len());
        pace.step(0)?;
        lifecycle::backup::copy(&view, path, &options, pace)
    }

    fn verify(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<Verified> {
        self.process.check_surely()?;
        let state = match self.committer.idle() {
            Ok(state) => state,
            // A database that takes no writes can still be checked.
            Err(_) => self.committer.lock(),
        };
        budget.check()?;
        let (files, log) = (state.writer().files(), state.writer().tables().log());
        let checked = lifecycle::verify::check_log(files, log.log(), log.end())?;
        let view = self.committer.view();
        drop(state);
        lifecycle::verify::check_segments(&view, checked, budget, progress)
    }
}

impl Drop for FileStore {
    /// Leaves the directory so that the next opening is quick and knows how far the log goes. What
    /// was acknowledged is there without it. In a forked child it is not this handle's to leave.
    fn drop(&mut self) {
        if !self.process.is_surely_current() {
            return;
        }
        if let Ok(mut state) = self.committer.idle() {
            let _ = state.writer_mut().close();
        }
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileStore({}, {})", self.path.display(), self.schema())
    }
}
