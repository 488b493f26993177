//! The payloads of a chunk as columns: per field one code per row, and a dictionary.
//!
//! While a chunk is open its columns grow with its rows ([`open`]); once it is full they are packed
//! and sorted ([`build`]), which makes a comparison a range of codes ([`select`]).

mod build;
mod dictionary;
mod open;
mod select;

use iqdb_core::{Narrow, PayloadColumns, Predicate, Result, ValueRef};

use dictionary::Dictionary;
pub(crate) use open::{ColumnsAppender, OpenColumns, columns};

/// The payloads of a full chunk, field by field, in the order of the fields' names.
pub(crate) struct Columns {
    fields: Box<[Field]>,
}

/// One field of all rows.
struct Field {
    name: Box<str>,
    codes: Codes,
    dictionary: Dictionary,
}

/// One code per row: 0 where the field is absent, else the number of its value in the dictionary,
/// counted from 1. As narrow as the dictionary allows.
enum Codes {
    U8(Box<[u8]>),
    U16(Box<[u16]>),
    U32(Box<[u32]>),
}

impl Codes {
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
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.fields.iter().filter_map(move |field| Some((&*field.name, field.value_in(row)?)))
    }

    /// Narrows `mask` to the rows that match and returns true; or returns false where asking row
    /// by row is as good. Allocates nothing. O(rows), and O(log values) or O(values) of the field.
    pub(crate) fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> bool {
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

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
