//! A full check: every byte that matters, read again.

use iqdb_core::{Result, Snapshot};

use crate::errors::damaged;
use crate::files::log::Verdict;
use crate::files::manifest_file::newest;
use crate::format::file_name::FileName;
use crate::read::view::View;
use crate::write::writer::Writer;

/// How far a check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that have been checked.
    pub checked: u64,
    /// Bytes that there are to be checked.
    pub of: u64,
}

/// What a check has found to be as it was written.
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

/// Checks manifest and log. No writer may be at work.
pub(crate) fn check_log(writer: &Writer) -> Result<Verified> {
    let dir = &writer.dir;
    let (found, _) = newest(dir)?
        .ok_or_else(|| damaged(dir.path(), "the manifest of the database is missing"))?;
    if found != writer.manifest {
        let path = dir.path_of(FileName::Manifest(found.number));
        return Err(damaged(&path, "it is not what was written"));
    }
    let after = writer.manifest.version;
    let end = writer.log.replay(after, writer.log_end, |_, _| Ok(Verdict::Good))?.end;
    Ok(Verified { files: 2, bytes: found.encode().len() as u64 + end, records: 0 })
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
