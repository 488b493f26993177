//! The open segment: the file that large batches write their vectors to, before it is sealed.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use iqdb_core::{Batch, Change, RecordId, Result};

use crate::errors::{damaged, defect, refused};
use crate::fault::Defect;
use crate::files::database_dir::owner_of;
use crate::format::batch::PlacedRows;
use crate::format::file_name::FileName;
use crate::format::segment::layout::{HEADER, Piece, Shape, pieces, stride_of};
use crate::format::vectors::put_row;
use crate::options::FileOptions;
use crate::read::context::SegmentContext;
use crate::vfs::{Access, File, FileExt, FileId};
use crate::write::row_writer::{FileSyncs, PendingRows, RowWrite};
use crate::write::segment_writer::create;

/// A file of vectors. The log says which record each row belongs to.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    number: u64,
    file: Option<Arc<dyn File>>,
    id: Option<FileId>,
    /// A file of another owner has the name.
    is_blocked: bool,
    /// Name and header are on the disk.
    is_begun: bool,
    pieces: Vec<Piece>,
    rows: u64,
    /// The row that has the vector of a record, until a later change gives the record another vector.
    placed: HashMap<RecordId, u32>,
    syncs: Arc<FileSyncs>,
    /// The file has rows that are written and not synced.
    has_unsynced_rows: bool,
    /// Memory for the rows of the next batch.
    spare: Vec<u8>,
}

/// The most memory that is kept for the rows of the next batch.
const SPARE_BYTES_MAX: usize = 16 << 20;

/// The end of the rows before a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    rows: u64,
    pieces: usize,
}

impl OpenSegment {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            file: None,
            id: None,
            is_blocked: false,
            is_begun: false,
            pieces: Vec::new(),
            rows: 0,
            placed: HashMap::new(),
            syncs: Arc::default(),
            has_unsynced_rows: false,
            spare: Vec::new(),
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub(crate) fn file(&self) -> Option<&Arc<dyn File>> {
        self.file.as_ref()
    }

    /// The file that rows are written to, which has to keep its name.
    pub(crate) fn held(&self) -> Option<(FileName, FileId)> {
        self.id.map(|id| (FileName::Segment(self.number), id))
    }

    /// Whether the file has rows that are written and not synced.
    pub(crate) fn has_unsynced_rows(&self) -> bool {
        self.has_unsynced_rows
    }

    /// Notes that rows were written without a sync.
    pub(crate) fn note_unsynced_rows(&mut self) {
        self.has_unsynced_rows = true;
    }

