//! The segment that large batches write their rows to, before it is sealed.

use std::collections::HashMap;
use std::sync::Arc;

use iqdb_core::{Batch, Change, RecordId, Result};

use crate::log::Placed;
use crate::names::Name;
use crate::new_rows::{NewRows, Syncs, Writing};
use crate::options::FileOptions;
use crate::problem::{defect, refused};
use crate::segment::{HEADER, Piece, Place, Shape, create, pieces, push_row};
use crate::vfs::{Access, File, FileExt};

/// A file of rows, of which the log says whose they are.
#[derive(Debug)]
pub(crate) struct Growing {
    number: u64,
    file: Option<Arc<dyn File>>,
    /// Its name is on the disk, or somebody sees to it.
    is_named: bool,
    pieces: Vec<Piece>,
    rows: u64,
    /// The row that has the vector of a record, while no later change has given it another.
    placed: HashMap<RecordId, u32>,
    syncs: Arc<Syncs>,
    /// Memory for the rows of the next batch.
    spare: Vec<u8>,
}

/// How much memory is kept for the rows of the next batch, at most.
const SPARE_BYTES_MAX: usize = 16 << 20;

/// What it takes to undo a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    rows: u64,
    pieces: usize,
}

impl Growing {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            file: None,
            is_named: false,
            pieces: Vec::new(),
            rows: 0,
            placed: HashMap::new(),
            syncs: Arc::default(),
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

    /// The file's name is on the disk, or will be with the next sync.
    pub(crate) fn named(&mut self) {
        self.is_named = true;
    }

    /// Takes back the memory of rows that have been written.
    pub(crate) fn reuse(&mut self, mut rows: NewRows) {
        let bytes = rows.take_bytes();
        if bytes.capacity() <= SPARE_BYTES_MAX && bytes.capacity() > self.spare.capacity() {
            self.spare = bytes;
        }
    }

    /// Where the next row goes.
    pub(crate) fn end(&self) -> u64 {
        self.pieces.last().map_or(HEADER as u64, |piece| piece.end)
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { rows: self.rows, pieces: self.pieces.len() }
    }

    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.rows = mark.rows;
        self.pieces.truncate(mark.pieces);
    }

    /// Finds room for the vectors of a batch, and begins to write them there. Nobody may be told of
    /// the batch before they have been waited for.
    pub(crate) fn place(
        &mut self,
        place: &Place<'_>,
        options: &FileOptions,
        batch: &Batch,
    ) -> Result<(Placed, NewRows)> {
        let path = Name::Segment(self.number).within(place.dir);
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => {
                let file: Arc<dyn File> = create(place, &path, self.number)?.into();
                self.file = Some(Arc::clone(&file));
                file
            }
        };
        // Also of a file that was made for a batch which then failed.
        let is_new = !self.is_named;
        let records = || {
            batch.changes().iter().filter_map(|change| match change {
                Change::Upsert(record) => Some(record),
                _ => None,
            })
        };
        let rows = records().count();
        let mut bytes = std::mem::take(&mut self.spare);
        bytes.clear();
        bytes.reserve_exact(rows * place.shape.row_bytes());
        for record in records() {
            push_row(&mut bytes, &record.vector, place.shape.stride);
        }
        let rows = u32::try_from(rows).map_err(|_| defect("a batch has too many rows"))?;
        let start = self.end();
        let placed = Placed {
            segment: self.number,
            first_row: self.rows,
            rows,
            pieces: pieces(&bytes, start).collect(),
        };
        self.adopt(&placed);
        let writing = Writing {
            vfs: Arc::clone(&options.vfs),
            file,
            dir: place.dir.to_owned(),
            path,
            start,
            bytes,
            is_new,
            durability: options.durability,
            syncs: Arc::clone(&self.syncs),
            probe: options.probe,
        };
        Ok((placed, writing.begin()))
    }

    fn adopt(&mut self, placed: &Placed) {
        self.rows += u64::from(placed.rows);
        self.pieces.extend_from_slice(&placed.pieces);
    }

    /// Where the vector of a record is from now on; returns where it was.
    pub(crate) fn moved(&mut self, id: &RecordId, row: Option<u32>) -> Option<u32> {
        match row {
            Some(row) => self.placed.insert(id.clone(), row),
            None if self.placed.is_empty() => None,
            None => self.placed.remove(id),
        }
    }

    pub(crate) fn row_of(&self, id: &RecordId) -> Option<u32> {
        self.placed.get(id).copied()
    }

    /// Whose vector each row is, if anybody's.
    pub(crate) fn owners(&self) -> Vec<Option<&RecordId>> {
        let mut owners = vec![None; usize::try_from(self.rows).unwrap_or(0)];
        for (id, row) in &self.placed {
            if let Some(owner) = owners.get_mut(*row as usize) {
                *owner = Some(id);
            }
        }
        owners
    }

    /// Reads rows that the log names. `None` when they never reached the disk.
    pub(crate) fn recover(
        &mut self,
        place: &Place<'_>,
        access: Access,
        placed: &Placed,
    ) -> Result<Option<Vec<u8>>> {
        let path = Name::Segment(self.number).within(place.dir);
        if placed.segment != self.number || placed.first_row != self.rows {
            return Ok(None);
        }
        if self.file.is_none() {
            match place.vfs.open(&path, access) {
                // Whoever may write syncs the directory before anything else.
                Ok(file) => (self.file, self.is_named) = (Some(file.into()), true),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(refused(&path, "opened", error)),
            }
        }
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let start = self.end();
        let Some(len) = expected_len(placed, &place.shape, start) else {
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
        self.adopt(placed);
        Ok(Some(bytes))
    }
}

/// How many bytes the rows have, if the pieces are cut as they should be.
fn expected_len(placed: &Placed, shape: &Shape, start: u64) -> Option<usize> {
    let len = (placed.rows as usize).checked_mul(shape.row_bytes())?;
    let end = placed.pieces.last()?.end;
    (start.checked_add(len as u64)? == end).then_some(len)
}
