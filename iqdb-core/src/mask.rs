//! Row masks: which rows of a block are still in question.

use std::fmt;
use std::ops::Range;

use fixedbitset::FixedBitSet;

/// A set of rows of one block, one bit each.
///
/// Liveness and the parts of a filter *narrow* a mask, one after the other: see [`Narrow`]. A mask
/// is reused from block to block and then allocates nothing.
#[derive(Clone, Default)]
pub struct RowMask {
    /// At least `len` bits; those from `len` on are clear.
    bits: FixedBitSet,
    len: usize,
}

impl RowMask {
    /// A mask over no rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes it a mask over `len` rows, all set. Allocates only when `len` is a new maximum.
    pub fn set_all(&mut self, len: usize) {
        self.set_range(len, 0..len);
    }

    /// Makes it a mask over `len` rows with those of `range` set. Allocates only when `len` is a
    /// new maximum.
    pub fn set_range(&mut self, len: usize, range: Range<usize>) {
        self.clear_all(len);
        let end = range.end.min(len);
        self.bits.insert_range(range.start.min(end)..end);
    }

    /// Makes it a mask over the rows of a packed column: row `n` of `range` is set where `from` has
    /// the block row `rows_of[n]`. Allocates only when there are more rows than ever before.
    pub fn gather(&mut self, from: &Self, rows_of: &[u32], range: Range<usize>) {
        self.clear_all(rows_of.len());
        let rows = rows_of.iter().enumerate().take(range.end).skip(range.start);
        for (n, row) in rows {
            if from.contains(*row as usize) {
                self.bits.insert(n);
            }
        }
    }

    /// Sets one row. A row outside the mask stays clear.
    pub fn set(&mut self, row: usize) {
        if row < self.len {
            self.bits.insert(row);
        }
    }

    /// Makes it a mask over `len` rows, all clear. Allocates only when `len` is a new maximum.
    pub fn clear_all(&mut self, len: usize) {
        self.bits.clear();
        self.bits.grow(len);
        self.len = len;
    }

    /// Makes it equal to `other`.
    pub fn copy_from(&mut self, other: &Self) {
        self.clear_all(other.len);
        self.bits.union_with(&other.bits);
    }

    /// Clears one row. A row outside the mask is clear already.
    pub fn clear(&mut self, row: usize) {
        if row < self.len {
            self.bits.remove(row);
        }
    }

