//! `.npy` files with the rows of a matrix, read in portions and trusted in nothing.
//!
//! A file is held against its own length before anything is allocated: the magic, the length of
//! the header, and rows × columns × item size. What is read is `f32`, `f16`, `int32`,
//! `int8` or `uint8`, little-endian, in C order, of two dimensions.
//!
//! The header is read here and not by the `npyz` crate, because that one trusts what it reads. As
//! measured with npyz 0.9.1: a shape whose product passes 2^64 panics in a debug build and counts
//! as no rows at all in a release build, and a header of 44 brackets keeps the parser busy for 15
//! seconds, twice as long for each further bracket.

mod element;
mod file;
mod header;
mod literal;
mod reader;
#[cfg(test)]
mod tests;

pub use element::Element;
pub use file::open;
pub use header::HEADER_BYTES_MAX;
pub use reader::NpyReader;
