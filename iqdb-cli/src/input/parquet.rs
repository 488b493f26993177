//! Columns with names and types: `id`, those of the vectors, and the payload in all others.
//!
//! The `parquet` crate reads the pages, so what a page takes in memory is up to it; a defect of its
//! own on a hostile file is caught here and reported as damage.

mod types;
mod values;
mod vectors;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use iqdb::limits::PAYLOAD_DEPTH_MAX;
use iqdb::{Error, ErrorKind, Field, Payload, Record, RecordId, Result};
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use self::types::unfit;
use self::values::Values;
use super::ids::Ids;
use super::rules::Rules;
use super::{Notes, Place, Progress, Reader, Unit, with_vector};

/// How many rows are decoded at once.
const BATCH_ROWS: usize = 1_024;

/// The records of a `.parquet` file.
#[derive(Debug)]
pub struct ParquetReader {
    name: String,
    batches: Option<ParquetRecordBatchReader>,
    batch: Option<RecordBatch>,
    /// The next row of the batch.
    next: usize,
    columns: Columns,
    rules: Rules,
    notes: Notes,
    ids: Ids,
    rows_read: u64,
    rows: u64,
}

/// Which column holds what.
#[derive(Debug)]
struct Columns {
    id: Option<usize>,
    vectors: Vec<(Field, usize)>,
    payload: Vec<(String, usize)>,
}

impl ParquetReader {
    /// Reads the types of the columns, among which each of these fields has one of its name. The name
    /// is for errors only.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] for bytes that are not a `.parquet` file;
    /// [`ErrorKind::NotSupported`] for columns that no records can be made of.
    pub fn new(
        name: impl Into<String>,
        file: impl ChunkReader + 'static,
        fields: Vec<Field>,
        rules: &Rules,
    ) -> Result<Self> {
        let name = name.into();
        let opened = guarded(|| {
            // The types as parquet has them: fewer, and all that is needed.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
            let rows = builder.metadata().file_metadata().num_rows();
            let schema = builder.schema().clone();
            Ok((builder.with_batch_size(BATCH_ROWS).build()?, schema, rows))
        });
        let during = format!("reading {name}");
        let (batches, schema, rows) = opened.map_err(|error| error.during(during.clone()))?;
        let columns = Columns::of(&schema, fields, rules).map_err(|error| error.during(during))?;
        Ok(Self {
            name,
            batches: Some(batches),
            batch: None,
            next: 0,
            columns,
            rules: rules.clone(),
            notes: Notes::default(),
            ids: Ids::default(),
            rows_read: 0,
            rows: u64::try_from(rows).unwrap_or(0),
        })
    }

    /// The next batch with a row in it, if there is one.
    fn advance(&mut self) -> Result<bool> {
        while self.batch.as_ref().is_none_or(|batch| self.next == batch.num_rows()) {
            let Some(batches) = &mut self.batches else {
                return Ok(false);
            };
            self.next = 0;
            self.batch = None;
            match guarded(|| Ok(batches.next().transpose()?)) {
                Ok(Some(batch)) => self.batch = Some(batch),
                Ok(None) => self.batches = None,
                Err(error) => {
                    self.batches = None;
                    return Err(self.place().of(&self.name, error));
                }
            }
        }
        Ok(true)
    }

    fn record(&mut self, batch: &RecordBatch, row: usize) -> Result<Record> {
        let (place, name) = (Place::Row(self.rows_read), &self.name);
        let in_column = |column: &str, error: Error| place.column(column, name, error);
        let given = match self.columns.id {
            Some(column) => {
                id(batch.column(column), row).map_err(|error| in_column("id", error))?
            }
            None => None,
        };
        let id = self.ids.of_row(self.rows_read, given).map_err(|error| in_column("id", error))?;
        let mut record = Record::without_vector(id);
        for (field, column) in &self.columns.vectors {
            let mut is_rounded = false;
            let vector = vectors::read(batch.column(*column), row, field.kind(), &mut is_rounded);
            if is_rounded {
                let name = field.name();
                self.notes
                    .say(format!("Vectors of {name} are of 64 bits, and rounded to 32 once."));
            }
            if let Some(vector) = vector.map_err(|error| in_column(field.name(), error))? {
                record = with_vector(record, field.name(), vector);
            }
        }
        let mut payload = Payload::new();
        for (key, column) in &self.columns.payload {
            let mut values = Values::of(key, &self.rules, &mut self.notes);
            let value = values.read(batch.column(*column), row);
            if let Some(value) = value.map_err(|error| in_column(key, error))? {
                payload.insert(key.as_str(), value);
            }
        }
        Ok(record.with_payload(payload))
    }
}

