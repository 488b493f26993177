//! Codes of four bits in two planes: the upper three bits of each, and the lowest.
//!
//! Of four lines A, B, C and D, the first three keep their upper bits where they are, three in each
//! half of a byte. The free bits beside them take the upper bits of D, so that three lines hold all
//! upper bits; a fourth has the lowest bits. In each half of a byte, from the highest bit down:
//!
//! ```text
//! upper   a3 a2 a1 d1    b3 b2 b1 d2    c3 c2 c1 d3
//! lower   d0 c0 b0 a0
//! ```
//! Codes of three bits are those of four with a lowest bit of 0, and the lowest bits are codes as
//! well. So one kernel multiplies all of them, and the products of both planes add up to those of
//! the whole.

use super::line::{BLOCK_LINES, CodeLine, LINE_BYTES};

/// The lowest bit of both codes of a byte.
const LOWEST: u8 = 0x11;

/// Their upper bits.
const UPPER: u8 = 0xee;

/// Splits a block of four lines into three of upper bits and one of lowest bits.
pub(super) fn split([a, b, c, d]: &[CodeLine; BLOCK_LINES]) -> ([CodeLine; 3], CodeLine) {
    let upper = |line: &CodeLine, bit: u32| {
        let mut upper = *line;
        for (upper, d) in upper.0.iter_mut().zip(d.0) {
            *upper = *upper & UPPER | d >> bit & LOWEST;
        }
        upper
    };
    let mut lower = CodeLine::ZERO;
    for (bit, line) in [a, b, c, d].into_iter().enumerate() {
        for (lower, code) in lower.0.iter_mut().zip(line.0) {
            *lower |= (code & LOWEST) << bit;
        }
    }
    ([upper(a, 1), upper(b, 2), upper(c, 3)], lower)
}

/// A line in registers. A shift may bring bits over from the next byte.
///
/// # Safety
/// Every function may be called only where the processor has the instruction set of the type.
pub(super) trait Bits: Copy {
    /// Loads the bytes that begin at `from`.
    ///
    /// # Safety
    /// As many bytes as the type has need to be readable.
    unsafe fn load(from: *const u8) -> Self;

    /// Writes the bytes to `to`.
    ///
    /// # Safety
    /// As many bytes as the type has need to be writable.
    unsafe fn store(self, to: *mut u8);

    /// All bytes the same.
    unsafe fn splat(byte: u8) -> Self;

    /// `self & other`.
    unsafe fn and(self, other: Self) -> Self;

    /// `self | other`.
    unsafe fn or(self, other: Self) -> Self;

    /// `self << by`, by less than 8.
    unsafe fn shift_left(self, by: i32) -> Self;

    /// `self >> by`, by less than 8.
    unsafe fn shift_right(self, by: i32) -> Self;
}

impl<B: Bits, const N: usize> Bits for [B; N] {
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        each!(n, B::splat(0) => B::load(from.add(n * size_of::<B>())))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        let mut n = 0;
        while n < N {
            // SAFETY: as the caller says, of each register.
            unsafe { self[n].store(to.add(n * size_of::<B>())) };
            n += 1;
        }
    }

    #[inline(always)]
    unsafe fn splat(byte: u8) -> Self {
        each!(n, B::splat(0) => B::splat(byte))
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        each!(n, B::splat(0) => self[n].and(other[n]))
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        each!(n, B::splat(0) => self[n].or(other[n]))
    }

    #[inline(always)]
    unsafe fn shift_left(self, by: i32) -> Self {
        each!(n, B::splat(0) => self[n].shift_left(by))
    }

    #[inline(always)]
    unsafe fn shift_right(self, by: i32) -> Self {
        each!(n, B::splat(0) => self[n].shift_right(by))
    }
}

/// `bits`, where `mask` has them.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn masked<B: Bits>(bits: B, mask: u8) -> B {
    // SAFETY: the caller has the instruction set.
    unsafe { bits.and(B::splat(mask)) }
}

/// The form in which a block of four lines of codes is stored.
pub(super) trait BlockFormat {
    /// Stored lines of a block.
    const LINES: usize;

    /// Whether kernels read such blocks from main memory, one after the other.
    const IS_STREAMED: bool;

    /// Loads a block and unpacks it to four lines of codes.
    ///
    /// # Safety
    /// The processor has the instruction set of `B`, and `LINES` lines are readable.
    unsafe fn load_block<B: Bits>(lines: *const u8) -> [B; BLOCK_LINES];
}

