//! Analyzers: how a text becomes terms.

use std::fmt;
use std::str::FromStr;

use super::fold::Folder;
use super::segments::words;
#[cfg(feature = "stemming")]
use super::stems;
use crate::{Error, ErrorKind, Result};

/// How the texts of a field, and the words of a query, become terms. It is part of the schema, and what it
/// makes of a text never changes: its name has a version, and a better one gets another.
///
/// | name | terms |
/// |---|---|
/// | `english/1`, `german/1` | the words of `words/1` without the most frequent ones of the language, as their stems by Snowball's algorithm; with the cargo feature `stemming` |
/// | `words/1` | the words of Unicode 15.0 (UAX #29) that hold a letter or a digit, in lower case and NFKC (`toNFKC_Casefold`); of scripts without spaces, Han, kana, Hangul and Thai say, each two neighbouring letters |
///
/// Words between which a frequent one was dropped are next to each other, in texts and in phrases.
///
/// ```
/// use iqdb_core::Analyzer;
///
/// let mut terms = Vec::new();
/// Analyzer::words().terms("The Fox, can't: ﬁnd 東京都!", |term| terms.push(term.to_owned()));
/// assert_eq!(terms, ["the", "fox", "can't", "find", "東京", "京都"]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Analyzer(Kind);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    #[cfg(feature = "stemming")]
    English1,
    #[cfg(feature = "stemming")]
    German1,
    Words1,
}

const ALL: &[Kind] = &[
    #[cfg(feature = "stemming")]
    Kind::English1,
    #[cfg(feature = "stemming")]
    Kind::German1,
    Kind::Words1,
];

impl Analyzer {
    /// `words/1`: words as they are, in lower case and NFKC.
    #[must_use]
    pub const fn words() -> Self {
        Self(Kind::Words1)
    }

    /// `english/1`: stems of English words, without stop words. With the cargo feature `stemming`.
    #[cfg(feature = "stemming")]
    #[must_use]
    pub const fn english() -> Self {
        Self(Kind::English1)
    }

    /// `german/1`: stems of German words, without stop words. With the cargo feature `stemming`.
    #[cfg(feature = "stemming")]
    #[must_use]
    pub const fn german() -> Self {
        Self(Kind::German1)
    }

    /// Its name with its version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(feature = "stemming")]
            Kind::English1 => "english/1",
            #[cfg(feature = "stemming")]
            Kind::German1 => "german/1",
            Kind::Words1 => "words/1",
        }
    }

    /// The analyzer of this name with its version, if this build has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|analyzer| analyzer.name() == name)
    }

    /// Those of this build.
    fn all() -> impl DoubleEndedIterator<Item = Self> {
        ALL.iter().copied().map(Self)
    }

    /// Calls `each` with every term of a text, in order. O(bytes).
    pub fn terms(self, text: &str, each: impl FnMut(&str)) {
        Analysis::new(self).terms(text, each);
    }
}

/// An analyzer at work, which keeps its memory from one text to the next.
#[derive(Debug)]
pub(super) struct Analysis {
    analyzer: Analyzer,
    folder: Folder,
}

impl Analysis {
    pub(super) fn new(analyzer: Analyzer) -> Self {
        Self { analyzer, folder: Folder::default() }
    }

    pub(super) fn terms(&mut self, text: &str, each: impl FnMut(&str)) {
        let folded = self.folder.fold(text);
        match self.analyzer.0 {
            #[cfg(feature = "stemming")]
            Kind::English1 => stems::ENGLISH.stems(folded, each),
            #[cfg(feature = "stemming")]
            Kind::German1 => stems::GERMAN.stems(folded, each),
            Kind::Words1 => words(folded, each),
        }
    }
}

/// The name with its version.
impl fmt::Display for Analyzer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A name with its version, or without it for the latest one.
impl FromStr for Analyzer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let without_version =
            |analyzer: &Self| analyzer.name().split_once('/').is_some_and(|(name, _)| name == text);
        Self::from_name(text).or(Self::all().rfind(without_version)).ok_or_else(|| {
            let names: Vec<_> = Self::all().map(Self::name).collect();
            let error = Error::new(ErrorKind::NotSupported, "this build has no such analyzer")
                .expected(names.join(", "))
                .found(format_args!("{text:?}"));
            match cfg!(feature = "stemming") {
                true => error,
                false => error.hint("english and german take the cargo feature `stemming`"),
            }
        })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Analyzer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Analyzer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| {
            serde::de::Error::custom(format_args!("this build has no analyzer {name:?}"))
        })
    }
}

#[cfg(test)]
mod tests;
