//! Columns made of payloads: values are numbered as they come, then sorted, and codes narrowed.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};

use iqdb_core::limits::FIELD_NAME_BYTES_MAX;
use iqdb_core::{Payload, ValueRef};

use super::{Codes, Columns, Dictionary, ExactValue, FIELDS_MAX, Field, Invalid};

/// One field while its values are numbered in the order of their appearance.
#[derive(Default)]
struct FieldBuilder<'a> {
    /// From a value to its code, counted from 1.
    known: HashMap<ExactValue<'a>, u32>,
    values: Vec<ValueRef<'a>>,
    /// Per row the code of its value; 0 where the field is absent. Shorter than the rows while the
    /// last ones don't have the field.
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
    /// The columns of these payloads, one for each row, all of which pass [`Payload::check`]; `None`
    /// where they have more than [`FIELDS_MAX`] fields between them, or the strings of a field are
    /// of more than 4 GiB. O(values + n log n) for each field of n distinct ones. The same payloads
    /// make the same columns.
    #[must_use]
    pub fn from_payloads<P: Borrow<Payload>>(payloads: &[P]) -> Option<Self> {
        let mut builders = BTreeMap::<&str, FieldBuilder<'_>>::new();
        for (row, payload) in payloads.iter().enumerate() {
            for (name, value) in payload.borrow().iter() {
                builders.entry(name).or_default().push(row, value.as_ref()).ok()?;
            }
            if builders.len() > FIELDS_MAX {
                return None;
            }
        }
        let rows = payloads.len();
        let fields = builders.into_iter().map(|(name, builder)| {
            let codes = (0..rows).map(|row| builder.codes.get(row).copied().unwrap_or(0));
            Field::from_unsorted(name, builder.values, codes)
        });
        Self::new(rows, fields.collect::<Result<_, _>>().ok()?).ok()
    }
}

impl Field {
    /// A field of as many rows as there are codes: `codes` has per row the number of its value among
    /// `values`, counted from 1, or 0 where the field is absent. The values are distinct and in any
    /// order; they are sorted and numbered anew. O(rows + n log n) for n values.
    ///
    /// # Errors
    /// [`Invalid::Name`] when the name can't be a field's; [`Invalid::Value`] when a value is there
    /// twice or can't be stored; [`Invalid::Texts`] when the strings are of more than 4 GiB;
    /// [`Invalid::Code`] when a code is the number of no value; [`Invalid::Rows`] when there are
    /// fewer rows than values.
    pub fn from_unsorted<'a>(
        name: &str,
        values: impl IntoIterator<Item = ValueRef<'a>>,
        codes: impl ExactSizeIterator<Item = u32>,
    ) -> Result<Self, Invalid> {
        if !(1..=FIELD_NAME_BYTES_MAX).contains(&name.len()) {
            return Err(Invalid::Name);
        }
        let mut sorted: Vec<(ExactValue<'_>, usize)> =
            values.into_iter().map(ExactValue).zip(1..).collect();
        if codes.len() < sorted.len() {
            return Err(Invalid::Rows);
        }
        sorted.sort_unstable();
        let mut dictionary = Dictionary::new();
        let mut code_of = vec![0_u32; sorted.len() + 1];
        for (code, (value, n)) in (1..).zip(sorted) {
            dictionary.push(value.0)?;
            code_of[n] = code;
        }
        dictionary.shrink();

        let mut unknown = None;
        let codes = codes.enumerate().map(|(row, code)| {
            code_of.get(code as usize).copied().unwrap_or_else(|| {
                unknown.get_or_insert(row);
                0
            })
        });
        let codes = Codes::of(codes, dictionary.len());
        match unknown {
            Some(row) => Err(Invalid::Code(row)),
            None => Ok(Self { name: name.into(), codes, dictionary }),
        }
    }
}

impl Codes {
    #[allow(clippy::cast_possible_truncation, reason = "no code is above `max`")]
    fn of(codes: impl Iterator<Item = u32>, max: usize) -> Self {
        match Self::width_for(max) {
            1 => Self::U8(codes.map(|code| code as u8).collect()),
            2 => Self::U16(codes.map(|code| code as u16).collect()),
            _ => Self::U32(codes.collect()),
        }
    }
}
