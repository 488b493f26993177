//! The safe entry points of the one-bit kernels. Each checks the shapes that it is given, and
//! dispatches with one match to the kernel that is compiled for the instruction set.

use super::block::{BLOCK_ROWS, BlockCut, GROUP_BYTES, TERM_BYTES, terms_of};
use super::model;
#[cfg(target_arch = "aarch64")]
use super::neon;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::kernel::isa::Isa;

/// The one-bit kernel of an instruction set that this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OneBitKernel(Isa);

impl OneBitKernel {
    /// The kernel of the first of these instruction sets that the machine has, and the portable one
    /// if it has none.
    pub(crate) fn first_of(sets: &[Isa]) -> Self {
        Self(Isa::first_of(sets))
    }

    /// Bytes of a block of rows of `dim` components.
    pub(crate) fn block_bytes(dim: usize) -> usize {
        dim / 4 * GROUP_BYTES + TERM_BYTES
    }

    /// Writes the estimate of each row of a block, and returns a bit for each that the cut keeps.
    ///
    /// # Panics
    /// When the table is not of whole registers, or the block has not as many groups.
    #[inline]
    pub(crate) fn scan(
        self,
        block: &[u8],
        table: &[u8],
        cut: BlockCut,
        out: &mut [f32; BLOCK_ROWS],
    ) -> u32 {
        assert!(table.len().is_multiple_of(64), "a table of whole registers");
        assert!(block.len() >= table.len() + TERM_BYTES, "a block of the table's dimension");
        // SAFETY: the machine has the instruction set, or there would be no such kernel; the shapes
        // were just checked.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni => avx512::scan(block, table, cut, out),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 | Isa::Avx2 => avx2::scan(block, table, cut, out),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => neon::scan(block, table, cut, out),
                _ => portable(block, table, cut, out),
            }
        }
    }
}

/// The model as a kernel.
fn portable(block: &[u8], table: &[u8], cut: BlockCut, out: &mut [f32; BLOCK_ROWS]) -> u32 {
    let mut sums = [0; BLOCK_ROWS];
    model::add_sums(&block[..table.len()], table, &mut sums);
    model::estimates(&sums, &terms_of(block, table.len()), cut, out)
}
