//! Which rows match a condition: evaluated once per value of the dictionary, then compared by code.

use std::cmp::Ordering;
use std::ops::Range;

use iqdb_core::filter::Comparison;
use iqdb_core::{Narrow, Predicate, ValueRef};

use crate::dictionary::KINDS;
use crate::key_column::KeyColumn;

/// The largest dictionary for whose values a condition that is not a range of codes is evaluated one
/// by one. A dictionary with more values than there are rows left in the mask isn't, either.
const VALUES_MAX: usize = 4_096;

/// The codes of the values that match, as ranges.
#[derive(Default)]
struct Ranges {
    /// Each kind of value gives at most two.
    ranges: [Range<u32>; 2 * KINDS],
    len: usize,
}

impl Ranges {
    /// Adds the codes of these values, numbered from 0, which come after those added before.
    #[allow(clippy::cast_possible_truncation, reason = "a code fits 32 bits")]
    fn add(&mut self, values: Range<usize>) {
        if values.is_empty() {
            return;
        }
        // Codes count from 1.
        let codes = values.start as u32 + 1..values.end as u32 + 1;
        match self.ranges[..self.len].last_mut() {
            Some(last) if last.end == codes.start => last.end = codes.end,
            _ => {
                self.ranges[self.len] = codes;
                self.len += 1;
            }
        }
    }

    fn contains(&self, code: u32) -> bool {
        self.ranges[..self.len].iter().any(|range| range.contains(&code))
    }
}

impl KeyColumn {
    /// Narrows `mask` to the rows that match `leaf` and returns true; or returns false and leaves it
    /// alone, where evaluating the condition row by row is at least as fast.
    pub(crate) fn select(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> bool {
        if let Some(ranges) = self.ranges(leaf) {
            match &ranges.ranges[..ranges.len] {
                // One range is by far the most common, and one comparison per row.
                [only] => self.codes().retain_range(mask, only),
                _ => self.codes().retain(mask, |code| ranges.contains(code)),
            }
            return true;
        }
        if self.dictionary().len() > VALUES_MAX.min(mask.mask().count()) {
            return false;
        }
        let mut bits = [0_u64; VALUES_MAX / 64 + 1];
        for code in 1..=self.dictionary().len() {
            let matches = self.value(code - 1).is_some_and(|value| leaf.matches_first(value));
            bits[code / 64] |= u64::from(matches) << (code % 64);
        }
        self.codes().retain(mask, |code| bits[code as usize / 64] >> (code % 64) & 1 == 1);
        true
    }

    /// The codes that match a condition that selects ranges of a sorted dictionary; `None` for any
    /// other condition, and for one on values inside the key's lists and maps.
    fn ranges(&self, leaf: &Predicate) -> Option<Ranges> {
        leaf.path()?.as_key()?;
        let mut ranges = Ranges::default();
        for kind in self.dictionary().kinds() {
            match leaf {
                Predicate::Compare { comparison, value, .. } => {
                    self.compared(*comparison, value.as_ref(), kind, &mut ranges);
                }
                Predicate::StartsWith { prefix, .. } => {
                    if self.value(kind.start).and_then(bytes).is_some() {
                        let prefix = prefix.as_bytes();
                        let start = self.partition(kind.clone(), |value: ValueRef<'_>| {
                            bytes(value).is_some_and(|text| text < prefix)
                        });
                        let end = self.partition(start..kind.end, |value: ValueRef<'_>| {
                            bytes(value).is_some_and(|text| text.starts_with(prefix))
                        });
                        ranges.add(start..end);
                    }
                }
                Predicate::Exists { .. } => ranges.add(kind),
                Predicate::IsNull { .. } => {
                    if self.value(kind.start) == Some(ValueRef::Null) {
                        ranges.add(kind);
                    }
                }
                _ => return None,
            }
        }
        Some(ranges)
    }

    /// Adds the values among those of one kind for which `comparison` with `value` holds.
    fn compared(
        &self,
        comparison: Comparison,
        value: ValueRef<'_>,
        kind: Range<usize>,
        ranges: &mut Ranges,
    ) {
        let Some(first) = self.value(kind.start) else {
            return;
        };
        if first.compare(value).is_none() {
            // No value of this kind is ordered with `value`.
            if comparison.holds(None) {
                ranges.add(kind);
            }
            return;
        }
        let is = |order| move |found: ValueRef<'_>| found.compare(value) == Some(order);
        let start = self.partition(kind.clone(), is(Ordering::Less));
        let end = self.partition(start..kind.end, is(Ordering::Equal));
        for (part, order) in [
            (kind.start..start, Ordering::Less),
            (start..end, Ordering::Equal),
            (end..kind.end, Ordering::Greater),
        ] {
            if comparison.holds(Some(order)) {
                ranges.add(part);
            }
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "a dictionary has fewer than 2^32 values")]
    fn value(&self, n: usize) -> Option<ValueRef<'_>> {
        self.dictionary().value(n as u32)
    }

    /// The first number in `range` for whose value `is` returns false; it returns true for all values
    /// before. A binary search.
    fn partition(&self, range: Range<usize>, is: impl Fn(ValueRef<'_>) -> bool) -> usize {
        let (mut start, mut end) = (range.start, range.end);
        while start < end {
            let middle = start.midpoint(end);
            match self.value(middle).is_some_and(&is) {
                true => start = middle + 1,
                false => end = middle,
            }
        }
        start
    }
}

/// The bytes of a string.
fn bytes(value: ValueRef<'_>) -> Option<&[u8]> {
    match value {
        ValueRef::Text(text) => Some(text.as_bytes()),
        _ => None,
    }
}
