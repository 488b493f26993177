//! Making the files of a database, and taking them back when that fails.
//!
//! A directory with segments and no manifest is a database whose manifest is missing, which is damage;
//! unless there is the unfinished first manifest, which becomes the first one by being renamed. So
//! whoever writes segments before the manifest writes that one before the segments.

use std::io;
use std::path::Path;

use iqdb_core::Result;

use crate::log::Log;
use crate::manifest::{FIRST, Manifest};
use crate::names::Name;
use crate::options::FileOptions;
use crate::problem::refused;
use crate::reserve::Reserve;
use crate::vfs::{Access, Vfs};

/// Says, durably, that what is in this directory from now on is not finished, and removes what
/// somebody has left who did not finish either. The directory has no manifest.
pub(crate) fn begin(dir: &Path, options: &FileOptions) -> Result<()> {
    let vfs = &*options.vfs;
    let begin = || {
        vfs.open(&Name::Unfinished(FIRST).within(dir), Access::Create)?;
        vfs.sync_dir(dir)?;
        remove_parts(vfs, dir)
    };
    begin().map_err(|error| refused(dir, "made", error))
}

/// Makes a database of these segments, which are there and synced: the log, then the manifest.
pub(crate) fn make(dir: &Path, options: &FileOptions, manifest: &Manifest) -> Result<()> {
    Log::create(&*options.vfs, dir, manifest.database, manifest.log)?;
    let sync =
        |dir: &Path| options.vfs.sync_dir(dir).map_err(|error| refused(dir, "synced", error));
    sync(dir)?;
    manifest.publish(&*options.vfs, dir, options.probe).map_err(|(error, _)| error)?;
    sync_above(dir, options)?;
    // For later; nobody relies on it.
    Reserve::new(options.reserve_bytes).fit(&*options.vfs, dir, 0);
    Ok(())
}

/// Returns when the directory is on the disk, which is itself a name in another one.
pub(crate) fn sync_above(dir: &Path, options: &FileOptions) -> Result<()> {
    let above = dir.parent().unwrap_or(Path::new(""));
    match options.vfs.sync_dir(above) {
        // Who may not read it can't have made the directory.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result.map_err(|error| refused(above, "synced", error)),
    }
}

/// Takes back what was made in a directory that had no manifest. What can't be removed is marked as
/// unfinished, in whatever order it goes when the power fails.
pub(crate) fn take_back(vfs: &dyn Vfs, dir: &Path) {
    let unfinished = Name::Unfinished(FIRST).within(dir);
    let take_back = || {
        match vfs.rename(&Name::Manifest(FIRST).within(dir), &unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => vfs.sync_dir(dir)?,
        }
        remove_parts(vfs, dir)?;
        vfs.sync_dir(dir)?;
        vfs.remove(&unfinished)
    };
    // Whoever tries again does it then.
    let _ = take_back();
}

/// Removes logs, segments, and what is derived from them.
fn remove_parts(vfs: &dyn Vfs, dir: &Path) -> io::Result<()> {
    for name in vfs.list(dir)?.iter().filter_map(|name| Name::parse(name)) {
        if let Name::Log(_) | Name::Segment(_) | Name::Derived(_) = name {
            vfs.remove(&name.within(dir))?;
        }
    }
    Ok(())
}
