//! Scores of rows in `f32`, and canonical distances: kernels written once over the registers of an
//! instruction set ([`register`]), by rows for one query ([`rows`]) and by panels for many
//! ([`panel`]).
//!
//! Rows are of any [`Component`]; each register type knows how to [`Load`](register::Load) them.
//!
//! Other modules call the safe methods of [`FloatKernel`]. A call works through a whole list of
//! rows, so that the dispatch to an instruction set costs nothing. [`bound`] proves from which
//! score on a row is no hit.
//!
//! # What makes the unsafe code sound
//! - A [`FloatKernel`] exists only where the machine has its instruction set: its field is private,
//!   and its constructors ask [`Isa`](crate::kernel::isa::Isa).
//! - A [`Tile`] or [`Panel`] exists only with a valid shape: their fields are private to their
//!   modules, and `new` checks that every listed row lies within the components.
//! - The generic kernels in `rows`, `panel` and `keep` are `#[inline(always)]` and called from the
//!   functions of [`entry`] alone, which enable the instruction set that the register type needs.

mod bound;
mod component;
#[allow(unsafe_code)]
mod entry;
#[allow(unsafe_code)]
mod keep;
#[allow(unsafe_code)]
mod panel;
#[allow(unsafe_code)]
mod register;
#[allow(unsafe_code)]
mod rows;
pub(super) mod simsimd;

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx512;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod canonical;
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)]
mod neon;
#[allow(unsafe_code)]
mod portable;

pub(crate) use bound::{Cut, Margin, ScoreBound, ScoreForm};
pub(crate) use component::Component;
pub(crate) use entry::{FloatKernel, KEEP_ROWS};
pub(crate) use panel::{Panel, Survivor};
pub(crate) use rows::{Scores, Tile};
