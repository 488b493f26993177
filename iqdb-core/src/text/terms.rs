//! The column of a text field: the terms of a record's text, in order, as bytes.
//!
//! ```text
//! words                       how many there are: the length that ranking counts
//! token, for each word        2 · bytes, then a term that comes for the first time
//!                             2 · number + 1, for the term that came first as this number, from 0
//!                             0, before a word that another text of a list begins with: a gap
//! ```
//!
//! Numbers are LEB128: 7 bits a byte, the lowest first, the top bit set in all bytes but the last. A term's
//! frequency is how often it comes, and a word's position how many words and gaps are before it.

use super::analyzer::{Analysis, Analyzer};
use crate::{Error, ErrorKind, Path, PayloadRef, Result, ValueRef};

/// Appends the terms of the texts that `source` leads to, and returns true; or returns false, and appends
/// nothing, where it leads to none. A list is read as its texts, one behind the other.
///
/// # Errors
/// Whatever reading the payload reports.
pub(crate) fn compute(
    analyzer: Analyzer,
    source: &Path,
    payload: &PayloadRef<'_>,
    out: &mut Vec<u8>,
) -> Result<bool> {
    let Some(first) = payload.get(source.first_key()?)? else { return Ok(false) };
    let mut writer = Writer::new(analyzer);
    source.any(first, |value| {
        match value {
            ValueRef::Text(text) => writer.push(text),
            ValueRef::List(list) => {
                for item in list.iter() {
                    if let ValueRef::Text(text) = item {
                        writer.push(text);
                    }
                }
            }
            _ => {}
        }
        false
    });
    if writer.texts == 0 {
        return Ok(false);
    }
    put_number(out, writer.words);
    out.extend_from_slice(&writer.tokens);
    Ok(true)
}

/// Collects the terms of texts.
struct Writer {
    analysis: Analysis,
    texts: usize,
    words: usize,
    tokens: Vec<u8>,
    distinct: Distinct,
}

impl Writer {
    fn new(analyzer: Analyzer) -> Self {
        let analysis = Analysis::new(analyzer);
        Self { analysis, texts: 0, words: 0, tokens: Vec::new(), distinct: Distinct::default() }
    }

    fn push(&mut self, text: &str) {
        let Self { analysis, texts, words, tokens, distinct } = self;
        *texts += 1;
        let mut has_gap = *words > 0;
        analysis.terms(text, |term| {
            *words += 1;
            if has_gap {
                put_number(tokens, 0);
                has_gap = false;
            }
            match distinct.find_or_insert(tokens, term.as_bytes()) {
                Some(number) => put_number(tokens, 2 * number + 1),
                None => {
                    put_number(tokens, 2 * term.len());
                    distinct.push(tokens.len(), term.len());
                    tokens.extend_from_slice(term.as_bytes());
                }
            }
        });
    }
}

/// The terms that have come, by where they are among the tokens: a hash table with open addressing.
#[derive(Default)]
struct Distinct {
    /// Where each term starts, and its length.
    places: Vec<(usize, usize)>,
    /// 1 + the number of a term, or 0.
    slots: Vec<usize>,
    /// The slot of the term that `find_or_insert` has not found.
    free: usize,
}

impl Distinct {
    /// The number of a term. If it has none, the next `push` gives it one.
    fn find_or_insert(&mut self, tokens: &[u8], term: &[u8]) -> Option<usize> {
        if self.places.len() * 2 >= self.slots.len() {
            self.grow(tokens);
        }
        let mut slot = hash(term) & (self.slots.len() - 1);
        while let Some(number) = self.slots[slot].checked_sub(1) {
            let (start, len) = self.places[number];
            if &tokens[start..start + len] == term {
                return Some(number);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.free = slot;
        None
    }

    fn push(&mut self, start: usize, len: usize) {
        self.places.push((start, len));
        self.slots[self.free] = self.places.len();
    }

    fn grow(&mut self, tokens: &[u8]) {
        let len = (self.slots.len() * 4).max(64);
        self.slots.clear();
        self.slots.resize(len, 0);
        for (number, &(start, len)) in self.places.iter().enumerate() {
            let mut slot = hash(&tokens[start..start + len]) & (self.slots.len() - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = number + 1;
        }
    }
}

/// FNV-1a, folded. What it gives decides the speed alone.
fn hash(bytes: &[u8]) -> usize {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    }
    let folded = (hash ^ (hash >> 32)) & u64::from(u32::MAX);
    usize::try_from(folded).unwrap_or(0)
}

fn put_number(out: &mut Vec<u8>, mut number: usize) {
    let low = |number: usize| number.to_le_bytes()[0];
    while number >= 0x80 {
        out.push(low(number) | 0x80);
        number >>= 7;
    }
    out.push(low(number));
}

/// The terms of one record's text, as its column has them.
///
/// ```
/// use iqdb_core::text::{Terms, Token};
/// use iqdb_core::{Analyzer, Payload, PayloadRef, Schema};
///
/// let schema = Schema::builder().text("body", Analyzer::words()).build()?;
/// let payload = Payload::new().with("body", vec!["Ba ba", "black"]);
/// let mut bytes = Vec::new();
/// assert!(schema.fields()[0].compute(&PayloadRef::from(&payload), &mut bytes)?);
/// let terms = Terms::new(&bytes)?;
/// assert_eq!(terms.words(), 3);
/// let tokens = terms.tokens().collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(tokens, [Token::New(b"ba"), Token::Again(0), Token::Gap, Token::New(b"black")]);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    words: u64,
    tokens: &'a [u8],
}

/// A word of a text, or a gap between two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// A term that comes for the first time. The first one has number 0, the next new one number 1.
    New(&'a [u8]),
    /// The term of this number, again.
    Again(u64),
    /// A position that no word has.
    Gap,
}

impl<'a> Terms<'a> {
    /// The terms that these bytes of a column are. O(1).
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] for bytes that no text has.
    pub fn new(mut bytes: &'a [u8]) -> Result<Self> {
        let words = take_number(&mut bytes).ok_or_else(damaged)?;
        Ok(Self { words, tokens: bytes })
    }

    /// How many words the text has.
    #[must_use]
    pub fn words(&self) -> u64 {
        self.words
    }

    /// The words of the text in order, and the gaps between. O(bytes) for all of them.
    #[must_use]
    pub fn tokens(&self) -> Tokens<'a> {
        Tokens(self.tokens)
    }
}

/// The tokens of a text, in order. An iterator that has returned an error is at its end.
#[derive(Debug, Clone)]
pub struct Tokens<'a>(&'a [u8]);

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<Token<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let token = self.take();
        if token.is_none() {
            self.0 = &[];
        }
        Some(token.ok_or_else(damaged))
    }
}

impl<'a> Tokens<'a> {
    #[inline]
    fn take(&mut self) -> Option<Token<'a>> {
        let number = take_number(&mut self.0)?;
        if number % 2 == 1 {
            return Some(Token::Again(number / 2));
        }
        if number == 0 {
            return Some(Token::Gap);
        }
        let (term, rest) = self.0.split_at_checked(usize::try_from(number / 2).ok()?)?;
        self.0 = rest;
        Some(Token::New(term))
    }
}

#[inline]
fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    *bytes = rest;
    if first < 0x80 {
        return Some(first.into());
    }
    let mut number = u64::from(first & 0x7f);
    for shift in (7..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn damaged() -> Error {
    Error::new(ErrorKind::Damaged, "the terms of a text make no sense")
}

#[cfg(test)]
mod tests;
