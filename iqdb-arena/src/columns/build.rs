//! From the columns of an open chunk to those of a sealed one: values sorted, codes narrowed.

use std::borrow::Borrow;

use iqdb_core::Payload;

use super::dictionary::{Dictionary, compare};
use super::open::{OpenField, columns};
use super::{Codes, Columns, Field, OpenColumns};
use crate::chunk::Lent;
use crate::generation::Hasher;

impl Columns {
    /// The columns of these payloads, one for each row, all of which pass [`Payload::check`]; `None`
    /// where they have more than [`FIELDS_MAX`](super::FIELDS_MAX) fields between them, or the
    /// strings of a field are of more than 4 GiB. O(values + n log n) for each field of n distinct
    /// ones. The same payloads make the same columns.
    #[must_use]
    pub fn from_payloads<P: Borrow<Payload>>(payloads: &[P]) -> Option<Self> {
        let (mut appender, open) = columns(payloads.len(), Hasher::default());
        let mut rows = payloads.iter().enumerate();
        if rows.all(|(row, payload)| appender.push(row, Lent::Whole(payload.borrow()))) {
            Self::of(&open, payloads.len())
        } else {
            None
        }
    }

    /// The same payloads, `rows` of them, when no more will come; `None` where a field's strings are
    /// of more than 4 GiB. O(rows + n log n) for each field of n values.
    pub(crate) fn of(open: &OpenColumns, rows: usize) -> Option<Self> {
        let fields = open.fields().iter().map(|field| Field::of(field, rows));
        let mut fields = fields.collect::<Option<Vec<_>>>()?;
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        Some(Self { fields })
    }
}

impl Field {
    /// Sorts the values and numbers them anew.
    fn of(open: &OpenField, rows: usize) -> Option<Self> {
        let values = open.values.all();
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|a, b| compare(values[*a].as_ref(), values[*b].as_ref()));
        let mut dictionary = Dictionary::new();
        for n in &order {
            dictionary.push(values[*n].as_ref()).ok()?;
        }
        dictionary.shrink();

        let mut code_of = vec![0_u32; values.len() + 1];
        for (code, n) in (1..).zip(order) {
            code_of[n + 1] = code;
        }
        let codes = open.codes.all();
        // The last rows may not have the field, and so have no code.
        let codes = (0..rows).map(|row| codes.get(row).map_or(0, |code| code_of[*code as usize]));
        Some(Self {
            name: open.name.clone(),
            codes: Codes::of(codes, dictionary.len()),
            dictionary,
        })
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
