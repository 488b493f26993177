//! Checks that the contract and the suite say the same: a case for every statement, a statement
//! for every case, and at least one for every method of a trait.
//!
//! Pure. It compares names and never what a case does.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::sources::{Source, Sources};

/// Where the statements are: bullets in the documentation of the traits.
const STATED_IN: [&str; 11] = [
    "iqdb-core/src/store.rs",
    "iqdb-core/src/snapshot.rs",
    "iqdb-core/src/snapshot_ext.rs",
    "iqdb-core/src/remote/mod.rs",
    "iqdb-core/src/source.rs",
    "iqdb-core/src/column.rs",
    "iqdb-core/src/payload.rs",
    "iqdb-core/src/search.rs",
    "iqdb-core/src/search_ext.rs",
    "iqdb-core/src/maintenance.rs",
    "iqdb-core/src/feed.rs",
];

/// Where the cases are listed, in the macro `for_each_case`.
const CASES_IN: &str = "iqdb-conformance/src/cases.rs";
const CASES_MACRO: &str = "macro_rules! for_each_case";

/// A name and where it stands.
#[derive(Debug)]
struct Named<'a> {
    name: &'a str,
    path: &'a str,
    line: usize,
}

impl Named<'_> {
    fn finding(&self, problem: String, remedy: &str) -> Finding {
        Finding::new(self.path, self.line, problem, remedy)
    }
}

/// How many statements there are, and every difference.
pub(crate) fn check(sources: &Sources) -> (usize, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut read = |path: &'static str| {
        let source = sources.get(path);
        if source.is_none() {
            let remedy = "restore it, or tell tidy's contract check where its content went";
            findings.push(Finding::new(path, 1, "the file is missing", remedy));
        }
        source
    };
    let stated: Vec<&Source> = STATED_IN.into_iter().filter_map(&mut read).collect();
    let listed = read(CASES_IN);
    let statements: Vec<Named<'_>> = stated.iter().flat_map(|source| statements(source)).collect();
    let cases: Vec<Named<'_>> = listed.map(cases).unwrap_or_default();
    if let (Some(source), true) = (listed, cases.is_empty()) {
        let problem = format!("`{CASES_MACRO}` lists no `family::case_name,`");
        findings.push(Finding::new(&source.path, 1, problem, "list one case per line"));
    }
    for method in stated.iter().flat_map(|source| methods_without_statement(source)) {
        let problem = format!("the method `{}` promises nothing", method.name);
        let remedy = "state it as a bullet with a name, and write the case that proves it";
        findings.push(method.finding(problem, remedy));
    }
    let unique_statements = unique(&statements, "statement", &mut findings);
    let unique_cases = unique(&cases, "case", &mut findings);
    // Without the list every statement would be reported; that it is missing says it all.
    if !cases.is_empty() {
        for (name, statement) in &unique_statements {
            if !unique_cases.contains_key(name) {
                let problem = format!("the statement `{name}` has no case");
                findings.push(statement.finding(problem, "write the case that proves it"));
            }
        }
        for (name, case) in &unique_cases {
            if !unique_statements.contains_key(name) {
                let problem = format!("the case `{name}` proves no statement");
                let remedy = "state it under the method that promises it, or delete the case";
                findings.push(case.finding(problem, remedy));
            }
        }
    }
    (statements.len(), findings)
}

/// Bullets of the form ``/// - `case_name`: Sentence``.
fn statements(source: &Source) -> impl Iterator<Item = Named<'_>> {
    named(source, 0, statement)
}

fn statement(line: &str) -> Option<&str> {
    let (name, sentence) = line.strip_prefix("/// - `")?.split_once("`: ")?;
    (!sentence.trim().is_empty() && is_name(name)).then_some(name)
}

/// The methods of public traits whose documentation has no bullet, by the lines that rustfmt makes.
fn methods_without_statement(source: &Source) -> Vec<Named<'_>> {
    let (mut methods, mut in_trait, mut is_stated) = (Vec::new(), false, false);
    for (i, line) in source.text.lines().enumerate() {
        match line {
            "}" => in_trait = false,
            _ if line.starts_with("pub trait ") => (in_trait, is_stated) = (true, false),
            _ if !in_trait => {}
            _ if statement(line.trim()).is_some() => is_stated = true,
            _ => {
                if let Some(name) = line.strip_prefix("    fn ") {
                    let name = name.split(['(', '<']).next().unwrap_or(name);
                    if !is_stated {
                        methods.push(Named { name, path: &source.path, line: i + 1 });
                    }
                    is_stated = false;
                }
            }
        }
    }
    methods
}