/// Codes with merged planes.
pub(super) struct Merged;

/// The upper bits alone, with a lowest bit of 0.
pub(super) struct Upper;

/// The lowest bits alone.
pub(super) struct Lower;

impl BlockFormat for Merged {
    const LINES: usize = BLOCK_LINES;
    const IS_STREAMED: bool = false;

    #[inline(always)]
    unsafe fn load_block<B: Bits>(lines: *const u8) -> [B; BLOCK_LINES] {
        // SAFETY: as the caller says.
        unsafe {
            [
                B::load(lines),
                B::load(lines.add(LINE_BYTES)),
                B::load(lines.add(2 * LINE_BYTES)),
                B::load(lines.add(3 * LINE_BYTES)),
            ]
        }
    }
}

impl BlockFormat for Upper {
    const LINES: usize = BLOCK_LINES - 1;
    const IS_STREAMED: bool = true;

    #[inline(always)]
    unsafe fn load_block<B: Bits>(lines: *const u8) -> [B; BLOCK_LINES] {
        // SAFETY: as the caller says.
        unsafe {
            let a = B::load(lines);
            let b = B::load(lines.add(LINE_BYTES));
            let c = B::load(lines.add(2 * LINE_BYTES));
            let d = masked(a.shift_left(1), 0x22)
                .or(masked(b.shift_left(2), 0x44))
                .or(masked(c.shift_left(3), 0x88));
            [masked(a, UPPER), masked(b, UPPER), masked(c, UPPER), d]
        }
    }
}

impl BlockFormat for Lower {
    const LINES: usize = 1;
    const IS_STREAMED: bool = false;

    #[inline(always)]
    unsafe fn load_block<B: Bits>(lines: *const u8) -> [B; BLOCK_LINES] {
        // SAFETY: as the caller says.
        unsafe {
            let lower = B::load(lines);
            [
                masked(lower, LOWEST),
                masked(lower.shift_right(1), LOWEST),
                masked(lower.shift_right(2), LOWEST),
                masked(lower.shift_right(3), LOWEST),
            ]
        }
    }
}

/// Merges three lines of upper bits and one of lowest bits into four lines of codes.
///
/// # Safety
/// The processor has the instruction set of `B`, these lines are readable, and four are writable.
#[inline(always)]
pub(super) unsafe fn merge_block<B: Bits>(upper: *const u8, lower: *const u8, to: *mut u8) {
    // SAFETY: as the caller says.
    unsafe {
        let (upper, lower) = (Upper::load_block::<B>(upper), Lower::load_block::<B>(lower));
        let mut line = 0;
        while line < BLOCK_LINES {
            upper[line].or(lower[line]).store(to.add(line * LINE_BYTES));
            line += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::GROUP_ROWS;
    use super::*;

    type Portable = [u32; GROUP_ROWS];

    fn bits(lines: &[CodeLine; BLOCK_LINES]) -> [Portable; BLOCK_LINES] {
        // SAFETY: there are four lines, and plain Rust runs everywhere.
        unsafe { Merged::load_block(lines.as_ptr().cast()) }
    }

    #[test]
    fn merging_reverses_splitting() {
        let mut random = fastrand::Rng::with_seed(51);
        for _ in 0..100 {
            let block: [CodeLine; BLOCK_LINES] =
                std::array::from_fn(|_| CodeLine([0; LINE_BYTES].map(|_| random.u8(..))));
            let (upper, lower) = split(&block);
            let mut whole = [CodeLine::ZERO; BLOCK_LINES];
            let (upper, lower) = (upper.as_ptr().cast(), lower.0.as_ptr());
            // SAFETY: these are three lines, one, and four, and plain Rust runs everywhere.
            let [upper, lower]: [[Portable; BLOCK_LINES]; 2] = unsafe {
                merge_block::<Portable>(upper, lower, whole.as_mut_ptr().cast());
                [Upper::load_block(upper), Lower::load_block(lower)]
            };
            assert_eq!(whole.map(|line| line.0), block.map(|line| line.0));
            let only_bits =
                |mask: u8| bits(&block.map(|line| CodeLine(line.0.map(|codes| codes & mask))));
            assert_eq!(upper, only_bits(UPPER));
            assert_eq!(lower, only_bits(LOWEST));
        }
    }
}