    /// Whether a row is set. A row outside the mask is not.
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        self.bits.contains(row)
    }

    /// How many rows the mask is over.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the mask is over no rows at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many rows are set. O(len / 64).
    #[must_use]
    pub fn count(&self) -> usize {
        self.bits.count_ones(..)
    }

    /// How many rows of a range are set.
    #[must_use]
    pub fn count_in(&self, rows: Range<usize>) -> usize {
        let end = rows.end.min(self.len);
        self.bits.count_ones(rows.start.min(end)..end)
    }

    /// The rows that are set, in order.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.bits.ones()
    }

    /// The rows of a range that are set, in order. O(range / 64 + rows).
    pub fn rows_in(&self, range: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        const WORD: usize = usize::BITS as usize;
        let words = self.bits.as_slice();
        let mut index = range.start / WORD;
        let mut word =
            words.get(index).map_or(0, |word| word & (usize::MAX << (range.start % WORD)));
        std::iter::from_fn(move || {
            while word == 0 {
                index += 1;
                word = *words.get(index).filter(|_| index * WORD < range.end)?;
            }
            let row = index * WORD + word.trailing_zeros() as usize;
            word &= word - 1;
            (row < range.end).then_some(row)
        })
    }

    /// The sixteen rows from `first` on, a bit each from the lowest up; those outside the mask are clear. O(1).
    ///
    /// ```
    /// use iqdb_core::RowMask;
    ///
    /// let mut mask = RowMask::new();
    /// mask.set_range(100, 60..70);
    /// assert_eq!(mask.sixteen(57), 0b1_1111_1111_1000);
    /// ```
    #[must_use]
    pub fn sixteen(&self, first: usize) -> u16 {
        const WORD: usize = usize::BITS as usize;
        let words = self.bits.as_slice();
        let word = |index: usize| words.get(index).copied().unwrap_or(0);
        let (index, bit) = (first / WORD, first % WORD);
        let mut rows = word(index) >> bit;
        if bit > WORD - 16 {
            rows |= word(index + 1) << (WORD - bit);
        }
        // The bits above are those of later rows.
        #[allow(clippy::cast_possible_truncation)]
        {
            rows as u16
        }
    }

    /// Keeps the rows for which `keep` says so, asking about set rows only.
    ///
    /// # Errors
    /// The first error of `keep`; the mask is then partly narrowed.
    pub fn retain<E>(&mut self, mut keep: impl FnMut(usize) -> Result<bool, E>) -> Result<(), E> {
        let mut from = 0;
        while let Some(row) = self.next(from) {
            if !keep(row)? {
                self.bits.remove(row);
            }
            from = row + 1;
        }
        Ok(())
    }

    /// Keeps, 64 rows at a time, those for which `keep` says so. O(len / 64).
    ///
    /// `keep(first, rows)` gets rows `first..first + 64`, bit `n` standing for row `first + n`, and
    /// returns the bits to keep; those that were clear stay clear. `first` is a multiple of 64.
    /// Words without a set row are not asked about.
    ///
    /// ```
    /// use iqdb_core::RowMask;
    ///
    /// let mut mask = RowMask::new();
    /// mask.set_all(70);
    /// mask.retain_words(|first, _| if first == 0 { 0b101 } else { u64::MAX });
    /// assert!(mask.rows().eq([0, 2, 64, 65, 66, 67, 68, 69]));
    /// ```
    pub fn retain_words(&mut self, mut keep: impl FnMut(usize, u64) -> u64) {
        // A word is what the machine has, of 64 bits or fewer; it widens without loss.
        const WORD: usize = usize::BITS as usize;
        const WORDS: usize = 64 / WORD;
        for (n, words) in self.bits.as_mut_slice().chunks_mut(WORDS).enumerate() {
            let wide = |(i, word): (usize, &usize)| (*word as u64) << (i * WORD);
            let rows = words.iter().enumerate().map(wide).fold(0, std::ops::BitOr::bitor);
            if rows == 0 {
                continue;
            }
            let kept = rows & keep(n * 64, rows);
            for (i, word) in words.iter_mut().enumerate() {
                // The bits above are those of the next word.
                #[allow(clippy::cast_possible_truncation)]
                {
                    *word = (kept >> (i * WORD)) as usize;
                }
            }
        }
    }

    /// The first set row at or after `from`.
    pub(crate) fn next(&self, from: usize) -> Option<usize> {
        const WORD: usize = usize::BITS as usize;
        let words = self.bits.as_slice();
        let mut index = from / WORD;
        let mut word = words.get(index)? & (usize::MAX << (from % WORD));
        while word == 0 {
            index += 1;
            word = *words.get(index)?;
        }
        Some(index * WORD + word.trailing_zeros() as usize)
    }

    /// Keeps the rows that `other` has too.
    pub fn intersect(&mut self, other: &Self) {
        self.bits.intersect_with(&other.bits);
    }

    /// Clears the rows that `other` has.
    pub fn subtract(&mut self, other: &Self) {
        self.bits.difference_with(&other.bits);
    }

    /// Adds the rows that `other`, a mask over the same rows, has.
    pub(crate) fn unite(&mut self, other: &Self) {
        debug_assert_eq!(self.len, other.len, "two masks over the same rows");
        self.bits.union_with(&other.bits);
    }
}

/// A mask that can only lose rows: what a backend gets to work on.
///
/// Clearing is all that liveness and filters ever do, so they compose in any order, what is
/// excluded already isn't looked at twice, and no backend can bring a dead row back to life.
#[derive(Debug)]
pub struct Narrow<'a>(&'a mut RowMask);

impl<'a> Narrow<'a> {
    /// Lends a mask for narrowing.
    #[must_use]
    pub fn new(mask: &'a mut RowMask) -> Self {
        Self(mask)
    }

    /// Clears one row.
    pub fn clear(&mut self, row: usize) {
        self.0.clear(row);
    }

    /// Keeps the rows for which `keep` says so, asking about set rows only.
    ///
    /// # Errors
    /// The first error of `keep`; the mask is then partly narrowed.
    pub fn retain<E>(&mut self, keep: impl FnMut(usize) -> Result<bool, E>) -> Result<(), E> {
        self.0.retain(keep)
    }

    /// Keeps, 64 rows at a time, those for which `keep` says so: [`RowMask::retain_words`].
    pub fn retain_words(&mut self, keep: impl FnMut(usize, u64) -> u64) {
        self.0.retain_words(keep);
    }

    /// Keeps the rows that `other` has too.
    pub fn intersect(&mut self, other: &RowMask) {
        self.0.intersect(other);
    }

    /// Clears the rows that `other` has.
    pub fn subtract(&mut self, other: &RowMask) {
        self.0.subtract(other);
    }

    /// The mask as it is now.
    #[must_use]
    pub fn mask(&self) -> &RowMask {
        self.0
    }
}

impl PartialEq for RowMask {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.rows().eq(other.rows())
    }
}

impl Eq for RowMask {}

impl fmt::Debug for RowMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} rows ", self.count(), self.len)?;
        f.debug_set().entries(self.rows().take(32)).finish()
    }
}

#[cfg(test)]
mod tests;
