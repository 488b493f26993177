//! One code per row, as narrow as the number of values allows, and rows selected by their codes.

use std::ops::Range;

use iqdb_core::Narrow;

/// One code per row: 0 where the key is absent, else the number of its value in the dictionary,
/// counted from 1. As narrow as the dictionary allows.
#[derive(Debug)]
pub enum Codes {
    /// Of a dictionary of up to 255 values.
    U8(Box<[u8]>),
    /// Of a dictionary of 256 to 65,535 values.
    U16(Box<[u16]>),
    /// Of a larger dictionary.
    U32(Box<[u32]>),
}

impl Codes {
    /// Codes of a dictionary of `max` values, in the width that it takes.
    #[allow(clippy::cast_possible_truncation, reason = "no code is above `max`")]
    pub(crate) fn of(codes: impl Iterator<Item = u32>, max: usize) -> Self {
        match Self::width_for(max) {
            1 => Self::U8(codes.map(|code| code as u8).collect()),
            2 => Self::U16(codes.map(|code| code as u16).collect()),
            _ => Self::U32(codes.collect()),
        }
    }

    /// The width of the codes for `values` values: 1, 2 or 4 bytes.
    #[must_use]
    pub fn width_for(values: usize) -> usize {
        if u8::try_from(values).is_ok() {
            1
        } else if u16::try_from(values).is_ok() {
            2
        } else {
            4
        }
    }

    /// Bytes per code: 1, 2 or 4.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::U8(_) => 1,
            Self::U16(_) => 2,
            Self::U32(_) => 4,
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(codes) => codes.len(),
            Self::U16(codes) => codes.len(),
            Self::U32(codes) => codes.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code of a row; `None` beyond the last row. O(1).
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<u32> {
        match self {
            Self::U8(codes) => codes.get(row).map(|code| u32::from(*code)),
            Self::U16(codes) => codes.get(row).map(|code| u32::from(*code)),
            Self::U32(codes) => codes.get(row).copied(),
        }
    }

    /// Keeps the rows for whose code `keep` returns true.
    pub(crate) fn retain(&self, mask: &mut Narrow<'_>, keep: impl Fn(u32) -> bool) {
        match self {
            Self::U8(codes) => retain_codes(codes, mask, |code| keep(code.into())),
            Self::U16(codes) => retain_codes(codes, mask, |code| keep(code.into())),
            Self::U32(codes) => retain_codes(codes, mask, keep),
        }
    }

    /// Keeps the rows whose code is in `range`. Compares codes in their own width: the narrower they
    /// are, the more of them fit a vector register.
    #[allow(clippy::cast_possible_truncation, reason = "codes count from 1 and fit their type")]
    pub(crate) fn retain_range(&self, mask: &mut Narrow<'_>, range: &Range<u32>) {
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

/// Gathers 64 flags, each of which is 0 or 1, into a word: bit n is flag number n.
fn bits_of(flags: &[u8; 64]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    eights.iter().enumerate().fold(0, |bits, (n, eight)| {
        // The product moves the lowest bit of byte n to bit n of the highest byte. No two of the moved
        // bits share a position, so none carries.
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
