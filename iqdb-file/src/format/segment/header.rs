//! The header of a segment, and that of the file of a column: one page, written when the file is made
//! and never changed.

use super::layout::{HEADER, Shape};
use crate::format::file_head::{HEAD, put_head};
use crate::format::file_name::FileName;
use crate::format::schema::{put_kind, put_kinds};
use crate::format::wire::{put_u32, put_u64};

/// Where the number of fields is, in bytes.
const FIELDS_AT: usize = HEAD + 8 + 4;

/// How many fields a header says that its segment has.
pub(crate) fn fields_in(header: &[u8]) -> usize {
    let count = header.get(FIELDS_AT..).and_then(<[u8]>::first_chunk);
    count.map_or(0, |count| u32::from_le_bytes(*count)) as usize
}

/// The header of the segment with this number.
pub(crate) fn header(database: u128, number: u64, shape: &Shape) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    put_head(&mut bytes, FileName::Segment(number), database);
    put_u64(&mut bytes, number);
    put_u32(&mut bytes, u32::try_from(shape.block_rows).unwrap_or(u32::MAX));
    put_kinds(&mut bytes, &shape.schema);
    bytes.resize(HEADER, 0);
    bytes
}

/// The header of the column file with this number, of the field at this position.
pub(crate) fn column_header(database: u128, number: u64, position: u8, shape: &Shape) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    put_head(&mut bytes, FileName::Column(number), database);
    put_u64(&mut bytes, number);
    put_u32(&mut bytes, u32::try_from(shape.block_rows).unwrap_or(u32::MAX));
    put_u32(&mut bytes, position.into());
    shape.schema.fields().iter().for_each(|field| put_kind(&mut bytes, field.kind()));
    bytes.resize(HEADER, 0);
    bytes
}
