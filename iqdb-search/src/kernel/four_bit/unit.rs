//! The unit of codes, and how a row is packed.

/// Components whose codes lie together.
pub(crate) const UNIT: usize = 64;

/// Writes the codes of a row, whose stored components `of` gives.
pub(crate) fn pack(codes: &mut [u8], of: impl Fn(usize) -> u8) {
    for (n, unit) in codes.chunks_exact_mut(UNIT / 2).enumerate() {
        for (j, byte) in unit.iter_mut().enumerate() {
            let at = n * UNIT + j;
            *byte = of(at) & 15 | of(at + UNIT / 2) << 4;
        }
    }
}
