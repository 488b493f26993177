//! The open files of a database: its directory, its lock and its manifest.

use std::io;
use std::sync::Arc;

use iqdb_core::{Result, Schema};

use crate::errors::refused;
use crate::fault::{Defect, InjectedFault};
use crate::files::database_dir::DatabaseDir;
use crate::files::held_names::HeldNames;
use crate::files::lock::Lock;
use crate::files::log::Log;
use crate::files::manifest_file::ManifestFile;
use crate::format::file_name::FileName;
use crate::format::log::LogEnd;
use crate::format::manifest::Manifest;
use crate::format::mark::Published;

/// The files that identify an open database. Segments and log are kept elsewhere.
#[derive(Debug)]
pub(crate) struct DatabaseFiles {
    dir: DatabaseDir,
    lock: Arc<Lock>,
    manifest: Manifest,
    manifest_file: ManifestFile,
    /// The names that have to refer to the open files.
    names: Arc<HeldNames>,
    /// Files that the manifest doesn't name any more, and that are still there: the last mark may name
    /// them.
    retired: Vec<FileName>,
    fault: InjectedFault,
}

impl DatabaseFiles {
    /// The files of a database whose log is `log`.
    pub(crate) fn new(
        dir: &DatabaseDir,
        lock: &Arc<Lock>,
        (manifest, manifest_file): (Manifest, ManifestFile),
        log: &Log,
        fault: InjectedFault,
    ) -> Self {
        let names = Arc::new(held_names(dir, lock, (&manifest, &manifest_file), log, fault));
        let (dir, lock, retired) = (dir.clone(), Arc::clone(lock), Vec::new());
        Self { dir, lock, manifest, manifest_file, names, retired, fault }
    }

    pub(crate) fn dir(&self) -> &DatabaseDir {
        &self.dir
    }

    pub(crate) fn lock(&self) -> &Arc<Lock> {
        &self.lock
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.manifest.schema
    }

    /// The names of the log, the manifest and `lock`.
    pub(crate) fn names(&self) -> &Arc<HeldNames> {
        &self.names
    }

    /// Goes on with another manifest, whose log is `log`.
    pub(crate) fn replace_manifest(&mut self, manifest: Manifest, file: ManifestFile, log: &Log) {
        let names = held_names(&self.dir, &self.lock, (&manifest, &file), log, self.fault);
        (self.names, self.manifest, self.manifest_file) = (Arc::new(names), manifest, file);
    }

    /// What is published when the log is on the disk up to there.
    pub(crate) fn published(&self, end: LogEnd) -> Published {
        Published { manifest: self.manifest.number, log: self.manifest.log, end }
    }

    /// Writes and syncs the mark that has to be there before this process writes a frame or another
    /// manifest: the log is published up to there. Tries again on a full disk if `give_up_reserve` has made
    /// room.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn begin_marks(
        &self,
        end: LogEnd,
        give_up_reserve: impl FnOnce() -> bool,
    ) -> Result<()> {
        let begin = || self.lock.begin_marks(self.published(end));
        let begun = begin().or_else(|error| {
            let is_full = error.kind() == io::ErrorKind::StorageFull;
            if is_full && give_up_reserve() { begin() } else { Err(error) }
        });
        begun.map_err(|error| refused(self.lock.path(), "marked", error))
    }

    /// Marks the log as published up to there, and removes what was kept for the mark before.
    ///
    /// # Errors
    /// That the first mark of the manifest can't be written: nothing may be acknowledged without it. That
    /// another one can't be written is seen in the statistics.
    pub(crate) fn publish(&mut self, end: LogEnd) -> io::Result<()> {
        let marked = self.lock.publish(self.published(end));
        self.remove_retired();
        if self.lock.owes_mark(self.manifest.number) { marked } else { Ok(()) }
    }

    /// Removes files of this database that the manifest no longer names, once the last mark names this
    /// manifest. No new file may get one of these names meanwhile.
    pub(crate) fn retire(&mut self, names: Vec<FileName>) {
        self.retired.extend(names);
        self.remove_retired();
    }

    /// Removes the files that were kept for the sake of an earlier mark, if there is a later one now.
    pub(crate) fn remove_retired(&mut self) {
        let are_named = || {
            self.lock.marks_earlier_than(self.manifest.number)
                && !self.fault.has(Defect::MarkedFilesRemoved)
        };
        if !self.retired.is_empty() && !are_named() {
            let retired = std::mem::take(&mut self.retired);
            self.remove(&retired);
        }
    }

    /// Removes files of this database that neither the manifest nor a mark names. The next opening
    /// removes those that can't be removed now.
    pub(crate) fn remove(&self, names: &[FileName]) {
        for name in names {
            self.dir.remove(*name, self.manifest.database);
        }
    }
}

fn held_names(
    dir: &DatabaseDir,
    lock: &Lock,
    (manifest, file): (&Manifest, &ManifestFile),
    log: &Log,
    fault: InjectedFault,
) -> HeldNames {
    let mut held = vec![log.held(), (FileName::Manifest(manifest.number), file.id)];
    held.extend(lock.held());
    HeldNames::new(dir, held, fault)
}
