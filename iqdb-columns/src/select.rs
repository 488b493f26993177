//! Which rows match a condition: decided once per value, then looked up row by row.

use std::cmp::Ordering;
use std::ops::Range;

use iqdb_core::filter::Comparison;
use iqdb_core::{Narrow, Predicate, ValueRef};

use super::{Codes, Field};

/// Up to this many values a condition that is no range is decided for each of them beforehand, if
/// there are at least as many rows to be asked.
const VALUES_MAX: usize = 4_096;

/// The codes of the values that match: a few ranges.
#[derive(Default)]
struct Ranges {
    /// Each kind of value gives at most two.
    ranges: [Range<u32>; 12],
    len: usize,
}

impl Ranges {
    /// Adds the values of these numbers, which come after all that were added before.
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

impl Field {
    pub(super) fn select(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> bool {
        if let Some(ranges) = self.ranges(leaf) {
            match &ranges.ranges[..ranges.len] {
                // One range is by far the most common, and one comparison per row.
                [only] => self.codes.retain_range(mask, only),
                _ => self.codes.retain(mask, |code| ranges.contains(code)),
            }
            return true;
        }
        if self.dictionary.len() > VALUES_MAX.min(mask.mask().count()) {
            return false;
        }
        let mut bits = [0_u64; VALUES_MAX / 64 + 1];
        for code in 1..=self.dictionary.len() {
            let matches = self.value(code - 1).is_some_and(|value| leaf.matches_value(value));
            bits[code / 64] |= u64::from(matches) << (code % 64);
        }
        self.codes.retain(mask, |code| bits[code as usize / 64] >> (code % 64) & 1 == 1);
        true
    }

    /// The values that match, where they are ranges of the dictionary.
    fn ranges(&self, leaf: &Predicate) -> Option<Ranges> {
        let mut ranges = Ranges::default();
        for kind in self.dictionary.kinds() {
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

    /// Adds what compares to `value` as asked, among the values of one kind.
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
            // Then no value of this kind has an order with it.
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

    #[allow(clippy::cast_possible_truncation, reason = "a number above is no value either")]
    fn value(&self, n: usize) -> Option<ValueRef<'_>> {
        self.dictionary.value(n as u32)
    }

    /// The first number in `range` whose value `is` not so; all that are so come first.
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

impl Codes {
    fn retain(&self, mask: &mut Narrow<'_>, keep: impl Fn(u32) -> bool) {
        match self {
            Self::U8(codes) => retain_codes(codes, mask, |code| keep(code.into())),
            Self::U16(codes) => retain_codes(codes, mask, |code| keep(code.into())),
            Self::U32(codes) => retain_codes(codes, mask, keep),
        }
    }

    /// Compares codes as they are: the narrower they are, the more at once.
    #[allow(clippy::cast_possible_truncation, reason = "codes count from 1 and fit their type")]
    fn retain_range(&self, mask: &mut Narrow<'_>, range: &Range<u32>) {
        let (start, len) = (range.start, range.end - range.start);
        match self {
            Self::U8(codes) => {
                let (start, len) = (start as u8, len as u8);
                retain_codes(codes, mask, |code| code.wrapping_sub(start) < len);
            }
            Self::U16(codes) => {
                let (start, len) = (start as u16, len as u16);
                retain_codes(codes, mask, |code| code.wrapping_sub(start) < len);
            }
            Self::U32(codes) => retain_codes(codes, mask, |code| code.wrapping_sub(start) < len),
        }
    }
}

/// Keeps the rows of `mask` for whose code `keep` returns true. `codes` has one code per row, in the
/// order of the rows; a row beyond its end is not kept. `keep` is called for every row that has a
/// code, kept so far or not. Allocates nothing. O(rows).
pub fn retain_codes<C: Copy>(codes: &[C], mask: &mut Narrow<'_>, keep: impl Fn(C) -> bool) {
    mask.retain_words(|first, _| {
        let codes = codes.get(first..).unwrap_or_default();
        match codes.first_chunk::<64>() {
            Some(codes) => bits_of(&codes.map(|code| u8::from(keep(code)))),
            None => codes
                .iter()
                .enumerate()
                .fold(0, |rows, (n, code)| rows | u64::from(keep(*code)) << n),
        }
    });
}

/// Bit n is flag number n, each of which is 0 or 1.
fn bits_of(flags: &[u8; 64]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    eights.iter().enumerate().fold(0, |bits, (n, eight)| {
        // Brings each byte's lowest bit to its place in the highest byte; no two meet anywhere.
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits | gathered << (8 * n)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_bits() {
        let mut random = fastrand::Rng::with_seed(1);
        for bits in [0, 1, 1 << 63, u64::MAX].into_iter().chain((0..1_000).map(|_| random.u64(..)))
        {
            let flags = std::array::from_fn(|n| (bits >> n & 1) as u8);
            assert_eq!(bits_of(&flags), bits);
        }
    }
}
