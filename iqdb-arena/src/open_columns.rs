//! The payloads of an open chunk as columns, which grow with its rows.
//!
//! As everywhere in the arena, one appends and many read: a value is there before a code that names
//! it, and both are there before a view is published that has their row.

use std::convert::Infallible;
use std::hash::BuildHasher;

use iqdb_columns::{Columns, ExactValue, Field, Invalid, retain_codes};
use iqdb_core::{Narrow, PayloadColumns, Predicate, Result, Value, ValueRef};

use crate::chunk::RowPayload;
use crate::column::{Appender, Column, column};
use crate::generation;
use crate::layout::CHUNK_ROWS_MAX;
use crate::table::Table;

/// How many fields rows may have between them to be kept as columns. (Models look at every
/// cell of a column, and need few.)
const FIELDS_MAX: usize = if cfg!(any(loom, shuttle)) { 2 } else { iqdb_columns::FIELDS_MAX };

/// The payloads of the rows so far, field by field, in the order in which fields came first.
pub(crate) struct OpenColumns {
    fields: Column<OpenField>,
}

/// One field of all rows.
struct OpenField {
    name: Box<str>,
    /// Per row the number of its value, counted from 1; or 0, where the field is absent. Shorter
    /// than the rows while the last ones don't have the field.
    codes: Column<u32>,
    /// The distinct values in the order in which they came first.
    values: Column<Value>,
}

impl OpenField {
    fn value_in(&self, row: usize) -> Option<ValueRef<'_>> {
        let code = *self.codes.get(row)?;
        self.values.get(code.checked_sub(1)? as usize).map(Value::as_ref)
    }

    /// The same field, packed, of `rows` rows.
    fn packed(&self, rows: usize) -> std::result::Result<Field, Invalid> {
        let codes = self.codes.all();
        // The last rows may not have the field, and so have no code.
        let codes = (0..rows).map(|row| codes.get(row).copied().unwrap_or(0));
        Field::from_unsorted(&self.name, self.values.all().iter().map(Value::as_ref), codes)
    }

    /// Decides once per value, or once per row where there are fewer.
    fn select(&self, leaf: &Predicate, mask: &mut Narrow<'_>) {
        // Codes first, which name no value that is not there by then.
        let codes = self.codes.all();
        let values = self.values.all();
        if values.len() > mask.mask().count() {
            let matches = |row: usize| {
                let value = codes.get(row)?.checked_sub(1).and_then(|n| values.get(n as usize))?;
                Some(leaf.matches_value(value.as_ref()))
            };
            let Ok(()) = mask.retain(|row| Ok::<_, Infallible>(matches(row).unwrap_or(false)));
            return;
        }
        // A chunk has no more values than rows.
        let mut bits = [0_u64; CHUNK_ROWS_MAX / 64 + 1];
        for (code, value) in (1..).zip(values) {
            bits[code / 64] |= u64::from(leaf.matches_value(value.as_ref())) << (code % 64);
        }
        retain_codes(codes, mask, |code| bits[code as usize / 64] >> (code % 64) & 1 == 1);
    }
}

impl OpenColumns {
    fn fields(&self) -> &[OpenField] {
        self.fields.all()
    }

    fn field_named(&self, name: &str) -> Option<&OpenField> {
        self.fields().iter().find(|field| *field.name == *name)
    }

    /// The fields that a row has, with their values. O(fields of the chunk).
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.fields().iter().filter_map(move |field| Some((&*field.name, field.value_in(row)?)))
    }

    /// The same payloads, `rows` of them, packed, when no more will come; `None` where a field's
    /// strings are of more than 4 GiB. O(rows + n log n) for each field of n values.
    pub(crate) fn packed(&self, rows: usize) -> Option<Columns> {
        let fields = self.fields().iter().map(|field| field.packed(rows));
        let mut fields: Vec<_> = fields.collect::<std::result::Result<_, _>>().ok()?;
        fields.sort_unstable_by(|a, b| a.name().cmp(b.name()));
        Columns::new(rows, fields).ok()
    }

    /// Narrows `mask` to the rows that match and returns true; or returns false for a condition on
    /// ids. Allocates nothing. O(rows + values of the field).
    pub(crate) fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> bool {
        let Some(name) = leaf.field() else {
            return false;
        };
        match self.field_named(name) {
            Some(field) => field.select(leaf, mask),
            // An absent field makes every condition on it false.
            None => mask.retain_words(|_, _| 0),
        }
        true
    }
}

