//! The certified scan: it proves from a tenth of the bytes which rows cannot be hits.
//!
//! A sealed block keeps its rows a second time, quantized to codes of four bits a component
//! ([`codes`]); the upper three bits are a code of their own. A search codes each query in eight
//! bits ([`query`]). The quantization error of a row is known exactly: it is the angle between the
//! row and its code. By the triangle inequality between angles, the inner product of the two codes,
//! an integer, bounds how near the row can be ([`cone`]). The scan skips a row that can't be near
//! enough, and scores every other row as a plain scan does, so the answer is the canonical one. The
//! proof is in `docs/certified-scan.md`.

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
