//! Which records a query for text hits, and their scores: from the terms of every live record.

use super::{Terms, TextQuery, TextStatistics, Token};
use crate::{Error, ErrorKind, Result};

/// Collects the records that a query may hit, with what their scores depend on.
///
/// Every live record of the snapshot that has the field is [added](Self::add), in any order; then
/// [`scores`](Self::scores) has the hits. Reused, it keeps its memory.
#[derive(Debug, Default)]
pub struct TextMatches {
    matcher: Matcher,
    statistics: TextStatistics,
    /// How many records have each unit.
    with_unit: Vec<u64>,
    rows: Vec<Row>,
    /// How often each of `rows` has each unit.
    tf: Vec<u32>,
    /// The weight of each unit.
    weights: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    key: u64,
    len: u64,
}

impl TextMatches {
    /// Forgets all records, and gets ready for a query.
    pub fn begin(&mut self, query: &TextQuery) {
        self.statistics = TextStatistics::default();
        self.with_unit.clear();
        self.with_unit.resize(query.units().len(), 0);
        self.rows.clear();
        self.tf.clear();
    }

    /// Adds a live record, by the bytes of its column. If `is_wanted`, and the query hits it, it is one of
    /// [`scores`](Self::scores), known by `key`. O(bytes).
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] for bytes that no text has.
    pub fn add(
        &mut self,
        query: &TextQuery,
        bytes: &[u8],
        key: u64,
        is_wanted: bool,
    ) -> Result<()> {
        let terms = Terms::new(bytes)?;
        self.statistics.records += 1;
        self.statistics.words = self.statistics.words.saturating_add(terms.words());
        let first = self.tf.len();
        self.tf.resize(first + query.units().len(), 0);
        let tf = &mut self.tf[first..];
        self.matcher.count(query, terms, tf)?;
        for (count, tf) in self.with_unit.iter_mut().zip(&*tf) {
            *count += u64::from(*tf > 0);
        }
        if is_wanted && query.matches(tf) {
            self.rows.push(Row { key, len: terms.words() });
        } else {
            self.tf.truncate(first);
        }
        Ok(())
    }

    /// How many records have been added, and their words.
    #[must_use]
    pub fn statistics(&self) -> TextStatistics {
        self.statistics
    }

    /// The wanted records that the query hits, each by its key with its score, in the order in which they
    /// were added. Every record has been added.
    pub fn scores(&mut self, query: &TextQuery) -> impl ExactSizeIterator<Item = (u64, f64)> {
        let Self { statistics, with_unit, rows, tf, weights, .. } = self;
        let (statistics, bm25, units) = (*statistics, query.bm25(), query.units());
        weights.clear();
        weights.extend(with_unit.iter().map(|n| statistics.weight(*n)));
        rows.iter().enumerate().map(move |(n, row)| {
            let tf = &tf[n * units.len()..][..units.len()];
            let mut score = 0.0;
            for ((unit, weight), tf) in units.iter().zip(&*weights).zip(tf) {
                if unit.is_scored() && *tf > 0 {
                    score += bm25.part(statistics, *weight, u64::from(*tf), row.len);
                }
            }
            (row.key, score)
        })
    }
}

/// Counts the units of a query in the terms of a text.
#[derive(Debug, Default)]
struct Matcher {
    /// The terms looked for that the text has: the text's number of each, and the query's.
    known: Vec<(u64, usize)>,
    /// Where in the text terms of phrases are: the position, and the query's number.
    places: Vec<(u64, usize)>,
}

impl Matcher {
    /// Counts into `tf`, by unit, which is 0 everywhere.
    fn count(&mut self, query: &TextQuery, terms: Terms<'_>, tf: &mut [u32]) -> Result<()> {
        let lookup = query.lookup();
        self.known.clear();
        self.places.clear();
        let (mut number, mut position) = (0, 0);
        for token in terms.tokens() {
            let found = match token? {
                Token::New(term) => {
                    let found = lookup.find(term);
                    self.known.extend(found.map(|found| (number, found)));
                    number += 1;
                    found
                }
                Token::Again(again) if again >= number => {
                    return Err(Error::new(ErrorKind::Damaged, "a text repeats a term it hasn't"));
                }
                Token::Again(again) => {
                    let known = self.known.iter().find(|(known, _)| *known == again);
                    known.map(|(_, found)| *found)
                }
                Token::Gap => None,
            };
            if let Some(found) = found {
                if let Some(unit) = lookup.unit(found) {
                    tf[unit] = tf[unit].saturating_add(1);
                }
                if lookup.is_in_phrase(found) {
                    self.places.push((position, found));
                }
            }
            position += 1;
        }
        for (phrase, unit) in lookup.phrases() {
            let count = self.places.windows(phrase.len()).filter(|places| begins(places, phrase));
            tf[unit] = u32::try_from(count.count()).unwrap_or(u32::MAX);
        }
        Ok(())
    }
}

/// Whether a phrase begins at the first of as many places.
fn begins(places: &[(u64, usize)], phrase: &[usize]) -> bool {
    let mut expected = places[0].0..;
    let is_next = |((position, term), wanted): (&(u64, usize), &usize)| {
        expected.next() == Some(*position) && term == wanted
    };
    places.iter().zip(phrase).all(is_next)
}

#[cfg(test)]
mod tests;
