//! The dead rows of a segment in a manifest: numbers while they are few, else one bit per row.

use iqdb_core::{Error, ErrorKind, Result};

use super::wire::{Reader, put_u32};

/// Appends the count of dead rows, and then the rows, which are in order.
pub(crate) fn put_dead_rows(bytes: &mut Vec<u8>, rows: u64, dead: &[u32]) {
    put_u32(bytes, u32::try_from(dead.len()).unwrap_or(u32::MAX));
    if is_sparse(rows, dead.len()) {
        dead.iter().for_each(|row| put_u32(bytes, *row));
        return;
    }
    let start = bytes.len();
    bytes.resize(start + bitmap_bytes(rows), 0);
    for row in dead {
        bytes[start + *row as usize / 8] |= 1 << (row % 8);
    }
}

/// Reads the dead rows of a segment of `rows` rows.
///
/// # Errors
/// [`ErrorKind::Damaged`] for bytes that [`put_dead_rows`] can't have made.
pub(crate) fn take_dead_rows(fields: &mut Reader<'_>, rows: u64) -> Result<Vec<u32>> {
    let count = fields.take_u32()? as usize;
    let wrong = || Error::new(ErrorKind::Damaged, "its dead rows are not rows of the segment");
    if count as u64 > rows || rows >= u64::from(u32::MAX) {
        return Err(wrong());
    }
    let dead: Vec<u32> = if is_sparse(rows, count) {
        let bytes = fields.take_bytes(4 * count)?;
        bytes.as_chunks::<4>().0.iter().map(|row| u32::from_le_bytes(*row)).collect()
    } else {
        let bytes = fields.take_bytes(bitmap_bytes(rows))?;
        let bits = (0_u32..).zip(bytes);
        bits.flat_map(|(n, byte)| {
            (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| 8 * n + bit)
        })
        .collect()
    };
    let in_order = dead.is_sorted_by(|a, b| a < b);
    if dead.len() != count || !in_order || dead.last().is_some_and(|row| u64::from(*row) >= rows) {
        return Err(wrong());
    }
    Ok(dead)
}

fn is_sparse(rows: u64, dead: usize) -> bool {
    dead as u64 <= rows / 32
}

fn bitmap_bytes(rows: u64) -> usize {
    usize::try_from(rows.div_ceil(8)).unwrap_or(usize::MAX)
}
