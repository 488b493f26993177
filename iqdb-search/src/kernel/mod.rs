//! Fast scores that exclude rows. A kernel never decides an answer.
//!
//! `float` computes scores of rows, and `codes` inner products of codes; `engine` chooses among
//! them.

#[allow(unsafe_code)]
mod codes;
mod engine;
#[allow(unsafe_code)]
mod float;
#[allow(unsafe_code)]
mod prefetch;

pub(crate) use self::codes::{
    Coded, GROUP, LINE_COMPONENTS, Line, Shape, Sheet, Sieve, Starts, Sums, below,
};
pub use self::engine::Kernel;
pub(crate) use self::engine::{Engine, Form};
pub(crate) use self::float::{Bound, Cut, KEEP_ROWS, Lanes, Margin, Panel, Survivor, Tile};
pub(crate) use self::prefetch::fetch;
