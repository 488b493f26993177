//! The matrix defect × case: which cases catch which defects, and what neither side has.
//!
//! Pure: the same report always gives the same text.

use std::collections::BTreeSet;
use std::time::Duration;

use super::table::{align, shown};
use crate::Result;

/// How many of the cases that catch a defect are named.
const NAMED: usize = 3;

/// What a report says.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    defects: Vec<Defect>,
    /// Every case of the suite.
    cases: Vec<String>,
}

/// One row.
#[derive(Debug, Default)]
struct Defect {
    name: String,
    story: String,
    /// The cases that fail on it.
    caught_by: Vec<String>,
    /// The cases about it that don't.
    blind: Vec<String>,
    /// How many cases run on it, and how many did.
    cases: usize,
    done: usize,
    took: Duration,
}

impl Matrix {
    /// Reads a report; one that ends early, or a line that can't be read, is an error.
    pub(crate) fn parse(report: &str) -> Result<Self> {
        let mut matrix = Self::default();
        let mut is_complete = false;
        for (i, line) in report.lines().enumerate() {
            let fields: Vec<&str> = line.split('\t').collect();
            match (&fields[..], matrix.defects.last_mut()) {
                (["end"], _) => is_complete = true,
                (["case", name], None) => matrix.cases.push((*name).to_owned()),
                (["defect", name, story, cases], _) if cases.parse::<usize>().is_ok() => {
                    matrix.defects.push(Defect {
                        name: (*name).to_owned(),
                        story: (*story).to_owned(),
                        cases: cases.parse().unwrap_or_default(),
                        ..Defect::default()
                    });
                }
                (
                    ["cell", name, case, verdict @ ("caught" | "missed" | "blind"), micros],
                    Some(defect),
                ) if defect.name == *name
                    && micros.parse::<u64>().is_ok()
                    && matrix.cases.iter().any(|known| known == case) =>
                {
                    defect.done += 1;
                    defect.took += Duration::from_micros(micros.parse().unwrap_or_default());
                    match *verdict {
                        "caught" => defect.caught_by.push((*case).to_owned()),
                        "blind" => defect.blind.push((*case).to_owned()),
                        _ => (),
                    }
                }
                _ => return Err(format!("line {} of the matrix is `{line}`", i + 1)),
            }
        }
        match matrix.defects.iter().find(|defect| defect.done != defect.cases) {
            _ if !is_complete => Err("the matrix ends early: the test died in it".to_owned()),
            Some(Defect { name, done, cases, .. }) => {
                Err(format!("{done} of {cases} cases ran on the defect {name}"))
            }
            None => Ok(matrix),
        }
    }

    /// The defects that no case catches.
    fn uncaught(&self) -> impl Iterator<Item = &Defect> {
        self.defects.iter().filter(|defect| defect.caught_by.is_empty())
    }

    /// The cases that catch no defect.
    fn idle(&self) -> Vec<&str> {
        let busy: BTreeSet<&String> =
            self.defects.iter().flat_map(|defect| &defect.caught_by).collect();
        self.cases.iter().filter(|case| !busy.contains(case)).map(String::as_str).collect()
    }

    /// Whether there are defects, each is caught by all cases about it, and no case is idle.
    pub(crate) fn is_green(&self) -> bool {
        !self.defects.is_empty()
            && self.uncaught().next().is_none()
            && self.defects.iter().all(|defect| defect.blind.is_empty())
            && self.idle().is_empty()
    }

