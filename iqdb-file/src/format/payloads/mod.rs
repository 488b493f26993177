//! The payloads of one block of rows, as bytes in a segment and as columns in memory.
//!
//! Whole numbers are little-endian, floats are their bits, and nothing is aligned. `value` is that of
//! [`ValueRef::encode`](iqdb_core::ValueRef::encode) and `payload` that of
//! [`wire::put_payload`](crate::format::wire::put_payload). How many `rows` the block has is known from
//! elsewhere.
//!
//! ```text
//! block      = 0                                no row has a key
//!            | 1  columns
//!            | 2  rows × payload                row by row
//! columns    = u8 count  count × column         1 to 128, in strictly rising order of keys, as bytes
//! column     = u16 len  len × u8                the key: 1 to 256 bytes of UTF-8
//!              dictionary                       the distinct values of the key
//!              u8 width  rows × code            codes of `width` bytes each
//! dictionary = u8 flags                         bit 0: null, bit 1: false, bit 2: true; others are 0
//!              u32 count  count × i64           whole numbers
//!              u32 count  count × f64           floats, all finite; -0.0 comes before 0.0
//!              u32 count  count × i64           dates, in microseconds since 1970
//!              u32 count  count × u32 end       strings: where each ends in the text,
//!              text                             which is as long as the last end says; UTF-8
//!              u32 count  count × value         lists: by their values, a shorter one first
//!              u32 count  count × value         maps: by each key and then its value
//! ```
//!
//! The values of a dictionary are numbered from 1 in the order in which they are written, which rises
//! strictly within each kind; there are no more of them than rows. A code is the number of the row's
//! value, or 0 where the row doesn't have the key. Codes are 1 byte wide for up to 255 values, 2
//! for up to 65,535, else 4. Rows are written one by one where there are more than 128 keys among
//! them, or strings of a key of more than 4 GiB. The same payloads make the same bytes.

// What is fuzzed on its own.
#![cfg_attr(not(feature = "sim"), allow(unreachable_pub))]

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use iqdb_columns::Columns;
use iqdb_core::{Narrow, Payload, PayloadRef, Predicate};

/// No row has a key.
const NONE: u8 = 0;
/// By key.
const COLUMNS: u8 = 1;
/// Row by row.
const ROWS: u8 = 2;

/// Bits of a dictionary's flags.
const HAS_NULL: u8 = 1;
const HAS_FALSE: u8 = 2;
const HAS_TRUE: u8 = 4;

/// The payloads of one block of rows, ready to be lent.
#[derive(Debug)]
pub struct PayloadBlock {
    rows: usize,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Empty,
    Columns(Columns),
    Rows(Vec<Payload>),
}

impl PayloadBlock {
    /// The payload of a row; `None` outside of the block. O(1).
    #[must_use]
    pub fn payload(&self, row: usize) -> Option<PayloadRef<'_>> {
        if row >= self.rows {
            return None;
        }
        Some(match &self.form {
            Form::Empty => PayloadRef::empty(),
            Form::Columns(columns) => PayloadRef::of_row(columns, row),
            Form::Rows(payloads) => payloads.get(row)?.into(),
        })
    }

    /// Narrows `mask` to the rows that match and returns true; or leaves it alone and returns false
    /// where asking row by row is as good. Allocates nothing. As
    /// [`Columns::matching`](iqdb_columns::Columns::matching), or at once.
    pub fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> bool {
        match &self.form {
            Form::Columns(columns) => columns.matching(leaf, mask),
            // An absent key makes every condition on it false.
            Form::Empty if leaf.path().is_some_and(|path| path.first_key().is_ok()) => {
                mask.retain_words(|_, _| 0);
                true
            }
            Form::Empty | Form::Rows(_) => false,
        }
    }
}
