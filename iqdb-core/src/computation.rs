//! What core can compute of a payload.

use std::fmt;

use crate::text::{self, Analyzer};
use crate::{Error, ErrorKind, Path, PayloadRef, Result};

/// How the column of a computed field is made of a payload. A store keeps the bytes as it keeps a
/// payload, lends them as [`RowsRef::Bytes`](crate::RowsRef), and knows nothing else of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Computation {
    /// The [terms](text::Terms) of the text, or of the list of texts, that the field's
    /// [source](crate::Field::source) leads to. A record without a text there lacks the field.
    Text(Analyzer),
    /// The length of the text at the key of the field's name, or of each text in the list there:
    /// 4 bytes each, little-endian. A record with anything else there lacks the field. For tests of
    /// backends: it stands for every computation.
    #[cfg(feature = "testing")]
    TextLengths,
}

impl Computation {
    /// Its name with its version, by which a format of files knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text(analyzer) => analyzer.name(),
            #[cfg(feature = "testing")]
            Self::TextLengths => "text_lengths/1",
        }
    }

    /// The computation of this name.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] for one that this build doesn't have.
    pub fn from_name(name: &str) -> Result<Self> {
        if let Some(analyzer) = Analyzer::from_name(name) {
            return Ok(Self::Text(analyzer));
        }
        match name {
            #[cfg(feature = "testing")]
            "text_lengths/1" => Ok(Self::TextLengths),
            _ => Err(Error::new(ErrorKind::NotSupported, "this build can't compute such a field")
                .found(format_args!("{name:?}"))
                .hint("open it with the version and the cargo features that made it")),
        }
    }

    /// Appends the bytes that a field of this source has for a record with this payload, and returns true;
    /// or returns false for a record that lacks the field, and leaves `out` alone.
    pub(crate) fn compute(
        self,
        source: &Path,
        payload: &PayloadRef<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        match self {
            Self::Text(analyzer) => text::compute(analyzer, source, payload, out),
            #[cfg(feature = "testing")]
            Self::TextLengths => text_lengths(source.first_key()?, payload, out),
        }
    }
}

/// `text, ` and the analyzer, or `computed, ` and the name.
impl fmt::Display for Computation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(analyzer) => write!(f, "text, {analyzer}"),
            #[cfg(feature = "testing")]
            Self::TextLengths => write!(f, "computed, {}", self.name()),
        }
    }
}

#[cfg(feature = "testing")]
fn text_lengths(key: &str, payload: &PayloadRef<'_>, out: &mut Vec<u8>) -> Result<bool> {
    use crate::ValueRef;
    let mut push = |text: &str| {
        out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    };
    match payload.get(key)? {
        Some(ValueRef::Text(text)) => push(text),
        Some(ValueRef::List(list)) => {
            for item in list.iter() {
                if let ValueRef::Text(text) = item {
                    push(text);
                }
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}
