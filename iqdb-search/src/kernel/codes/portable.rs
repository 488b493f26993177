//! Plain Rust, for every machine.

use super::bound::is_below;
use super::cuts::Floats;
use super::filter::Accumulator;
use super::line::{GROUP_ROWS, Sums};
use super::planes::Bits;

#[derive(Clone, Copy)]
pub(super) struct Portable([i32; GROUP_ROWS]);

impl Floats for f32 {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        x
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: it is readable, says the caller, and bytes have no alignment.
        f32::from_le_bytes(unsafe { *from.cast() })
    }

    #[inline(always)]
    unsafe fn load_pairs(from: *const u8) -> [Self; 2] {
        // SAFETY: it is readable, says the caller, and bytes have no alignment.
        let [a, b, c, d] = unsafe { *from.cast() };
        [u16::from_le_bytes([a, b]).into(), u16::from_le_bytes([c, d]).into()]
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self * other
    }

    #[inline(always)]
    unsafe fn invert(self) -> Self {
        1.0 / self
    }

    #[inline(always)]
    unsafe fn where_positive(self, sign: Self) -> Self {
        if sign > 0.0 { self } else { f32::NEG_INFINITY }
    }
}

/// The four bytes of a row.
impl Bits for u32 {
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: it is readable, says the caller, and bytes have no alignment.
        u32::from_le_bytes(unsafe { *from.cast() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: it is writable, says the caller, and bytes have no alignment.
        unsafe { *to.cast() = self.to_le_bytes() }
    }

    #[inline(always)]
    unsafe fn splat(byte: u8) -> Self {
        u32::from_le_bytes([byte; 4])
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        self & other
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        self | other
    }

    #[inline(always)]
    unsafe fn shift_left(self, by: i32) -> Self {
        self << by
    }

    #[inline(always)]
    unsafe fn shift_right(self, by: i32) -> Self {
        self >> by
    }
}

impl Accumulator for Portable {
    type Floats = [f32; GROUP_ROWS];
    type Bits = [u32; GROUP_ROWS];
    type Codes = [[u8; 4]; GROUP_ROWS];

    #[inline(always)]
    unsafe fn splat(x: i32) -> Self {
        Self([x; GROUP_ROWS])
    }

    #[inline(always)]
    unsafe fn unpack(line: Self::Bits) -> Self::Codes {
        line.map(u32::to_le_bytes)
    }

    #[inline(always)]
    unsafe fn add(mut self, codes: Self::Codes, query: *const i8) -> Self {
        // SAFETY: 8 components are readable, says the caller.
        let query: [i8; 8] = unsafe { *query.cast() };
        for (sum, codes) in self.0.iter_mut().zip(codes) {
            for j in 0..4 {
                *sum += i32::from(codes[j] & 15) * i32::from(query[j]);
                *sum += i32::from(codes[j] >> 4) * i32::from(query[4 + j]);
            }
        }
        self
    }

    #[inline(always)]
    unsafe fn join(mut self, other: Self) -> Self {
        for (sum, other) in self.0.iter_mut().zip(other.0) {
            *sum += other;
        }
        self
    }

    #[inline(always)]
    unsafe fn not_below(self, cuts: [f32; GROUP_ROWS]) -> u16 {
        let mut candidates = 0;
        for (row, (sum, cut)) in self.0.into_iter().zip(cuts).enumerate() {
            candidates |= u16::from(!is_below(sum, cut)) << row;
        }
        candidates
    }

    #[inline(always)]
    unsafe fn read(from: &Sums) -> Self {
        Self(*from)
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut Sums) {
        *to = self.0;
    }
}
