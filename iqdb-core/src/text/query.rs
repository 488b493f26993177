//! Queries for text: what a person types, read.

use std::fmt;

use super::lookup::Lookup;
use super::{Analyzer, Bm25};
use crate::limits::TEXT_QUERY_BYTES_MAX;
use crate::{Computation, Error, ErrorKind, FieldKind, Location, Result, Schema};

/// A question to a text field.
///
/// | written | means |
/// |---|---|
/// | `red fox` | records with any of the words |
/// | `"red fox"` | the words in this order, next to each other: a unit of its own |
/// | `+red`, `+"red fox"` | counts as without `+`, and a hit must have it |
/// | `-red`, `-"red fox"` | no hit has it; counts nothing |
///
/// Parts are separated by spaces, and `+` or `-` stands directly before its part. What the field's analyzer
/// makes of a part counts: a part of several words stands for each of them, after `+` a hit has them all,
/// and after `-` no hit does. A part without words counts as not written. A phrase of one word is that
/// word. What is written twice counts once. How hits are ranked, [`ranking`](super::ranking) says.
///
/// ```
/// use iqdb_core::Analyzer;
/// use iqdb_core::text::TextQuery;
///
/// let query = TextQuery::parse(r#"Fox +red "lazy dog" -cat"#, Analyzer::words())?;
/// assert_eq!(query.to_string(), r#"fox +red "lazy dog" -cat"#);
/// assert!(TextQuery::parse("-cat", Analyzer::words()).is_err());
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TextQuery {
    analyzer: Analyzer,
    bm25: Bm25,
    units: Vec<Unit>,
    /// For each part behind a `-`, the units that no hit has all of.
    excluded: Vec<Vec<usize>>,
    lookup: Lookup,
}

/// A word or a phrase of a [`TextQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    terms: Vec<Box<str>>,
    is_scored: bool,
    is_required: bool,
}

impl Unit {
    /// The terms, one after the other: more than one for a phrase.
    #[must_use]
    pub fn terms(&self) -> impl ExactSizeIterator<Item = &str> {
        self.terms.iter().map(|term| &**term)
    }

    /// Whether it counts for the score. Else it is there to be excluded.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.is_scored
    }

    /// Whether every hit has it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.is_required
    }
}

/// A part of what was written: the analyzer's units of it.
struct Part {
    sign: Sign,
    units: Vec<Vec<Box<str>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Sign {
    Any,
    Must,
    Not,
}

impl TextQuery {
    /// Reads a query for a field with this analyzer. O(bytes · log bytes).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for a quote that is not closed, for parts with words of which all are
    /// behind a `-`, and for a text above [`TEXT_QUERY_BYTES_MAX`].
    pub fn parse(text: &str, analyzer: Analyzer) -> Result<Self> {
        if text.len() > TEXT_QUERY_BYTES_MAX {
            return Err(invalid("a query for text is too long")
                .expected(format_args!("at most {TEXT_QUERY_BYTES_MAX} bytes"))
                .found(format_args!("{} bytes", text.len())));
        }
        let mut parts = parts(text, analyzer)?;
        parts.retain(|part| !part.units.is_empty());
        if !parts.is_empty() && parts.iter().all(|part| part.sign == Sign::Not) {
            return Err(invalid("a query for text only excludes")
                .expected("a word or a phrase without `-`")
                .found(format_args!("{text:?}"))
                .hint("a filter alone is asked by count, scroll or records"));
        }
        Ok(Self::of_parts(parts, analyzer))
    }

    fn of_parts(parts: Vec<Part>, analyzer: Analyzer) -> Self {
        let mut all: Vec<Vec<Box<str>>> =
            parts.iter().flat_map(|part| part.units.iter().cloned()).collect();
        // The words by their bytes, then the phrases by those of their words.
        all.sort_unstable_by(|a, b| (a.len() > 1, a).cmp(&(b.len() > 1, b)));
        all.dedup();
        let unit = |terms| Unit { terms, is_scored: false, is_required: false };
        let mut units: Vec<Unit> = all.into_iter().map(unit).collect();
        let mut excluded = Vec::new();
        for part in parts {
            let place = |terms: &Vec<Box<str>>| {
                let key = (terms.len() > 1, terms);
                units.binary_search_by(|unit| (unit.terms.len() > 1, &unit.terms).cmp(&key)).ok()
            };
            let mut places: Vec<usize> = part.units.iter().filter_map(place).collect();
            if part.sign == Sign::Not {
                places.sort_unstable();
                places.dedup();
                excluded.push(places);
                continue;
            }
            for place in places {
                units[place].is_scored = true;
                units[place].is_required |= part.sign == Sign::Must;
            }
        }
        let lookup = Lookup::new(units.iter().map(|unit| unit.terms.as_slice()));
        excluded.sort_unstable();
        excluded.dedup();
        Self { analyzer, bm25: Bm25::default(), units, excluded, lookup }
    }

