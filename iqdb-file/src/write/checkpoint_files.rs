//! Writes the files of a checkpoint: the log sealed into a segment, old segments rewritten into one, and
//! a new log.
//!
//! A checkpoint writes and syncs all new files, with their names, before the manifest that refers to
//! them, and removes the old files after it. Wherever a crash interrupts it, either the old manifest or
//! the new one is the database.

use std::sync::Arc;

use iqdb_core::{Budget, Result, SnapshotExt, Version};

use super::added_field::AddedField;
use super::file_numbers::FileNumbers;
use super::segment_writer::SegmentWriter;
use super::tables::Tables;
use crate::errors::{defect, refused};
use crate::fault::Defect;
use crate::files::database_files::DatabaseFiles;
use crate::files::log::Log;
use crate::format::file_name::FileName;
use crate::format::log::chain_of_field;
use crate::format::manifest::{Entry, Manifest, SegmentInfo};
use crate::options::FileOptions;
use crate::read::context::SegmentContext;
use crate::read::segment::Segment;
use crate::vfs::{File, FileId};

/// What a checkpoint reads. It changes none of it.
#[derive(Debug)]
pub(crate) struct CheckpointFiles<'a> {
    pub(crate) options: &'a FileOptions,
    pub(crate) files: &'a DatabaseFiles,
    pub(crate) tables: &'a Tables,
    /// The field that the checkpoint adds, if it adds one, as a version of its own.
    pub(crate) added: Option<&'a AddedField>,
}

/// The new files of a checkpoint, before its manifest is published.
#[derive(Debug)]
pub(crate) struct NewFiles {
    pub(crate) manifest: Manifest,
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) log: Log,
    /// The files of new segments and columns, which have to keep their names.
    pub(crate) held: Vec<(FileName, FileId)>,
}

/// A segment that was sealed from the memtable.
struct Sealed {
    info: SegmentInfo,
    file: Arc<dyn File>,
    /// Rows of the open segment that no record has any more.
    dead: Vec<u32>,
}

