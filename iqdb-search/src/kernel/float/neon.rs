//! NEON: 4 lanes.

use std::arch::aarch64::*;
use std::arch::asm;

use iqdb_core::{bf16, f16};

use super::register::{Load, Register};

#[derive(Clone, Copy)]
pub(crate) struct Neon(float32x4_t);

impl Register for Neon {
    const LEN: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has NEON.
        unsafe { Self(vdupq_n_f32(0.0)) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { Self(vdupq_n_f32(x)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller has NEON, and 4 components are readable.
        unsafe { Self(vld1q_f32(from)) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        let mut lanes = [0.0; 4];
        // SAFETY: `n` components are readable, as the caller says; the array is on the stack.
        let components = unsafe { std::slice::from_raw_parts(from, n) };
        lanes[..n].copy_from_slice(components);
        // SAFETY: the caller has NEON, and the array has 4 components.
        unsafe { Self(vld1q_f32(lanes.as_ptr())) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { Self(vaddq_f32(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { Self(vsubq_f32(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        // SAFETY: the caller has NEON.
        unsafe { Self(vfmaq_f32(sum.0, self.0, factor.0)) }
    }

    #[inline(always)]
    unsafe fn below(self, cut: Self) -> u64 {
        const BITS: [u32; 4] = [1, 2, 4, 8];
        // SAFETY: the caller has NEON, and the array has 4 numbers.
        unsafe {
            let below = vcltq_f32(self.0, cut.0);
            let above = vcgtq_f32(self.0, vdupq_n_f32(f32::NEG_INFINITY));
            let both = vandq_u32(vandq_u32(below, above), vld1q_u32(BITS.as_ptr()));
            u64::from(vaddvq_u32(both))
        }
    }

    #[inline(always)]
    unsafe fn sums(of: [Self; 8]) -> [f32; 8] {
        // SAFETY: the caller has NEON.
        unsafe { of.map(|Self(lanes)| vaddvq_f32(lanes)) }
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut [f32; 16]) {
        // SAFETY: the caller has NEON, and there is room for 4 lanes.
        unsafe { vst1q_f32(to.as_mut_ptr(), self.0) }
    }
}

impl Load<Neon> for f16 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> Neon {
        let lanes: float32x4_t;
        // SAFETY: the caller has NEON, and with it the instruction, for which stable Rust has no
        // function; 4 components are readable.
        unsafe {
            let halves = vld1_u16(from.cast());
            asm!(
                "fcvtl {lanes:v}.4s, {halves:v}.4h",
                lanes = lateout(vreg) lanes,
                halves = in(vreg) halves,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        Neon(lanes)
    }
}

impl Load<Neon> for bf16 {
    /// A `bf16` is the upper half of the `f32` of its value.
    #[inline(always)]
    unsafe fn load(from: *const Self) -> Neon {
        // SAFETY: the caller has NEON, and 4 components are readable.
        unsafe { Neon(vreinterpretq_f32_u32(vshll_n_u16::<16>(vld1_u16(from.cast())))) }
    }
}

impl Load<Neon> for i8 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> Neon {
        // SAFETY: 4 components are readable, as the caller says.
        let components = unsafe { from.cast::<u32>().read_unaligned() };
        // SAFETY: the caller has NEON.
        unsafe {
            let bytes = vreinterpret_s8_u32(vdup_n_u32(components));
            Neon(vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes)))))
        }
    }
}
