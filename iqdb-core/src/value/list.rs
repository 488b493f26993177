//! What lists of values do, owned and borrowed.

use std::fmt;

use super::bytes::Elements;
use super::decode;
use super::{List, ListRef, ListRepr, TOO_DEEP, TooDeep, Value, ValueRef};
use crate::limits::PAYLOAD_DEPTH_MAX;

impl List {
    /// A list of these. O(their size).
    #[must_use]
    pub fn new(values: Vec<Value>) -> Self {
        match values.iter().all(|value| value.depth() <= PAYLOAD_DEPTH_MAX) {
            true => Self(Ok(values)),
            false => Self(Err(TooDeep)),
        }
    }

    /// The elements in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Value] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The elements in order, without a copy.
    #[must_use]
    pub fn into_vec(self) -> Vec<Value> {
        self.0.unwrap_or_default()
    }

    /// The elements in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.as_slice().iter()
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

impl Default for List {
    fn default() -> Self {
        Self(Ok(Vec::new()))
    }
}

impl From<Vec<Value>> for List {
    fn from(values: Vec<Value>) -> Self {
        Self::new(values)
    }
}

impl<V: Into<Value>> FromIterator<V> for List {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self::new(values.into_iter().map(Into::into).collect())
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for List {
    type Item = Value;
    type IntoIter = std::vec::IntoIter<Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.into_vec().into_iter()
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl<'a> ListRef<'a> {
    /// Lends `values` as a list.
    #[must_use]
    pub fn new(values: &'a [Value]) -> Self {
        Self(ListRepr::Values(values))
    }

    /// The elements in order.
    #[must_use]
    pub fn iter(self) -> impl ExactSizeIterator<Item = ValueRef<'a>> {
        match self.0 {
            ListRepr::Values(values) => Iter::Values(values.iter()),
            ListRepr::Encoded(elements) => Iter::Encoded(elements),
            ListRepr::TooDeep => Iter::Values([].iter()),
        }
    }

    /// How many elements there are. O(1).
    #[must_use]
    pub fn len(self) -> usize {
        match self.0 {
            ListRepr::Values(values) => values.len(),
            ListRepr::Encoded(elements) => elements.len(),
            ListRepr::TooDeep => 0,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it was to be deeper than [`PAYLOAD_DEPTH_MAX`], and so holds nothing.
    pub(super) fn is_too_deep(self) -> bool {
        matches!(self.0, ListRepr::TooDeep)
    }
}

impl PartialEq for ListRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_too_deep() == other.is_too_deep() && self.iter().eq(other.iter())
    }
}

impl fmt::Debug for ListRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_too_deep() {
            true => f.write_str(TOO_DEEP),
            false => f.debug_list().entries(self.iter()).finish(),
        }
    }
}

enum Iter<'a> {
    Values(std::slice::Iter<'a, Value>),
    Encoded(Elements<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = ValueRef<'a>;

    fn next(&mut self) -> Option<ValueRef<'a>> {
        match self {
            Self::Values(values) => values.next().map(Value::as_ref),
            Self::Encoded(elements) => elements.take(decode::take_value),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match self {
            Self::Values(values) => values.len(),
            Self::Encoded(elements) => elements.len(),
        };
        (len, Some(len))
    }
}

impl ExactSizeIterator for Iter<'_> {}
