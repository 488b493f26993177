//! Ends a session: publishes a manifest that knows how far the log goes, so that the next opening can
//! tell damage at its end from a crash.

use iqdb_core::Result;

use super::file_numbers::FileNumbers;
use super::tables::Tables;
use crate::fault::InjectedFault;
use crate::files::database_files::DatabaseFiles;
use crate::files::manifest_file::publish;
use crate::format::file_name::FileName;
use crate::format::manifest::Manifest;

/// A log of at most this many bytes and changes is left for the next opening to replay.
const LOG_BYTES: u64 = 1 << 20;
const LOG_CHANGES: u64 = 1 << 12;

/// The steps at the end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CleanEnd {
    /// The log is sealed.
    Checkpoint,
    /// A manifest is published that knows the end of the log.
    Publish,
    /// Nothing: the manifest knows it.
    Nothing,
}

impl CleanEnd {
    /// What is to be done with these files and tables.
    pub(crate) fn of(files: &DatabaseFiles, tables: &Tables) -> Self {
        let log = tables.log();
        let is_long = log.frame_bytes() > LOG_BYTES || log.changes() > LOG_CHANGES;
        match () {
            () if is_long || tables.open_segment().rows() > 0 => Self::Checkpoint,
            () if log.frame_bytes() == 0 || files.manifest().log_end == Some(log.end()) => {
                Self::Nothing
            }
            () => Self::Publish,
        }
    }
}

/// Publishes a manifest that knows the end of the log. Returns the name of the manifest before, which
/// is to be removed.
///
/// # Errors
/// Those of [`publish`].
pub(crate) fn publish_log_end(
    files: &mut DatabaseFiles,
    tables: &Tables,
    fault: InjectedFault,
) -> Result<FileName> {
    let old = files.manifest();
    let mut numbers = FileNumbers::from(old.next);
    let manifest = Manifest {
        number: numbers.free(files.dir(), &[FileName::Manifest, FileName::Unfinished])?,
        next: numbers.next(),
        log_end: Some(tables.log().end()),
        ..old.clone()
    };
    let before = FileName::Manifest(old.number);
    let file = publish(&manifest, files.dir(), fault).map_err(|(error, _)| error)?;
    files.replace_manifest(manifest, file, tables.log().log());
    Ok(before)
}