impl Reader for ParquetReader {
    fn next_record(&mut self) -> Result<Option<Record>> {
        if !self.advance()? {
            return Ok(None);
        }
        let Some(batch) = self.batch.take() else {
            return Ok(None);
        };
        let record = self.record(&batch, self.next);
        self.batch = Some(batch);
        self.next += 1;
        self.rows_read += 1;
        record.map(Some)
    }

    fn place(&self) -> Place {
        Place::Row(self.rows_read.saturating_sub(1))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn progress(&self) -> Progress {
        Progress { done: self.rows_read, total: self.rows, unit: Unit::Rows }
    }

    fn has_ids(&self) -> bool {
        self.ids.are_in_the_file()
    }

    fn notes(&self) -> Notes {
        self.notes.clone()
    }
}

/// What the crate reports, or that it panicked, as damage; but not what it can't do.
fn guarded<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T> {
    let damaged = || {
        Error::new(ErrorKind::Damaged, "the file can't be read").expected("a whole .parquet file")
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) if error.to_string().contains("Disabled feature") => {
            Err(Error::new(ErrorKind::NotSupported, "the file's compression is not read here")
                .expected("no compression, snappy or zstd")
                .found(error)
                .hint("write it again, in pandas with to_parquet(compression=\"zstd\")"))
        }
        Ok(Err(error)) => Err(damaged().found(error)),
        Err(_) => Err(damaged().found("bytes that its reader gives up on")),
    }
}

impl Columns {
    fn of(schema: &Schema, fields: Vec<Field>, rules: &Rules) -> Result<Self> {
        let mut vectors = Vec::new();
        for field in fields {
            let column = vectors::column(schema, &field)?;
            vectors.push((field, column));
        }
        let (mut id, mut payload) = (None, Vec::new());
        for (column, field) in schema.fields().iter().enumerate() {
            let (name, kind) = (field.name().as_str(), field.data_type());
            match name {
                "id" if !is_id(kind) => return Err(unfit(name, kind, "integers or strings")),
                "id" => id = Some(column),
                _ if vectors.iter().any(|(_, vectors)| *vectors == column) => {}
                _ => {
                    if !is_value(kind, 1) {
                        let expected = "booleans, numbers, dates, timestamps, strings, \
                            or lists and structs of them, at most 16 deep";
                        return Err(unfit(name, kind, expected));
                    }
                    if rules.texts.iter().any(|text| text == name) && !is_id(kind) {
                        return Err(unfit(name, kind, "integers or strings beside --text"));
                    }
                    if rules.dates.iter().any(|date| date == name) && *kind != DataType::Utf8 {
                        return Err(unfit(name, kind, "strings beside --dates"));
                    }
                    payload.push((name.to_owned(), column));
                }
            }
        }
        let keys: Vec<&str> = payload.iter().map(|(key, _)| key.as_str()).collect();
        rules.check_columns(&keys)?;
        Ok(Self { id, vectors, payload })
    }
}

fn is_id(kind: &DataType) -> bool {
    kind.is_integer() || *kind == DataType::Utf8
}

/// Whether a payload can hold it at this depth.
fn is_value(kind: &DataType, depth: usize) -> bool {
    depth <= PAYLOAD_DEPTH_MAX
        && match kind {
            DataType::List(element) => is_value(element.data_type(), depth + 1),
            DataType::Struct(fields) => {
                let names: BTreeSet<&str> =
                    fields.iter().map(|field| field.name().as_str()).collect();
                names.len() == fields.len()
                    && fields.iter().all(|field| is_value(field.data_type(), depth + 1))
            }
            DataType::Boolean | DataType::Date32 | DataType::Timestamp(..) => true,
            scalar => is_id(scalar) || scalar.is_floating(),
        }
}

fn id(array: &ArrayRef, row: usize) -> Result<Option<RecordId>> {
    if array.is_null(row) {
        return Ok(None);
    }
    if *array.data_type() == DataType::Utf8 {
        return Ok(Some(array.as_string::<i32>().value(row).into()));
    }
    let number = values::integer(array, row);
    let id = u64::try_from(number).map_err(|_| {
        Error::new(ErrorKind::Damaged, "the id is negative")
            .expected("an integer of at least 0")
            .found(number)
    })?;
    Ok(Some(id.into()))
}
