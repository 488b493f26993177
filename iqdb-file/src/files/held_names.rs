//! Checks that a later opening will find the files that a writer has open.
//!
//! A writer has its files open. Another program may remove them, move them away, or put others in
//! their place; then every write still succeeds, and is lost. So before the leader of a group
//! acknowledges it, it looks the names up once more and compares them with the open files.

use std::io;

use crate::fault::{Defect, InjectedFault};
use crate::files::database_dir::DatabaseDir;
use crate::format::file_name::FileName;
use crate::vfs::FileId;

/// Names that have to refer to open files. The caller keeps the files open, so that no other file gets
/// their id.
#[derive(Debug, Clone)]
pub(crate) struct HeldNames {
    dir: DatabaseDir,
    held: Vec<(FileName, FileId)>,
    fault: InjectedFault,
}

/// Why a later opening may not find the open files.
#[derive(Debug)]
pub(crate) enum NotHeld {
    /// The directory has been removed.
    Directory,
    /// The file is gone, or another one has its name.
    File(FileName),
    /// The file has a second name, perhaps in another database's directory.
    TwoNames(FileName),
    /// The system doesn't tell.
    Unknown(FileName, io::Error),
}

impl HeldNames {
    pub(crate) fn new(
        dir: &DatabaseDir,
        held: Vec<(FileName, FileId)>,
        fault: InjectedFault,
    ) -> Self {
        Self { dir: dir.clone(), held, fault }
    }

    /// Four look-ups: one for each name, and one for `rows`, the segment that rows of a group were
    /// written to, or else for the directory itself. In a directory that has been removed no name is
    /// found.
    pub(crate) fn check(&self, rows: Option<(FileName, FileId)>) -> Result<(), NotHeld> {
        if let Some(rows) = rows {
            return self.check_these(&[rows]);
        }
        self.check_these(&[])?;
        match self.dir.is_linked() {
            Ok(true) => Ok(()),
            Ok(false) => Err(NotHeld::Directory),
            Err(error) => Err(NotHeld::Unknown(FileName::Lock, error)),
        }
    }

    /// A look-up for each name, and for each of these.
    pub(crate) fn check_these(&self, more: &[(FileName, FileId)]) -> Result<(), NotHeld> {
        if self.fault.has(Defect::NamesNotLookedUp) {
            return Ok(());
        }
        for (name, id) in self.held.iter().chain(more) {
            match self.dir.lookup(*name) {
                Ok(Some(found)) if found.id == *id && found.links > 1 => {
                    return Err(NotHeld::TwoNames(*name));
                }
                Ok(Some(found)) if found.id == *id => {}
                Ok(_) => return Err(NotHeld::File(*name)),
                Err(error) => return Err(NotHeld::Unknown(*name, error)),
            }
        }
        Ok(())
    }

    /// Describes the reason for people.
    pub(crate) fn describe(&self, reason: &NotHeld) -> String {
        let path = |name: &FileName| self.dir.path_of(*name).display().to_string();
        match reason {
            NotHeld::Directory => {
                format!("{}: the directory has been removed", self.dir.path().display())
            }
            NotHeld::File(name) => {
                format!("{}: the file has been removed, moved away or replaced", path(name))
            }
            NotHeld::TwoNames(name) => format!("{}: the file has another name, too", path(name)),
            NotHeld::Unknown(name, _) => format!("{}: it can't be looked up", path(name)),
        }
    }
}
