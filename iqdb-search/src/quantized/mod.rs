//! Quantization: codes of rows that exclude most rows for a tenth of the bytes.
//!
//! A sealed block keeps its rows a second time, quantized to codes of four bits a component
//! ([`codes`], made by [`build`]); the upper three bits are a code of their own. A search codes each
//! query in eight bits ([`query_codes`]). The quantization error of a row is known exactly: it is
//! the angle between the row and its code. By the triangle inequality between angles, the inner
//! product of the two codes, an integer, bounds how near the row can be ([`bound`]). The scan skips
//! a row that can't be near enough, and scores every other row as a scan without codes does, so the
//! answer is the canonical one. The proof is in `docs/certified-scan.md`.
//!
//! ```text
//! encode ─▶ build ─▶ codes ─▶ query_codes      rows in four bits, a block at a time
//! query ─▶ bound ─▶ query_codes                queries in eight bits, and what they exclude
//! ```

mod bound;
mod build;
mod center;
mod codes;
mod encode;
mod query;
mod query_codes;
mod sidecar;
#[cfg(test)]
mod tests;

pub(crate) use build::prepare;
pub(crate) use codes::Codes;
pub(crate) use query_codes::QueryCodes;
