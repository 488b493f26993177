//! The header of a segment: one page, written when the file is made and never changed.

use super::layout::{HEADER, Shape};
use crate::format::file_head::put_head;
use crate::format::file_name::FileName;
use crate::format::schema::put_kinds;
use crate::format::wire::{put_u32, put_u64};

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