/// Lines of the form `family::case_name,` inside the macro.
fn cases(source: &Source) -> Vec<Named<'_>> {
    let Some(first) = source.text.lines().position(|line| line.starts_with(CASES_MACRO)) else {
        return Vec::new();
    };
    let length = source.text.lines().skip(first).position(|line| line == "}");
    let end = length.map_or(usize::MAX, |length| first + length);
    named(source, first, |line| {
        let (family, name) = line.strip_suffix(',')?.split_once("::")?;
        is_name(family).then_some(name)
    })
    .take_while(|case| case.line <= end)
    .collect()
}

fn named<'a>(
    source: &'a Source,
    from: usize,
    name: impl Fn(&'a str) -> Option<&'a str>,
) -> impl Iterator<Item = Named<'a>> {
    source.text.lines().enumerate().skip(from).filter_map(move |(i, line)| {
        let name = name(line.trim()).filter(|name| is_name(name))?;
        Some(Named { name, path: &source.path, line: i + 1 })
    })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn unique<'a, 'b>(
    all: &'b [Named<'a>],
    what: &str,
    findings: &mut Vec<Finding>,
) -> BTreeMap<&'a str, &'b Named<'a>> {
    let mut unique: BTreeMap<&str, &Named<'_>> = BTreeMap::new();
    for named in all {
        if let Some(first) = unique.get(named.name) {
            let problem =
                format!("the {what} `{}` is at {}:{} already", named.name, first.path, first.line);
            findings.push(named.finding(problem, "give one of them another name"));
        } else {
            unique.insert(named.name, named);
        }
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAPSHOT: &str = "pub trait Snapshot {\n    /// How many.\n    ///\n    \
        /// - `len_counts_ids`: Replaced ones\n    ///   count once.\n    fn len(&self);\n}\n";

    fn check_with(store: &str, cases: &str) -> Vec<String> {
        let cases = format!(
            "//! Cases.\nmacro_rules! for_each_case {{\n    ($stamp:ident) => {{\n        $stamp! {{\n\
             {cases}        }}\n    }};\n}}\n\nother::not_listed,\n"
        );
        let mut sources = STATED_IN.map(|path| (path, "")).to_vec();
        (sources[0].1, sources[1].1) = (store, SNAPSHOT);
        sources.push((CASES_IN, &cases));
        let sources = Sources::new(&sources);
        check(&sources).1.iter().map(ToString::to_string).collect()
    }

    const STORE: &str = "/// - `upsert_inserts`: It is there.\n/// - [`Error`]: No statement.\n\
        /// - `Other`: No statement.\n";
    const CASES: &str = "            apply::upsert_inserts,\n            view::len_counts_ids,\n";

    #[test]
    fn agreement_is_left_alone() {
        assert_eq!(check_with(STORE, CASES), [""; 0]);
    }

    #[test]
    fn a_statement_without_a_case_is_found() {
        let store = format!("{STORE}/// - `delete_removes`: It is gone.\n");
        assert_eq!(
            check_with(&store, CASES),
            ["iqdb-core/src/store.rs:4: the statement `delete_removes` has no case; \
              write the case that proves it"]
        );
    }

    #[test]
    fn a_case_without_a_statement_is_found() {
        let found = check_with(STORE, &format!("{CASES}            apply::extra,\n"));
        assert_eq!(
            found,
            ["iqdb-conformance/src/cases.rs:7: the case `extra` proves no statement; \
              state it under the method that promises it, or delete the case"]
        );
    }

    #[test]
    fn a_method_without_a_statement_is_found() {
        let bodies = "impl Odd {\n    fn free(&self) {}\n}\n\npub trait Store: Sync {\n    \
            /// - `upsert_inserts`: It is there.\n    #[must_use]\n    fn upsert<T>(\n        &self,\n    \
            ) -> bool {\n        fn inner() {}\n    }\n\n    /// Prose.\n    fn delete(&self);\n}\n\n\
            trait Private {\n    fn any(&self);\n}\n";
        assert_eq!(
            check_with(bodies, CASES),
            ["iqdb-core/src/store.rs:15: the method `delete` promises nothing; \
              state it as a bullet with a name, and write the case that proves it"]
        );
    }

    #[test]
    fn a_name_used_twice_is_found() {
        let twice = check_with(&format!("{STORE}{STORE}"), CASES);
        assert!(twice.len() == 1 && twice[0].contains("store.rs:1 already"), "{twice:?}");
        let twice = check_with(STORE, &format!("{CASES}            other::upsert_inserts,\n"));
        assert!(twice.len() == 1 && twice[0].contains("the case `upsert_inserts`"), "{twice:?}");
    }

    #[test]
    fn a_missing_or_empty_list_is_found_once() {
        let empty = check_with(STORE, "");
        assert!(empty.len() == 1 && empty[0].contains("lists no"), "{empty:?}");
        let (count, missing) = check(&Sources::new(&[(STATED_IN[0], STORE)]));
        assert_eq!((count, missing.len()), (1, STATED_IN.len()));
    }
}
