//! Records as a snapshot lends them.

use std::borrow::Cow;

use crate::filter::Subject;
use crate::{
    Birthplace, Block, Column, Error, ErrorKind, Field, IdRef, PayloadRef, Record, Result,
    StoredRecord, VectorRef,
};

/// A borrowed record: what a snapshot lends. Its vectors and its payload are read when they are asked
/// for.
#[derive(Debug, Clone)]
pub struct RecordRef<'a>(Repr<'a>);

#[derive(Debug, Clone)]
enum Repr<'a> {
    Row(Block<'a>, usize),
    Lent(&'a Record),
    Stored(&'a StoredRecord),
    Owned(Box<Record>),
}

impl<'a> Block<'a> {
    /// The record of a row. O(1).
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when the row is not in the block.
    pub fn record(&self, row: usize) -> Result<RecordRef<'a>> {
        self.check_row(row)?;
        Ok(RecordRef(Repr::Row(*self, row)))
    }
}

impl RecordRef<'_> {
    /// The id. O(1).
    ///
    /// # Errors
    /// Whatever reading it reports.
    pub fn id(&self) -> Result<IdRef<'_>> {
        match &self.0 {
            Repr::Row(block, row) => block.id(*row),
            Repr::Lent(record) => Ok(record.id.as_ref()),
            Repr::Stored(stored) => Ok(stored.record.id.as_ref()),
            Repr::Owned(record) => Ok(record.id.as_ref()),
        }
    }

    /// The vector of the field `name`, if the record has one. O(dim), and O(log rows) to find it.
    ///
    /// # Errors
    /// Whatever reading it reports; [`ErrorKind::Damaged`] when the row holds no vector.
    pub fn vector(&self, name: &str) -> Result<Option<VectorRef<'_>>> {
        match &self.0 {
            Repr::Row(block, row) => row_vector(block, *row, name),
            Repr::Lent(record) => Ok(record.vector(name)),
            Repr::Stored(stored) => Ok(stored.record.vector(name)),
            Repr::Owned(record) => Ok(record.vector(name)),
        }
    }

    /// The bytes that core computed for the field `name`, if the record has it and the store keeps it.
    /// O(log rows).
    ///
    /// # Errors
    /// Whatever reading them reports.
    pub fn computed(&self, name: &str) -> Result<Option<&[u8]>> {
        match &self.0 {
            Repr::Row(block, row) => match row_column(block, *row, name)? {
                Some((column, position)) if column.kind().is_computed() => {
                    column.bytes(position).map(Some).map_err(|error| named(error, block, *row))
                }
                _ => Ok(None),
            },
            Repr::Stored(stored) => Ok(stored.computed.get(name)),
            Repr::Lent(_) | Repr::Owned(_) => Ok(None),
        }
    }

    /// Whether the record has a vector of the field `name`, or bytes that core computed for it.
    /// O(log rows).
    ///
    /// # Errors
    /// Whatever reading it reports.
    pub fn has_field(&self, name: &str) -> Result<bool> {
        match &self.0 {
            Repr::Row(block, row) => Ok(row_column(block, *row, name)?.is_some()),
            Repr::Lent(record) => Ok(record.vector(name).is_some()),
            Repr::Stored(stored) => stored.has_field(name),
            Repr::Owned(record) => Ok(record.vector(name).is_some()),
        }
    }

    /// The payload.
    ///
    /// # Errors
    /// Whatever reading it reports.
    pub fn payload(&self) -> Result<PayloadRef<'_>> {
        match &self.0 {
            Repr::Row(block, row) => block.payload(*row),
            Repr::Lent(record) => Ok(PayloadRef::from(&record.payload)),
            Repr::Stored(stored) => Ok(PayloadRef::from(&stored.record.payload)),
            Repr::Owned(record) => Ok(PayloadRef::from(&record.payload)),
        }
    }

    /// The first sealed block that had the record's bytes, and its row there; `None` for a record that
    /// is in no sealed block. For a store that copies it into one.
    ///
    /// # Errors
    /// Whatever reading the lineage reports.
    pub fn birthplace(&self) -> Result<Option<Birthplace>> {
        match &self.0 {
            Repr::Row(block, row) => match (block.seal(), u32::try_from(*row)) {
                (Some(seal), Ok(row)) => seal.birthplace(row).map(Some),
                _ => Ok(None),
            },
            Repr::Lent(_) | Repr::Stored(_) | Repr::Owned(_) => Ok(None),
        }
    }

    /// An owned copy.
    ///
    /// # Errors
    /// Whatever reading the record reports.
    pub fn to_record(&self) -> Result<Record> {
        match &self.0 {
            Repr::Row(block, row) => row_record(block, *row),
            Repr::Lent(record) => Ok((*record).clone()),
            Repr::Stored(stored) => Ok(stored.record.clone()),
            Repr::Owned(record) => Ok((**record).clone()),
        }
    }
}

