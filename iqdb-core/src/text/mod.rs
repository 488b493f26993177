//! Text fields: from the text of a payload to the terms that a column carries.

mod analyzer;
mod fold;
mod segments;
mod tables;
mod terms;

pub use analyzer::Analyzer;
pub use terms::{Terms, Token, Tokens};

pub(crate) use terms::compute;
