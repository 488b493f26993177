//! Builds columns from payloads: numbers values in the order of their appearance, then sorts them.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};

use iqdb_core::{Payload, ValueRef};

use crate::columns::Columns;
use crate::exact::ExactValue;
use crate::invalid::{Invalid, KEYS_MAX};
use crate::key_column::KeyColumn;

/// One key while its values are numbered in the order of their appearance.
#[derive(Default)]
struct FieldBuilder<'a> {
    /// From a value to its code, counted from 1.
    known: HashMap<ExactValue<'a>, u32>,
    values: Vec<ValueRef<'a>>,
    /// Per row the code of its value; 0 where the key is absent. Shorter than the rows while the
    /// last ones don't have the key.
    codes: Vec<u32>,
}

impl<'a> FieldBuilder<'a> {
    fn push(&mut self, row: usize, value: ValueRef<'a>) -> Result<(), Invalid> {
        let next = u32::try_from(self.values.len() + 1).map_err(|_| Invalid::Rows)?;
        let code = *self.known.entry(ExactValue(value)).or_insert(next);
        if code == next {
            self.values.push(value);
        }
        self.codes.resize(row, 0);
        self.codes.push(code);
        Ok(())
    }
}

impl Columns {
    /// The columns of these payloads, of which each is a row. `None` if they have more than
    /// [`KEYS_MAX`] keys between them, if the strings of a key are of more than 4 GiB, or if a
    /// payload fails [`Payload::check`] for a name or a value. O(values + n log n) for each key of n
    /// distinct values. The result depends on the payloads only.
    #[must_use]
    pub fn from_payloads<P: Borrow<Payload>>(payloads: &[P]) -> Option<Self> {
        let mut builders = BTreeMap::<&str, FieldBuilder<'_>>::new();
        for (row, payload) in payloads.iter().enumerate() {
            for (name, value) in payload.borrow().iter() {
                builders.entry(name).or_default().push(row, value.as_ref()).ok()?;
            }
            if builders.len() > KEYS_MAX {
                return None;
            }
        }
        let rows = payloads.len();
        let keys = builders.into_iter().map(|(name, builder)| {
            let codes = (0..rows).map(|row| builder.codes.get(row).copied().unwrap_or(0));
            KeyColumn::from_unsorted(name, builder.values, codes)
        });
        Self::new(rows, keys.collect::<Result<_, _>>().ok()?).ok()
    }
}
