//! The quantization errors of the sixteen rows of a group, and the rows' cuts, in registers.

use super::bound::{AngleBound, Linear};

/// Floats side by side, in one register or in several. All operations are rounded to nearest, once.
///
/// # Safety
/// Every function may be called only where the processor has the instruction set of the type.
pub(super) trait Floats: Copy {
    /// All of them `x`.
    unsafe fn splat(x: f32) -> Self;

    /// Loads the floats that begin at `from`.
    ///
    /// # Safety
    /// As many bytes as the type has need to be readable.
    unsafe fn load(from: *const u8) -> Self;

    /// The number in the low 16 bits of each four bytes, and that in the high ones.
    ///
    /// # Safety
    /// As many bytes as the type has need to be readable.
    unsafe fn load_pairs(from: *const u8) -> [Self; 2];

    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;

    /// `self - other`.
    unsafe fn sub(self, other: Self) -> Self;

    /// `self * other`.
    unsafe fn mul(self, other: Self) -> Self;

    /// `1 / self`.
    unsafe fn invert(self) -> Self;

    /// `self` where `sign` is above 0, minus infinity elsewhere.
    unsafe fn where_positive(self, sign: Self) -> Self;
}

impl<F: Floats, const N: usize> Floats for [F; N] {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        each!(n, F::splat(0.0) => F::splat(x))
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        each!(n, F::splat(0.0) => F::load(from.add(n * size_of::<F>())))
    }

    #[inline(always)]
    unsafe fn load_pairs(from: *const u8) -> [Self; 2] {
        // SAFETY: the caller has the instruction set.
        let [mut low, mut high] = [[unsafe { F::splat(0.0) }; N]; 2];
        let mut n = 0;
        while n < N {
            // SAFETY: as the caller says, of each register.
            [low[n], high[n]] = unsafe { F::load_pairs(from.add(n * size_of::<F>())) };
            n += 1;
        }
        [low, high]
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        each!(n, F::splat(0.0) => self[n].add(other[n]))
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        each!(n, F::splat(0.0) => self[n].sub(other[n]))
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        each!(n, F::splat(0.0) => self[n].mul(other[n]))
    }

    #[inline(always)]
    unsafe fn invert(self) -> Self {
        each!(n, F::splat(0.0) => self[n].invert())
    }

    #[inline(always)]
    unsafe fn where_positive(self, sign: Self) -> Self {
        each!(n, F::splat(0.0) => self[n].where_positive(sign[n]))
    }
}

/// The quantization errors and the norms of sixteen rows.
#[derive(Clone, Copy)]
pub(super) struct GroupErrors<F> {
    parallel: F,
    orthogonal: F,
    /// The norms and their inverses, for the metrics that need them.
    norms: Option<[F; 2]>,
}

impl<F: Floats> GroupErrors<F> {
    /// Loads a line of errors, counted in `unit`, and a line of norms.
    ///
    /// # Safety
    /// The processor has the instruction set, and 64 bytes are readable at each.
    #[inline(always)]
    pub(super) unsafe fn load(errors: *const u8, unit: f32, norms: Option<*const u8>) -> Self {
        // SAFETY: as the caller says.
        unsafe {
            let [parallel, orthogonal] = F::load_pairs(errors);
            let unit = F::splat(unit);
            let norms = match norms {
                Some(norms) => {
                    let norms = F::load(norms);
                    Some([norms, norms.invert()])
                }
                None => None,
            };
            Self { parallel: parallel.mul(unit), orthogonal: orthogonal.mul(unit), norms }
        }
    }

    /// [`AngleBound::cut`] of each row.
    ///
    /// # Safety
    /// The processor has the instruction set.
    #[inline(always)]
    pub(super) unsafe fn cuts(&self, bound: &AngleBound) -> F {
        // SAFETY: the caller has the instruction set.
        unsafe {
            let (cosine, sine) = match (*bound, self.norms) {
                (AngleBound::Fixed { cosine, sine }, _) => (F::splat(cosine), F::splat(sine)),
                (AngleBound::ByNorm { constant, slope, cosine, sine }, Some([norms, inverses])) => {
                    let constant = inverses.mul(F::splat(constant));
                    let of_angle = constant.add(norms.mul(F::splat(slope)));
                    let at =
                        |line: Linear| of_angle.mul(F::splat(line.factor)).add(F::splat(line.rest));
                    (at(cosine), at(sine))
                }
                (AngleBound::All | AngleBound::ByNorm { .. }, _) => {
                    (F::splat(f32::NEG_INFINITY), F::splat(0.0))
                }
            };
            let cuts = self.parallel.mul(cosine).sub(self.orthogonal.mul(sine));
            cuts.where_positive(cosine).where_positive(self.parallel)
        }
    }
}
