//! Many records by columns: what is written in bulk, and what is read in bulk.

mod ids;
mod parts;
mod payloads;
#[cfg(feature = "serde")]
mod serde_form;
#[cfg(test)]
mod tests;

pub use ids::IdColumn;
pub use parts::Parts;
use payloads::PayloadColumn;

use crate::{
    Block, BlockSource, ColumnBuf, Components, Error, ErrorKind, FieldId, IdRef, Narrow, Payload,
    PayloadRef, Predicate, Record, RecordRef, Result, Schema, StoredRecord, ValueRef, VectorColumn,
    VectorRef, Version,
};

/// Many records by columns: their ids, a packed column of each field of vectors, and their payloads.
/// Whatever is in it can be stored under its schema, which computes the other fields.
///
/// [`Batch::upsert_rows`](crate::Batch::upsert_rows) writes it, and bulk reads such as
/// [`Snapshot::scroll`](crate::Snapshot::scroll) fill it. Reused, it keeps its memory and allocates
/// nothing. It is a [`BlockSource`], too, of which all rows are alive: a store that copies its records
/// out for a snapshot lends it.
///
/// ```
/// use iqdb_core::{Metric, Rows, Schema};
///
/// let schema = Schema::new(2, Metric::Dot)?;
/// let rows = Rows::with_ids(&schema, vec![7, 8, 9])?
///     .with_vectors("vector", vec![0.0_f32, 0.1, 1.0, 1.1, 2.0, 2.1])?;
/// let record = rows.record(1)?;
/// assert_eq!(record.id()?, 8);
/// assert_eq!(record.vector("vector")?.unwrap().as_f32(), Some([1.0, 1.1].as_slice()));
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rows {
    schema: Schema,
    ids: IdColumn,
    /// One for each field.
    columns: Vec<ColumnBuf>,
    payloads: PayloadColumn,
}

