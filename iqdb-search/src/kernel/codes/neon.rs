//! NEON: 16 products in three instructions.

use std::arch::aarch64::*;

use super::cuts::Floats;
use super::filter::Accumulator;
use super::line::Sums;
use super::planes::Bits;

/// Rows 0 to 3, 4 to 7, 8 to 11 and 12 to 15.
#[derive(Clone, Copy)]
pub(super) struct Neon([int32x4_t; 4]);

// SAFETY of every block below: the caller has NEON; what is loaded is readable by the contract.
impl Floats for float32x4_t {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vdupq_n_f32(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller has NEON, and the register is readable.
        unsafe { vreinterpretq_f32_u8(vld1q_u8(from)) }
    }

    #[inline(always)]
    unsafe fn load_pairs(from: *const u8) -> [Self; 2] {
        // SAFETY: the caller has NEON, and the register is readable.
        unsafe {
            let pairs = vreinterpretq_u32_u8(vld1q_u8(from));
            let low = vandq_u32(pairs, vdupq_n_u32(0xffff));
            [vcvtq_f32_u32(low), vcvtq_f32_u32(vshrq_n_u32::<16>(pairs))]
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vaddq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vsubq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vmulq_f32(self, other) }
    }

    #[inline(always)]
    unsafe fn invert(self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vdivq_f32(vdupq_n_f32(1.0), self) }
    }

    #[inline(always)]
    unsafe fn where_positive(self, sign: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vbslq_f32(vcgtzq_f32(sign), self, vdupq_n_f32(f32::NEG_INFINITY)) }
    }
}

// SAFETY of every block below: the caller has NEON; what is loaded is readable by the contract.
impl Bits for uint8x16_t {
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller has NEON, and the register is readable.
        unsafe { vld1q_u8(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller has NEON, and the register is writable.
        unsafe { vst1q_u8(to, self) }
    }

    #[inline(always)]
    unsafe fn splat(byte: u8) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vdupq_n_u8(byte) }
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vandq_u8(self, other) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vorrq_u8(self, other) }
    }

    #[inline(always)]
    unsafe fn shift_left(self, by: i32) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vshlq_u8(self, vdupq_n_s8(shift(by))) }
    }

    #[inline(always)]
    unsafe fn shift_right(self, by: i32) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { vshlq_u8(self, vdupq_n_s8(-shift(by))) }
    }
}

/// A shift by less than 8.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)]
fn shift(by: i32) -> i8 {
    by as i8
}

// SAFETY of every block below: the caller has NEON, as `Accumulator` demands; what is loaded is readable
// by the same contract.
impl Accumulator for Neon {
    type Floats = [float32x4_t; 4];
    type Bits = [uint8x16_t; 4];
    type Codes = [[int8x16_t; 2]; 4];

    #[inline(always)]
    unsafe fn splat(x: i32) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { Self([vdupq_n_s32(x); 4]) }
    }

    #[inline(always)]
    unsafe fn unpack(line: [uint8x16_t; 4]) -> Self::Codes {
        // SAFETY: the caller has NEON.
        unsafe {
            let mut codes = [[vdupq_n_s8(0); 2]; 4];
            let mut part = 0;
            while part < 4 {
                let low = vandq_u8(line[part], vdupq_n_u8(15));
                let high = vshrq_n_u8::<4>(line[part]);
                codes[part] = [vreinterpretq_s8_u8(low), vreinterpretq_s8_u8(high)];
                part += 1;
            }
            codes
        }
    }

    #[inline(always)]
    unsafe fn add(self, codes: Self::Codes, query: *const i8) -> Self {
        // SAFETY: the caller has NEON, and 8 bytes are readable. Two products of a code below 16
        // and a component within 127 fit 16 bits.
        unsafe {
            let query = query.cast::<i32>();
            let parts = [query.read_unaligned(), query.add(1).read_unaligned()];
            let mut sums = self.0;
            let mut half = 0;
            while half < 2 {
                let query = vreinterpretq_s8_s32(vdupq_n_s32(parts[half]));
                let mut part = 0;
                while part < 4 {
                    let codes = codes[part][half];
                    let low = vmull_s8(vget_low_s8(codes), vget_low_s8(query));
                    let high = vmull_high_s8(codes, query);
                    sums[part] = vpadalq_s16(sums[part], vpaddq_s16(low, high));
                    part += 1;
                }
                half += 1;
            }
            Self(sums)
        }
    }

    #[inline(always)]
    unsafe fn join(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe {
            let mut sums = self.0;
            let mut part = 0;
            while part < 4 {
                sums[part] = vaddq_s32(sums[part], other.0[part]);
                part += 1;
            }
            Self(sums)
        }
    }

    #[inline(always)]
    unsafe fn not_below(self, cuts: [float32x4_t; 4]) -> u16 {
        let mut candidates = 0;
        let mut part = 0;
        while part < 4 {
            // SAFETY: the caller has NEON.
            let below = unsafe {
                let below = vcltq_f32(vcvtq_f32_s32(self.0[part]), cuts[part]);
                let bits = vld1q_u32([1, 2, 4, 8].as_ptr());
                vaddvq_u32(vandq_u32(below, bits))
            };
            // Four bits.
            #[allow(clippy::cast_possible_truncation)]
            let below = below as u16;
            candidates |= (!below & 15) << (4 * part);
            part += 1;
        }
        candidates
    }

    #[inline(always)]
    unsafe fn read(from: &Sums) -> Self {
        // SAFETY: the caller has NEON, and there are 16 sums.
        unsafe {
            let from = from.as_ptr();
            let sums = [
                vld1q_s32(from),
                vld1q_s32(from.add(4)),
                vld1q_s32(from.add(8)),
                vld1q_s32(from.add(12)),
            ];
            Self(sums)
        }
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut Sums) {
        for (sums, to) in self.0.into_iter().zip(to.chunks_exact_mut(4)) {
            // SAFETY: the caller has NEON, and there is room for 4 sums.
            unsafe { vst1q_s32(to.as_mut_ptr(), sums) }
        }
    }
}
