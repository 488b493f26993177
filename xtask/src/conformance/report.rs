//! The report that a harness appends to, one line per case.
//!
//! Pure. A line that can't be read is told, never skipped: a report that shrinks silently would
//! turn red into green.

use std::fmt;
use std::time::Duration;

/// A case of the suite.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Case {
    pub(crate) family: String,
    pub(crate) name: String,
}

/// How a case ended on one backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    Failed,
    /// It is about a promise that the backend's capabilities don't make.
    NotPromised,
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) backend: String,
    pub(crate) case: Case,
    pub(crate) status: Status,
    pub(crate) took: Duration,
}

impl Case {
    /// The case that a test stands for: the last two segments of its path, so that several
    /// harnesses fit one test target, each in its module. `None` for a test that is no case.
    pub(crate) fn of_test(path: &str) -> Option<Self> {
        let mut segments = path.rsplit("::");
        let (name, family) = (segments.next()?, segments.next()?);
        Some(Self { family: family.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.family, self.name)
    }
}

/// The lines of a report, and a complaint for each that can't be read.
pub(crate) fn parse(report: &str) -> (Vec<Line>, Vec<String>) {
    let (mut lines, mut complaints) = (Vec::new(), Vec::new());
    for (i, text) in report.lines().enumerate() {
        match parse_line(text) {
            Some(line) => lines.push(line),
            None => complaints.push(format!(
                "line {} of the report is `{text}`; expected \
                 backend<TAB>family::case<TAB>ok|failed|n/a<TAB>microseconds",
                i + 1
            )),
        }
    }
    (lines, complaints)
}

fn parse_line(text: &str) -> Option<Line> {
    let mut fields = text.split('\t');
    let (backend, path) = (fields.next()?, fields.next()?);
    let status = match fields.next()? {
        "ok" => Status::Ok,
        "failed" => Status::Failed,
        "n/a" => Status::NotPromised,
        _ => return None,
    };
    let took = Duration::from_micros(fields.next()?.parse().ok()?);
    if fields.next().is_some() || backend.is_empty() {
        return None;
    }
    Some(Line { backend: backend.to_owned(), case: Case::of_test(path)?, status, took })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let (lines, complaints) =
            parse("memory\tapply::upsert\tok\t1500\nmemory\tlife::reopen\tn/a\t3\n");
        assert_eq!(complaints, [""; 0]);
        assert_eq!(lines[0].backend, "memory");
        assert_eq!(lines[0].case.to_string(), "apply::upsert");
        assert_eq!(lines[0].took, Duration::from_micros(1500));
        assert_eq!((lines[0].status, lines[1].status), (Status::Ok, Status::NotPromised));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_told() {
        for bad in [
            "",
            "memory",
            "memory\tapply::upsert\tfine\t1",
            "memory\tapply::upsert\tok\tsoon",
            "memory\tapply::upsert\tok\t1\textra",
            "memory\tupsert\tok\t1",
            "\tapply::upsert\tok\t1",
        ] {
            let (lines, complaints) = parse(&format!("{bad}\n"));
            assert!(lines.is_empty() && complaints.len() == 1, "{bad:?}");
        }
    }

    #[test]
    fn a_case_is_the_last_two_segments() {
        let case = Case::of_test("strict::apply::upsert").unwrap();
        assert_eq!(case.to_string(), "apply::upsert");
        assert_eq!(Case::of_test("alone"), None);
    }
}
