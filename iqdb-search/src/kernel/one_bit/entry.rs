//! The safe entry points of the one-bit kernels. Each checks the shapes that it is given, and
//! dispatches with one match to the kernel that is compiled for the instruction set.

use super::{BLOCK_ROWS, CHUNK_GROUPS, GROUP_BYTES, TERM_BYTES, model};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
#[cfg(target_arch = "aarch64")]
use super::neon;
use crate::kernel::isa::Isa;

/// How sums of bytes become estimates, and which rows are kept.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BlockCut {
    /// The inner product of a step of the table, and of a sum of 0.
    pub(crate) step: f32,
    pub(crate) base: f32,
    /// How many of its errors a row may be nearer than its estimate.
    pub(crate) reach: f32,
    /// Rows are kept that may be nearer than this.
    pub(crate) below: f32,
}

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

/// The terms behind the codes of a block.
#[inline(always)]
pub(super) fn terms_of(block: &[u8], codes: usize) -> [u16; 3 * BLOCK_ROWS] {
    let mut terms = [0; 3 * BLOCK_ROWS];
    let bytes = block[codes..codes + TERM_BYTES].as_chunks::<2>().0;
    for (term, bytes) in terms.iter_mut().zip(bytes) {
        *term = u16::from_le_bytes(*bytes);
    }
    terms
}

/// Adds up the sums of each chunk of groups by `sums_of`, whose sums fit 16 bits.
#[inline(always)]
pub(super) fn sum_chunks(
    codes: &[u8],
    table: &[u8],
    sums_of: impl Fn(&[u8], &[u8]) -> [u16; BLOCK_ROWS],
) -> [u32; BLOCK_ROWS] {
    let mut sums = [0; BLOCK_ROWS];
    let chunk = CHUNK_GROUPS * GROUP_BYTES;
    for (codes, table) in codes.chunks(chunk).zip(table.chunks(chunk)) {
        for (sum, more) in sums.iter_mut().zip(sums_of(codes, table)) {
            *sum += u32::from(more);
        }
    }
    sums
}
