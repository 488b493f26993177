//! From the columns of an open chunk to those of a sealed one: values sorted, codes narrowed.

use std::cmp::Ordering;

use iqdb_core::ValueRef;

use super::dictionary::Dictionary;
use super::open::OpenField;
use super::{Codes, Columns, Field, OpenColumns};

impl Columns {
    /// The same payloads, `rows` of them, when no more will come; `None` where a field's strings are
    /// of more than 4 GiB. O(rows + n log n) for each field of n values.
    pub(crate) fn of(open: &OpenColumns, rows: usize) -> Option<Self> {
        let fields = open.fields().iter().map(|field| Field::of(field, rows));
        let mut fields = fields.collect::<Option<Box<[_]>>>()?;
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
        let sorted: Vec<ValueRef<'_>> = order.iter().map(|n| values[*n].as_ref()).collect();
        let dictionary = Dictionary::new(&sorted)?;

        let mut code_of = vec![0_u32; values.len() + 1];
        for (code, n) in (1..).zip(order) {
            code_of[n + 1] = code;
        }
        let codes = open.codes.all();
        // The last rows may not have the field, and so have no code.
        let codes = (0..rows).map(|row| codes.get(row).map_or(0, |code| code_of[*code as usize]));
        Some(Self {
            name: open.name.clone(),
            codes: Codes::new(codes, dictionary.len()),
            dictionary,
        })
    }
}

impl Codes {
    #[allow(clippy::cast_possible_truncation, reason = "no code is above `max`")]
    fn new(codes: impl Iterator<Item = u32>, max: usize) -> Self {
        if u8::try_from(max).is_ok() {
            Self::U8(codes.map(|code| code as u8).collect())
        } else if u16::try_from(max).is_ok() {
            Self::U16(codes.map(|code| code as u16).collect())
        } else {
            Self::U32(codes.collect())
        }
    }
}

/// The order of a [`Dictionary`]: by kind, and within a kind by value.
fn compare(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
    let kind = |value| match value {
        ValueRef::Null => 0,
        ValueRef::Bool(_) => 1,
        ValueRef::Int(_) => 2,
        ValueRef::Float(_) => 3,
        ValueRef::Text(_) => 4,
        ValueRef::List(_) => 5,
    };
    kind(a).cmp(&kind(b)).then_with(|| match (a, b) {
        // Only -0.0 and 0.0 are equal and yet two values; either order of them will do.
        (ValueRef::Float(a), ValueRef::Float(b)) => a.total_cmp(&b),
        _ => a.compare(b).unwrap_or(Ordering::Equal),
    })
}
