//! Numbers for new files.

use iqdb_core::Result;

use crate::errors::refused;
use crate::files::database_dir::DatabaseDir;
use crate::format::file_name::FileName;

/// Gives out numbers, each one once.
#[derive(Debug)]
pub(crate) struct FileNumbers {
    next: u64,
}

impl FileNumbers {
    /// Numbers from `next` on.
    pub(crate) fn from(next: u64) -> Self {
        Self { next }
    }

    /// The number that comes next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The next number of which these names are free, so that a new file never replaces another one.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
    pub(crate) fn free(&mut self, dir: &DatabaseDir, names: &[fn(u64) -> FileName]) -> Result<u64> {
        loop {
            let number = self.next;
            self.next += 1;
            let mut is_free = true;
            for name in names {
                let found = dir.lookup(name(number));
                let found = found.map_err(|error| refused(dir.path(), "looked through", error))?;
                is_free &= found.is_none();
            }
            if is_free {
                return Ok(number);
            }
        }
    }
}
