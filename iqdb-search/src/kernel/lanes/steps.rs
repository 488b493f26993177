//! The steps, in plain Rust. `entry` compiles them for each instruction set.

use super::units::{LANES, Quantized, ROUNDS, Table};

/// Lanes that the steps of a transform work on at a time.
const WIDE: usize = 16;

/// Added to a small number, rounds it to the nearest integer, which its low bits then are.
const ROUND: f32 = 12_582_912.0;

/// The integer nearest to a number within 2^22, ties to even.
#[inline(always)]
fn round(x: f32) -> i32 {
    (x + ROUND).to_bits().wrapping_sub(ROUND.to_bits()).cast_signed()
}

/// The sum of lanes, added in pairs.
#[inline(always)]
fn sum(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        let (low, high) = lanes.split_at_mut(width);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        width /= 2;
    }
    lanes[0]
}

/// The inner product.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let pairs = a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0);
    for (a, b) in pairs {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += *a * *b;
        }
    }
    sum(lanes)
}

/// The sum of absolute values.
#[inline(always)]
fn absolute_sum(x: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for x in x.as_chunks::<LANES>().0 {
        for (lane, x) in lanes.iter_mut().zip(x) {
            *lane += x.abs();
        }
    }
    sum(lanes)
}

#[inline(always)]
fn absolute_max(x: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    for x in x.as_chunks::<LANES>().0 {
        for (lane, x) in lanes.iter_mut().zip(x) {
            *lane = if x.abs() > *lane { x.abs() } else { *lane };
        }
    }
    lanes.into_iter().fold(0.0, f32::max)
}

/// Rotates a vector; `signs` has the signs of each round, one after the other.
#[inline(always)]
pub(super) fn rotate(x: &mut [f32], signs: &[f32]) {
    let dim = x.len();
    let part = if dim.is_power_of_two() { dim } else { dim.next_power_of_two() / 2 };
    for (round, signs) in signs.chunks_exact(dim).take(ROUNDS).enumerate() {
        for (x, sign) in x.iter_mut().zip(signs) {
            *x *= *sign;
        }
        let start = if round % 2 == 0 { 0 } else { dim - part };
        transform(&mut x[start..start + part]);
        if part < dim {
            let (low, high) = x.split_at_mut(dim / 2);
            for (a, b) in low.iter_mut().zip(high) {
                let (sum, difference) = (*a + *b, *a - *b);
                *a = sum * std::f32::consts::FRAC_1_SQRT_2;
                *b = difference * std::f32::consts::FRAC_1_SQRT_2;
            }
        }
    }
}

/// The Walsh-Hadamard transform of 2^k components, at least [`WIDE`], which keeps lengths.
#[inline(always)]
fn transform(x: &mut [f32]) {
    let scale = 1.0 / (x.len() as f32).sqrt();
    for lanes in x.as_chunks_mut::<WIDE>().0 {
        let scaled = lanes.map(|x| x * scale);
        *lanes = exchange::<8>(exchange::<4>(exchange::<2>(exchange::<1>(scaled))));
    }
    let mut half = WIDE;
    while half < x.len() {
        for both in x.chunks_exact_mut(2 * half) {
            let (low, high) = both.split_at_mut(half);
            let low = low.as_chunks_mut::<WIDE>().0.iter_mut();
            for (low, high) in low.zip(high.as_chunks_mut::<WIDE>().0) {
                for (a, b) in low.iter_mut().zip(high) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
        }
        half *= 2;
    }
}

/// A step of the transform within a register: lane `j` with lane `j ^ APART`.
#[inline(always)]
fn exchange<const APART: usize>(x: [f32; WIDE]) -> [f32; WIDE] {
    let mut y = [0.0; WIDE];
    let mut j = 0;
    while j < WIDE {
        let sign = if j & APART == 0 { 1.0 } else { -1.0 };
        y[j] = x[j ^ APART] + sign * x[j];
        j += 1;
    }
    y
}

/// The least width of a code: one over it is finite, also times 255. Components that are smaller stand as 0.
const NARROWEST: f32 = 1e-30;

/// Writes the bytes that stand for a vector's components.
#[inline(always)]
pub(super) fn quantize(x: &[f32], out: &mut [i8]) -> Quantized {
    let max = absolute_max(x).max(NARROWEST);
    let inverse = 127.0 / max;
    let mut sum = 0;
    for (x, out) in x.as_chunks::<LANES>().0.iter().zip(out.as_chunks_mut::<LANES>().0) {
        for (x, out) in x.iter().zip(out) {
            let byte = round(*x * inverse);
            sum += byte;
            // Within 127, as no component is above the largest.
            #[allow(clippy::cast_possible_truncation)]
            let byte = byte as i8;
            *out = byte;
        }
    }
    Quantized { scale: max / 127.0, sum }
}

/// Writes the partial sums of each group of four components, 0 to 255, by the signs of a row.
#[inline(always)]
pub(super) fn tabulate(x: &[f32], out: &mut [u8]) -> Table {
    let groups = x.as_chunks::<4>().0;
    let mut widest = 0.0_f32;
    for x in groups {
        let reach = span(x);
        widest = if reach > widest { reach } else { widest };
    }
    let range = (2.0 * widest).max(NARROWEST);
    let inverse = 255.0 / range;
    for (x, out) in groups.iter().zip(out.as_chunks_mut::<16>().0) {
        let reach = span(x);
        let mut sums = [0.0_f32; 16];
        for (signs, sum) in sums.iter_mut().enumerate() {
            let of = |bit: usize| if signs >> bit & 1 == 1 { 1.0 } else { -1.0 };
            *sum = (((x[0] * of(0) + x[1] * of(1)) + x[2] * of(2)) + x[3] * of(3)) + reach;
        }
        for (sum, out) in sums.iter().zip(out) {
            // Within 0 to 255 but for a rounding error, which may not wrap around.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let byte = round(*sum * inverse).clamp(0, 255) as u8;
            *out = byte;
        }
    }
    Table { step: range / 255.0, base: -absolute_sum(x) }
}

/// The largest partial sum of four components.
#[inline(always)]
fn span(x: &[f32; 4]) -> f32 {
    ((x[0].abs() + x[1].abs()) + x[2].abs()) + x[3].abs()
}
