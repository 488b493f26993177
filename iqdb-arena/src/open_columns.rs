//! The payloads of an open chunk by column, while rows are appended.
//!
//! One thread appends and any number read. The appender writes a value before the code that names it,
//! and a row's codes before a view is published that shows the row. The columns are
//! [`Column`]s and have no other state, so that the model checkers see every
//! access to them. When the chunk is full they are packed into [`Columns`], which never change.

use std::convert::Infallible;
use std::hash::BuildHasher;

use iqdb_columns::{Columns, ExactValue, Invalid, KeyColumn, retain_codes};
use iqdb_core::{Narrow, Path, PayloadColumns, Predicate, Result, Value, ValueRef};

use crate::column::{Appender, Column, column};
use crate::layout::CHUNK_ROWS_MAX;
use crate::table::{Hasher, Table};

/// The most keys that the rows of a chunk may have between them to be kept by column. Few in a
/// model, because loom tracks every cell of a column.
const KEYS_MAX: usize = if cfg!(any(loom, shuttle)) { 2 } else { iqdb_columns::KEYS_MAX };

/// The payloads of the rows appended so far, key by key, in the order of the keys' appearance.
pub(crate) struct OpenColumns {
    keys: Column<OpenKey>,
}

/// The column of one key: its value in every row.
struct OpenKey {
    name: Box<str>,
    /// Per row the number of its value, counted from 1, or 0 where the row lacks the key. Has no
    /// codes for rows after the last one that has the key.
    codes: Column<u32>,
    /// The distinct values, in the order of their appearance.
    values: Column<Value>,
}

impl OpenKey {
    fn value_in(&self, row: usize) -> Option<ValueRef<'_>> {
        let code = *self.codes.get(row)?;
        self.values.get(code.checked_sub(1)? as usize).map(Value::as_ref)
    }

    /// The key of the first `rows` rows, packed.
    fn packed(&self, rows: usize) -> std::result::Result<KeyColumn, Invalid> {
        let codes = self.codes.all();
        // Rows after the last one that has the key have no code.
        let codes = (0..rows).map(|row| codes.get(row).copied().unwrap_or(0));
        KeyColumn::from_unsorted(&self.name, self.values.all().iter().map(Value::as_ref), codes)
    }

    /// Narrows `mask` to the rows that match `leaf`, which is evaluated once per value, or once per
    /// row where the mask has fewer rows than there are values.
    fn select(&self, leaf: &Predicate, mask: &mut Narrow<'_>) {
        // Codes are read before values: a code is appended after its value, so every code that is
        // read here names a value that is read here.
        let codes = self.codes.all();
        let values = self.values.all();
        if values.len() > mask.mask().count() {
            let matches = |row: usize| {
                let value = codes.get(row)?.checked_sub(1).and_then(|n| values.get(n as usize))?;
                Some(leaf.matches_first(value.as_ref()))
            };
            let Ok(()) = mask.retain(|row| Ok::<_, Infallible>(matches(row).unwrap_or(false)));
            return;
        }
        // A key has at most as many values as a chunk has rows.
        let mut bits = [0_u64; CHUNK_ROWS_MAX / 64 + 1];
        for (code, value) in (1..).zip(values) {
            bits[code / 64] |= u64::from(leaf.matches_first(value.as_ref())) << (code % 64);
        }
        retain_codes(codes, mask, |code| bits[code as usize / 64] >> (code % 64) & 1 == 1);
    }
}

impl OpenColumns {
    fn keys(&self) -> &[OpenKey] {
        self.keys.all()
    }

    fn key_named(&self, name: &str) -> Option<&OpenKey> {
        self.keys().iter().find(|key| *key.name == *name)
    }

    /// The keys that a row has, with their values, in the order of the keys' appearance.
    /// O(keys of the chunk).
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.keys().iter().filter_map(move |key| Some((&*key.name, key.value_in(row)?)))
    }

    /// The payloads of the first `rows` rows, packed; `None` where the strings of a key are of more
    /// than 4 GiB. O(rows + n log n) for each key of n values.
    pub(crate) fn packed(&self, rows: usize) -> Option<Columns> {
        let keys = self.keys().iter().map(|key| key.packed(rows));
        let mut keys: Vec<_> = keys.collect::<std::result::Result<_, _>>().ok()?;
        keys.sort_unstable_by(|a, b| a.name().cmp(b.name()));
        Columns::new(rows, keys).ok()
    }

    /// Narrows `mask` to the rows that match `leaf` and returns true; or returns false, for a
    /// condition on ids. Allocates nothing. O(rows + values of the key).
    pub(crate) fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> bool {
        let Some(Ok(key)) = leaf.path().map(Path::first_key) else {
            return false;
        };
        match self.key_named(key) {
            Some(key) => key.select(leaf, mask),
            // An absent key makes every condition on it false.
            None => mask.retain_words(|_, _| 0),
        }
        true
    }
}

