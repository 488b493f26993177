//! Batches of records that can be stored, each row checked where it is known by its place.

use iqdb::{Record, Result, Schema, VectorRef};

use crate::input::Reader;

/// A batch ends when its records take this much, however many are allowed.
const BATCH_BYTES: usize = 32 << 20;

/// The rest of a file in batches.
pub(super) struct Batches<'r> {
    reader: &'r mut dyn Reader,
    schema: Schema,
    rows_max: usize,
}

impl<'r> Batches<'r> {
    pub(super) fn new(reader: &'r mut dyn Reader, schema: Schema, rows_max: usize) -> Self {
        Self { reader, schema, rows_max }
    }

    /// The next records, all of which can be stored; none at the end.
    pub(super) fn next_batch(&mut self) -> Result<Vec<Record>> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < self.rows_max && bytes < BATCH_BYTES {
            let Some(record) = self.reader.next_record()? else {
                break;
            };
            self.check(&record)?;
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
            .map_err(|error| self.reader.place().of(self.reader.name(), error))
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
