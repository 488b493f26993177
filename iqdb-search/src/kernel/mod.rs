//! Kernels: fast scores that exclude rows, and canonical distances. No score decides an answer.
//!
//! A caller's choice ([`choice`]) and the instruction sets of the machine ([`isa`]) make an
//! [`engine`]. It scores rows by [`float`], compares codes by [`codes`], and counts bits by [`bits`].
//! An approximate search reads codes by [`one_bit`] and [`four_bit`], and computes what decides its
//! answer by [`lanes`], which has the same bits everywhere.
//! Rows of other numbers than `f32` are converted in its registers, or [widened](widen) before
//! panels and codes are made of them.

#[allow(unsafe_code)]
mod bits;
mod choice;
mod codes;
mod engine;
mod float;
mod four_bit;
mod isa;
mod lanes;
mod one_bit;
#[allow(unsafe_code)]
mod prefetch;
#[cfg(test)]
mod tests;
#[allow(unsafe_code)]
mod widen;

pub use self::choice::Kernel;
pub(crate) use self::codes::{
    AngleBound, BiasCorrection, CodeError, CodeKernel, CodeLine, CodePlanes, CodedQuery,
    GROUP_ROWS, GroupLayout, LINE_COMPONENTS, Linear, MergedCodes, Sums, is_below,
};
pub(crate) use self::engine::Engine;
pub(crate) use self::float::{
    Cut, FloatKernel, KEEP_ROWS, Margin, Panel, ScoreBound, ScoreForm, Survivor, Tile,
};
pub(crate) use self::four_bit::{FourBitKernel, UNIT, pack as pack_four_bits};
pub(crate) use self::isa::Isa;
pub(crate) use self::lanes::{LaneKernel, Quantized, ROUNDS, Table};
pub(crate) use self::one_bit::{
    BLOCK_ROWS, BlockCut, GROUP_BYTES, OneBitKernel, term as one_bit_term,
};
pub(crate) use self::prefetch::{prefetch_lines, prefetch_row};
pub(crate) use self::widen::Widen;
