//! Kernels of our own: written once over the registers of an instruction set, and the only place
//! in this crate with `unsafe` in it, but for the memory in `pages`.
//!
//! What is outside calls the safe methods of [`Lanes`], which check every shape and can only be
//! called on an instruction set that was found on the machine. A call works through a whole list
//! of rows, so that the choice of instructions costs nothing.
//!
//! # What has to hold inside
//! - A [`Lanes`] of an instruction set exists only where the machine has it: its field is private
//!   to this module, and [`Lanes::avx512`] and the others ask the processor.
//! - A [`Tile`] or [`Panel`] exists only with a valid shape: their fields are private to this
//!   folder, and `new` checks that every listed row lies within the components.
//! - The same holds for what [`codes`] lends: a `Sieve`, and a `Sheet` or what it is put together to.
//! - The generic kernels in `rows`, `panel`, `keep` and `codes` are `#[inline(always)]` and called
//!   from the functions of [`entry`] and of that in `codes` alone, which enable the instruction set
//!   that the register type needs.

mod bound;
mod entry;
mod keep;
mod panel;
mod register;
mod rows;
pub(super) mod simsimd;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod canonical;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

pub(crate) use bound::{Bound, Cut, Margin};
pub(crate) use panel::{Panel, Survivor};
pub(crate) use rows::{Scores, Tile};

/// How many rows [`Lanes::keep`] looks at in one call.
pub(crate) const KEEP_ROWS: usize = 64;

/// An instruction set that this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lanes(Isa);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Isa {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

impl Lanes {
    /// AVX-512F with 16 lanes, where the machine has it.
    pub(crate) fn avx512() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx512f") {
            return Some(Self(Isa::Avx512));
        }
        None
    }

    /// AVX2 and FMA with 8 lanes, where the machine has both.
    pub(crate) fn avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            return Some(Self(Isa::Avx2));
        }
        None
    }

    /// NEON with 4 lanes, which every 64-bit Arm machine has.
    pub(crate) fn neon() -> Option<Self> {
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            return Some(Self(Isa::Neon));
        }
        None
    }

    /// Plain Rust, for every machine.
    pub(crate) fn portable() -> Self {
        Self(Isa::Portable)
    }

    /// The widest that the machine has.
    pub(crate) fn best() -> Self {
        Self::avx512().or_else(Self::avx2).or_else(Self::neon).unwrap_or_else(Self::portable)
    }

    /// The queries of a panel of `registers` registers.
    pub(crate) fn panel_width(self, registers: usize) -> usize {
        let lanes = match self.0 {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => 16,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => 8,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => 4,
            Isa::Portable => 4,
        };
        registers * lanes
    }

    /// The registers of the widest panel: as many as leave room for the sums of a group of rows.
    pub(crate) fn panel_registers(self) -> usize {
        match self.0 {
            // 8 rows of 3 sums each, in 32 registers.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => 3,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => 3,
            // 6 or 4 rows of 2 sums each, in 16 registers.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => 2,
            Isa::Portable => 2,
        }
    }
}
