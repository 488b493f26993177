//! The file system of the operating system.
//!
//! Its files, lowest first: `system`, the calls on open files, and `holders`; `file`, which is alike on
//! all systems; `dir`, how a directory is opened, searched and changed through its handle.

#[cfg(unix)]
#[path = "os/unix_dir.rs"]
mod dir;
#[cfg(windows)]
#[path = "os/windows_dir.rs"]
mod dir;
mod file;
#[cfg(unix)]
mod holders;
#[cfg(unix)]
#[path = "os/unix.rs"]
mod system;
#[cfg(windows)]
#[path = "os/windows.rs"]
mod system;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use iqdb_core::DateTime;

use self::dir::OsDir;
use super::{Dir, Environment, Vfs};

/// The files of the operating system.
///
/// What it makes is for its owner alone on Unix (0600, directories 0700). It opens regular files
/// only: a symbolic link is not followed, and a pipe is not waited for.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsVfs;

impl Vfs for OsVfs {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        // The parent of a bare name is the empty path, by which the current directory is meant.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        Ok(Arc::new(OsDir::open(path)?))
    }

    fn renames_open_dirs(&self) -> bool {
        cfg!(unix)
    }

    fn environment(&self) -> Environment {
        #[allow(clippy::disallowed_methods, reason = "it is shown to people, and decides nothing")]
        let now = SystemTime::now();
        Environment {
            boot: system::boot().filter(|boot| *boot != 0),
            host: system::host(),
            process: std::process::id(),
            time: DateTime::try_from(now).unwrap_or(DateTime::MIN),
        }
    }
}
