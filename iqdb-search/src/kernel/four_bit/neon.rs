//! NEON: 16 products in three instructions.

use std::arch::aarch64::*;

use super::unit::UNIT;

/// # Safety
/// The processor has NEON.
#[target_feature(enable = "neon")]
pub(super) unsafe fn dot(codes: &[u8], query: &[i8]) -> i32 {
    let mut sums = vdupq_n_s32(0);
    let units = codes.as_chunks::<{ UNIT / 2 }>().0.iter().zip(query.as_chunks::<UNIT>().0);
    for (codes, query) in units {
        for half in 0..2 {
            // SAFETY: a unit has 32 bytes of codes, and 64 of the query.
            let (codes, first, second) = unsafe {
                (
                    vld1q_u8(codes[16 * half..].as_ptr()),
                    vld1q_s8(query[16 * half..].as_ptr()),
                    vld1q_s8(query[UNIT / 2 + 16 * half..].as_ptr()),
                )
            };
            let low = vreinterpretq_s8_u8(vandq_u8(codes, vdupq_n_u8(15)));
            let high = vreinterpretq_s8_u8(vshrq_n_u8::<4>(codes));
            // Four products of a code below 16 and a component within 127 fit 16 bits.
            let mut products = vmull_s8(vget_low_s8(low), vget_low_s8(first));
            products = vmlal_high_s8(products, low, first);
            products = vmlal_s8(products, vget_low_s8(high), vget_low_s8(second));
            products = vmlal_high_s8(products, high, second);
            sums = vpadalq_s16(sums, products);
        }
    }
    vaddvq_s32(sums)
}
