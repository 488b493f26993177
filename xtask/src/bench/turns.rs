//! `cargo xtask bench turns`: two builds of one program by turns, so that what the machine does
//! meanwhile happens to both.
//!
//! Each round runs the old build, the new one, and the old one once more, which shows what of a ratio is
//! noise. The order changes from round to round. A run prints a rate as the last word of its output:
//! more is better.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::{Result, Verdict, terminal};

/// How often the rounds are drawn anew to find how far a ratio may be off.
const DRAWS: usize = 10_000;

/// Which builds, and how often.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The program as it was.
    old: PathBuf,
    /// The program as it is.
    new: PathBuf,
    /// How many rounds.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// What both are called with.
    #[arg(last = true)]
    args: Vec<String>,
}

/// Runs them, and prints medians and ratios.
pub(super) fn run(options: &Options) -> Result<Verdict> {
    let mut rounds = Vec::new();
    for round in 0..options.rounds.max(1) {
        let run = |program: &Path| rate(program, &options.args);
        let [old, new, again] = match round % 3 {
            0 => [run(&options.old)?, run(&options.new)?, run(&options.old)?],
            1 => {
                let new = run(&options.new)?;
                [run(&options.old)?, new, run(&options.old)?]
            }
            _ => {
                let (old, again) = (run(&options.old)?, run(&options.old)?);
                [old, run(&options.new)?, again]
            }
        };
        rounds.push([old, new, again]);
        terminal::say(&format!("round {}: old {old:.1}, new {new:.1}, old {again:.1}", round + 1));
    }
    terminal::say(&format!("new to old: {}", Ratio::of(&rounds, 1)));
    terminal::say(&format!("old to old: {}", Ratio::of(&rounds, 2)));
    Ok(Verdict::Green)
}

/// What one run says of itself.
fn rate(program: &Path, args: &[String]) -> Result<f64> {
    let name = program.display();
    let output = Command::new(program)
        .args(args)
        .output()
        .map_err(|error| format!("{name} can't be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name} failed: {}", errors.trim()));
    }
    let last = text.split_whitespace().last().and_then(|word| word.parse().ok());
    last.ok_or_else(|| format!("{name} ends with no rate: {}", text.trim()))
}

/// A ratio of medians, and the interval that 95 of 100 draws of the rounds lie in.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ratio {
    old: f64,
    new: f64,
    low: f64,
    high: f64,
}

impl Ratio {
    /// Of what stands at this place of each round, to what stands at the first.
    fn of(rounds: &[[f64; 3]], at: usize) -> Self {
        let medians = |picked: &[usize]| {
            let median_at = |at: usize| median(picked.iter().map(|n| rounds[*n][at]).collect());
            (median_at(0), median_at(at))
        };
        let all: Vec<usize> = (0..rounds.len()).collect();
        let (old, new) = medians(&all);
        let mut rng = fastrand::Rng::with_seed(1);
        let mut drawn: Vec<f64> = (0..DRAWS)
            .map(|_| {
                let picked: Vec<usize> = all.iter().map(|_| rng.usize(..rounds.len())).collect();
                let (old, new) = medians(&picked);
                new / old
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        Self { old, new, low: drawn[DRAWS / 40], high: drawn[DRAWS - 1 - DRAWS / 40] }
    }
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { old, new, low, high } = self;
        let ratio = new / old;
        write!(f, "{ratio:.3} (95 %: {low:.3} to {high:.3}), medians {new:.1} and {old:.1}")
    }
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    let middle = of.len() / 2;
    if of.len().is_multiple_of(2) { f64::midpoint(of[middle - 1], of[middle]) } else { of[middle] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_lies_between_its_bounds_and_equal_runs_have_none() {
        let rounds: Vec<[f64; 3]> =
            (0..20).map(|n| [100.0 + f64::from(n % 5), 80.0 + f64::from(n % 3), 100.0]).collect();
        let ratio = Ratio::of(&rounds, 1);
        assert!(ratio.low <= ratio.new / ratio.old && ratio.new / ratio.old <= ratio.high);
        assert!(ratio.low > 0.76 && ratio.high < 0.84, "{ratio}");
        let same = Ratio::of(&[[5.0, 5.0, 5.0]; 4], 2);
        assert_eq!((same.low, same.high), (1.0, 1.0));
        assert_eq!(median(vec![3.0, 1.0, 2.0, 10.0]), 2.5);
    }

    #[cfg(unix)]
    #[test]
    fn the_last_word_of_a_run_is_its_rate() {
        let echo = |words: &str| rate(Path::new("echo"), &[words.to_owned()]);
        assert_eq!(echo("singles/s 12.5"), Ok(12.5));
        assert!(echo("no rate").unwrap_err().contains("no rate"));
        assert!(rate(Path::new("false"), &[]).is_err());
    }
}