impl PayloadColumns for OpenColumns {
    /// O(fields).
    fn field_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
        Ok(self.row(row).nth(n))
    }

    /// O(fields).
    fn field(&self, row: usize, field: &str) -> Result<Option<ValueRef<'_>>> {
        Ok(self.field_named(field).and_then(|field| field.value_in(row)))
    }
}

impl std::fmt::Debug for OpenColumns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.fields().iter().map(|field| &field.name)).finish()
    }
}

/// The one that adds rows to columns.
#[derive(Debug)]
pub(crate) struct ColumnsAppender {
    fields_in: Appender<OpenField>,
    /// By name.
    fields: Vec<FieldAppender>,
    rows_max: usize,
    hasher: generation::Hasher,
}

#[derive(Debug)]
struct FieldAppender {
    name: Box<str>,
    codes_in: Appender<u32>,
    values_in: Appender<Value>,
    values: Column<Value>,
    /// From a value to its number.
    known: Table,
}

/// Columns for at most `rows_max` rows, without any yet. `hasher` has a secret, so that no caller
/// can choose values that collide.
pub(crate) fn columns(
    rows_max: usize,
    hasher: generation::Hasher,
) -> (ColumnsAppender, OpenColumns) {
    let (fields_in, fields) = column(FIELDS_MAX);
    (ColumnsAppender { fields_in, fields: Vec::new(), rows_max, hasher }, OpenColumns { fields })
}

impl ColumnsAppender {
    /// Appends the payload of row number `row`, which comes after all rows that have one. Returns
    /// false if the columns would be more than [`FIELDS_MAX`]; the row is then not to be relied on,
    /// and no further one can follow. O(values), hashed once each.
    pub(crate) fn push(&mut self, row: usize, payload: RowPayload<'_>) -> bool {
        let (mut next, mut fits) = (0, true);
        payload.for_each(|name, value| {
            // Most rows have the fields of the row before, in the order of their names.
            let guess = self.fields.get(next).filter(|field| *field.name == *name);
            let n = guess.map(|_| next).or_else(|| self.field_named(name));
            match n {
                Some(n) => self.fields[n].push(row, value, &self.hasher),
                None => fits = false,
            }
            next = n.map_or(0, |n| n + 1);
        });
        fits
    }

    /// Where the field of this name is, made now if there is none and room for one.
    fn field_named(&mut self, name: &str) -> Option<usize> {
        match self.fields.binary_search_by(|field| (*field.name).cmp(name)) {
            Ok(n) => Some(n),
            Err(_) if self.fields_in.is_full() => None,
            Err(n) => {
                let (codes_in, codes) = column(self.rows_max);
                let (values_in, values) = column(self.rows_max);
                let known = Table::with_room_for(0);
                self.fields_in.push(OpenField { name: name.into(), codes, values: values.clone() });
                let name = name.into();
                self.fields.insert(n, FieldAppender { name, codes_in, values_in, values, known });
                Some(n)
            }
        }
    }
}

impl FieldAppender {
    fn push(&mut self, row: usize, value: ValueRef<'_>, hasher: &generation::Hasher) {
        let code = self.number(value, hasher) + 1;
        // Rows without the field, since the last one that has it.
        while self.codes_in.len() < row {
            self.codes_in.push(0);
        }
        self.codes_in.push(code);
    }

    /// The number of a value, which is made known if it is new.
    fn number(&mut self, value: ValueRef<'_>, hasher: &generation::Hasher) -> u32 {
        let value = ExactValue(value);
        #[allow(clippy::cast_possible_truncation, reason = "any 32 bits of a hash will do")]
        let hash = hasher.hash_one(value) as u32;
        let is = |n: u32| {
            self.values.get(n as usize).is_some_and(|known| ExactValue(known.as_ref()) == value)
        };
        if let Some((_, n)) = self.known.find(hash, is) {
            return n;
        }
        let values = self.values_in.len();
        if values == self.known.room() {
            self.known = self.known.grown(values + 1);
        }
        // A chunk has far fewer rows.
        let n = u32::try_from(values).unwrap_or(u32::MAX);
        self.values_in.push(value.0.to_value());
        self.known.insert(hash, n);
        n
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