/// The column of a field, and the row's position in it.
fn row_column<'a>(
    block: &Block<'a>,
    row: usize,
    name: &str,
) -> Result<Option<(Column<'a>, usize)>> {
    let Some((field, _)) = block.schema().iter().find(|(_, field)| field.name() == name) else {
        return Ok(None);
    };
    let column = block.column(field)?;
    Ok(column.and_then(|column| Some((column, column.position(row)?))))
}

fn row_vector<'a>(block: &Block<'a>, row: usize, name: &str) -> Result<Option<VectorRef<'a>>> {
    let Some((column, position)) = row_column(block, row, name)? else {
        return Ok(None);
    };
    if column.kind().is_computed() {
        return Ok(None);
    }
    column.vector(position).map(Some).map_err(|error| named(error, block, row))
}

fn row_record(block: &Block<'_>, row: usize) -> Result<Record> {
    let mut record = Record::without_vector(block.id(row)?.to_id());
    for field in block.schema().fields() {
        if let Some(vector) = row_vector(block, row, field.name())? {
            let name = match field.name() {
                Field::DEFAULT => Field::DEFAULT.into(),
                name => Cow::from(name.to_owned()),
            };
            record.set_vector(name, Some(vector.to_vector()));
        }
    }
    record.payload = block.payload(row)?.to_payload()?;
    Ok(record)
}

/// Damage names its record, where that can be read.
fn named(error: Error, block: &Block<'_>, row: usize) -> Error {
    match (error.kind(), block.id(row)) {
        (ErrorKind::Damaged, Ok(id)) => error.with_id(&id.to_id()),
        _ => error,
    }
}

impl<'a> From<&'a Record> for RecordRef<'a> {
    fn from(record: &'a Record) -> Self {
        Self(Repr::Lent(record))
    }
}

impl<'a> From<&'a StoredRecord> for RecordRef<'a> {
    fn from(stored: &'a StoredRecord) -> Self {
        Self(Repr::Stored(stored))
    }
}

/// For a store that has to fetch or decode: the borrow owns what it lends.
impl From<Record> for RecordRef<'_> {
    fn from(record: Record) -> Self {
        Self(Repr::Owned(Box::new(record)))
    }
}

impl Subject for RecordRef<'_> {
    fn id(&self) -> Result<IdRef<'_>> {
        self.id()
    }

    fn payload(&self) -> Result<PayloadRef<'_>> {
        self.payload()
    }

    fn has_field(&self, name: &str) -> Result<bool> {
        self.has_field(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lent_and_owned_records_read_the_same() {
        let record = Record::new(7, [1.0, -0.0]).unwrap().with("lang", "en");
        for lent in [RecordRef::from(&record), RecordRef::from(record.clone())] {
            assert_eq!(lent.id().unwrap(), record.id);
            assert_eq!(lent.vector("vector").unwrap(), record.vector("vector"));
            assert_eq!(lent.vector("image").unwrap(), None);
            assert_eq!(lent.to_record().unwrap(), record);
        }
    }
}
