//! Writes the seeds of a target where they are committed.

use std::path::PathBuf;
use std::{fs, io};

use crate::inputs;
use crate::target::Target;

/// Writes the seeds of a target where they are committed, in place of those that were there.
///
/// # Errors
/// Whatever the file system reports.
pub fn write(target: &Target) -> io::Result<Vec<PathBuf>> {
    let folder = inputs::seeds_folder(target);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut written = Vec::new();
    for seed in (target.seeds)() {
        let path = folder.join(seed.name);
        fs::write(&path, seed.bytes)?;
        written.push(path);
    }
    Ok(written)
}
