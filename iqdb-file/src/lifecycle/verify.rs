//! A full check: every byte that matters, read again.

use iqdb_core::{Budget, Progress, Result, Snapshot, Verified};

use crate::errors::damaged;
use crate::files::database_files::DatabaseFiles;
use crate::files::log::{KnownEnd, Log, Verdict};
use crate::files::manifest_file::{newest, read};
use crate::format::file_name::FileName;
use crate::format::log::LogEnd;
use crate::pace::Pace;
use crate::read::view::View;

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
    let mut verified = Verified::default();
    verified.files = 2;
    verified.bytes = found.encode().len() as u64 + end.offset;
    Ok(verified)
}

/// Checks the segments of a view, which go on existing while they are checked.
pub(crate) fn check_segments(
    view: &View,
    checked: Verified,
    budget: Budget<'_>,
    progress: &mut dyn Progress,
) -> Result<Verified> {
    let segments = view.segments.all();
    let of = checked.bytes + segments.iter().map(|segment| segment.bytes()).sum::<u64>();
    let mut pace = Pace::new(budget, progress, of);
    pace.step(checked.bytes)?;
    let mut verified = checked;
    for segment in segments {
        // The bytes of its files are those of their pieces, and of their headers and footers.
        let mut seen = 0;
        segment.check_all(&mut |bytes| {
            seen += bytes;
            pace.step(bytes)
        })?;
        pace.step(segment.bytes().saturating_sub(seen))?;
        verified.bytes += segment.bytes();
        verified.files += segment.files();
    }
    pace.end();
    verified.records = view.len();
    Ok(verified)
}