impl CheckpointFiles<'_> {
    /// Writes all files that the new manifest refers to. `made` gets the names of the files that are
    /// to be removed if the checkpoint fails.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io); those of reading the records and of the budget.
    pub(crate) fn write(
        &self,
        rewrite: &[Arc<Segment>],
        budget: Budget<'_>,
        made: &mut Vec<FileName>,
    ) -> Result<NewFiles> {
        let (dir, old) = (self.files.dir(), self.files.manifest());
        let mut numbers = FileNumbers::from(old.next);
        let is_rewritten =
            |segment: &Arc<Segment>| rewrite.iter().any(|old| Arc::ptr_eq(old, segment));
        let mut segments: Vec<Arc<Segment>> = self
            .tables
            .segments()
            .all()
            .iter()
            .filter(|segment| !is_rewritten(segment))
            .cloned()
            .collect();
        let mut held = Vec::new();

        let number = numbers.free(dir, &[FileName::Segment])?;
        if let Some((info, file)) = self.rewrite(rewrite, number, budget, made)? {
            // Segments are in the order of time: the rewritten rows are older than the memtable.
            held.push((FileName::Segment(info.number), self.id_of(&*file)?));
            segments.push(self.open(info, file, &[])?);
        }
        if let Some(Sealed { info, file, dead }) = self.seal_memtable(&mut numbers, made)? {
            held.push((FileName::Segment(info.number), self.id_of(&*file)?));
            segments.push(self.open(info, file, &dead)?);
        }
        self.add_columns(&mut segments, budget, made, &mut held)?;
        let entries = self.entries_of(&segments);
        let log = numbers.free(dir, &[FileName::Log])?;
        made.push(FileName::Log(log));
        let chain = self.tables.log().end().chain;
        let grown = self.added.map(AddedField::schema);
        let chain = grown.map_or(chain, |schema| chain_of_field(chain, schema));
        let log = Log::create(dir, old.database, log, chain)?;
        let open_segment = numbers.free(dir, &[FileName::Segment])?;
        let number = numbers.free(dir, &[FileName::Manifest, FileName::Unfinished])?;
        if !self.options.fault.has(Defect::DirectoryNotSynced) {
            dir.sync().map_err(|error| refused(dir.path(), "synced", error))?;
        }
        let version = self.tables.memtable().version();
        let manifest = Manifest {
            number,
            version: grown.map_or(version, |_| version.next()),
            chain,
            schema: grown.unwrap_or(&old.schema).clone(),
            log: log.number(),
            log_end: None,
            open_segment,
            next: numbers.next(),
            segments: entries,
            ..old.clone()
        };
        Ok(NewFiles { manifest, segments, log, held })
    }

    /// The files that a database with the new manifest does not need: those of the old manifest, of
    /// the rewritten segments, and the open segment unless it was sealed.
    pub(crate) fn old_files(&self, new: &Manifest, rewritten: &[Arc<Segment>]) -> Vec<FileName> {
        let old = self.files.manifest();
        let mut names = vec![FileName::Manifest(old.number), FileName::Log(old.log)];
        for segment in rewritten {
            names.extend(segment.entry(Vec::new()).files());
            names.push(FileName::Derived(segment.info().number));
        }
        if self.tables.open_segment().file().is_some() {
            let number = self.tables.open_segment().number();
            let is_sealed = new.segments.iter().any(|entry| entry.info.number == number);
            names.extend((!is_sealed).then_some(FileName::Segment(number)));
        }
        names
    }

    /// Gives each segment a column file of a computed field that is being added. Rows that came to the
    /// log are in a segment by now, so there is one way for all rows.
    fn add_columns(
        &self,
        segments: &mut [Arc<Segment>],
        budget: Budget<'_>,
        made: &mut Vec<FileName>,
        held: &mut Vec<(FileName, FileId)>,
    ) -> Result<()> {
        let Some(added) = self.added.filter(|added| added.computed().is_some()) else {
            return Ok(());
        };
        let (at, mut numbers) = (self.tables.memtable().version(), added.later_numbers());
        for segment in segments {
            let (column, id) = added.column_for((segment, at), &mut numbers, budget, made)?;
            held.push((FileName::Column(column.info().number), id));
            *segment = Arc::new(segment.with_columns(vec![column]));
        }
        Ok(())
    }

    /// What the manifest says of these segments.
    fn entries_of(&self, segments: &[Arc<Segment>]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = segments.iter().map(|segment| entry_of(segment)).collect();
        let forgets = self.options.fault.has(Defect::ColumnFileNotNamed) && self.added.is_some();
        if let Some(newest) = entries.last_mut().filter(|_| forgets) {
            newest.columns.clear();
        }
        entries
    }

    fn context(&self) -> SegmentContext<'_> {
        SegmentContext::of(self.files, self.options)
    }

    fn id_of(&self, file: &dyn File) -> Result<FileId> {
        file.id().map_err(|error| refused(self.files.dir().path(), "looked up", error))
    }

    /// Opens a segment that was written just now.
    fn open(&self, info: SegmentInfo, file: Arc<dyn File>, dead: &[u32]) -> Result<Arc<Segment>> {
        let segment = Segment::of(&self.context(), info, file)?;
        segment.warm()?;
        segment.begin(dead, self.tables.memtable().version());
        Ok(Arc::new(segment))
    }

    /// Writes the live rows of these segments to a new one, if there are any.
    fn rewrite(
        &self,
        segments: &[Arc<Segment>],
        number: u64,
        budget: Budget<'_>,
        made: &mut Vec<FileName>,
    ) -> Result<Option<(SegmentInfo, Arc<dyn File>)>> {
        if segments.iter().all(|segment| segment.dead() == segment.info().rows) {
            return Ok(None);
        }
        made.push(FileName::Segment(number));
        let mut writer = SegmentWriter::create(self.context(), number)?;
        let schema = self.files.schema();
        for segment in segments {
            for row in segment.live_rows(Version(u64::MAX)) {
                writer.push(&segment.record(schema, row, Version(u64::MAX))?)?;
                budget.check()?;
            }
        }
        writer.finish().map(Some)
    }

    /// Writes the records of the memtable to a segment, if there are any. Vectors that are in the open
    /// segment stay where they are.
    fn seal_memtable(
        &self,
        numbers: &mut FileNumbers,
        made: &mut Vec<FileName>,
    ) -> Result<Option<Sealed>> {
        let records = self.tables.memtable().snapshot()?;
        if records.is_empty() {
            return Ok(None);
        }
        let mut writer = self.segment_for_memtable(numbers, made)?;
        let mut dead = Vec::new();
        for (row, owner) in (0..).zip(self.tables.open_segment().row_owners()) {
            match owner {
                Some(id) => {
                    let record = records.get(id)?;
                    let record = record.ok_or_else(|| defect("a row's record is gone"))?;
                    writer.describe_placed(&record)?;
                }
                None => {
                    dead.push(row);
                    writer.describe_dead()?;
                }
            }
        }
        for record in records.records(None) {
            let record = record?;
            if self.tables.open_segment().row_of(&record.id()?.to_id()).is_none() {
                writer.push(&record)?;
            }
        }
        let (info, file) = writer.finish()?;
        Ok(Some(Sealed { info, file, dead }))
    }

    /// The open segment, or a new segment where no batch has written to it.
    fn segment_for_memtable(
        &self,
        numbers: &mut FileNumbers,
        made: &mut Vec<FileName>,
    ) -> Result<SegmentWriter<'_>> {
        let number = self.tables.open_segment().number();
        let Some(file) = self.tables.open_segment().file() else {
            let dir = self.files.dir();
            let is_free = dir.remove(FileName::Segment(number), self.files.manifest().database);
            let number = match is_free {
                true => number,
                false => numbers.free(dir, &[FileName::Segment])?,
            };
            made.push(FileName::Segment(number));
            return SegmentWriter::create(self.context(), number);
        };
        // The log needs the rows, so a failed checkpoint doesn't remove the file.
        let pieces = self.tables.open_segment().pieces().to_vec();
        let rows = self.tables.open_segment().rows();
        SegmentWriter::adopt(self.context(), number, Arc::clone(file), pieces, rows)
    }
}

/// What a manifest says of an open segment.
fn entry_of(segment: &Segment) -> Entry {
    let mut dead = Vec::new();
    if segment.dead() > 0 {
        #[allow(clippy::cast_possible_truncation, reason = "checked when it was opened")]
        let rows = segment.info().rows as u32;
        dead.extend((0..rows).filter(|row| !segment.is_alive(*row, Version(u64::MAX))));
    }
    segment.entry(dead)
}
