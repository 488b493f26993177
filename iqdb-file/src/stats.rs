//! How a database is doing, counted.

use crate::files::lock::LockedBy;
use crate::write::writer::Writer;

/// How a database is doing. Counts, not measurements.
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
    /// The mark that tells how far the database was published could not be written. The next write tries
    /// again. Until then an earlier state of the log, put in its place, may go unnoticed, readers that
    /// open the database after this process was killed may not see its last writes, and files stay that
    /// the mark before names. The first mark of a process has to be written before its first write, which
    /// is refused otherwise.
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

impl FileStats {
    pub(crate) fn of(writer: &Writer) -> Self {
        let (files, tables) = (writer.files(), writer.tables());
        let segments = tables.segments().all();
        let open_segment =
            tables.open_segment().file().and_then(|file| file.len().ok()).unwrap_or(0);
        let failed = writer.schedule().failed();
        let log_bytes = tables.log().end().offset;
        Self {
            database: files.manifest().database,
            locked_by: files.lock().locked_by(),
            checkpoint_failure: failed.map(|failed| failed.cause.clone()),
            checkpoints_failed: failed.map_or(0, |failed| failed.attempts),
            mark_failed: files.lock().mark_failed(),
            log_bytes_max: writer.options().log_bytes,
            bytes: segments.iter().map(|segment| segment.bytes()).sum::<u64>()
                + files.manifest().encode().len() as u64
                + open_segment
                + log_bytes,
            log_bytes,
            segments: segments.len(),
            rows: segments.iter().map(|segment| segment.info().rows).sum(),
            dead_rows: segments.iter().map(|segment| segment.dead()).sum(),
            records: tables.memtable().live(),
        }
    }
}