    /// A row per defect, the failures, and the totals.
    pub(crate) fn render(&self, wall: Duration) -> String {
        let mut rows = vec![["defect", "cases", "caught by"].map(str::to_owned).to_vec()];
        for defect in &self.defects {
            let (named, more) = defect.caught_by.split_at(defect.caught_by.len().min(NAMED));
            let mut by = named.join(", ");
            if defect.caught_by.is_empty() {
                "NOBODY".clone_into(&mut by);
            }
            if !more.is_empty() {
                by += ", …";
            }
            rows.push(vec![defect.name.clone(), defect.caught_by.len().to_string(), by]);
        }
        let mut text = String::new();
        for (i, line) in align(&rows).lines().enumerate() {
            text += &format!("{line}\n");
            // The story goes below its row: side by side they don't fit a terminal.
            if let Some(defect) = i.checked_sub(1).and_then(|i| self.defects.get(i)) {
                text += &format!("  {}\n", defect.story);
            }
        }
        text.push('\n');
        for defect in self.uncaught() {
            text += &format!("UNCAUGHT  {}: {}\n", defect.name, defect.story);
        }
        for defect in &self.defects {
            for case in &defect.blind {
                text += &format!("BLIND     {case} is about {} and misses it\n", defect.name);
            }
        }
        for case in self.idle() {
            text += &format!("IDLE      {case} catches no defect\n");
        }
        let caught = self.defects.len() - self.uncaught().count();
        text += &format!(
            "{caught} of {} defects caught; {} of {} cases catch one; {} on all cores, {} in all\n",
            self.defects.len(),
            self.cases.len() - self.idle().len(),
            self.cases.len(),
            shown(wall),
            shown(self.defects.iter().map(|defect| defect.took).sum()),
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdicts: &[[&str; 4]]) -> String {
        let cases = ["get::a", "get::b", "apply::c", "apply::d"];
        let mut text: String = cases.iter().map(|case| format!("case\t{case}\n")).collect();
        for (n, row) in verdicts.iter().enumerate() {
            text += &format!("defect\tDefect{n}\tIts story {n}.\t4\n");
            for (case, verdict) in cases.iter().zip(row) {
                text += &format!("cell\tDefect{n}\t{case}\t{verdict}\t250000\n");
            }
        }
        text + "end\n"
    }

    const WALL: Duration = Duration::from_secs(2);

    #[test]
    fn a_green_matrix() {
        let matrix = Matrix::parse(&report(&[
            ["caught", "missed", "missed", "missed"],
            ["caught", "caught", "caught", "caught"],
        ]));
        let matrix = matrix.unwrap();
        assert!(matrix.is_green());
        insta::assert_snapshot!(matrix.render(WALL), @r"
        defect   cases  caught by
        Defect0  1      get::a
          Its story 0.
        Defect1  4      get::a, get::b, apply::c, …
          Its story 1.

        2 of 2 defects caught; 4 of 4 cases catch one; 2.00 s on all cores, 2.00 s in all
        ");
    }

    #[test]
    fn an_uncaught_defect_and_an_idle_case_are_failures() {
        let matrix = Matrix::parse(&report(&[
            ["caught", "missed", "caught", "caught"],
            ["missed", "missed", "missed", "missed"],
        ]));
        let matrix = matrix.unwrap();
        assert!(!matrix.is_green());
        insta::assert_snapshot!(matrix.render(WALL), @r"
        defect   cases  caught by
        Defect0  3      get::a, apply::c, apply::d
          Its story 0.
        Defect1  0      NOBODY
          Its story 1.

        UNCAUGHT  Defect1: Its story 1.
        IDLE      get::b catches no defect
        1 of 2 defects caught; 3 of 4 cases catch one; 2.00 s on all cores, 2.00 s in all
        ");
    }

    #[test]
    fn a_case_that_misses_what_it_is_about_is_a_failure() {
        let matrix =
            Matrix::parse(&report(&[["caught"; 4], ["caught", "blind", "missed", "missed"]]));
        let matrix = matrix.unwrap();
        assert!(!matrix.is_green());
        assert!(matrix.render(WALL).contains("BLIND     get::b is about Defect1 and misses it"));
    }

    #[test]
    fn either_failure_alone_is_one() {
        let uncaught = report(&[["caught"; 4], ["missed"; 4]]);
        assert!(!Matrix::parse(&uncaught).unwrap().is_green());
        let idle = report(&[["caught", "missed", "caught", "caught"]]);
        assert!(!Matrix::parse(&idle).unwrap().is_green());
        assert!(!Matrix::parse("end\n").unwrap().is_green());
    }

    #[test]
    fn half_a_matrix_is_an_error() {
        let whole = report(&[["caught"; 4], ["caught"; 4]]);
        assert!(Matrix::parse(&whole).is_ok());
        let without_a_line = |n: usize| -> String {
            let lines = whole.lines().enumerate().filter(|(i, _)| *i != n);
            lines.map(|(_, line)| format!("{line}\n")).collect()
        };
        for n in 0..whole.lines().count() {
            assert!(Matrix::parse(&without_a_line(n)).is_err(), "without line {n}");
        }
        for strange in ["", "cell\tDefect0\tget::a\tmaybe\t1", "cell\tOther\tget::a\tcaught\t1"] {
            let report = whole.replace("end\n", &format!("{strange}\nend\n"));
            assert!(Matrix::parse(&report).is_err(), "{strange:?}");
        }
    }
}
