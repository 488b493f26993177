//! What maps from keys to values do, owned and borrowed.

use std::fmt;

use super::bytes::Elements;
use super::decode;
use super::{Map, MapRef, MapRepr, TOO_DEEP, TooDeep, Value, ValueRef};
use crate::limits::PAYLOAD_DEPTH_MAX;

impl Map {
    /// A map without keys. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(Ok(Vec::new()))
    }

    /// The map with `key` set, replacing an earlier value.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }

    /// Sets `key`; returns the value it had. O(size of the value), and O(log keys) for a key that is
    /// there or comes after all others, else O(keys).
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        if value.depth() > PAYLOAD_DEPTH_MAX {
            self.0 = Err(TooDeep);
        }
        let found = self.find(&key);
        let entries = self.0.as_mut().ok()?;
        match found {
            Ok(n) => Some(std::mem::replace(&mut entries[n].1, value)),
            Err(n) => {
                entries.insert(n, (key, value));
                None
            }
        }
    }

    /// Removes `key`; returns the value it had. O(keys).
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let n = self.find(key).ok()?;
        self.0.as_mut().ok().map(|entries| entries.remove(n).1)
    }

    /// The value of `key`. O(log keys).
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.find(key).ok().map(|n| &self.entries()[n].1)
    }

    /// Where `key` is, or where it would go.
    fn find(&self, key: &str) -> Result<usize, usize> {
        self.entries().binary_search_by(|(name, _)| name.as_str().cmp(key))
    }

    fn entries(&self) -> &[(String, Value)] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The keys in their order, each with its value.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries().iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

/// Of several values of a key the last counts.
impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value.into()));
        let mut entries: Vec<(String, Value)> = entries.collect();
        if entries.iter().any(|(_, value)| value.depth() > PAYLOAD_DEPTH_MAX) {
            return Self(Err(TooDeep));
        }
        // Stable, so that of several values of a key the last stays last, and stays.
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                std::mem::swap(&mut later.1, &mut earlier.1);
            }
            is_same
        });
        Self(Ok(entries))
    }
}

/// The keys in their order.
impl IntoIterator for Map {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.unwrap_or_default().into_iter()
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl<'a> MapRef<'a> {
    /// The value of `key`. O(log keys), or O(keys) where the map is encoded.
    #[must_use]
    pub fn get(self, key: &str) -> Option<ValueRef<'a>> {
        match self.0 {
            MapRepr::Entries(entries) => {
                let n = entries.binary_search_by(|(name, _)| name.as_str().cmp(key)).ok()?;
                Some(entries[n].1.as_ref())
            }
            _ => self.iter().find(|(name, _)| *name == key).map(|(_, value)| value),
        }
    }

    /// The keys in their order, each with its value.
    #[must_use]
    pub fn iter(self) -> impl ExactSizeIterator<Item = (&'a str, ValueRef<'a>)> {
        match self.0 {
            MapRepr::Entries(entries) => Iter::Entries(entries.iter()),
            MapRepr::Encoded(elements) => Iter::Encoded(elements),
            MapRepr::TooDeep => Iter::Entries([].iter()),
        }
    }

    /// How many keys there are. O(1).
    #[must_use]
    pub fn len(self) -> usize {
        match self.0 {
            MapRepr::Entries(entries) => entries.len(),
            MapRepr::Encoded(elements) => elements.len(),
            MapRepr::TooDeep => 0,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it was to be deeper than [`PAYLOAD_DEPTH_MAX`], and so holds nothing.
    pub(super) fn is_too_deep(self) -> bool {
        matches!(self.0, MapRepr::TooDeep)
    }
}

impl PartialEq for MapRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_too_deep() == other.is_too_deep() && self.iter().eq(other.iter())
    }
}

impl fmt::Debug for MapRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_too_deep() {
            true => f.write_str(TOO_DEEP),
            false => f.debug_map().entries(self.iter()).finish(),
        }
    }
}

enum Iter<'a> {
    Entries(std::slice::Iter<'a, (String, Value)>),
    Encoded(Elements<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Entries(entries) => {
                entries.next().map(|(key, value)| (key.as_str(), value.as_ref()))
            }
            Self::Encoded(elements) => elements.take(decode::take_entry),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match self {
            Self::Entries(entries) => entries.len(),
            Self::Encoded(elements) => elements.len(),
        };
        (len, Some(len))
    }
}

impl ExactSizeIterator for Iter<'_> {}
