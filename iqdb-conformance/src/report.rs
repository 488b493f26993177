//! The report: one line per case that ran, for a runner that counts them.
//!
//! "All tests passed" alone doesn't distinguish a backend that passed every case from one that ran
//! none.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::{Failure, Outcome};

/// The environment variable that names the file to append to.
pub const REPORT_VARIABLE: &str = "IQDB_CONFORMANCE_REPORT";

/// Appends `backend <tab> case <tab> ok, failed or n/a <tab> microseconds`, if a report is wanted.
pub(crate) fn append(
    backend: &str,
    case: &str,
    verdict: &Result<Outcome, Failure>,
    elapsed: Duration,
) {
    let Some(path) = std::env::var_os(REPORT_VARIABLE) else {
        return;
    };
    let path = Path::new(&path);
    let line = line(backend, case, verdict, elapsed);
    // One write in append mode: the tests of many threads and processes share the file.
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .unwrap_or_else(|error| {
            panic!("{REPORT_VARIABLE} names {}, which can't be written: {error}", path.display())
        });
}

fn line(
    backend: &str,
    case: &str,
    verdict: &Result<Outcome, Failure>,
    elapsed: Duration,
) -> String {
    let status = match verdict {
        Ok(Outcome::Kept | Outcome::KeptWithinLimits { .. }) => "ok",
        Ok(Outcome::NotPromised(_)) => "n/a",
        Err(_) => "failed",
    };
    let beyond = match verdict {
        Ok(Outcome::KeptWithinLimits { beyond }) => *beyond,
        _ => 0,
    };
    // One more line for each shape that is not promised.
    let not_promised = format!("{backend}\t{case}\tn/a\t0\n").repeat(beyond);
    format!("{backend}\t{case}\t{status}\t{}\n{not_promised}", elapsed.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_four_fields() {
        let elapsed = Duration::from_millis(2);
        assert_eq!(line("toy", "get::a", &Ok(Outcome::Kept), elapsed), "toy\tget::a\tok\t2000\n");
        let not_promised = Ok(Outcome::NotPromised("it is not durable"));
        assert_eq!(line("toy", "get::a", &not_promised, elapsed), "toy\tget::a\tn/a\t2000\n");
        let in_part = Ok(Outcome::KeptWithinLimits { beyond: 2 });
        let not_promised = "toy\tget::a\tn/a\t0\n".repeat(2);
        let expected = format!("toy\tget::a\tok\t2000\n{not_promised}");
        assert_eq!(line("toy", "get::a", &in_part, elapsed), expected);
    }
}
