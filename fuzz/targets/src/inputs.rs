//! The committed inputs of each target: seeds to begin with, and regressions that once failed.
//!
//! Nothing here runs a target.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::target::Target;

/// The `fuzz` folder of this checkout.
#[must_use]
pub fn fuzz_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Where the seeds of a target are.
#[must_use]
pub fn seeds_folder(target: &Target) -> PathBuf {
    fuzz_folder().join("seeds").join(target.name)
}

/// Where the inputs are that a target failed on once.
#[must_use]
pub fn regressions_folder(target: &Target) -> PathBuf {
    fuzz_folder().join("regressions").join(target.name)
}

/// Every file in a folder, by name; none when there is no such folder.
///
/// # Errors
/// Whatever the file system reports.
pub fn in_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}
