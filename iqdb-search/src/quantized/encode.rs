//! The encoder of rows: it finds a 4-bit integer vector whose direction is near that of the row.
//! The upper three bits are a second, coarser code.

use std::ops::Range;

use iqdb_core::distance;

use crate::kernel::CodeError;

/// What is added to a component of a code to store it.
pub(super) const BIAS: u8 = 8;

/// The range of a code's components, both ends included.
const CODES: Range<f32> = -8.0..7.0;

/// The share of the row's largest component up to which its code reaches; the encoder clips larger
/// components. It takes the first share that leaves a smaller angle than the next.
const REACHES: [f32; 5] = [1.0, 0.9, 0.8, 0.7, 0.6];

/// The norms for which no term of a bound overflows or underflows. A row outside is always a
/// candidate; a query outside excludes no row.
pub(super) const NORMS: Range<f64> = 1.0 / (1_u64 << 40) as f64..(1_u64 << 40) as f64;

/// The smallest cosine between a row and its code for which the bound is proven: rounding the
/// parallel component down covers its error, and both angles add up to less than half a turn.
const COSINE_MIN: f64 = 1.0 / 64.0;

/// The quantization error of a code of norm `length`, at an angle of this cosine to its row. The
/// cosine may be off by 2^-39.4.
#[allow(clippy::cast_possible_truncation)]
fn code_error(norm: f64, length: f64, cosine: f64) -> CodeError {
    if cosine.is_nan() || cosine < COSINE_MIN {
        return CodeError::UNKNOWN;
    }
    CodeError {
        parallel: ((length * cosine) as f32).next_down(),
        orthogonal: ((length * sine(cosine)) as f32).next_up(),
        norm: norm as f32,
    }
}

/// The quantization errors of both codes of a row: the 4-bit code, and its upper three bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowErrors {
    pub(super) whole: CodeError,
    pub(super) upper: CodeError,
}

/// An upper bound on the sine of an angle of this cosine, which may be off by 2^-38.
pub(super) fn sine(cosine: f64) -> f64 {
    (1.0 - cosine * cosine + 1.0 / (1_u64 << 36) as f64).max(0.0).sqrt()
}

/// Writes the biased code of a row, 0 to 15 a component. The first `planar` components have a 3-bit
/// code as well.
pub(super) fn encode(row: &[f32], planar: usize, code: &mut [u8]) -> RowErrors {
    let unknown = RowErrors { whole: CodeError::UNKNOWN, upper: CodeError::UNKNOWN };
    let norm = distance::squared_norm(row).sqrt();
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
    let error = |(products, squares): (f64, f64)| {
        let length = squares.sqrt();
        code_error(norm, length, products / (norm * length))
    };
    let whole = error(write(row, scale(best.1), code));
    RowErrors { whole, upper: error(upper(row, planar, code)) }
}

/// How many sums a loop keeps side by side.
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
    let (mut products, mut squares) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let code = nearest(chunk[lane], scale, CODES);
            products[lane] += chunk[lane] * scale * code;
            squares[lane] += code * code;
        }
    }
    for x in rest {
        let code = nearest(*x, scale, CODES);
        products[0] += x * scale * code;
        squares[0] += code * code;
    }
    let (products, squares): (f32, f32) = (products.iter().sum(), squares.iter().sum());
    products / squares * products / (scale * scale)
}

/// Writes the code; returns its inner product with the row, in `f64`, and with itself, exact: no lane
/// gets to 2^24.
fn write(row: &[f32], scale: f32, biased: &mut [u8]) -> (f64, f64) {
    let (mut products, mut squares) = ([0.0_f64; 8], [0.0_f32; 8]);
    let mut add = |lane: usize, x: f32, biased: &mut u8| {
        let raised = raised(x, scale, CODES);
        let code = raised - ROUNDER;
        *biased = raised.to_le_bytes()[0].wrapping_add(BIAS);
        products[lane] += f64::from(x) * f64::from(code);
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
    (products.iter().sum(), squares.into_iter().map(f64::from).sum())
}

/// Twice a component of the upper code; doubling keeps it whole. In planes (`is_planar`), it is the
/// middle of the two 4-bit components that share its upper bits; elsewhere the 4-bit component
/// itself.
pub(super) fn doubled(biased: u8, is_planar: bool) -> i8 {
    let (upper, whole) = (2 * (biased & 14) + 1, 2 * biased);
    (if is_planar { upper } else { whole }).cast_signed() - 2 * BIAS.cast_signed()
}

/// Returns two inner products of twice the upper code, which lacks the lowest bits of the first
/// `planar` components: with the row, and with itself, as above.
fn upper(row: &[f32], planar: usize, biased: &[u8]) -> (f64, f64) {
    let (mut products, mut squares) = ([0.0_f64; 8], [0.0_f32; 8]);
    let mut add = |lane: usize, x: f32, biased: u8, is_planar: bool| {
        let code = f32::from(doubled(biased, is_planar));
        products[lane] += f64::from(x) * f64::from(code);
        squares[lane] += code * code;
    };
    let (rows, rest) = row.as_chunks::<8>();
    let (codes, last) = biased.as_chunks::<8>();
    // A chunk is in planes as a whole, or not at all.
    for ((n, chunk), biased) in (0..).step_by(8).zip(rows).zip(codes) {
        for lane in 0..8 {
            add(lane, chunk[lane], biased[lane], n < planar);
        }
    }
    let is_planar = row.len() <= planar;
    for (lane, (x, biased)) in rest.iter().zip(last).enumerate() {
        add(lane, *x, *biased, is_planar);
    }
    (products.iter().sum(), squares.into_iter().map(f64::from).sum())
}