impl PayloadColumns for OpenColumns {
    /// O(keys).
    fn entry_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
        Ok(self.row(row).nth(n))
    }

    /// O(keys).
    fn get(&self, row: usize, key: &str) -> Result<Option<ValueRef<'_>>> {
        Ok(self.key_named(key).and_then(|key| key.value_in(row)))
    }
}

impl std::fmt::Debug for OpenColumns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys().iter().map(|key| &key.name)).finish()
    }
}

/// The writer's side of [`OpenColumns`].
#[derive(Debug)]
pub(crate) struct ColumnsAppender {
    keys_in: Appender<OpenKey>,
    /// By name.
    keys: Vec<KeyAppender>,
    rows_max: usize,
    hasher: Hasher,
}

#[derive(Debug)]
struct KeyAppender {
    name: Box<str>,
    codes_in: Appender<u32>,
    values_in: Appender<Value>,
    values: Column<Value>,
    /// From a value to its number, counted from 0.
    numbers: Table,
}

/// Columns for at most `rows_max` rows, and their appender. `hasher` has a secret, so that no caller
/// can choose values that collide.
pub(crate) fn columns(rows_max: usize, hasher: Hasher) -> (ColumnsAppender, OpenColumns) {
    let (keys_in, keys) = column(KEYS_MAX);
    (ColumnsAppender { keys_in, keys: Vec::new(), rows_max, hasher }, OpenColumns { keys })
}

impl ColumnsAppender {
    /// Begins row number `row`, which comes after all rows appended so far.
    pub(crate) fn row(&mut self, row: usize) -> RowAppender<'_> {
        RowAppender { columns: self, row, next: 0, fits: true }
    }

    /// The position of a key, which is added if it is new; `None` if there are [`KEYS_MAX`]
    /// others.
    fn key_named(&mut self, name: &str) -> Option<usize> {
        match self.keys.binary_search_by(|key| (*key.name).cmp(name)) {
            Ok(n) => Some(n),
            Err(_) if self.keys_in.is_full() => None,
            Err(n) => {
                let (codes_in, codes) = column(self.rows_max);
                let (values_in, values) = column(self.rows_max);
                let numbers = Table::with_room_for(0);
                self.keys_in.push(OpenKey { name: name.into(), codes, values: values.clone() });
                let name = name.into();
                self.keys.insert(n, KeyAppender { name, codes_in, values_in, values, numbers });
                Some(n)
            }
        }
    }
}

/// Appends the keys of one row to columns.
pub(crate) struct RowAppender<'a> {
    columns: &'a mut ColumnsAppender,
    row: usize,
    /// The position after that of the key before.
    next: usize,
    fits: bool,
}

impl RowAppender<'_> {
    /// Appends a key and its value. O(1), and O(log keys) where the key before is not that of
    /// the row before; hashes the value once.
    pub(crate) fn push(&mut self, name: &str, value: ValueRef<'_>) {
        let columns = &mut *self.columns;
        // Most rows have the keys of the row before, in the order of their names.
        let guess = columns.keys.get(self.next).filter(|key| *key.name == *name);
        let n = guess.map(|_| self.next).or_else(|| columns.key_named(name));
        match n {
            Some(n) => columns.keys[n].push(self.row, value, &columns.hasher),
            None => self.fits = false,
        }
        self.next = n.map_or(0, |n| n + 1);
    }

    /// Whether every key of the row was appended. If not, the chunk has more than [`KEYS_MAX`]
    /// keys; then the row is incomplete, and no further row may be appended.
    pub(crate) fn fits(self) -> bool {
        self.fits
    }
}

impl KeyAppender {
    fn push(&mut self, row: usize, value: ValueRef<'_>, hasher: &Hasher) {
        let code = self.number(value, hasher) + 1;
        // The rows since the last one that has the key lack it.
        while self.codes_in.len() < row {
            self.codes_in.push(0);
        }
        self.codes_in.push(code);
    }

    /// The number of a value, which is appended if it is new.
    fn number(&mut self, value: ValueRef<'_>, hasher: &Hasher) -> u32 {
        let value = ExactValue(value);
        #[allow(clippy::cast_possible_truncation, reason = "any 32 bits of a hash will do")]
        let hash = hasher.hash_one(value) as u32;
        let is = |n: u32| {
            self.values.get(n as usize).is_some_and(|found| ExactValue(found.as_ref()) == value)
        };
        if let Some((_, n)) = self.numbers.find(hash, is) {
            return n;
        }
        let values = self.values_in.len();
        if values == self.numbers.room() {
            self.numbers = self.numbers.grown(values + 1);
        }
        // A chunk has at most `CHUNK_ROWS_MAX` rows, so at most as many values.
        let n = u32::try_from(values).unwrap_or(u32::MAX);
        self.values_in.push(value.0.to_value());
        self.numbers.insert(hash, n);
        n
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
