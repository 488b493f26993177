//! How ci shows its plan and what became of it.
//!
//! Pure: it never runs or prints anything.

use std::fmt;
use std::time::Duration;

use super::plan::Step;
use crate::Verdict;

/// What became of one step.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) step: &'static str,
    pub(crate) status: Status,
    pub(crate) took: Duration,
}

/// How a step ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    Failed,
    /// It did not run, for this reason.
    Skipped(String),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Failed => f.write_str("FAILED"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({:.1} s)", self.step, self.status, self.took.as_secs_f64())
    }
}

/// Red as soon as one step failed. A skipped step is no failure.
pub(crate) fn verdict(outcomes: &[Outcome]) -> Verdict {
    Verdict::green_if(outcomes.iter().all(|outcome| outcome.status != Status::Failed))
}

/// The closing table.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut text = format!("{:<12} {:>8}  {}\n", "step", "seconds", "outcome");
    for Outcome { step, status, took } in outcomes {
        text += &format!("{step:<12} {:>8.1}  {status}\n", took.as_secs_f64());
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    let skipped = outcomes.iter().filter(|o| matches!(o.status, Status::Skipped(_))).count();
    let failed: Vec<_> =
        outcomes.iter().filter(|o| o.status == Status::Failed).map(|o| o.step).collect();
    let verdict = match (failed.is_empty(), skipped) {
        (true, 0) => "green".to_owned(),
        (true, _) => format!("green, with {skipped} skipped"),
        (false, _) => format!("FAILED: {}", failed.join(", ")),
    };
    text + &format!("{:<12} {:>8.1}  {verdict}\n", "all", total.as_secs_f64())
}

/// The steps and their commands.
pub(crate) fn list(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        text += &format!("{}: {}\n", step.name, step.purpose);
        if let Some(tool) = &step.tool {
            text += &format!("    only where `{}` works\n", tool.probe);
        }
        for part in &step.parts {
            text += &format!("    {part}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(step: &'static str, status: Status, seconds: f64) -> Outcome {
        Outcome { step, status, took: Duration::from_secs_f64(seconds) }
    }

    #[test]
    fn a_failure_is_red_and_named() {
        let outcomes = [
            outcome("fmt", Status::Ok, 0.41),
            outcome("clippy", Status::Failed, 61.0),
            outcome("deny", Status::Skipped("cargo-deny is not installed".into()), 0.02),
        ];
        assert_eq!(verdict(&outcomes), Verdict::Red);
        insta::assert_snapshot!(table(&outcomes), @r"
        step          seconds  outcome
        fmt               0.4  ok
        clippy           61.0  FAILED
        deny              0.0  skipped: cargo-deny is not installed
        all              61.4  FAILED: clippy
        ");
    }

    #[test]
    fn a_skipped_step_is_green_but_told() {
        let outcomes =
            [outcome("fmt", Status::Ok, 1.0), outcome("deny", Status::Skipped("x".into()), 0.0)];
        assert_eq!(verdict(&outcomes), Verdict::Green);
        assert!(table(&outcomes).contains("green, with 1 skipped"));
    }
}
