//! The natural logarithm, the same to the last bit on every machine.
//!
//! The standard library asks the platform for it, and platforms differ in the last bit. This one uses only
//! what IEEE 754 rounds exactly: sums, products and quotients of `f64`, in a written order.

/// `ln 2` as a number of few bits, whose products with exponents are exact, and the rest of it.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// How many terms of the series are summed: the next one is below 2^-60 of the sum.
const TERMS: u32 = 11;

/// The natural logarithm of a number that is positive, normal and finite; within two units in the last
/// place. For any other number it returns NaN.
///
/// With `x = m · 2^e` and `m` from √½ to √2, it is `e · ln 2 + ln m`, and with `s = (m − 1) / (m + 1)`
/// `ln m` is `2 (s + s³/3 + s⁵/5 + …)`, summed from the smallest term to the largest.
#[must_use]
pub fn ln(x: f64) -> f64 {
    if !x.is_normal() || x < 0.0 {
        return f64::NAN;
    }
    const FRACTION: u64 = (1 << 52) - 1;
    const ONE: u64 = 1_023 << 52;
    let bits = x.to_bits();
    let mut mantissa = f64::from_bits(bits & FRACTION | ONE);
    // The sign is 0, so these are the 11 bits of the exponent.
    let mut exponent = i32::try_from(bits >> 52).unwrap_or(0) - 1_023;
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let mut sum = 0.0;
    for n in (1..TERMS).rev() {
        sum = (sum + 1.0 / f64::from(2 * n + 1)) * square;
    }
    let exponent = f64::from(exponent);
    exponent * LN_2_HIGH + (2.0 * s + (2.0 * s * sum + exponent * LN_2_LOW))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether two positive numbers are at most this many floats apart.
    fn is_near(a: f64, b: f64, apart: u64) -> bool {
        a.to_bits().abs_diff(b.to_bits()) <= apart
    }

    #[test]
    fn it_is_the_logarithm() {
        assert_eq!(ln(1.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(ln(2.0).to_bits(), std::f64::consts::LN_2.to_bits());
        let mut x = 1.000_000_1_f64;
        for _ in 0..100_000 {
            assert!(is_near(ln(x), x.ln(), 2), "{x:e}: {:e} and {:e}", ln(x), x.ln());
            assert!(is_near(-ln(1.0 / x), -(1.0 / x).ln(), 2), "{x:e}");
            x = 1.0 + (x - 1.0) * 1.000_3;
        }
        for x in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE / 2.0] {
            assert!(ln(x).is_nan());
        }
        assert!(ln(f64::MAX).is_finite() && ln(f64::MIN_POSITIVE).is_finite());
    }

    #[test]
    fn its_bits_never_change() {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for n in 0..200_000_u32 {
            let x = 1.0 + f64::from(n) * f64::from(n) / 7.0;
            hash = (hash ^ ln(x).to_bits()).wrapping_mul(0x100_0000_01b3);
        }
        assert_eq!(format!("{hash:016x}"), "f933e92a2a6515f4");
    }
}
