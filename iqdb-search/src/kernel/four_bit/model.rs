//! The scalar model of the four-bit kernels: their definition, and the kernel of machines without
//! another.

use super::unit::UNIT;

/// The inner product of a row's stored components with a query.
pub(super) fn dot(codes: &[u8], query: &[i8]) -> i32 {
    let mut sum = 0;
    for (codes, query) in codes.chunks_exact(UNIT / 2).zip(query.chunks_exact(UNIT)) {
        let (low, high) = query.split_at(UNIT / 2);
        for ((code, low), high) in codes.iter().zip(low).zip(high) {
            sum += i32::from(code & 15) * i32::from(*low) + i32::from(code >> 4) * i32::from(*high);
        }
    }
    sum
}
