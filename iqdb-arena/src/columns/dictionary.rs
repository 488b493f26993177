//! The distinct values of one field, sorted, so that a comparison is a range of them.

use std::ops::Range;

use iqdb_core::{ListRef, Value, ValueRef};

/// Distinct values by kind: null, booleans, integers, floats, strings, lists, in this order. Within
/// a kind they are sorted, but for lists, which have no order. Two values are one only if they have
/// the same kind and the same bits: what was stored comes back.
pub(super) struct Dictionary {
    null: bool,
    bools: Box<[bool]>,
    ints: Box<[i64]>,
    floats: Box<[f64]>,
    texts: Texts,
    lists: Box<[Box<[Value]>]>,
}

/// Strings one after the other, and where each ends.
struct Texts {
    bytes: Box<str>,
    ends: Box<[u32]>,
}

impl Texts {
    fn get(&self, n: usize) -> Option<&str> {
        let start = match n.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start as usize..*self.ends.get(n)? as usize)
    }
}

impl Dictionary {
    /// From distinct values, sorted by kind and value.
    ///
    /// Returns `None` when the strings are too long together to be numbered in 32 bits.
    pub(super) fn new(sorted: &[ValueRef<'_>]) -> Option<Self> {
        let mut bytes = String::new();
        let mut ends = Vec::new();
        let (mut null, mut bools, mut ints) = (false, Vec::new(), Vec::new());
        let (mut floats, mut lists) = (Vec::new(), Vec::new());
        for value in sorted {
            match value {
                ValueRef::Null => null = true,
                ValueRef::Bool(value) => bools.push(*value),
                ValueRef::Int(value) => ints.push(*value),
                ValueRef::Float(value) => floats.push(*value),
                ValueRef::Text(text) => {
                    bytes.push_str(text);
                    ends.push(u32::try_from(bytes.len()).ok()?);
                }
                ValueRef::List(list) => lists.push(list.iter().map(ValueRef::to_value).collect()),
            }
        }
        Some(Self {
            null,
            bools: bools.into(),
            ints: ints.into(),
            floats: floats.into(),
            texts: Texts { bytes: bytes.into(), ends: ends.into() },
            lists: lists.into(),
        })
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        usize::from(self.null)
            + self.bools.len()
            + self.ints.len()
            + self.floats.len()
            + self.texts.ends.len()
            + self.lists.len()
    }

    /// Value number `n`.
    pub(super) fn value(&self, n: u32) -> Option<ValueRef<'_>> {
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
        } else if within(self.texts.ends.len()) {
            self.texts.get(n).map(ValueRef::Text)
        } else {
            self.lists.get(n).map(|list| ValueRef::List(ListRef::new(list)))
        }
    }

    /// The numbers of each kind's values. Within a range all values compare with each other, but
    /// for lists.
    pub(super) fn kinds(&self) -> [Range<usize>; 6] {
        let mut start = 0;
        [
            usize::from(self.null),
            self.bools.len(),
            self.ints.len(),
            self.floats.len(),
            self.texts.ends.len(),
            self.lists.len(),
        ]
        .map(|len| {
            let kind = start..start + len;
            start = kind.end;
            kind
        })
    }
}
