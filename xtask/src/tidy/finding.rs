//! A finding: what is wrong where, and what to do about it.
//!
//! Pure.

use std::fmt;

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    problem: String,
    remedy: String,
}

impl Finding {
    /// `problem` on `line`, counted from 1, of the file `path`; `remedy` says what to do.
    pub(crate) fn new(
        path: &str,
        line: usize,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (path, problem, remedy) = (path.to_owned(), problem.into(), remedy.into());
        Self { path, line, problem, remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.problem, self.remedy)
    }
}

/// What was looked at, and the findings by file and line.
pub(crate) fn report(mut findings: Vec<Finding>, seen: &[String]) -> String {
    findings.sort();
    let looked_at = format!("tidy looked at {}", seen.join("; "));
    if findings.is_empty() {
        return format!("{looked_at}: nothing to mend");
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    format!("{}\n\n{looked_at}: {} to mend", lines.join("\n"), findings.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_come_by_file_and_line() {
        let findings =
            vec![Finding::new("b.rs", 2, "late", "hurry"), Finding::new("a.rs", 10, "odd", "even")];
        insta::assert_snapshot!(report(findings, &["2 files".into()]), @r"
        a.rs:10: odd; even
        b.rs:2: late; hurry

        tidy looked at 2 files: 2 to mend
        ");
    }

    #[test]
    fn a_clean_tree_says_what_was_looked_at() {
        assert_eq!(
            report(vec![], &["2 files".into(), "3 links".into()]),
            "tidy looked at 2 files; 3 links: nothing to mend"
        );
    }
}
