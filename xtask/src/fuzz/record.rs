//! The record of a campaign: what was run where, when, with what, and what came of it.
//!
//! A number in a document comes from such a record.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::session::Session;
use super::tools::Versions;

/// One campaign, as it is written to a file.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    command: String,
    /// When it ended, in UTC.
    date: String,
    commit: String,
    nightly: String,
    cargo_fuzz: String,
    machine: Machine,
    canary_found_after_executions: u64,
    targets: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Machine {
    arch: &'static str,
    os: &'static str,
    cores: usize,
}

#[derive(Debug, Serialize)]
struct Row {
    target: String,
    seconds: u64,
    executions: u64,
    coverage_start: u64,
    coverage_end: u64,
    features_end: u64,
    corpus: u64,
    crashes: u8,
}

impl Record {
    pub(super) fn new(
        command: String,
        date: String,
        commit: String,
        versions: Versions,
        canary: &Session,
        sessions: &[Session],
    ) -> Self {
        Self {
            command,
            date,
            commit,
            nightly: versions.cargo,
            cargo_fuzz: versions.cargo_fuzz,
            machine: Machine {
                arch: std::env::consts::ARCH,
                os: std::env::consts::OS,
                cores: std::thread::available_parallelism().map_or(1, usize::from),
            },
            canary_found_after_executions: canary.last.executions,
            targets: sessions.iter().map(row).collect(),
        }
    }

    /// The file that it is written to, from the workspace's root.
    pub(super) fn path(&self) -> String {
        let name: String = self.date.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("fuzz/records/{name}.json")
    }
}

fn row(session: &Session) -> Row {
    Row {
        target: session.target.clone(),
        seconds: session.took.as_secs(),
        executions: session.last.executions,
        coverage_start: session.first.coverage,
        coverage_end: session.last.coverage,
        features_end: session.last.features,
        corpus: session.last.corpus,
        crashes: u8::from(session.artifact.is_some()),
    }
}

/// This moment, in UTC.
#[expect(clippy::disallowed_methods, reason = "a record says when it was made; nothing is ordered")]
pub(crate) fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date(since.as_secs())
}

/// `2026-01-31T12:00Z` of a number of seconds since 1970.
fn date(seconds: u64) -> String {
    let (mut days, minutes) = (seconds / 86_400, seconds % 86_400 / 60);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}T{:02}:{:02}Z", days + 1, minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::status::Status;
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00Z"),
            (951_782_399, "2000-02-28T23:59Z"),
            (951_782_400, "2000-02-29T00:00Z"),
            (1_735_689_599, "2024-12-31T23:59Z"),
            (1_735_689_600, "2025-01-01T00:00Z"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }

    #[test]
    fn a_record_is_named_after_its_date_and_says_what_was_measured() {
        let session = Session {
            target: "filter_text".into(),
            took: Duration::from_secs(60),
            first: Status { coverage: 900, ..Status::default() },
            last: Status { coverage: 1_905, executions: 7, ..Status::default() },
            artifact: None,
        };
        let versions = Versions { cargo: "cargo 1".into(), cargo_fuzz: "cargo-fuzz 0".into() };
        let record = Record::new(
            "cargo xtask fuzz campaign --hours 1".into(),
            "2025-01-31T12:00Z".into(),
            "abc".into(),
            versions,
            &session,
            std::slice::from_ref(&session),
        );
        assert_eq!(record.path(), "fuzz/records/20250131T1200Z.json");
        let json = serde_json::to_string(&record).unwrap();
        for part in ["\"coverage_start\":900,\"coverage_end\":1905", "\"executions\":7", "cores"] {
            assert!(json.contains(part), "{json}");
        }
    }
}
