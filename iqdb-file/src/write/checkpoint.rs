//! Checkpoints: they seal the log into a segment, rewrite old segments into one, and publish a new
//! manifest.

use std::io::ErrorKind;
use std::sync::Arc;

use iqdb_core::{Budget, Error, Result};

use super::added_field::AddedField;
use super::checkpoint_files::{CheckpointFiles, NewFiles};
use super::read_only::ReadOnlyReason;
use super::staged_group::StagedGroup;
use super::tables::Tables;
use super::write_failure::WriteFailure;
use crate::errors::{is_full, refused};
use crate::fault::Defect;
use crate::files::database_files::DatabaseFiles;
use crate::files::held_names::NotHeld;
use crate::files::manifest_file::{Changed, ManifestFile, publish};
use crate::files::reserve::Reserve;
use crate::format::file_name::FileName;
use crate::format::manifest::Manifest;
use crate::options::FileOptions;
use crate::read::segment::Segment;
use crate::read::view::Segments;

/// A checkpoint at work. No group may be staged or in flight.
#[derive(Debug)]
pub(crate) struct Checkpoint<'a> {
    pub(crate) options: &'a FileOptions,
    pub(crate) files: &'a mut DatabaseFiles,
    pub(crate) tables: &'a mut Tables,
    pub(crate) reserve: &'a mut Reserve,
    /// The segments that are rewritten into one.
    pub(crate) rewrite: &'a [Arc<Segment>],
    /// The field that the checkpoint adds, if it adds one, as a version of its own.
    pub(crate) added: Option<&'a mut AddedField>,
    /// Whether it may give the reserve up when the disk is full.
    pub(crate) may_use_reserve: bool,
}

/// Why a checkpoint failed. Nothing has changed, unless there is a reason to take no more writes.
#[derive(Debug)]
pub(crate) struct CheckpointFailure {
    pub(crate) error: Error,
    pub(crate) read_only: Option<ReadOnlyReason>,
}

impl From<Error> for CheckpointFailure {
    fn from(error: Error) -> Self {
        Self { error, read_only: None }
    }
}

impl From<WriteFailure> for CheckpointFailure {
    fn from(failure: WriteFailure) -> Self {
        Self { error: failure.to_error(), read_only: failure.read_only_reason() }
    }
}

