//! Plain Rust, for every machine.

use super::{Dots, Floats, GROUP, LINE, Sums, below};

#[derive(Clone, Copy)]
pub(super) struct Portable([i32; GROUP]);

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

impl Dots for Portable {
    type Floats = [f32; GROUP];
    type Codes = [u8; LINE];

    #[inline(always)]
    unsafe fn splat(x: i32) -> Self {
        Self([x; GROUP])
    }

    #[inline(always)]
    unsafe fn codes(line: *const u8) -> Self::Codes {
        // SAFETY: 64 bytes are readable, says the caller, and bytes have no alignment.
        unsafe { *line.cast() }
    }

    #[inline(always)]
    unsafe fn add(mut self, codes: Self::Codes, query: *const i8) -> Self {
        // SAFETY: 8 components are readable, says the caller.
        let query: [i8; 8] = unsafe { *query.cast() };
        for (sum, codes) in self.0.iter_mut().zip(codes.as_chunks::<4>().0) {
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
    unsafe fn not_below(self, cuts: [f32; GROUP]) -> u16 {
        let mut left = 0;
        for (row, (sum, cut)) in self.0.into_iter().zip(cuts).enumerate() {
            left |= u16::from(!below(sum, cut)) << row;
        }
        left
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut Sums) {
        *to = self.0;
    }
}
