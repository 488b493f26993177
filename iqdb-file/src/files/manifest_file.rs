//! Publishes manifests, and finds the manifest of a directory.
//!
//! A new manifest is written beside the old one, synced, and renamed; then the directory is synced, and
//! only then is the old manifest removed. So the manifest with the highest number is always whole, and a
//! manifest whose checksum is wrong is damage, never the trace of a crash.

use iqdb_core::{Error, Result};

use crate::errors::{damaged, refused};
use crate::fault::{Defect, InjectedFault};
use crate::files::database_dir::DatabaseDir;
use crate::files::unfinished::{begun, find_orphan, no_manifest};
use crate::format::file_name::FileName;
use crate::format::manifest::Manifest;
use crate::vfs::{Access, File, FileExt, FileId};

/// Makes a manifest the database, and returns its file: the manifest is on the disk, and every older
/// one is void.
///
/// # Errors
/// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io), and whether the database may have changed.
pub(crate) fn publish(
    manifest: &Manifest,
    dir: &DatabaseDir,
    fault: InjectedFault,
) -> Result<ManifestFile, (Error, Changed)> {
    let (new, name) = (FileName::Unfinished(manifest.number), FileName::Manifest(manifest.number));
    let write = || {
        let file = dir.create(new, manifest.database, &manifest.encode())?;
        if !fault.has(Defect::ManifestNotSynced) {
            file.sync_data()?;
        }
        Ok((file.id()?, file))
    };
    let (id, file) =
        write().map_err(|error| (refused(&dir.path_of(new), "written", error), Changed::No))?;
    let renamed = dir.rename(new, name).or_else(|error| {
        // A network may lose the answer. What counts is what is there.
        match dir.lookup(name) {
            Ok(Some(found)) if found.id == id => Ok(()),
            _ => Err(error),
        }
    });
    renamed.map_err(|error| {
        let unchanged = matches!(dir.lookup(new), Ok(Some(found)) if found.id == id);
        let changed = if unchanged { Changed::No } else { Changed::Maybe };
        (refused(&dir.path_of(name), "made", error), changed)
    })?;
    if !fault.has(Defect::DirectoryNotSynced) {
        let sync = |error| (refused(dir.path(), "synced", error), Changed::Maybe);
        dir.sync().map_err(sync)?;
    }
    Ok(ManifestFile { id, _file: file })
}

/// The file that a manifest was written to, or read from.
#[derive(Debug)]
pub(crate) struct ManifestFile {
    pub(crate) id: FileId,
    /// Kept open, so that no other file gets its id.
    _file: Box<dyn File>,
}

/// Whether a failed publication may have changed the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    No,
    Maybe,
}

/// The manifest of a directory, and the file that it was read from. `None` when there is no database,
/// or one that was never finished.
///
/// # Errors
/// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) when files of a database without a manifest
/// are there; [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
pub(crate) fn newest(dir: &DatabaseDir) -> Result<Option<(Manifest, ManifestFile)>> {
    let names = dir.names().map_err(|error| refused(dir.path(), "listed", error))?;
    let numbers = names.iter().filter_map(|name| match name {
        FileName::Manifest(number) => Some(*number),
        _ => None,
    });
    let Some(newest) = numbers.max() else {
        let begun = begun(dir, None)?;
        return find_orphan(dir, &names, begun).and_then(|orphan| match orphan {
            None => Ok(None),
            Some(orphan) => Err(no_manifest(dir, orphan)),
        });
    };
    match read(dir, newest)? {
        Some(found) => Ok(Some(found)),
        None => {
            let path = dir.path_of(FileName::Manifest(newest));
            Err(damaged(&path, "the manifest of the database is missing"))
        }
    }
}

/// The manifest of this number, and its file; `None` when there is none.
///
/// # Errors
/// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) when it is not what was written;
/// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
pub(crate) fn read(dir: &DatabaseDir, number: u64) -> Result<Option<(Manifest, ManifestFile)>> {
    let path = dir.path_of(FileName::Manifest(number));
    let io = |error| refused(&path, "read", error);
    let file = match dir.file(FileName::Manifest(number), Access::Read) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(io)?,
    };
    let len = file.len().map_err(io)?;
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, 0).map_err(io)?;
    let manifest = Manifest::decode(&bytes, &path)?;
    if manifest.number != number {
        return Err(damaged(&path, "it is another manifest")
            .expected(format_args!("number {number}"))
            .found(format_args!("number {}", manifest.number)));
    }
    let id = file.id().map_err(io)?;
    Ok(Some((manifest, ManifestFile { id, _file: file })))
}