impl Checkpoint<'_> {
    /// Writes the new files, publishes their manifest, goes on with them, and removes the old files.
    /// Gives the reserve up only when it needs the space, and restores it afterwards.
    ///
    /// # Errors
    /// Those of the system, of reading the records and of the budget.
    pub(crate) fn run(mut self, budget: Budget<'_>) -> Result<(), CheckpointFailure> {
        let mut made = Vec::new();
        let new = self.write_files(budget, &mut made)?;
        if let Some(added) = &mut self.added {
            made.extend(added.release(&new.manifest));
        }
        if let Err(reason) = self.files.names().check(self.tables.open_segment().held()) {
            self.files.remove(&made);
            return Err(WriteFailure::not_held(self.files.names(), reason).into());
        }
        let file = self.publish(&new.manifest, made)?;
        self.switch_to(new, file)?;
        self.restore_reserve();
        Ok(())
    }

    fn builder(&self) -> CheckpointFiles<'_> {
        let Self { options, files, tables, added, .. } = self;
        CheckpointFiles { options, files, tables, added: added.as_deref() }
    }

    /// Writes the new files. On a failure, frees the reserve, if it may, and tries once more.
    fn write_files(&mut self, budget: Budget<'_>, made: &mut Vec<FileName>) -> Result<NewFiles> {
        let mut gave_up = false;
        let written = self.builder().write(self.rewrite, budget, made).or_else(|error| {
            self.files.remove(made);
            made.clear();
            gave_up = budget.check().is_ok() && self.give_up_reserve();
            match gave_up {
                true => self.builder().write(self.rewrite, budget, made),
                false => Err(error),
            }
        });
        if written.is_err() {
            self.files.remove(made);
            if gave_up {
                self.restore_reserve();
            }
        }
        written
    }

    /// Publishes the manifest of the files that were made.
    fn publish(
        &mut self,
        manifest: &Manifest,
        mut made: Vec<FileName>,
    ) -> Result<ManifestFile, CheckpointFailure> {
        let fault = self.options.fault;
        self.remove_columns_early();
        let mut published = publish(manifest, self.files.dir(), fault);
        if matches!(&published, Err((error, Changed::No)) if is_full(error))
            && self.give_up_reserve()
        {
            published = publish(manifest, self.files.dir(), fault);
        }
        published.map_err(|(error, changed)| {
            let mut read_only = None;
            match changed {
                Changed::No => {
                    made.push(FileName::Unfinished(manifest.number));
                    self.files.remove(&made);
                    self.restore_reserve();
                }
                Changed::Maybe => {
                    read_only = Some(ReadOnlyReason::OutcomeUnknown(error.to_string()));
                }
            }
            CheckpointFailure { error, read_only }
        })
    }

    /// A planted defect.
    fn remove_columns_early(&self) {
        if self.options.fault.has(Defect::ColumnFilesRemovedEarly) {
            let names = self
                .rewrite
                .iter()
                .flat_map(|segment| segment.entry(Vec::new()).files().skip(1).collect::<Vec<_>>());
            self.files.remove(&names.collect::<Vec<_>>());
        }
    }

    /// Goes on with the new files, and removes the old ones.
    fn switch_to(&mut self, new: NewFiles, file: ManifestFile) -> Result<(), CheckpointFailure> {
        let NewFiles { manifest, segments, log, held } = new;
        let old = self.builder().old_files(&manifest, self.rewrite);
        self.files.replace_manifest(manifest, file, &log);
        let manifest = self.files.manifest();
        self.tables.memtable().hand_over();
        self.rewrite.iter().for_each(|segment| segment.hand_over(manifest.version));
        *self.tables = {
            let kept = (log, Arc::clone(self.tables.shelf()));
            Tables::new(manifest, Segments::new(segments), kept, self.options.fault)
        };
        *self.reserve = Reserve::new(self.options.reserve_bytes, manifest.database);
        match self.files.names().check_these(&held) {
            Ok(()) => self.publish_mark()?,
            // The system doesn't tell whether the new files have their names, so the old files stay, and
            // the mark names them.
            Err(reason @ NotHeld::Unknown(..)) => {
                self.check_unmarked(WriteFailure::not_held(self.files.names(), reason).to_error())?;
            }
            // The old files may be the only ones left.
            Err(reason) => return Err(WriteFailure::not_held(self.files.names(), reason).into()),
        }
        self.files.retire(old);
        Ok(())
    }

    /// Marks the new manifest as published, and syncs the mark. Where that fails the old files stay until
    /// there is a mark, and nothing that comes later is acknowledged before.
    fn publish_mark(&mut self) -> Result<(), CheckpointFailure> {
        let end = self.tables.log().end();
        let marked = self.files.publish(end).or_else(|error| {
            let is_full = error.kind() == ErrorKind::StorageFull;
            if is_full && self.give_up_reserve() { self.files.publish(end) } else { Err(error) }
        });
        let refused = |error| refused(self.files.lock().path(), "marked", error);
        marked.map_err(refused).or_else(|error| self.check_unmarked(error))
    }

    /// What was not marked for this reason must not be acknowledged, and an added field is acknowledged by
    /// its checkpoint.
    fn check_unmarked(&self, error: Error) -> Result<(), CheckpointFailure> {
        if self.added.is_none() {
            return Ok(());
        }
        let read_only = Some(ReadOnlyReason::OutcomeUnknown(error.to_string()));
        Err(CheckpointFailure { error, read_only })
    }

    fn give_up_reserve(&mut self) -> bool {
        self.may_use_reserve && self.reserve.give_up(self.files.dir())
    }

    fn restore_reserve(&mut self) {
        // Nothing is staged.
        let sealing = self.tables.bytes_to_seal(&StagedGroup::default());
        self.reserve.fit(self.files.dir(), sealing);
    }
}
