//! The rows of the table, and how what they hold becomes bytes.
//!
//! They are core's serde forms, written by postcard; what is read is checked like input.
//!
//! - A record is a row. Its key is the id: a byte for the kind, then the number as a varint, the 16 bytes
//!   of the UUID, or the length and the bytes of the text. No two ids share a key, and none has the empty
//!   one. The keys are not in the order of the ids; `RowsSnapshot` sorts.
//! - The value is the whole record, to the last bit: id, vectors and payload, each value of it behind a
//!   byte for its kind.
//! - The row of the empty key has version and schema.
//! - What core computes of payloads is not here. It is computed again when records are read.

use iqdb_core::{
    Computed, Error, ErrorKind, PayloadRef, Record, Result, RowsSnapshot, StoredRecord,
};
use redb::{ReadableTable, Table, TableDefinition};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) type Rows<'t> = Table<'t, &'static [u8], &'static [u8]>;
pub(crate) const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
pub(crate) const HEAD: &[u8] = &[];

pub(crate) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Io, "reading or writing a row failed").caused_by(error)
}

pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(failed)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let damaged = |error| Error::new(ErrorKind::Damaged, "a row can't be read").caused_by(error);
    postcard::from_bytes(bytes).map_err(damaged)
}

pub(crate) fn put(rows: &mut Rows<'_>, key: &[u8], value: &impl Serialize) -> Result<()> {
    rows.insert(key, &*encode(value)?).map(drop).map_err(failed)
}

/// The version and schema, and all records, with what core computes of them.
pub(crate) fn read(rows: &Rows<'_>) -> Result<RowsSnapshot> {
    let mut values = rows.iter().map_err(failed)?.map(|row| row.map(|(_, value)| value));
    // The empty key is the first.
    let head = values.next().ok_or_else(|| Error::new(ErrorKind::Damaged, "there is no head"))?;
    let (version, schema) = decode(head.map_err(failed)?.value())?;
    let records = values.map(|value| {
        let record: Record = decode(value.map_err(failed)?.value())?;
        let computed = Computed::of(&schema, &PayloadRef::from(&record.payload))?;
        Ok(StoredRecord { record, computed })
    });
    let records = records.collect::<Result<Vec<_>>>()?;
    RowsSnapshot::new(schema, version, &records)
}
