//! Durations for people: three digits and a unit.

use std::time::Duration;

/// `412 µs`, `3.21 ms`, `24.1 ms`, `1.23 s`.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        // What would round up to 1,000 of a unit is 1.00 of the next.
        _ if seconds < 999.5e-6 => (seconds * 1e6, "µs"),
        _ if seconds < 999.5e-3 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    let decimals = match value {
        _ if value < 9.995 => 2,
        _ if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_unit() {
        for (nanos, text) in [
            (0, "0.00 µs"),
            (1_234, "1.23 µs"),
            (411_900, "412 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (9_994_999, "9.99 ms"),
            (9_995_000, "10.0 ms"),
            (24_100_000, "24.1 ms"),
            (1_230_000_000, "1.23 s"),
            (123_000_000_000, "123 s"),
        ] {
            assert_eq!(human(Duration::from_nanos(nanos)), text);
        }
    }
}
