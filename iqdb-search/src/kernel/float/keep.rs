//! Compares scores with one cut: up to sixteen comparisons in one instruction.

use super::register::Register;

/// The scores, from the lowest bit up, for which `score + factor * term` is not below `cut`, or is
/// not finite: at most 64 of them.
///
/// # Safety
/// The processor has the instruction set of `R`. Both slices are of one length, at most 64.
#[inline(always)]
pub(super) unsafe fn keep<R: Register>(
    scores: &[f32],
    terms: &[f32],
    factor: f32,
    cut: f32,
) -> u64 {
    debug_assert!(scores.len() == terms.len() && scores.len() <= 64);
    let mut excluded = 0;
    // SAFETY: the caller has the instruction set; what is loaded at `at` lies within both slices,
    // which are of one length.
    unsafe {
        let (factor, cut) = (R::splat(factor), R::splat(cut));
        let mut at = 0;
        while at < scores.len() {
            let left = scores.len() - at;
            let (score, term) = if left >= R::LEN {
                (R::load(scores.as_ptr().add(at)), R::load(terms.as_ptr().add(at)))
            } else {
                (
                    R::load_first(scores.as_ptr().add(at), left),
                    R::load_first(terms.as_ptr().add(at), left),
                )
            };
            excluded |= factor.mul_add(term, score).below(cut) << at;
            at += R::LEN;
        }
    }
    let all = match scores.len() {
        64 => u64::MAX,
        len => (1 << len) - 1,
    };
    all & !excluded
}
