//! How a database is opened.

use std::sync::Arc;

use crate::fault::InjectedFault;
use crate::vfs::{OsVfs, Vfs};

/// When a write is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// When it is on the disk. Writers that come at the same time share a sync.
    #[default]
    Immediate,
    /// When it has been handed to the system, in order: it outlives the process, and
    /// [`flush`](iqdb_core::Store::flush) makes it outlive the system. After a crash of the system
    /// some of the last writes may be gone, none of them before a later one. After a kill, the database
    /// opened to read only shows what was flushed, until it was opened to write.
    Relaxed,
}

/// How the bytes of files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReadMode {
    /// Files are mapped: what is read is what the system keeps of them, which may be more than fits
    /// into memory. Each part is checked at its first use. No other program may write to the files
    /// meanwhile.
    #[default]
    Map,
    /// Files are read into memory, part by part at its first use, checked there and kept: a program
    /// that writes to them later changes no answer. For files that are not trusted. Needs as much
    /// memory as is read.
    Copy,
}

/// Choices for a [`FileStore`](crate::FileStore). None of them changes an answer.
#[derive(Debug, Clone)]
pub struct FileOptions {
    pub(crate) durability: Durability,
    pub(crate) read_mode: ReadMode,
    pub(crate) vfs: Arc<dyn Vfs>,
    /// From how many bytes of the log on it is turned into a segment.
    pub(crate) log_bytes: u64,
    /// From how many changes in the log on.
    pub(crate) log_changes: u64,
    /// From how many bytes of rows in an open segment on.
    pub(crate) segment_bytes: u64,
    /// From how many bytes of vectors on a batch is written to a segment at once.
    pub(crate) placed_bytes: u64,
    pub(crate) reserve_bytes: u64,
    /// From how many bytes of segments on derived data is kept.
    pub(crate) derived_from: u64,
    pub(crate) read_only: bool,
    /// Where the numbers begin of which ids are made.
    pub(crate) id_base: u64,
    pub(crate) fault: InjectedFault,
}

impl FileOptions {
    /// Immediate durability, mapped files, on the file system of the operating system.
    #[must_use]
    pub fn new() -> Self {
        Self {
            durability: Durability::default(),
            read_mode: ReadMode::default(),
            vfs: Arc::new(OsVfs),
            log_bytes: 8 << 20,
            log_changes: 1 << 16,
            segment_bytes: 64 << 20,
            placed_bytes: 256 << 10,
            reserve_bytes: 1 << 20,
            derived_from: 1 << 30,
            read_only: false,
            id_base: 0,
            fault: InjectedFault::default(),
        }
    }

    /// When writes are acknowledged.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How files are read.
    #[must_use]
    pub fn with_read_mode(mut self, read_mode: ReadMode) -> Self {
        self.read_mode = read_mode;
        self
    }

    /// On another file system.
    #[must_use]
    pub fn with_vfs(mut self, vfs: impl Vfs) -> Self {
        self.vfs = Arc::new(vfs);
        self
    }

    /// Seals the log into a segment once it has `log_bytes` bytes or `changes` changes; and a
    /// segment that grows by large batches once it has `segment_bytes` bytes of rows. Small numbers
    /// make many small files, which is good for tests and bad for speed.
    #[must_use]
    pub fn with_seal_bounds(mut self, log_bytes: u64, changes: u64, segment_bytes: u64) -> Self {
        (self.log_bytes, self.log_changes) = (log_bytes, changes);
        self.segment_bytes = segment_bytes;
        self
    }

    /// Writes the vectors of a batch to a segment at once, instead of to the log first, if they
    /// have at least this many bytes.
    #[must_use]
    pub fn with_placed_from_bytes(mut self, bytes: u64) -> Self {
        self.placed_bytes = bytes;
        self
    }

    /// Keeps this many bytes of the disk for deletes and compaction on a full disk, and while there
    /// is a log, as many more as it takes to seal the log. 0 keeps none. The default is 1 MiB.
    ///
    /// When they have used it, or when there is no space to seal the log, whatever adds something is
    /// refused as on a full disk, until the reserve could be taken again and the log be sealed. Both
    /// are tried whenever something is to be added, so nothing else has to be done once there is
    /// space. On a full disk compaction seals the log, removes segments without live rows, and
    /// rewrites those whose live rows fit into this many bytes, the smallest first.
    #[must_use]
    pub fn with_reserve_bytes(mut self, bytes: u64) -> Self {
        self.reserve_bytes = bytes;
        self
    }

    /// The size of all segments in bytes from which the database saves on disk what searches derive
    /// from them, such as codes. That takes about an eighth of the vectors' size more. A smaller
    /// database derives it anew in the background after each opening, at the first search. The
    /// default is 1 GiB.
    #[must_use]
    pub fn with_derived_from_bytes(mut self, bytes: u64) -> Self {
        self.derived_from = bytes;
        self
    }

    /// A number that no other database has; another one for each attempt.
    pub(crate) fn database_id(&self, attempt: u64) -> u128 {
        let half = |n| u128::from(self.fault.random(self.id_base + 2 * attempt + n));
        half(0) << 64 | half(1)
    }

    /// The same, for a database that is not the one which these options are of.
    pub(crate) fn another_database(mut self) -> Self {
        self.id_base += 1 << 32;
        self
    }

    /// With a planted defect.
    #[cfg(feature = "sim")]
    #[doc(hidden)]
    #[must_use]
    pub fn with_defect(mut self, defect: crate::Defect) -> Self {
        self.fault = self.fault.with_defect(defect);
        self
    }

    /// With this number in place of chance: the same calls write the same bytes.
    #[cfg(feature = "sim")]
    #[doc(hidden)]
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.fault = self.fault.with_seed(seed);
        self
    }
}

impl Default for FileOptions {
    fn default() -> Self {
        Self::new()
    }
}
