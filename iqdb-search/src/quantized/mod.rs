//! The certified scan: it proves from a tenth of the bytes which rows cannot be hits.
//!
//! A sealed block keeps its rows a second time, quantized to codes of four bits a component
//! ([`codes`]); the upper three bits are a code of their own. A search codes each query in eight
//! bits ([`query`]). The quantization error of a row is known exactly: it is the angle between the
//! row and its code. By the triangle inequality between angles, the inner product of the two codes,
//! an integer, bounds how near the row can be ([`bound`]). The scan skips a row that can't be near
//! enough, and scores every other row as a plain scan does, so the answer is the canonical one. The
//! proof is in `docs/certified-scan.md`.

mod bound;
mod codes;
mod encode;
mod query;
mod sidecar;
#[cfg(test)]
mod tests;

pub(crate) use bound::{Cone, Linear};
pub(crate) use codes::Codes;
pub(crate) use query::CodedQueries;