impl Rows {
    /// No rows yet, of records with the fields of `schema`.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        let columns = schema.fields().iter().map(|field| ColumnBuf::new(field.kind())).collect();
        Self {
            schema: schema.clone(),
            ids: IdColumn::new(),
            columns,
            payloads: PayloadColumn::default(),
        }
    }

    /// Rows with these ids, without vectors and with empty payloads.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidId`] for an id that can't be stored.
    pub fn with_ids(schema: &Schema, ids: impl Into<IdColumn>) -> Result<Self> {
        let mut rows = Self::new(schema);
        rows.ids = ids.into();
        for id in rows.ids.iter() {
            id.check().map_err(|error| error.during("rows"))?;
            rows.payloads.push(&PayloadRef::empty())?;
        }
        Ok(rows)
    }

    /// Copies of the records, in their order. O(bytes).
    ///
    /// # Errors
    /// Those of [`push`](Self::push).
    pub fn of_records<'a>(
        schema: &Schema,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Result<Self> {
        let mut rows = Self::new(schema);
        records.into_iter().try_for_each(|record| rows.push(record))?;
        Ok(rows)
    }

    /// Copies of the records and of what was computed of them, in their order. O(bytes).
    ///
    /// # Errors
    /// Those of [`push`](Self::push).
    pub(crate) fn of_stored(schema: &Schema, records: &[&StoredRecord]) -> Result<Self> {
        let mut rows = Self::new(schema);
        for (stored, row) in records.iter().zip(0..) {
            rows.push(&stored.record)?;
            for ((_, field), column) in schema.iter().zip(&mut rows.columns) {
                if let Some(bytes) = stored.computed.get(field.name()) {
                    column.push_bytes(row, bytes)?;
                }
            }
        }
        Ok(rows)
    }

    /// The rows, each with a vector of the field `name` in place of what there was. The components are
    /// not copied.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`]; those of [`ColumnBuf::from_components`]; as [`push`](Self::push)
    /// for a vector that can't be stored, naming the record.
    pub fn with_vectors(mut self, name: &str, components: impl Into<Components>) -> Result<Self> {
        let field = self.schema.field(name)?;
        let kind = self.schema.fields()[field.index()].kind();
        let column = ColumnBuf::from_components(kind, components)?;
        if column.len() != self.len() {
            return Err(Error::new(ErrorKind::InvalidVector, "there is not a vector for each row")
                .expected(format_args!("{} vectors", self.len()))
                .found(column.len()));
        }
        for (row, id) in self.ids.iter().enumerate() {
            column
                .rows(row..row + 1)?
                .new_vector(0)
                .and_then(|vector| kind.check_vector(vector))
                .map_err(|error| error.with_field(name).with_id(&id.to_id()))?;
        }
        self.columns[field.index()] = column;
        Ok(self)
    }

    /// The rows with these payloads, one for each, in place of those there were.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] for one that can't be stored, naming the record, and for another
    /// number of them.
    pub fn with_payloads<'a>(
        mut self,
        payloads: impl IntoIterator<Item = &'a Payload>,
    ) -> Result<Self> {
        self.payloads.clear();
        for payload in payloads {
            let id = self.ids.get(self.payloads.len());
            let named = |error: Error| match id {
                Some(id) => error.with_id(&id.to_id()),
                None => error,
            };
            payload.check().map_err(named)?;
            self.payloads.push(&payload.into())?;
        }
        if self.payloads.len() == self.len() {
            return Ok(self);
        }
        Err(Error::new(ErrorKind::InvalidPayload, "there is not a payload for each row")
            .expected(format_args!("{} payloads", self.len()))
            .found(self.payloads.len()))
    }

    /// The fields that the records may have.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids, row by row.
    #[must_use]
    pub fn ids(&self) -> &IdColumn {
        &self.ids
    }

    /// The vectors of the field `name`; `None` where there is no such field.
    #[must_use]
    pub fn vectors(&self, name: &str) -> Option<&ColumnBuf> {
        self.columns.get(self.schema.field(name).ok()?.index())
    }

    /// The payload of a row.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn payload(&self, row: usize) -> PayloadRef<'_> {
        assert!(row < self.len(), "row {row} of {}", self.len());
        PayloadRef::of_row(&self.payloads, row)
    }

    /// The keys and values of the payload of a row, in any order. Allocates nothing.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn payload_entries(&self, row: usize) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.payloads.entries(row)
    }

    /// The vector of a row in the field `name`; `None` where it has none. O(dim + log rows).
    #[must_use]
    pub fn vector(&self, row: usize, name: &str) -> Option<VectorRef<'_>> {
        let column = self.vectors(name)?;
        let rows_of = column.rows_of()?;
        let n = match rows_of.len() == self.len() {
            true => row,
            false => rows_of.binary_search(&u32::try_from(row).ok()?).ok()?,
        };
        column.rows(n..n + 1).ok()?.vector(0).ok()
    }

    /// The record of a row. O(1).
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when there is no such row.
    pub fn record(&self, row: usize) -> Result<RecordRef<'_>> {
        self.block(Version(0))?.record(row)
    }

    /// The records in order.
    #[must_use]
    pub fn records(&self) -> impl ExactSizeIterator<Item = Result<RecordRef<'_>>> {
        (0..self.len()).map(|row| self.record(row))
    }

    /// Copies of the records, in their order. O(bytes).
    #[must_use]
    pub fn to_records(&self) -> Vec<Record> {
        // What is in the rows was checked when it came in.
        let owned =
            |record: Result<RecordRef<'_>>| record.and_then(|record| record.to_record()).ok();
        self.records().filter_map(owned).collect()
    }

    /// The rows as a block of a snapshot at version `at`.
    ///
    /// # Errors
    /// Those of [`Block::new`].
    pub fn block(&self, at: Version) -> Result<Block<'_>> {
        Block::new(self, &self.schema, self.len(), at)
    }

    /// Appends a copy of a record. O(its bytes).
    ///
    /// # Errors
    /// Those of [`Batch::check_input`](crate::Batch::check_input) for its upsert, and the rows are as
    /// they were; [`ErrorKind::ContractViolation`] for more rows than 32 bits count.
    pub fn push(&mut self, record: &Record) -> Result<()> {
        record.id.check()?;
        let checked = self.schema.check_vectors(record).and_then(|()| record.payload.check());
        checked.map_err(|error| error.with_id(&record.id))?;
        self.push_parts(&record.into(), Parts::ALL)
    }

    /// Appends a copy of the parts of a record of a store with the same fields. O(their bytes).
    ///
    /// # Errors
    /// Whatever reading the record reports, and the rows are as they were;
    /// [`ErrorKind::ContractViolation`] for more rows than 32 bits count, and for a vector that is not
    /// of the field's kind.
    pub fn push_parts(&mut self, record: &RecordRef<'_>, parts: Parts) -> Result<()> {
        let row = u32::try_from(self.len()).map_err(|_| {
            Error::new(ErrorKind::ContractViolation, "there are more rows than 32 bits count")
        })?;
        let id = record.id()?;
        let pushed = self.push_vectors(record, row, parts).and_then(|()| match parts.payload() {
            true => self.payloads.push(&record.payload()?),
            false => self.payloads.push(&PayloadRef::empty()),
        });
        match pushed {
            Ok(()) => self.ids.push(id),
            Err(_) => self.columns.iter_mut().for_each(|column| column.pop(row)),
        }
        pushed
    }

    fn push_vectors(&mut self, record: &RecordRef<'_>, row: u32, parts: Parts) -> Result<()> {
        for ((field, kind), column) in self.schema.iter().zip(&mut self.columns) {
            if parts.has(field)
                && let Some(vector) = record.vector(kind.name())?
            {
                column.push(row, vector)?;
            }
        }
        Ok(())
    }

    /// Forgets the rows, and keeps the memory where the fields are those of `schema`, too.
    pub fn reset(&mut self, schema: &Schema) {
        if self.schema != *schema {
            *self = Self::new(schema);
            return;
        }
        self.ids.clear();
        self.columns.iter_mut().for_each(ColumnBuf::clear);
        self.payloads.clear();
    }

    /// Checks that the rows can be stored under the schema of a store, which may have more fields.
    /// O(fields).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`], [`ErrorKind::ElementMismatch`] or
    /// [`ErrorKind::DimensionMismatch`], naming the field and the first record with a vector in it;
    /// [`ErrorKind::InvalidVector`] for one that the store's metric can't compare.
    pub(crate) fn check_fits(&self, schema: &Schema) -> Result<()> {
        for (field, column) in self.schema.fields().iter().zip(&self.columns) {
            let known = schema.field(field.name()).ok().and_then(|id| schema.kind(id));
            if known == Some(field.kind()) {
                continue;
            }
            for row in 0..column.len() {
                let vector = column.rows(row..row + 1)?.vector(0)?;
                let block_row = column.rows_of().map_or(row, |rows| rows[row] as usize);
                schema.check_vector(field.name(), Some(vector)).map_err(|error| {
                    match self.ids.get(block_row) {
                        Some(id) => error.with_id(&id.to_id()),
                        None => error,
                    }
                })?;
            }
        }
        Ok(())
    }
}

/// The same fields, and the same records in the same order.
impl PartialEq for Rows {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema && self.to_records() == other.to_records()
    }
}

/// Ranges and rows are checked by [`Block`] before they get here.
impl BlockSource for Rows {
    fn column(&self, field: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(self.columns.get(field.index()).map(|column| column as &dyn VectorColumn))
    }

    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }

    fn is_alive(&self, _: usize, _: Version) -> Result<bool> {
        Ok(true)
    }

    fn ended(&self, _: Version, _: Version, _: &mut Vec<u32>) -> Result<bool> {
        Ok(true)
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        self.ids.get(row).ok_or_else(|| {
            Error::new(ErrorKind::ContractViolation, "a row was asked for outside its block")
        })
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        Ok(PayloadRef::of_row(&self.payloads, row))
    }

    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}
