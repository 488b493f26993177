//! Payloads by column: per field one code per row, and a dictionary of the distinct values.
//!
//! [`Columns`] hold the payloads of a number of rows and never change. The values of a field are
//! sorted, so that most conditions of a filter are a range of codes and cost one comparison per row.
//! `iqdb-arena` makes them of the rows of a full chunk, `iqdb-file` of a block of a segment, which it
//! writes part by part and puts together again with [`Field::new`] and [`Columns::new`].
//!
//! Nothing here is shared between threads while it changes: the columns of a chunk that is still
//! being filled are those of `iqdb-arena`.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod build;
mod dictionary;
mod exact;
mod parts;
mod select;

use iqdb_core::{Narrow, PayloadColumns, Predicate, Result, ValueRef};

pub use dictionary::Dictionary;
pub use exact::ExactValue;
pub use parts::Invalid;
pub use select::retain_codes;

/// The most fields that the rows of one [`Columns`] may have between them.
pub const FIELDS_MAX: usize = 128;

/// The payloads of a number of rows, field by field, in the order of the fields' names. Immutable.
///
/// ```
/// use iqdb_columns::{Columns, Field};
/// use iqdb_core::{Payload, PayloadRef};
///
/// let payloads = [Payload::new().with("lang", "en"), Payload::new(), Payload::new().with("n", 7)];
/// let columns = Columns::from_payloads(&payloads).ok_or("too many fields")?;
/// assert_eq!(PayloadRef::of_row(&columns, 2).to_payload()?, payloads[2]);
/// assert_eq!(columns.fields().iter().map(Field::name).collect::<Vec<_>>(), ["lang", "n"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Columns {
    fields: Vec<Field>,
}

/// One field of all rows.
#[derive(Debug)]
pub struct Field {
    name: Box<str>,
    codes: Codes,
    dictionary: Dictionary,
}

/// One code per row: 0 where the field is absent, else the number of its value in the dictionary,
/// counted from 1. As narrow as the dictionary allows.
#[derive(Debug)]
pub enum Codes {
    /// Of up to 255 values.
    U8(Box<[u8]>),
    /// Of 256 to 65,535 values.
    U16(Box<[u16]>),
    /// Of more.
    U32(Box<[u32]>),
}

impl Codes {
    /// The code of a row.
    fn get(&self, row: usize) -> Option<u32> {
        match self {
            Self::U8(codes) => codes.get(row).map(|code| u32::from(*code)),
            Self::U16(codes) => codes.get(row).map(|code| u32::from(*code)),
            Self::U32(codes) => codes.get(row).copied(),
        }
    }
}

impl Field {
    fn value_in(&self, row: usize) -> Option<ValueRef<'_>> {
        self.dictionary.value(self.codes.get(row)?.checked_sub(1)?)
    }
}

impl Columns {
    fn field_named(&self, name: &str) -> Option<&Field> {
        let n = self.fields.binary_search_by(|field| (*field.name).cmp(name)).ok()?;
        self.fields.get(n)
    }

    /// The fields that a row has, with their values. O(fields of the chunk), of which there are few.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.fields.iter().filter_map(move |field| Some((&*field.name, field.value_in(row)?)))
    }

    /// Narrows `mask` to the rows that match and returns true; or returns false where asking row
    /// by row is as good. Allocates nothing. O(rows), and O(log values) or O(values) of the field.
    /// The contract is that of [`BlockSource::matching`](iqdb_core::BlockSource::matching).
    pub fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> bool {
        let Some(name) = leaf.field() else {
            return false;
        };
        match self.field_named(name) {
            Some(field) => field.select(leaf, mask),
            None => {
                // An absent field makes every condition on it false.
                mask.retain_words(|_, _| 0);
                true
            }
        }
    }
}

impl PayloadColumns for Columns {
    /// O(fields).
    fn field_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
        Ok(self.row(row).nth(n))
    }

    /// O(log fields).
    fn field(&self, row: usize, field: &str) -> Result<Option<ValueRef<'_>>> {
        Ok(self.field_named(field).and_then(|field| field.value_in(row)))
    }
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.fields.iter().map(|field| &field.name)).finish()
    }
}

#[cfg(test)]
mod tests;