    /// Syncs rows that were written without a sync.
    ///
    /// # Errors
    /// Those of the system, after which the content of the disk is unknown.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if let (Some(file), true) = (&self.file, self.has_unsynced_rows) {
            file.sync_data()?;
        }
        self.has_unsynced_rows = false;
        Ok(())
    }

    /// Takes back the memory of rows that have been written.
    pub(crate) fn reuse(&mut self, mut rows: PendingRows) {
        let bytes = rows.take_bytes();
        if bytes.capacity() <= SPARE_BYTES_MAX && bytes.capacity() > self.spare.capacity() {
            self.spare = bytes;
        }
    }

    /// The offset of the next row.
    pub(crate) fn end(&self) -> u64 {
        self.pieces.last().map_or(HEADER as u64, |piece| piece.end)
    }

    pub(crate) fn position(&self) -> Position {
        Position { rows: self.rows, pieces: self.pieces.len() }
    }

    pub(crate) fn roll_back(&mut self, position: Position) {
        self.rows = position.rows;
        self.pieces.truncate(position.pieces);
    }

    /// Makes the file unless it is there; returns true once its name is on the disk. Where a file
    /// of another owner has the name, vectors go to the log until the next checkpoint, which takes
    /// another name.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
    pub(crate) fn is_ready(&mut self, context: &SegmentContext<'_>) -> Result<bool> {
        if self.file.is_some() || self.is_blocked {
            return Ok(!self.is_blocked);
        }
        let path = context.dir.path_of(FileName::Segment(self.number));
        let refused = |error| refused(&path, "made", error);
        match create(context, self.number) {
            Ok(file) => {
                if !context.fault.has(Defect::DirectoryNotSynced) {
                    context.dir.sync().map_err(refused)?;
                }
                (self.id, self.file) = (Some(file.id().map_err(refused)?), Some(file.into()));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.is_blocked = true,
            Err(error) => return Err(refused(error)),
        }
        Ok(!self.is_blocked)
    }

    /// Begins to write the vectors of a batch behind the last row. The leader may acknowledge the batch
    /// once it has waited for the returned rows.
    ///
    /// # Errors
    /// A defect of the caller, where the file is not [ready](Self::is_ready).
    pub(crate) fn append_rows(
        &mut self,
        context: &SegmentContext<'_>,
        options: &FileOptions,
        batch: &Batch,
    ) -> Result<(PlacedRows, PendingRows)> {
        let path = context.dir.path_of(FileName::Segment(self.number));
        let file = self.file.clone().ok_or_else(|| defect("there is no file for rows"))?;
        let kind = context.shape.placed().ok_or_else(|| defect("vectors can't be placed"))?;
        let records = || {
            batch.changes().iter().filter_map(|change| match change {
                Change::Upsert(record) => Some(record),
                _ => None,
            })
        };
        let rows = records().count();
        let mut bytes = std::mem::take(&mut self.spare);
        bytes.clear();
        bytes.reserve_exact(rows * stride_of(kind));
        for record in records() {
            put_row(&mut bytes, record.only_vector()?, stride_of(kind));
        }
        let rows = u32::try_from(rows).map_err(|_| defect("a batch has too many rows"))?;
        let start = self.end();
        let placed = PlacedRows {
            segment: self.number,
            first_row: self.rows,
            rows,
            pieces: pieces(&bytes, start).collect(),
        };
        self.add(&placed);
        let writing = RowWrite {
            file,
            path,
            start,
            bytes,
            is_first: !self.is_begun,
            durability: options.durability,
            syncs: Arc::clone(&self.syncs),
            fault: options.fault,
        };
        let rows = writing.begin();
        self.is_begun |= rows.failure().is_none();
        Ok((placed, rows))
    }

    fn add(&mut self, placed: &PlacedRows) {
        self.rows += u64::from(placed.rows);
        self.pieces.extend_from_slice(&placed.pieces);
    }

    /// Sets the row that has the vector of a record from now on; returns the row that had it.
    pub(crate) fn set_row(&mut self, id: &RecordId, row: Option<u32>) -> Option<u32> {
        match row {
            Some(row) => self.placed.insert(id.clone(), row),
            None if self.placed.is_empty() => None,
            None => self.placed.remove(id),
        }
    }

    pub(crate) fn row_of(&self, id: &RecordId) -> Option<u32> {
        self.placed.get(id).copied()
    }

    /// The record whose vector each row is, if there is one.
    pub(crate) fn row_owners(&self) -> Vec<Option<&RecordId>> {
        let mut owners = vec![None; usize::try_from(self.rows).unwrap_or(0)];
        for (id, row) in &self.placed {
            if let Some(owner) = owners.get_mut(*row as usize) {
                *owner = Some(id);
            }
        }
        owners
    }

    /// Reads rows that the log names. `None` when they never reached the disk.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) when the file is gone, or belongs to
    /// another owner: it was on the disk before the log named it.
    pub(crate) fn recover(
        &mut self,
        context: &SegmentContext<'_>,
        access: Access,
        placed: &PlacedRows,
    ) -> Result<Option<Vec<u8>>> {
        let name = FileName::Segment(self.number);
        let path = context.dir.path_of(name);
        if placed.segment != self.number || placed.first_row != self.rows {
            return Ok(None);
        }
        if self.file.is_none() {
            let io = |error| refused(&path, "opened", error);
            let file = match context.dir.file(name, access) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let missing = damaged(&path, "a file of the database is missing");
                    return Err(missing.caused_by(error));
                }
                file => file.map_err(io)?,
            };
            if !owner_of(&*file, name, Some(context.database)).map_err(io)?.is(context.database) {
                return Err(damaged(&path, "it is no segment of this database"));
            }
            self.id = Some(file.id().map_err(io)?);
            (self.file, self.is_begun) = (Some(file.into()), true);
        }
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let start = self.end();
        let Some(len) = expected_len(placed, &context.shape, start) else {
            return Ok(None);
        };
        let io = |error| refused(&path, "read", error);
        if file.len().map_err(io)? < start + len as u64 {
            return Ok(None);
        }
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, start).map_err(io)?;
        if !pieces(&bytes, start).eq(placed.pieces.iter().copied()) {
            return Ok(None);
        }
        self.add(placed);
        Ok(Some(bytes))
    }
}

/// How many bytes the rows have; `None` if the pieces don't end where the rows do.
fn expected_len(placed: &PlacedRows, shape: &Shape, start: u64) -> Option<usize> {
    let len = (placed.rows as usize).checked_mul(stride_of(shape.placed()?))?;
    let end = placed.pieces.last()?.end;
    (start.checked_add(len as u64)? == end).then_some(len)
}
