//! From payloads to columns, once, when a chunk is sealed.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use iqdb_core::ValueRef;

use super::dictionary::Dictionary;
use super::{Codes, Columns, Field};
use crate::chunk::Lent;

/// How many fields a chunk may have between its rows to be kept as columns.
pub(crate) const FIELDS_MAX: usize = 128;

/// A field while its values are being collected.
struct Collected<'a> {
    /// Per row the number of its value in order of appearance, counted from 1; or 0.
    numbers: Vec<u32>,
    known: HashMap<Exact<'a>, u32>,
    values: Vec<ValueRef<'a>>,
}

/// A value that is equal to another only if it has the same kind and the same bits.
#[derive(PartialEq, Eq, Hash)]
enum Exact<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(u64),
    Text(&'a str),
    List(Vec<Exact<'a>>),
}

impl<'a> From<ValueRef<'a>> for Exact<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Int(value) => Self::Int(value),
            ValueRef::Float(value) => Self::Float(value.to_bits()),
            ValueRef::Text(value) => Self::Text(value),
            ValueRef::List(values) => Self::List(values.iter().map(Self::from).collect()),
        }
    }
}

impl Columns {
    /// Columns of the payloads of all rows; `None` where whole payloads are the better form: with
    /// more than [`FIELDS_MAX`] fields, or strings of more than 4 GiB. O(values), hashed once each.
    pub(crate) fn of(payloads: &[Lent<'_>]) -> Option<Self> {
        let mut fields: BTreeMap<&str, Collected<'_>> = BTreeMap::new();
        for (row, payload) in payloads.iter().enumerate() {
            payload.for_each(|name, value| {
                let field = fields.entry(name).or_insert_with(|| Collected {
                    numbers: vec![0; payloads.len()],
                    known: HashMap::new(),
                    values: Vec::new(),
                });
                field.numbers[row] = *field.known.entry(value.into()).or_insert_with(|| {
                    field.values.push(value);
                    // A chunk has far fewer rows.
                    u32::try_from(field.values.len()).unwrap_or(u32::MAX)
                });
            });
            if fields.len() > FIELDS_MAX {
                return None;
            }
        }
        let fields = fields.into_iter().map(|(name, field)| field.finish(name));
        Some(Self { fields: fields.collect::<Option<_>>()? })
    }
}

impl Collected<'_> {
    /// Sorts the values and numbers them anew.
    fn finish(self, name: &str) -> Option<Field> {
        let mut order: Vec<usize> = (0..self.values.len()).collect();
        order.sort_by(|a, b| compare(self.values[*a], self.values[*b]));
        let sorted: Vec<ValueRef<'_>> = order.iter().map(|n| self.values[*n]).collect();
        let dictionary = Dictionary::new(&sorted)?;

        let mut code_of = vec![0_u32; self.values.len() + 1];
        for (code, n) in (1..).zip(order) {
            code_of[n + 1] = code;
        }
        let codes = self.numbers.iter().map(|number| code_of[*number as usize]);
        Some(Field { name: name.into(), codes: Codes::new(codes, dictionary.len()), dictionary })
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
