//! Plain Rust: 4 lanes that any compiler can keep in a register. Rounds products and sums each.

use iqdb_core::{bf16, f16};

use super::register::{Load, Register};

#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 4]);

impl Register for Portable {
    const LEN: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([0.0; 4])
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: 4 components are readable, as the caller says, of whatever alignment.
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        let mut lanes = [0.0; 4];
        // SAFETY: `n` components are readable, as the caller says; the array is on the stack.
        let components = unsafe { std::slice::from_raw_parts(from, n) };
        lanes[..n].copy_from_slice(components);
        Self(lanes)
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] - other.0[lane]))
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] * factor.0[lane] + sum.0[lane]))
    }

    #[inline(always)]
    unsafe fn below(self, cut: Self) -> u64 {
        let below = |lane: usize| self.0[lane] < cut.0[lane] && self.0[lane] > f32::NEG_INFINITY;
        (0..4).fold(0, |bits, lane| bits | u64::from(below(lane)) << lane)
    }

    #[inline(always)]
    unsafe fn sums(of: [Self; 8]) -> [f32; 8] {
        of.map(|Self([a, b, c, d])| (a + c) + (b + d))
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut [f32; 16]) {
        to[..4].copy_from_slice(&self.0);
    }
}

macro_rules! load_each {
    ($type:ty, $convert:expr) => {
        impl Load<Portable> for $type {
            #[inline(always)]
            unsafe fn load(from: *const Self) -> Portable {
                // SAFETY: 4 components are readable, as the caller says, of whatever alignment.
                Portable(unsafe { from.cast::<[Self; 4]>().read_unaligned() }.map($convert))
            }
        }
    };
}

load_each!(f16, f16_to_f32);
load_each!(bf16, |x: bf16| f32::from_bits(u32::from(x.to_bits()) << 16));
load_each!(i8, f32::from);

/// The value of an `f16`, in operations that a compiler does for all lanes at once. With its bits at
/// the place of an `f32`'s, an `f16` is 2^-112 of its value, subnormal ones too; and the exponent of
/// infinity and NaN is set anew.
#[inline(always)]
fn f16_to_f32(half: f16) -> f32 {
    const SCALE: f32 = f32::from_bits((112 + 127) << 23);
    let bits = u32::from(half.to_bits());
    let finite = f32::from_bits((bits & 0x7fff) << 13) * SCALE;
    let exponent = if bits & 0x7c00 == 0x7c00 { f32::INFINITY.to_bits() } else { 0 };
    f32::from_bits(finite.to_bits() | exponent | (bits & 0x8000) << 16)
}
