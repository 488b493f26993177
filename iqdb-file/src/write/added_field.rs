//! A computed field that is being added: the column files that are written before any manifest knows of
//! the field, while other writers go on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use iqdb_core::{Budget, FieldKind, Result, Schema, Version};

use super::column_file_writer::write_column_file;
use super::file_numbers::FileNumbers;
use crate::errors::defect;
use crate::fault::InjectedFault;
use crate::files::database_dir::DatabaseDir;
use crate::files::database_files::DatabaseFiles;
use crate::format::file_name::FileName;
use crate::format::manifest::Manifest;
use crate::format::segment::layout::Shape;
use crate::options::{FileOptions, ReadMode};
use crate::pace::Pace;
use crate::read::column_file::ColumnFile;
use crate::read::context::{SegmentContext, SidecarUse};
use crate::read::segment::Segment;
use crate::read::view::View;
use crate::vfs::FileId;

/// A field that is being added. Dropped, it removes the files that no checkpoint has taken.
pub(crate) struct AddedField {
    schema: Schema,
    dir: DatabaseDir,
    database: u128,
    read_mode: ReadMode,
    fault: InjectedFault,
    numbers: FileNumbers,
    /// By the number of the segment.
    columns: BTreeMap<u64, NewColumn>,
    /// The names of all files that were begun.
    made: Vec<FileName>,
}

/// A column file that no manifest knows yet, and its id.
pub(crate) type NewColumn = (Arc<ColumnFile>, FileId);

impl AddedField {
    /// The last field of this schema, which is to be added to an open database.
    pub(crate) fn new(schema: Schema, files: &DatabaseFiles, options: &FileOptions) -> Self {
        Self {
            schema,
            dir: files.dir().clone(),
            database: files.manifest().database,
            read_mode: options.read_mode,
            fault: options.fault,
            // No other call makes column files meanwhile.
            numbers: FileNumbers::from(files.manifest().next_column()),
            columns: BTreeMap::new(),
            made: Vec::new(),
        }
    }

    /// The schema with the field.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The position of the field, if it is computed.
    pub(crate) fn computed(&self) -> Option<u8> {
        let last = self.schema.fields().last();
        let is_computed = last.is_some_and(|field| matches!(field.kind(), FieldKind::Computed(_)));
        u8::try_from(self.schema.fields().len() - 1).ok().filter(|_| is_computed)
    }

    fn context(&self) -> SegmentContext<'_> {
        SegmentContext {
            dir: &self.dir,
            database: self.database,
            shape: Shape::of(&self.schema),
            read_mode: self.read_mode,
            fault: self.fault,
            sidecars: SidecarUse::No,
        }
    }

    /// Writes the files of a computed field for the segments of a view that have none, and removes those
    /// for segments that are gone. Returns whether there was anything to write.
    ///
    /// # Errors
    /// Those of writing and of the budget.
    pub(crate) fn write_columns(&mut self, view: &View, pace: &mut Pace<'_>) -> Result<bool> {
        let Some(position) = self.computed() else { return Ok(false) };
        let segments = view.segments.all();
        self.keep_only(|number| segments.iter().any(|segment| segment.info().number == number));
        let is_missing =
            |segment: &&Arc<Segment>| !self.columns.contains_key(&segment.info().number);
        let missing: Vec<_> = segments.iter().filter(is_missing).cloned().collect();
        pace.expect(missing.iter().map(|segment| segment.info().rows).sum());
        for segment in &missing {
            let number = self.numbers.free(&self.dir, &[FileName::Column])?;
            self.made.push(FileName::Column(number));
            let (of, budget) = ((&**segment, view.version), pace.budget());
            let (at, mut seen) = ((position, number), |rows| pace.step(rows));
            let (column, id) = write_column_file(&self.context(), of, at, budget, &mut seen)?;
            self.columns.insert(segment.info().number, (Arc::new(column), id));
        }
        Ok(!missing.is_empty())
    }

    /// The column file for a segment: the one that was written before, or a new one for the rows that are
    /// alive at `at`, with the next of these numbers. `made` gets the name of a new one.
    ///
    /// # Errors
    /// Those of writing and of the budget.
    pub(crate) fn column_for(
        &self,
        (segment, at): (&Segment, Version),
        numbers: &mut FileNumbers,
        budget: Budget<'_>,
        made: &mut Vec<FileName>,
    ) -> Result<NewColumn> {
        if let Some(column) = self.columns.get(&segment.info().number) {
            return Ok(column.clone());
        }
        let position = self.computed().ok_or_else(|| defect("a field of vectors has no files"))?;
        let number = numbers.free(&self.dir, &[FileName::Column])?;
        made.push(FileName::Column(number));
        let (context, of) = (self.context(), (position, number));
        let written = write_column_file(&context, (segment, at), of, budget, &mut |_| Ok(()));
        written.map(|(column, id)| (Arc::new(column), id))
    }

    /// Numbers for column files that come after those that were written.
    pub(crate) fn later_numbers(&self) -> FileNumbers {
        FileNumbers::from(self.numbers.next())
    }

    /// Takes out the names of the files that this manifest refers to: they are the checkpoint's now.
    pub(crate) fn release(&mut self, manifest: &Manifest) -> Vec<FileName> {
        let named = |name: &FileName| {
            manifest.segments.iter().any(|entry| entry.files().any(|file| file == *name))
        };
        let (released, left) = std::mem::take(&mut self.made).into_iter().partition(named);
        self.made = left;
        released
    }

    /// Removes the files for segments whose number is not kept.
    fn keep_only(&mut self, is_kept: impl Fn(u64) -> bool) {
        let mut gone = Vec::new();
        self.columns.retain(|number, (column, _)| {
            let stays = is_kept(*number);
            gone.extend((!stays).then(|| FileName::Column(column.info().number)));
            stays
        });
        self.made.retain(|name| !gone.contains(name));
        gone.iter().for_each(|name| _ = self.dir.remove(*name, self.database));
    }
}

impl Drop for AddedField {
    fn drop(&mut self) {
        // Mapped files can't be removed everywhere.
        self.columns.clear();
        for name in &self.made {
            // The next opening removes those that can't be removed now.
            self.dir.remove(*name, self.database);
        }
    }
}

impl fmt::Debug for AddedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AddedField({}, {} column files)", self.schema, self.columns.len())
    }
}
