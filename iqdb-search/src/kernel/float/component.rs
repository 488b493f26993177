//! The components that every kernel of this architecture reads in place.

use iqdb_core::{Number, bf16, f16};

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::portable::Portable;
use super::register::Load;

/// A component of a row, which fills the registers of every instruction set.
pub(crate) trait Component: Number + Load<Portable> + LoadBySimd {
    /// The components themselves, where they are of `f32`.
    fn as_floats(_: &[Self]) -> Option<&[f32]> {
        None
    }
}

impl Component for f32 {
    fn as_floats(components: &[Self]) -> Option<&[f32]> {
        Some(components)
    }
}

impl Component for f16 {}
impl Component for bf16 {}
impl Component for i8 {}

/// What fills the registers of the instruction sets of this architecture.
#[cfg(target_arch = "x86_64")]
pub(crate) trait LoadBySimd: Load<Avx2> + Load<Avx512> {}
#[cfg(target_arch = "x86_64")]
impl<T: Load<Avx2> + Load<Avx512>> LoadBySimd for T {}

/// What fills the registers of the instruction sets of this architecture.
#[cfg(target_arch = "aarch64")]
pub(crate) trait LoadBySimd: Load<Neon> {}
#[cfg(target_arch = "aarch64")]
impl<T: Load<Neon>> LoadBySimd for T {}

/// What fills the registers of the instruction sets of this architecture, of which no kernel knows
/// one.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) trait LoadBySimd {}
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
impl<T> LoadBySimd for T {}
