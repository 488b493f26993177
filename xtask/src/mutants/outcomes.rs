//! What cargo-mutants found: its `outcomes.json`, as far as it matters here.

use std::path::Path;

use serde::Deserialize;

use crate::Result;

/// The outcome of every mutant, by how it ended.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcomes {
    pub(super) caught: usize,
    /// Mutants that made the tests run out of time, which is another way of noticing them.
    pub(super) timed_out: usize,
    /// Mutants that don't compile, and so are none.
    pub(super) unviable: usize,
    /// Those that no test noticed, named without line and column.
    pub(super) missed: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    outcomes: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: String,
}

#[derive(Deserialize)]
enum Scenario {
    Baseline,
    Mutant(Mutant),
}

#[derive(Deserialize)]
struct Mutant {
    name: String,
}

impl Outcomes {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{} can't be read: {error}", path.display()))?;
        Self::parse(&text)
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let file: File = serde_json::from_str(text)
            .map_err(|error| format!("the outcomes of cargo-mutants can't be read: {error}"))?;
        let mut outcomes = Self::default();
        for outcome in file.outcomes {
            let Scenario::Mutant(mutant) = outcome.scenario else { continue };
            match outcome.summary.as_str() {
                "CaughtMutant" => outcomes.caught += 1,
                "Timeout" => outcomes.timed_out += 1,
                "Unviable" => outcomes.unviable += 1,
                "MissedMutant" => outcomes.missed.push(without_position(&mutant.name)),
                other => {
                    return Err(format!("cargo-mutants reports the unknown outcome {other:?}"));
                }
            }
        }
        Ok(outcomes)
    }
}

/// `src/lib.rs:74:9: replace …` as `src/lib.rs: replace …`, which survives an edit above it.
fn without_position(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_line), Some(_column), Some(what)) => format!("{file}:{what}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_by_how_they_ended() {
        let mutant = |name: &str, summary: &str| {
            format!(r#"{{"scenario": {{"Mutant": {{"name": "{name}"}}}}, "summary": "{summary}"}}"#)
        };
        let text = format!(
            r#"{{"outcomes": [{{"scenario": "Baseline", "summary": "Success"}}, {}, {}, {}, {}]}}"#,
            mutant("a/src/lib.rs:7:9: replace a::b -> c with d", "MissedMutant"),
            mutant("a/src/lib.rs:8:9: replace + with -", "CaughtMutant"),
            mutant("a/src/lib.rs:8:9: replace + with *", "Timeout"),
            mutant("a/src/lib.rs:9:9: replace + with *", "Unviable"),
        );
        let expected = Outcomes {
            caught: 1,
            timed_out: 1,
            unviable: 1,
            missed: vec!["a/src/lib.rs: replace a::b -> c with d".into()],
        };
        assert_eq!(Outcomes::parse(&text).unwrap(), expected);
    }

    #[test]
    fn an_outcome_that_is_new_is_not_passed_over() {
        let text = r#"{"outcomes": [{"scenario": {"Mutant": {"name": "x"}}, "summary": "Odd"}]}"#;
        assert!(Outcomes::parse(text).unwrap_err().contains("Odd"));
    }
}
