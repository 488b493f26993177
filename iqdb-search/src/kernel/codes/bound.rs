//! The angle bound as the kernels evaluate it: from a query's bound and a row's quantization error
//! to the smallest inner product of codes that a hit can have. `quantized` derives the bound.

/// The quantization error of a row: the component of its code parallel to the row, or a little
/// less, and the one orthogonal to it, or a little more. A parallel component of 0 says that the
/// error is unknown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeError {
    pub(crate) parallel: f32,
    pub(crate) orthogonal: f32,
    /// The norm of the row; not a number where it is unknown, or not stored.
    pub(crate) norm: f32,
}

impl CodeError {
    /// The quantization error is unknown: the row is always a candidate.
    pub(crate) const UNKNOWN: Self = Self { parallel: 0.0, orthogonal: 0.0, norm: f32::NAN };

    /// Both components as multiples of `unit`, a power of two, the first rounded down, the second
    /// up. Zeros, for an unknown error, if one of them is more than 16 bits hold.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(crate) fn to_counts(self, unit: f32) -> [u16; 2] {
        let (parallel, orthogonal) =
            ((self.parallel / unit).floor(), (self.orthogonal / unit).ceil());
        let fits = |x: f32| x <= f32::from(u16::MAX);
        match fits(parallel) && fits(orthogonal) {
            true => [parallel as u16, orthogonal as u16],
            false => [0; 2],
        }
    }

    /// The error of which [`to_counts`](Self::to_counts) returned these. Both products are exact.
    #[inline]
    pub(crate) fn from_counts([parallel, orthogonal]: [u16; 2], unit: f32, norm: f32) -> Self {
        Self {
            parallel: f32::from(parallel) * unit,
            orthogonal: f32::from(orthogonal) * unit,
            norm,
        }
    }
}

/// The bound of a query at a threshold: which inner product of codes a hit has at least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum AngleBound {
    /// Every row may be a hit.
    All,
    /// One angle for all rows: `|d| cos θ'` and `|d| sin θ'`.
    Fixed { cosine: f32, sine: f32 },
    /// An angle for each norm `X`: `cos θ = constant / X + slope X`. `cosine` and `sine` make of it
    /// `|d| cos θ'` and `|d| sin θ'`.
    ByNorm { constant: f32, slope: f32, cosine: Linear, sine: Linear },
}

/// A linear function of `cos θ`, `factor cos θ + rest`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Linear {
    pub(crate) factor: f32,
    pub(crate) rest: f32,
}

impl Linear {
    #[inline(always)]
    fn at(self, cosine: f32) -> f32 {
        self.factor * cosine + self.rest
    }
}

impl AngleBound {
    /// The cut for a row: if the inner product of the codes is below it, the row is no hit. Minus
    /// infinity for a row whose quantization error is unknown. The kernels compute the same for
    /// sixteen rows at a time, and tests hold each of those against this.
    pub(crate) fn cut(&self, row: CodeError) -> f32 {
        let (cosine, sine) = self.cosine_and_sine(row.norm);
        let cut = row.parallel * cosine - row.orthogonal * sine;
        if cosine > 0.0 && row.parallel > 0.0 { cut } else { f32::NEG_INFINITY }
    }

    /// Estimates the inner product at the threshold angle, ignoring quantization error. A
    /// heuristic, not a bound: rows below it are deferred, never excluded. Not a number for a row
    /// whose quantization error is unknown.
    pub(crate) fn estimate(&self, row: CodeError) -> f32 {
        let (cosine, _) = self.cosine_and_sine(row.norm);
        cosine * (row.parallel + row.orthogonal * row.orthogonal / row.parallel)
    }

    /// `|d| cos θ'` and `|d| sin θ'` for rows of this norm.
    fn cosine_and_sine(&self, norm: f32) -> (f32, f32) {
        match *self {
            Self::All => (f32::NEG_INFINITY, 0.0),
            Self::Fixed { cosine, sine } => (cosine, sine),
            Self::ByNorm { constant, slope, cosine, sine } => {
                let of_angle = constant * (1.0 / norm) + slope * norm;
                (cosine.at(of_angle), sine.at(of_angle))
            }
        }
    }
}

/// Whether an inner product of codes is below a cut; never if the cut is not a number. The
/// conversion rounds to nearest, as on every instruction set.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn is_below(sum: i32, cut: f32) -> bool {
    (sum as f32) < cut
}
