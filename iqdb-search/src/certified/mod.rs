//! The certified scan: which rows cannot be hits, from a tenth of the bytes.
//!
//! A sealed block's rows are kept once more as codes of four bits a component ([`codes`]), the upper
//! three of which are codes of their own, and a query is coded in eight bits ([`query`]). What a code
//! of a row is to its row is known exactly: the angle between them. By the triangle inequality between
//! angles, the inner product of the two codes, an integer, says how near the row can be at most
//! ([`cone`]). A row that can't be near enough is not looked at; every other one is scored as in a
//! plain scan. So the answer is the canonical one. The proof is in `docs/certified-scan.md`.

mod codes;
mod cone;
mod encode;
mod query;
mod saved;
#[cfg(test)]
mod tests;

pub(crate) use codes::Codes;
pub(crate) use cone::{Cone, Linear};
pub(crate) use query::CodedQueries;
