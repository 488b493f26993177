//! The body of a log frame: the changes of one batch.
//!
//! ```text
//! u32 changes  u32 rows
//! placed rows, if rows > 0:  u64 segment  u64 first row  u32 pieces  pieces × (u64 end  u64 hash)
//! changes × (u8 tag  id  …)
//!     0 upsert:       u8 vectors  vectors × vector, by rising field  payload
//!     1 delete
//!     2 set payload:  payload
//!     3 upsert of a placed row, which has the one vector:  payload
//! ```
//!
//! A frame has no other statements: they have been resolved to these.

use iqdb_core::{Batch, Change, Record, RecordId, Result, Schema};

use super::segment::layout::Piece;
use super::vectors::{dense_vector, put_vector, take_vector};
use super::wire::{Reader, put_id, put_payload, put_u8, put_u32, put_u64, take_id, take_payload};
use crate::errors::defect;

/// The rows of a batch whose vectors are in a segment instead of the frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedRows {
    pub(crate) segment: u64,
    pub(crate) first_row: u64,
    pub(crate) rows: u32,
    /// The pieces of the rows. The first piece begins where the rows before end.
    pub(crate) pieces: Vec<Piece>,
}

/// The tags of changes.
const INLINE: u8 = 0;
const DELETE: u8 = 1;
const SET_PAYLOAD: u8 = 2;
const PLACED: u8 = 3;

/// Encodes the changes of a batch; `placed` says where its vectors are if a segment has them.
///
/// # Errors
/// A defect of the caller, for a statement that has to be resolved first.
pub(crate) fn encode_batch(
    batch: &Batch,
    schema: &Schema,
    placed: Option<&PlacedRows>,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    put_u32(&mut bytes, u32::try_from(batch.changes().len()).unwrap_or(u32::MAX));
    put_u32(&mut bytes, placed.map_or(0, |placed| placed.rows));
    if let Some(placed) = placed {
        put_u64(&mut bytes, placed.segment);
        put_u64(&mut bytes, placed.first_row);
        put_u32(&mut bytes, u32::try_from(placed.pieces.len()).unwrap_or(u32::MAX));
        for piece in &placed.pieces {
            put_u64(&mut bytes, piece.end);
            put_u64(&mut bytes, piece.hash);
        }
    }
    for change in batch.changes() {
        match change {
            Change::Upsert(record) => {
                put_u8(&mut bytes, if placed.is_some() { PLACED } else { INLINE });
                put_id(&mut bytes, record.id.as_ref());
                if placed.is_none() {
                    put_u8(&mut bytes, u8::try_from(record.vectors().count()).unwrap_or(u8::MAX));
                    for (field, definition) in schema.iter() {
                        if let Some(vector) = record.vector(definition.name()) {
                            put_vector(&mut bytes, field, vector);
                        }
                    }
                }
                put_payload(&mut bytes, &record.payload);
            }
            Change::Delete(id) => {
                put_u8(&mut bytes, DELETE);
                put_id(&mut bytes, id.as_ref());
            }
            Change::SetPayload(id, payload) => {
                put_u8(&mut bytes, SET_PAYLOAD);
                put_id(&mut bytes, id.as_ref());
                put_payload(&mut bytes, payload);
            }
            _ => return Err(defect("a statement was not resolved")),
        }
    }
    Ok(bytes)
}

/// Decodes the place of the vectors, if a segment has them; also returns the number of changes and a
/// reader at the first change.
pub(crate) fn decode_placed<'a>(body: &'a [u8]) -> Result<(Option<PlacedRows>, u32, Reader<'a>)> {
    let mut fields = Reader::new(body);
    let (changes, rows) = (fields.take_u32()?, fields.take_u32()?);
    if rows == 0 {
        return Ok((None, changes, fields));
    }
    let (segment, first_row) = (fields.take_u64()?, fields.take_u64()?);
    let count = fields.take_u32()?;
    let mut pieces = Vec::new();
    for _ in 0..count {
        pieces.push(Piece { end: fields.take_u64()?, hash: fields.take_u64()? });
    }
    Ok((Some(PlacedRows { segment, first_row, rows, pieces }), changes, fields))
}

/// Decodes the changes; `placed` yields the vectors that a segment has, in order.
pub(crate) fn decode_batch<'v>(
    mut fields: Reader<'_>,
    changes: u32,
    schema: &Schema,
    mut placed: impl Iterator<Item = &'v [u8]>,
) -> Result<Batch> {
    let mut batch = Batch::new();
    let (mut has_inline, mut has_placed) = (false, false);
    for _ in 0..changes {
        let tag = fields.take_u8()?;
        let id = take_id(&mut fields)?;
        batch.push(match tag {
            INLINE => {
                has_inline = true;
                let record = take_inline(&mut fields, schema, id)?;
                Change::Upsert(record.with_payload(take_payload(&mut fields)?))
            }
            PLACED => {
                has_placed = true;
                let row = placed
                    .next()
                    .ok_or_else(|| fields.damaged("a frame has fewer rows than records"))?;
                let field = schema
                    .fields()
                    .first()
                    .ok_or_else(|| fields.damaged("a schema without fields has no rows"))?;
                let mut record = Record::without_vector(id);
                let vector = dense_vector(field.kind(), row)?;
                record.set_vector(field.name().to_owned(), Some(vector));
                Change::Upsert(record.with_payload(take_payload(&mut fields)?))
            }
            DELETE => Change::Delete(id),
            SET_PAYLOAD => Change::SetPayload(id, take_payload(&mut fields)?),
            _ => return Err(fields.damaged("there is no such change").found(tag)),
        });
    }
    if has_inline && has_placed {
        return Err(fields.damaged("a frame has placed only some of its vectors"));
    }
    match fields.remaining() == 0 && placed.next().is_none() {
        true => Ok(batch),
        false => Err(fields.damaged("a frame has more than its changes")),
    }
}

/// Reads the vectors of a record that a frame has whole.
fn take_inline(fields: &mut Reader<'_>, schema: &Schema, id: RecordId) -> Result<Record> {
    let mut record = Record::without_vector(id);
    let mut from = 0;
    for _ in 0..fields.take_u8()? {
        let (position, vector) = take_vector(fields, schema, from)?;
        record.set_vector(schema.fields()[position].name().to_owned(), Some(vector));
        from = position + 1;
    }
    Ok(record)
}

#[cfg(test)]
mod tests;
