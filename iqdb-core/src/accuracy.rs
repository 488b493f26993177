//! How exact an answer has to be, and how exact it is.

use std::fmt;

use crate::{Error, ErrorKind, Result};

/// How exact an answer has to be.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Accuracy {
    /// Every hit, bit for bit.
    #[default]
    Exact,
    /// A search may miss hits, never invent them: the mean share of the exact answer's hits that it
    /// finds, over queries like those that it was tuned on. Above 0; 1 is exact. A search may do
    /// better.
    Recall(f32),
}

impl Accuracy {
    /// Checks that it can be asked for.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for a recall that is not above 0 and at most 1.
    pub fn check(self) -> Result<()> {
        match self {
            Self::Recall(recall) if !(recall > 0.0 && recall <= 1.0) => {
                Err(Error::new(ErrorKind::InvalidQuery, "there is no such recall")
                    .expected("above 0 and at most 1")
                    .found(recall))
            }
            Self::Exact | Self::Recall(_) => Ok(()),
        }
    }

    /// Whether every hit is wanted.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self == Self::Exact || self == Self::Recall(1.0)
    }
}

/// How exact an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Verdict {
    /// A function of the snapshot and the query alone: every hit, bit for bit.
    #[default]
    Exact,
    /// Hits may be missing.
    Estimated {
        /// The mean share of the exact answer's hits that such an answer has.
        recall: f32,
        /// What the answer depends on besides the snapshot and the query: with the same epoch it is
        /// the same. `None` when the engine can't name its state, so that the answer may differ
        /// next time.
        epoch: Option<u128>,
    },
}

impl Verdict {
    /// Whether no hit is missing.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self == Self::Exact
    }
}

/// `exact` or `recall about 0.95`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::Estimated { recall, .. } => write!(f, "recall about {recall:.3}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recall_is_above_0_and_at_most_1() {
        for recall in [f32::MIN_POSITIVE, 0.5, 1.0] {
            Accuracy::Recall(recall).check().unwrap();
        }
        for recall in [0.0, -0.5, 1.001, f32::NAN, f32::INFINITY] {
            let error = Accuracy::Recall(recall).check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        }
        assert!(Accuracy::Recall(1.0).is_exact() && !Accuracy::Recall(0.99).is_exact());
    }
}
