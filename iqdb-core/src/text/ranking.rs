//! How texts are ranked: BM25, exactly.
//!
//! The score of a record is the sum over the query's *units*, each a word or a phrase, of
//!
//! ```text
//! ln(1 + (N − n + ½) / (n + ½)) · tf · (k1 + 1) / (tf + k1 · (1 − b + b · len · N / total))
//! ```
//!
//! - `N` counts the live records of the snapshot that have the field, `n` those of them that have the unit,
//!   and `total` the words of all of them. No filter changes these numbers.
//! - `len` counts the words of the record, and `tf` how often it has the unit: of a phrase, at how many
//!   positions it begins.
//!
//! All of it is `f64`, computed from left to right as written, with the logarithm of
//! [`ln`]. The units are summed in their order: the words by their bytes, then the phrases by
//! the bytes of their words, one after the other. So a score has the same bits wherever it is computed. A
//! hit's distance is `0.0 − score`.

use super::ln;
use crate::{Error, ErrorKind, Result};

/// The parameters of BM25.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bm25 {
    /// How much it counts that a word comes again: 0 or more.
    pub k1: f64,
    /// How much a text's length counts, from 0 to 1.
    pub b: f64,
}

impl Default for Bm25 {
    fn default() -> Self {
        Self { k1: 1.2, b: 0.75 }
    }
}

/// What a score depends on beside its record: `N` and `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextStatistics {
    /// The records that have the field.
    pub records: u64,
    /// Their words.
    pub words: u64,
}

impl Bm25 {
    /// Checks that the parameters give scores.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for a `k1` below 0 or above a million, or a `b` outside of 0 to 1.
    pub fn check(self) -> Result<()> {
        let Self { k1, b } = self;
        if (0.0..=1e6).contains(&k1) && (0.0..=1.0).contains(&b) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InvalidQuery, "BM25 has no such parameters")
            .expected("k1 from 0 to a million, and b from 0 to 1")
            .found(format_args!("k1 {k1}, b {b}")))
    }

    /// What one unit adds to a score, of the weight that [`TextStatistics::weight`] gives it.
    #[must_use]
    #[inline]
    pub fn part(self, of: TextStatistics, weight: f64, tf: u64, len: u64) -> f64 {
        let Self { k1, b } = self;
        let (tf, len) = (tf as f64, len as f64);
        let (records, total) = (of.records as f64, of.words as f64);
        weight * tf * (k1 + 1.0) / (tf + k1 * (1.0 - b + b * len * records / total))
    }
}

impl TextStatistics {
    /// The weight of a unit that `n` records have: the logarithm.
    #[must_use]
    pub fn weight(self, n: u64) -> f64 {
        ln(1.0 + (self.records.saturating_sub(n) as f64 + 0.5) / (n as f64 + 0.5))
    }
}
