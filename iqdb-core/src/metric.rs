//! The metrics, and what each of them measures.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

/// How near two vectors are. **Smaller is nearer, always.** The module [`distance`](crate::distance)
/// defines each to the last bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Metric {
    /// `1 - dot(a, b) / sqrt(dot(a, a) * dot(b, b))`: 0 for the same direction, 1 for a right
    /// angle, 2 for opposite directions. It is exactly 0 between a vector and itself; elsewhere
    /// rounding may pass either end by at most `dim * 2^-52`. A zero vector has no direction and
    /// is refused, in records and in queries.
    Cosine,
    /// `0.0 - dot(a, b)`: the negated inner product, any finite number. A dense zero vector is at
    /// distance 0 from everything. Sparse vectors that share no index are no hits of each other.
    Dot,
    /// `sqrt(sum((a - b)^2))`: 0 or more. A zero vector is the origin.
    Euclidean,
    /// How many bits differ: 0 to the dimension.
    Hamming,
    /// `1 - both / either`: of the bits set in either vector, the share that is not set in both; 0
    /// to 1. A zero vector is refused, in records and in queries.
    Jaccard,
}

impl Metric {
    /// Every metric, in the order of their declaration.
    pub const ALL: [Self; 5] =
        [Self::Cosine, Self::Dot, Self::Euclidean, Self::Hamming, Self::Jaccard];

    /// The metrics of vectors of numbers.
    pub const OF_NUMBERS: [Self; 3] = [Self::Cosine, Self::Dot, Self::Euclidean];

    /// The metrics of vectors of bits.
    pub const OF_BITS: [Self; 2] = [Self::Hamming, Self::Jaccard];

    /// The name: `cosine`, `dot`, `euclidean`, `hamming` or `jaccard`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Dot => "dot",
            Self::Euclidean => "euclidean",
            Self::Hamming => "hamming",
            Self::Jaccard => "jaccard",
        }
    }

    /// Whether a zero vector has no place under this metric.
    #[must_use]
    pub fn needs_direction(self) -> bool {
        matches!(self, Self::Cosine | Self::Jaccard)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Metric {
    type Err = Error;

    /// Reads the name that [`as_str`](Self::as_str) gives.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == text).ok_or_else(|| {
            Error::new(ErrorKind::InvalidSchema, "there is no such metric")
                .expected("cosine, dot, euclidean, hamming or jaccard")
                .found(format_args!("{text:?}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for metric in Metric::ALL {
            assert_eq!(metric.as_str().parse::<Metric>().unwrap(), metric);
        }
        assert_eq!("manhattan".parse::<Metric>().unwrap_err().kind(), ErrorKind::InvalidSchema);
    }
}
