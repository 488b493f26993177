//! What opening and writing a segment needs to know of its database.

use std::sync::{Arc, Weak};

use crate::fault::InjectedFault;
use crate::files::database_dir::DatabaseDir;
use crate::files::database_files::DatabaseFiles;
use crate::files::lock::Lock;
use crate::format::manifest::{Entry, Manifest};
use crate::format::segment::layout::Shape;
use crate::options::{FileOptions, ReadMode};

/// What all segments of a database share: the directory, the shape of their rows, and the options.
#[derive(Debug, Clone)]
pub(crate) struct SegmentContext<'a> {
    pub(crate) dir: &'a DatabaseDir,
    pub(crate) database: u128,
    pub(crate) shape: Shape,
    pub(crate) read_mode: ReadMode,
    pub(crate) fault: InjectedFault,
    /// Whether derived data is saved.
    pub(crate) sidecars: SidecarUse,
}

impl<'a> SegmentContext<'a> {
    /// For the segments of an open database.
    pub(crate) fn of(files: &'a DatabaseFiles, options: &FileOptions) -> Self {
        let sidecars = SidecarUse::of(options, files.manifest(), files.lock());
        Self::new(files.dir(), options, files.manifest(), sidecars)
    }

    /// For the segments of this manifest.
    pub(crate) fn new(
        dir: &'a DatabaseDir,
        options: &FileOptions,
        manifest: &Manifest,
        sidecars: SidecarUse,
    ) -> Self {
        Self {
            dir,
            database: manifest.database,
            shape: Shape::of(&manifest.schema),
            read_mode: options.read_mode,
            fault: options.fault,
            sidecars,
        }
    }
}

/// Whether data that searches derive from segments is saved.
#[derive(Debug, Clone)]
pub(crate) enum SidecarUse {
    No,
    /// Saved data is read, and nothing is saved.
    ReadOnly,
    /// Saved data is read, and more is saved as long as the database is locked. A snapshot that
    /// outlives its segment may create the segment's file again; the next opening removes that file.
    ReadWrite(Weak<Lock>),
}

impl SidecarUse {
    /// By the size of the database.
    pub(crate) fn of(options: &FileOptions, manifest: &Manifest, lock: &Arc<Lock>) -> Self {
        let columns =
            |entry: &Entry| entry.columns.iter().map(|column| column.seal.file_len).sum::<u64>();
        let bytes = |entry: &Entry| entry.info.seal.file_len + columns(entry);
        let bytes: u64 = manifest.segments.iter().map(bytes).sum();
        match bytes >= options.derived_from {
            true if options.read_only => Self::ReadOnly,
            true => Self::ReadWrite(Arc::downgrade(lock)),
            false => Self::No,
        }
    }
}
