//! How far an interrupted import has come.
//!
//! The rule: rows are compared with what is stored from the first one on, and those up to the first
//! that is absent or differs in a bit need not be written again. From there on everything is, rows
//! that are stored already included.
//!
//! Why it is right: each row that is left out is stored as the file has it, and each later row of
//! the same id is either left out too, and so the same, or written. So the database ends as it
//! would have if the whole file had been imported again. That holds wherever the import was
//! interrupted, whatever else the database holds, and whatever was deleted or changed since. Nothing
//! is remembered between imports, so nothing can be out of date. A row in the middle can't tell that
//! those before it are stored, which is why there is no shorter way; looking up is cheap beside
//! writing.
//!
//! Records with made ids are another matter: they replace nothing, so each is compared by itself.

use super::ids;
use iqdb::{Iqdb, Map, Record, Result, Value, VectorRef};

/// How many records at the beginning of `batch` are stored as they are.
pub(super) fn stored_prefix(database: &Iqdb, batch: &[Record]) -> Result<usize> {
    let stored = database.get_many(batch.iter().map(|record| &record.id))?;
    let differs = |(record, stored): (&Record, &Option<Record>)| {
        !stored.as_ref().is_some_and(|stored| is_same(record, stored))
    };
    Ok(batch.iter().zip(&stored).position(differs).unwrap_or(batch.len()))
}

/// The records of `batch` that are not stored.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`](iqdb::ErrorKind::AlreadyExists) where another one is stored under the id of
/// one of them.
pub(super) fn absent(database: &Iqdb, batch: Vec<Record>) -> Result<Vec<Record>> {
    let stored = database.get_many(batch.iter().map(|record| &record.id))?;
    let mut absent = Vec::new();
    for (record, stored) in batch.into_iter().zip(stored) {
        match stored {
            None => absent.push(record),
            Some(stored) if is_same(&record, &stored) => {}
            Some(stored) => return Err(ids::taken(&stored.id)),
        }
    }
    Ok(absent)
}

/// Whether two records are the same to the last bit: `-0.0` equals `0.0` and is not the same.
fn is_same(a: &Record, b: &Record) -> bool {
    a.id == b.id
        && a.vectors().count() == b.vectors().count()
        && a.vectors().zip(b.vectors()).all(|(a, b)| a.0 == b.0 && same_vector(a.1, b.1))
        && same_map(a.payload.as_map(), b.payload.as_map())
}

fn same_vector(a: VectorRef<'_>, b: VectorRef<'_>) -> bool {
    match (a, b) {
        (VectorRef::F32(a), VectorRef::F32(b)) => {
            a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
        }
        (VectorRef::F16(a), VectorRef::F16(b)) => {
            a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
        }
        (VectorRef::BF16(a), VectorRef::BF16(b)) => {
            a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
        }
        // No weight of a sparse vector is 0, and the others have one 0.
        (a, b) => a == b,
    }
}

fn same_map(a: &Map, b: &Map) -> bool {
    a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.0 == b.0 && same_value(a.1, b.1))
}

fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Map(a), Value::Map(b)) => same_map(a, b),
        (a, b) => a == b,
    }
}
