//! The distinct values of one key, sorted, so that a comparison is a range of them.

use std::ops::Range;

use iqdb_core::limits::PAYLOAD_BYTES_MAX;
use iqdb_core::{DateTime, List, Map, Value, ValueRef};

use crate::exact::ExactValue;
use crate::invalid::Invalid;

/// The longest string of a payload: a scalar counts 8 bytes beside it.
const TEXT_BYTES_MAX: usize = PAYLOAD_BYTES_MAX - 8;

/// How many kinds of values there are.
pub(crate) const KINDS: usize = 8;

/// Distinct values in the order of [`ExactValue`]: null, booleans, integers, floats, dates,
/// strings, lists, maps, and each kind by its values.
#[derive(Debug, Default)]
pub struct Dictionary {
    null: bool,
    bools: Vec<bool>,
    ints: Vec<i64>,
    floats: Vec<f64>,
    dates: Vec<DateTime>,
    texts: Texts,
    lists: Vec<List>,
    maps: Vec<Map>,
}

/// Strings in one buffer, and the offset at which each ends.
#[derive(Debug, Default)]
struct Texts {
    bytes: String,
    ends: Vec<u32>,
}

impl Texts {
    fn push(&mut self, text: &str) -> Result<(), Invalid> {
        let end = self.bytes.len().checked_add(text.len()).map(u32::try_from);
        let Some(Ok(end)) = end else {
            return Err(Invalid::Texts);
        };
        self.bytes.push_str(text);
        self.ends.push(end);
        Ok(())
    }

    fn get(&self, n: usize) -> Option<&str> {
        let start = match n.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start as usize..*self.ends.get(n)? as usize)
    }
}

impl Dictionary {
    /// A dictionary of no values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a value that comes after the last one in the order. O(bytes of the value).
    ///
    /// # Errors
    /// [`Invalid::Value`] when it doesn't, or when [`Value::check`] refuses it; [`Invalid::Texts`] when
    /// the strings of the dictionary would be of more than 4 GiB. Nothing has changed then.
    pub fn push(&mut self, value: ValueRef<'_>) -> Result<(), Invalid> {
        if self.last().is_some_and(|last| ExactValue(last) >= ExactValue(value)) {
            return Err(Invalid::Value);
        }
        match value {
            ValueRef::Null => self.null = true,
            ValueRef::Bool(value) => self.bools.push(value),
            ValueRef::Int(value) => self.ints.push(value),
            ValueRef::Float(value) if value.is_finite() => self.floats.push(value),
            ValueRef::Float(_) => return Err(Invalid::Value),
            ValueRef::DateTime(value) => self.dates.push(value),
            ValueRef::Text(text) if text.len() > TEXT_BYTES_MAX => return Err(Invalid::Value),
            ValueRef::Text(text) => self.texts.push(text)?,
            ValueRef::List(_) | ValueRef::Map(_) => match value.to_value() {
                nested if nested.check().is_err() => return Err(Invalid::Value),
                Value::List(list) => self.lists.push(list),
                Value::Map(map) => self.maps.push(map),
                _ => {}
            },
        }
        Ok(())
    }

    /// The value that was appended last.
    fn last(&self) -> Option<ValueRef<'_>> {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "a dictionary has fewer than 2^32 values"
        )]
        self.value(self.len().checked_sub(1)? as u32)
    }

    /// Frees unused capacity.
    pub(crate) fn shrink(&mut self) {
        self.bools.shrink_to_fit();
        self.ints.shrink_to_fit();
        self.floats.shrink_to_fit();
        self.dates.shrink_to_fit();
        self.texts.bytes.shrink_to_fit();
        self.texts.ends.shrink_to_fit();
        self.lists.shrink_to_fit();
        self.maps.shrink_to_fit();
    }

    /// The values, sorted.
    pub fn values(&self) -> impl Iterator<Item = ValueRef<'_>> {
        let texts = (0..self.texts.ends.len()).filter_map(|n| self.texts.get(n));
        (self.null.then_some(ValueRef::Null).into_iter())
            .chain(self.bools.iter().map(|value| ValueRef::Bool(*value)))
            .chain(self.ints.iter().map(|value| ValueRef::Int(*value)))
            .chain(self.floats.iter().map(|value| ValueRef::Float(*value)))
            .chain(self.dates.iter().map(|value| ValueRef::DateTime(*value)))
            .chain(texts.map(ValueRef::Text))
            .chain(self.lists.iter().map(|list| ValueRef::List(list.as_ref())))
            .chain(self.maps.iter().map(|map| ValueRef::Map(map.as_ref())))
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.null)
            + self.bools.len()
            + self.ints.len()
            + self.floats.len()
            + self.dates.len()
            + self.texts.ends.len()
            + self.lists.len()
            + self.maps.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value number `n`, counted from 0. O(1).
    #[must_use]
    #[inline]
    pub fn value(&self, n: u32) -> Option<ValueRef<'_>> {
        let mut n = n as usize;
        let mut within = |len: usize| {
            let found = n < len;
            if !found {
                n -= len;
            }
            found
        };
        if within(usize::from(self.null)) {
            Some(ValueRef::Null)
        } else if within(self.bools.len()) {
            self.bools.get(n).map(|value| ValueRef::Bool(*value))
        } else if within(self.ints.len()) {
            self.ints.get(n).map(|value| ValueRef::Int(*value))
        } else if within(self.floats.len()) {
            self.floats.get(n).map(|value| ValueRef::Float(*value))
        } else if within(self.dates.len()) {
            self.dates.get(n).map(|value| ValueRef::DateTime(*value))
        } else if within(self.texts.ends.len()) {
            self.texts.get(n).map(ValueRef::Text)
        } else if within(self.lists.len()) {
            self.lists.get(n).map(|list| ValueRef::List(list.as_ref()))
        } else {
            self.maps.get(n).map(|map| ValueRef::Map(map.as_ref()))
        }
    }

    /// The number ranges of the kinds. The values of one range compare with each other in a filter,
    /// except lists and maps.
    pub(crate) fn kinds(&self) -> [Range<usize>; KINDS] {
        let mut start = 0;
        [
            usize::from(self.null),
            self.bools.len(),
            self.ints.len(),
            self.floats.len(),
            self.dates.len(),
            self.texts.ends.len(),
            self.lists.len(),
            self.maps.len(),
        ]
        .map(|len| {
            let kind = start..start + len;
            start = kind.end;
            kind
        })
    }
}
