//! The verdict on each scope, and how it is shown.

use std::fmt::Write;

use super::config::{Config, Scope};
use super::outcomes::Outcomes;

/// One scope, judged.
#[derive(Debug)]
pub(super) struct Row {
    name: String,
    viable: usize,
    caught: usize,
    bar: f64,
    /// Survivors that are known to change nothing, with the reason.
    equivalent: Vec<(String, String)>,
    survivors: Vec<String>,
}

impl Row {
    pub(super) fn judge(scope: &Scope, outcomes: &Outcomes, config: &Config) -> Self {
        let mut row = Self {
            name: scope.name.clone(),
            viable: outcomes.caught + outcomes.timed_out + outcomes.missed.len(),
            caught: outcomes.caught + outcomes.timed_out,
            bar: scope.caught_percent_min,
            equivalent: Vec::new(),
            survivors: Vec::new(),
        };
        for mutant in &outcomes.missed {
            // Without its position, another mutant can bear the same name. An entry is about one.
            let excused = row.equivalent.iter().filter(|(known, _)| known == mutant).count();
            match config.reasons(mutant).nth(excused) {
                Some(reason) => row.equivalent.push((mutant.clone(), reason.to_owned())),
                None => row.survivors.push(mutant.clone()),
            }
        }
        row
    }

    /// The share that was caught of those that could be, in percent.
    fn caught_percent(&self) -> f64 {
        let catchable = self.viable - self.equivalent.len();
        100.0 * self.caught as f64 / catchable as f64
    }

    /// Whether enough was caught. A scope without mutants has shown nothing.
    pub(super) fn is_green(&self) -> bool {
        self.viable > self.equivalent.len() && self.caught_percent() >= self.bar
    }
}

/// The table, and every survivor.
pub(super) fn render(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<12}  {:>6}  {:>6}  {:>10}  {:>9}  {:>8}\n",
        "scope", "viable", "caught", "equivalent", "survivors", "percent"
    );
    let mut add = |line: std::fmt::Arguments<'_>| {
        // Writing to a string never fails.
        let _ = writeln!(text, "{line}");
    };
    for row in rows {
        let verdict = if row.is_green() { "" } else { "  TOO FEW" };
        add(format_args!(
            "{:<12}  {:>6}  {:>6}  {:>10}  {:>9}  {:>8.1}{verdict}",
            row.name,
            row.viable,
            row.caught,
            row.equivalent.len(),
            row.survivors.len(),
            row.caught_percent(),
        ));
    }
    for row in rows {
        for survivor in &row.survivors {
            add(format_args!("survived: {survivor}"));
        }
        for (mutant, reason) in &row.equivalent {
            add(format_args!("equivalent: {mutant}\n    because {reason}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::parse(
            r#"{
                "scopes": [{"name": "search", "package": "search", "timeout_seconds": 9,
                            "caught_percent_min": 90.0}],
                "equivalent": [{"mutant": "a.rs: replace > with >=", "reason": "pure pruning"}]
            }"#,
        )
        .unwrap()
    }

    fn row(caught: usize, missed: &[&str]) -> Row {
        let config = config();
        let missed = missed.iter().map(ToString::to_string).collect();
        let outcomes = Outcomes { caught, missed, ..Outcomes::default() };
        Row::judge(config.select(&[]).unwrap()[0], &outcomes, &config)
    }

    #[test]
    fn a_known_equivalent_counts_neither_way() {
        assert!(row(9, &["a.rs: replace > with >=", "a.rs: other"]).is_green());
        assert!(!row(8, &["a.rs: replace > with >=", "a.rs: other"]).is_green());
    }

    #[test]
    fn an_entry_excuses_one_of_two_mutants_of_its_name() {
        let twins = row(9, &["a.rs: replace > with >="; 2]);
        assert_eq!((twins.equivalent.len(), twins.survivors.len()), (1, 1));
    }

    #[test]
    fn a_scope_without_mutants_is_not_green() {
        assert!(!row(0, &[]).is_green());
        assert!(!row(0, &["a.rs: replace > with >="]).is_green());
    }

    #[test]
    fn every_survivor_is_named() {
        let rows = [row(9, &["a.rs: replace > with >=", "a.rs: other"]), row(1, &["b.rs: x"])];
        insta::assert_snapshot!(render(&rows), @r"
        scope         viable  caught  equivalent  survivors   percent
        search            11       9           1          1      90.0
        search             2       1           0          1      50.0  TOO FEW
        survived: a.rs: other
        equivalent: a.rs: replace > with >=
            because pure pruning
        survived: b.rs: x
        ");
    }
}