    /// Reads a query for a text field of a schema; without a name, the default field.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse); [`ErrorKind::UnknownField`]; [`ErrorKind::ElementMismatch`] for a field
    /// that is not one of text.
    pub fn of(schema: &Schema, field: Option<&str>, text: &str) -> Result<Self> {
        let id = field.map_or_else(|| schema.default_field(), |name| schema.field(name))?;
        let field = &schema.fields()[id.index()];
        match field.kind() {
            FieldKind::Computed(Computation::Text(analyzer)) => Self::parse(text, analyzer),
            kind => Err(Error::new(ErrorKind::ElementMismatch, "the field has no texts")
                .with_field(field.name())
                .expected("a text field")
                .found(format_args!("a field that is {kind}"))),
        }
    }

    /// The query with other parameters of the ranking.
    #[must_use]
    pub fn with_bm25(mut self, bm25: Bm25) -> Self {
        self.bm25 = bm25;
        self
    }

    /// The analyzer that it was read for.
    #[must_use]
    pub fn analyzer(&self) -> Analyzer {
        self.analyzer
    }

    /// The parameters of the ranking.
    #[must_use]
    pub fn bm25(&self) -> Bm25 {
        self.bm25
    }

    /// The words in the order of their bytes, then the phrases. Scores are summed in this order.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The units, by their places in [`units`](Self::units), that no hit has all of, for each part that is
    /// excluded.
    #[must_use]
    pub fn excluded(&self) -> &[Vec<usize>] {
        &self.excluded
    }

    pub(super) fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// Whether a record may be a hit that has each unit this often. O(units).
    #[must_use]
    pub fn matches(&self, tf: &[u32]) -> bool {
        let mut is_any = false;
        for (unit, tf) in self.units.iter().zip(tf) {
            if unit.is_required && *tf == 0 {
                return false;
            }
            is_any |= unit.is_scored && *tf > 0;
        }
        let has_all = |places: &Vec<usize>| places.iter().all(|place| tf[*place] > 0);
        is_any && !self.excluded.iter().any(has_all)
    }
}

/// Reads the parts.
fn parts(text: &str, analyzer: Analyzer) -> Result<Vec<Part>> {
    let (mut parts, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let (sign, body) = match rest.as_bytes()[0] {
            b'+' => (Sign::Must, &rest[1..]),
            b'-' => (Sign::Not, &rest[1..]),
            _ => (Sign::Any, rest),
        };
        let (units, behind) = match body.strip_prefix('"') {
            Some(quoted) => {
                let Some((phrase, behind)) = quoted.split_once('"') else {
                    let column = text[..text.len() - quoted.len()].chars().count();
                    return Err(invalid("a phrase has no end")
                        .at(Location::Column(column))
                        .expected("another `\"`")
                        .found("the end"));
                };
                let terms = terms(phrase, analyzer);
                (if terms.is_empty() { Vec::new() } else { vec![terms] }, behind)
            }
            None => {
                let end = body.find(char::is_whitespace).unwrap_or(body.len());
                let words = terms(&body[..end], analyzer).into_iter().map(|term| vec![term]);
                (words.collect(), &body[end..])
            }
        };
        parts.push(Part { sign, units });
        rest = behind.trim_start();
    }
    Ok(parts)
}

fn terms(text: &str, analyzer: Analyzer) -> Vec<Box<str>> {
    let mut terms: Vec<Box<str>> = Vec::new();
    analyzer.terms(text, |term| terms.push(term.into()));
    terms
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}

/// A spelling of it: what analyzing has left, in the order of the units, then what is excluded.
impl fmt::Display for TextQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spelled = |unit: &Unit| match unit.terms.as_slice() {
            [word] => word.to_string(),
            phrase => format!("\"{}\"", phrase.join(" ")),
        };
        let mut separator = "";
        for unit in self.units.iter().filter(|unit| unit.is_scored) {
            let sign = if unit.is_required { "+" } else { "" };
            write!(f, "{separator}{sign}{}", spelled(unit))?;
            separator = " ";
        }
        for places in &self.excluded {
            let all: Vec<String> =
                places.iter().map(|place| spelled(&self.units[*place])).collect();
            write!(f, "{separator}-{}", all.join("&"))?;
            separator = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
