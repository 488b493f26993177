//! Text fields: from the text of a payload to the terms that a column carries, and from the words of a
//! query to the records that it hits.

mod analyzer;
mod fold;
mod logarithm;
mod lookup;
mod matching;
mod query;
pub mod ranking;
mod segments;
#[cfg(feature = "stemming")]
mod stems;
mod tables;
mod terms;

pub use analyzer::Analyzer;
pub use logarithm::ln;
pub use matching::TextMatches;
pub use query::{TextQuery, Unit};
pub use ranking::{Bm25, TextStatistics};
pub use terms::{Terms, Token, Tokens};

pub(crate) use terms::compute;
