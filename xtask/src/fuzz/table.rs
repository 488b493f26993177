//! Everything that fuzzing prints: the list, the progress, the summary.
//!
//! Pure.

use std::time::Duration;

use super::session::Session;
use super::status::Status;
use super::{PACKAGE, Target};

/// The targets and what each is about.
pub(super) fn list(targets: &[Target]) -> String {
    let width = targets.iter().map(|target| target.name.len()).max().unwrap_or(0);
    let line = |target: &Target| format!("{:width$}  {}\n", target.name, target.story);
    targets.iter().map(line).collect()
}

/// Where a failing input will be found, and how one is replayed.
pub(super) fn where_crashes_go(target: &str) -> String {
    format!(
        "an input that fails is saved below fuzz/artifacts/{target}; replay one with\n    \
         cargo run -p {PACKAGE} -- replay {target} FILE"
    )
}

/// How far a target is, and how much its coverage has grown since `first`.
pub(super) fn progress(at: Duration, first: &Status, status: &Status) -> String {
    format!(
        "{:>6} s  {:>12} executions  {:>8}/s  coverage {} (+{})  corpus {}",
        at.as_secs(),
        grouped(status.executions),
        grouped(status.per_second),
        grouped(status.coverage),
        grouped(status.coverage.saturating_sub(first.coverage)),
        grouped(status.corpus),
    )
}

/// What came of each session.
pub(super) fn summary(sessions: &[Session]) -> String {
    let mut text = format!(
        "{:<16} {:>7} {:>14} {:>9} {:>9} {:>7} {:>7}\n",
        "target", "seconds", "executions", "cov start", "cov end", "corpus", "crashes"
    );
    for session in sessions {
        text += &format!(
            "{:<16} {:>7} {:>14} {:>9} {:>9} {:>7} {:>7}\n",
            session.target,
            session.took.as_secs(),
            grouped(session.last.executions),
            grouped(session.first.coverage),
            grouped(session.last.coverage),
            grouped(session.last.corpus),
            u8::from(session.artifact.is_some()),
        );
    }
    text
}

/// Whether the canary did what it is for.
pub(super) fn canary(fails: bool, session: &Session) -> String {
    let (seconds, executions) = (session.took.as_secs(), grouped(session.last.executions));
    if fails {
        format!("the canary fails, as it has to: found after {seconds} s, {executions} executions")
    } else {
        format!(
            "the canary DOES NOT FAIL after {seconds} s, {executions} executions, so a target that \
             passes says nothing; is the build instrumented?"
        )
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        let first = Status { coverage: 900, ..Status::default() };
        let last = Status {
            executions: 1_234_567,
            coverage: 1_905,
            features: 7_000,
            corpus: 391,
            per_second: 20_576,
        };
        let took = Duration::from_secs(60);
        Session { target: "filter_text".into(), took, first, last, artifact: None }
    }

    #[test]
    fn the_summary_is_this() {
        let failed = Session { artifact: Some("crash-1".into()), ..session() };
        insta::assert_snapshot!(summary(&[session(), failed]), @"
        target           seconds     executions cov start   cov end  corpus crashes
        filter_text           60      1,234,567       900     1,905     391       0
        filter_text           60      1,234,567       900     1,905     391       1
        ");
    }

    #[test]
    fn progress_shows_how_coverage_grows() {
        let Session { first, last, .. } = session();
        assert_eq!(
            progress(Duration::from_secs(12), &first, &last),
            "    12 s     1,234,567 executions    20,576/s  coverage 1,905 (+1,005)  corpus 391"
        );
    }

    #[test]
    fn a_canary_that_lives_is_a_failure_in_words() {
        assert!(canary(true, &session()).contains("as it has to"));
        assert!(canary(false, &session()).contains("DOES NOT FAIL"));
    }

    #[test]
    fn digits_are_grouped_by_three() {
        let numbers = [0, 12, 999, 1_000, 1_000_000].map(grouped);
        assert_eq!(numbers, ["0", "12", "999", "1,000", "1,000,000"]);
    }
}
