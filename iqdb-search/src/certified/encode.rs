//! Rows in four bits: the integer vector that points most nearly where the row does.

use std::ops::Range;

use iqdb_core::Metric;

/// What is added to a component of a code to store it.
pub(super) const BIAS: u8 = 8;

/// The components of a code, both ends included.
const CODES: Range<f32> = -8.0..7.0;

/// Which part of its largest component a row's code reaches up to; what is larger is cut off. The
/// first one is taken that leaves a smaller angle than the next.
const REACHES: [f32; 5] = [1.0, 0.9, 0.8, 0.7, 0.6];

/// The norms with which nothing overflows or underflows in a bound. A row outside is always looked
/// at; a query outside excludes nothing.
pub(super) const NORMS: Range<f64> = 1.0 / (1_u64 << 40) as f64..(1_u64 << 40) as f64;

/// What the bound needs of a row: the code's part along the row, no more, and across it, no less.
/// Both are not numbers if nothing can be said of the row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowFacts {
    pub(super) along: f32,
    pub(super) across: f32,
    pub(super) norm: f32,
}

/// No less than the sine of an angle of this cosine, which may be off by 2^-38.
pub(super) fn sine(cosine: f64) -> f64 {
    (1.0 - cosine * cosine + 1.0 / (1_u64 << 36) as f64).max(0.0).sqrt()
}

/// Writes the biased code of a row, 0 to 15 a component.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn encode(row: &[f32], code: &mut [u8]) -> RowFacts {
    let unknown = RowFacts { along: f32::NAN, across: f32::NAN, norm: f32::NAN };
    let norm = Metric::squared_norm(row).sqrt();
    let largest = largest(row);
    if !NORMS.contains(&norm) || largest == 0.0 {
        code.fill(BIAS);
        return unknown;
    }
    let scale = |reach: f32| CODES.end / (largest * reach);
    let quality = |reach: &f32| quality(row, scale(*reach));
    let mut best = (f32::NEG_INFINITY, 1.0);
    for reach in REACHES {
        let quality = quality(&reach);
        if quality <= best.0 {
            break;
        }
        best = (quality, reach);
    }
    let (along, squares) = write(row, scale(best.1), code);
    let length = squares.sqrt();
    let cosine = along / (norm * length);
    if cosine.is_nan() || cosine <= 0.0 {
        return unknown;
    }
    RowFacts {
        along: ((length * cosine) as f32).next_down(),
        across: ((length * sine(cosine)) as f32).next_up(),
        norm: norm as f32,
    }
}

/// Sums side by side.
pub(super) const LANES: usize = 16;

/// The largest absolute value.
pub(super) fn largest(row: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = if x.abs() > *lane { x.abs() } else { *lane };
        }
    }
    rest.iter().chain(&lanes).fold(0.0, |largest, x| largest.max(x.abs()))
}

/// A float whose last place is 1: adding and subtracting it rounds to the nearest integer, ties to
/// even.
const ROUNDER: f32 = 12_582_912.0;

/// The integer nearest to `x * scale`, or the end of the range.
#[inline(always)]
pub(super) fn nearest(x: f32, scale: f32, range: Range<f32>) -> f32 {
    raised(x, scale, range) - ROUNDER
}

/// The same, raised by [`ROUNDER`]: the lowest bits are those of the integer.
#[inline(always)]
fn raised(x: f32, scale: f32, range: Range<f32>) -> f32 {
    let x = x * scale;
    let x = if x < range.end { x } else { range.end };
    let x = if x > range.start { x } else { range.start };
    x + ROUNDER
}

/// The squared cosine between the row and its code, but for a factor. Only for comparing.
fn quality(row: &[f32], scale: f32) -> f32 {
    let (mut along, mut squares) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let code = nearest(chunk[lane], scale, CODES);
            along[lane] += chunk[lane] * scale * code;
            squares[lane] += code * code;
        }
    }
    for x in rest {
        let code = nearest(*x, scale, CODES);
        along[0] += x * scale * code;
        squares[0] += code * code;
    }
    let (along, squares): (f32, f32) = (along.iter().sum(), squares.iter().sum());
    along / squares * along / (scale * scale)
}

/// Writes the code; returns its inner product with the row, in `f64`, and with itself, exact: no lane
/// gets to 2^24.
fn write(row: &[f32], scale: f32, biased: &mut [u8]) -> (f64, f64) {
    let (mut along, mut squares) = ([0.0_f64; 8], [0.0_f32; 8]);
    let mut add = |lane: usize, x: f32, biased: &mut u8| {
        let raised = raised(x, scale, CODES);
        let code = raised - ROUNDER;
        *biased = raised.to_le_bytes()[0].wrapping_add(BIAS);
        along[lane] += f64::from(x) * f64::from(code);
        squares[lane] += code * code;
    };
    let (rows, rest) = row.as_chunks::<8>();
    let (codes, last) = biased.as_chunks_mut::<8>();
    for (chunk, biased) in rows.iter().zip(codes) {
        for lane in 0..8 {
            add(lane, chunk[lane], &mut biased[lane]);
        }
    }
    rest.iter().zip(last).for_each(|(x, biased)| add(0, *x, biased));
    (along.iter().sum(), squares.into_iter().map(f64::from).sum())
}
