//! Batches of records that can be stored, each row checked where it is known by its place.

use iqdb::{Record, Result, Schema, VectorRef};

use super::ids::{self, IdSource};
use crate::input::Reader;

/// A batch ends when its records take this much, however many are allowed.
const BATCH_BYTES: usize = 32 << 20;

/// The rest of a file in batches.
pub(super) struct Batches<'r> {
    reader: &'r mut dyn Reader,
    schema: Schema,
    rows_max: usize,
    ids: Option<&'r IdSource>,
    /// How many records the database has in which row numbers may be taken.
    taken: u64,
    rows: u64,
}

impl<'r> Batches<'r> {
    /// Batches of at most `rows_max` records for a database that has `taken` of them, with ids from `ids`
    /// where the file has none.
    pub(super) fn new(
        reader: &'r mut dyn Reader,
        schema: Schema,
        rows_max: usize,
        ids: Option<&'r IdSource>,
        taken: u64,
    ) -> Self {
        Self { reader, schema, rows_max, ids, taken, rows: 0 }
    }

    /// The next records, all of which can be stored; none at the end.
    pub(super) fn next_batch(&mut self) -> Result<Vec<Record>> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < self.rows_max && bytes < BATCH_BYTES {
            let Some(mut record) = self.reader.next_record()? else {
                break;
            };
            self.give_id(&mut record).and_then(|()| self.check(&record)).map_err(|error| {
                let place = self.reader.place();
                place.of(self.reader.name(), error)
            })?;
            let vectors: usize = record.vectors().map(|(_, vector)| vector_bytes(vector)).sum();
            bytes += size_of::<Record>() + vectors + record.payload.size_bytes();
            batch.push(record);
        }
        Ok(batch)
    }

    /// What the database would refuse the whole batch for, said of the row.
    fn check(&self, record: &Record) -> Result<()> {
        record
            .id
            .check()
            .and_then(|()| self.schema.check_vectors(record))
            .and_then(|()| record.payload.check())
    }

    /// Makes an id for a record that has none in the file.
    fn give_id(&mut self, record: &mut Record) -> Result<()> {
        match (self.reader.has_ids(), self.ids) {
            (true, None) => {}
            (true, Some(_)) => return Err(ids::some_in_the_file(&record.id)),
            (false, Some(source)) => record.id = source.id(self.rows, record)?,
            (false, None) if self.taken > 0 => return Err(ids::none_in_the_file(self.taken)),
            (false, None) => {}
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn reader(&self) -> &dyn Reader {
        self.reader
    }
}

/// What the parts of a vector take in memory.
fn vector_bytes(vector: VectorRef<'_>) -> usize {
    match (vector, vector.element(), vector.dim()) {
        (VectorRef::Sparse(sparse), ..) => {
            size_of_val(sparse.indices()) + size_of_val(sparse.weights())
        }
        (_, Some(element), Some(dim)) => element.vector_bytes(dim),
        _ => 0,
    }
}
