//! A full check: every byte that matters, read again.

use iqdb_core::{Result, Snapshot};

use crate::errors::damaged;
use crate::files::database_files::DatabaseFiles;
use crate::files::log::{KnownEnd, Log, Verdict};
use crate::files::manifest_file::{newest, read};
use crate::format::file_name::FileName;
use crate::format::log::LogEnd;
use crate::read::view::View;

/// The progress of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that have been checked.
    pub checked: u64,
    /// Bytes to be checked, those included.
    pub of: u64,
}

/// The result of a check that found no damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Verified {
    /// Files.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Records.
    pub records: u64,
}

/// Checks the manifest, the mark, and the log up to `end`. No group may be in flight.
pub(crate) fn check_log(files: &DatabaseFiles, log: &Log, end: LogEnd) -> Result<Verified> {
    let dir = files.dir();
    // A reader may be shown an earlier manifest than the newest, and no writer is.
    let found = match files.lock().is_shared() {
        true => read(dir, files.manifest().number)?,
        false => newest(dir)?,
    };
    let (found, _) =
        found.ok_or_else(|| damaged(dir.path(), "the manifest of the database is missing"))?;
    if found != *files.manifest() {
        let path = dir.path_of(FileName::Manifest(found.number));
        return Err(damaged(&path, "it is not what was written"));
    }
    let mut known = vec![KnownEnd { end, by: "the open database".to_owned() }];
    if let Some(mark) = files.lock().check_mark()? {
        known.extend(KnownEnd::of_mark(&mark, log.number()));
    }
    let end = log.replay(found.version, &known, u64::MAX, |_, _| Ok(Verdict::Good))?.end;
    Ok(Verified { files: 2, bytes: found.encode().len() as u64 + end.offset, records: 0 })
}

/// Checks the segments of a view, which go on existing while they are checked.
pub(crate) fn check_segments(
    view: &View,
    checked: Verified,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verified> {
    let segments = view.segments.all();
    let of = checked.bytes + segments.iter().map(|segment| segment.file_len()).sum::<u64>();
    let mut verified = checked;
    for segment in segments {
        let start = verified.bytes;
        let mut seen = 0;
        segment.check_all(&mut |bytes| {
            seen += bytes;
            progress(Progress { checked: start + seen, of });
        })?;
        verified.bytes = start + segment.file_len();
        verified.files += 1;
    }
    progress(Progress { checked: of, of });
    verified.records = view.len();
    Ok(verified)
}
