//! The open files of a database: its directory, its lock and its manifest.

use std::sync::Arc;

use iqdb_core::Schema;

use crate::fault::InjectedFault;
use crate::files::database_dir::DatabaseDir;
use crate::files::held_names::HeldNames;
use crate::files::lock::Lock;
use crate::files::log::Log;
use crate::files::manifest_file::ManifestFile;
use crate::format::file_name::FileName;
use crate::format::manifest::Manifest;

/// The files that identify an open database. Segments and log are kept elsewhere.
#[derive(Debug)]
pub(crate) struct DatabaseFiles {
    dir: DatabaseDir,
    lock: Arc<Lock>,
    manifest: Manifest,
    manifest_file: ManifestFile,
    /// The names that have to refer to the open files.
    names: Arc<HeldNames>,
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
        Self { dir: dir.clone(), lock: Arc::clone(lock), manifest, manifest_file, names, fault }
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

    /// Removes files of this database that the manifest no longer names. The next opening removes
    /// those that can't be removed now.
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
