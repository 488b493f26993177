//! Medians and percentiles.

/// The median; the mean of the two in the middle where there are two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The smallest value that at least `percent` % of the values don't exceed.
pub(crate) fn percentile(values: &[u64], percent: f64) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(0)
}

/// With three significant digits, as a person reads it.
pub(crate) fn three(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let before = if value.abs() < 1.0 { 1 } else { value.abs().log10().floor() as i32 + 1 };
    let text = format!("{value:.*}", usize::try_from(3 - before).unwrap_or(0));
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), ""), |(w, f)| (w, f));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && digit.is_ascii_digit() && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if fraction.is_empty() { grouped } else { format!("{grouped}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<u64> = (1..=100).rev().collect();
        assert_eq!([50.0, 99.0, 100.0].map(|p| percentile(&values, p)), [50, 99, 100]);
        assert_eq!((percentile(&[7], 99.0), percentile(&[], 50.0)), (7, 0));
    }

    #[test]
    fn numbers_have_three_digits() {
        let shown = [0.1234, 1.234, 12.34, 123.4, 1_234.5, 1_234_567.0].map(three);
        assert_eq!(shown, ["0.12", "1.23", "12.3", "123", "1,234", "1,234,567"]);
        assert_eq!(three(f64::NAN), "–");
    }
}
