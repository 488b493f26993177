//! Checks of a single Rust file: its header, its name, its length, what was left behind in it.
//!
//! Pure. What takes more than one file to see is checked elsewhere.

use super::finding::Finding;
use super::rust_text::{code_and_comments, line_of};
use super::sources::Source;

/// A file longer than this is no longer one subject.
const LINES_MAX: usize = 500;

/// Files longer than this are counted, so that their number is seen to grow.
pub(crate) const LINES_MANY: usize = 400;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "misc"];

/// What may not be left behind. Looked for in code and comments, never in strings.
const LEFTOVERS: [(&str, &str); 5] = [
    ("todo!", "write it, or leave it out"),
    ("unimplemented!", "return a typed error, or leave it out"),
    ("#[ignore", "make the test run, or delete it"),
    ("FIXME", "mend it, or open an issue"),
    ("XXX", "say what it is about, or open an issue"),
];

/// Everything wrong with this file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(header(source));
    findings.extend(name(source));
    findings.extend(length(source));
    findings.extend(leftovers(source));
    findings
}

/// Whether the file is longer than most should be.
pub(crate) fn is_long(source: &Source) -> bool {
    source.text.lines().count() > LINES_MANY
}

fn header(source: &Source) -> Option<Finding> {
    let first = source.text.lines().next().unwrap_or_default();
    let says_something = first.strip_prefix("//!").is_some_and(|rest| !rest.trim().is_empty());
    (!says_something).then(|| {
        Finding::new(
            &source.path,
            1,
            "the file has no `//!` header",
            "say on its first line what it is for, and below what it never does",
        )
    })
}

fn name(source: &Source) -> Option<Finding> {
    let path = source.path.strip_suffix(".rs").unwrap_or(&source.path);
    let empty = path.split('/').find(|part| EMPTY_NAMES.contains(part))?;
    let problem = format!("the name `{empty}` says nothing");
    Some(Finding::new(&source.path, 1, problem, "name the file after its one subject"))
}

fn length(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    (lines > LINES_MAX).then(|| {
        let problem = format!("the file has {lines} lines, more than {LINES_MAX}");
        Finding::new(&source.path, lines, problem, "split it by subject")
    })
}

fn leftovers(source: &Source) -> Vec<Finding> {
    let text = code_and_comments(&source.text);
    let mut findings = Vec::new();
    for (leftover, remedy) in LEFTOVERS {
        for (at, _) in text.match_indices(leftover) {
            if is_whole_word(&text, at, leftover) {
                let problem = format!("`{leftover}` was left behind");
                findings.push(Finding::new(&source.path, line_of(&text, at), problem, remedy));
            }
        }
    }
    findings
}

fn is_whole_word(text: &str, at: usize, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    !text[..at].ends_with(is_word) && !text[at + word.len()..].starts_with(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_file_is_left_alone() {
        assert_eq!(found("a/src/lib.rs", "//! What it is for.\n\nfn main() {}\n"), [""; 0]);
    }

    #[test]
    fn a_missing_header_is_found() {
        for text in ["fn main() {}\n", "", "//!\nfn main() {}", "\n//! Late.\n", "// Plain.\n"] {
            let found = found("a/src/lib.rs", text);
            assert!(
                found.len() == 1 && found[0].contains("no `//!` header"),
                "{text:?}: {found:?}"
            );
        }
    }

    #[test]
    fn an_empty_name_is_found() {
        for path in ["a/src/utils.rs", "a/src/helpers/mod.rs", "a/tests/common/mod.rs", "misc.rs"] {
            let found = found(path, "//! Header.\n");
            assert!(found.len() == 1 && found[0].contains("says nothing"), "{path}: {found:?}");
        }
        assert_eq!(found("a/src/common_prefix.rs", "//! Header.\n"), [""; 0]);
    }

    #[test]
    fn a_long_file_is_found() {
        let lines = |count: usize| format!("//! Header.\n{}", "\n".repeat(count - 1));
        assert_eq!(found("a.rs", &lines(500)), [""; 0]);
        let found = found("a.rs", &lines(501));
        assert_eq!(found, ["a.rs:501: the file has 501 lines, more than 500; split it by subject"]);
        assert!(is_long(&Source::new("a.rs", &lines(401))));
        assert!(!is_long(&Source::new("a.rs", &lines(400))));
    }

    #[test]
    fn every_leftover_is_found_in_code_and_comments() {
        for (leftover, _) in LEFTOVERS {
            let call =
                if leftover.ends_with('!') { format!("{leftover}()") } else { leftover.into() };
            for text in [format!("//! H.\n\n{call}"), format!("//! H.\n\n// {call}: later")] {
                let found = found("a.rs", &text);
                assert!(found.len() == 1 && found[0].starts_with("a.rs:3:"), "{text}: {found:?}");
            }
        }
    }

    #[test]
    fn a_leftover_in_a_string_or_inside_a_word_is_none() {
        let text = "//! H.\nconst A: &str = \"todo!() XXX\";\nmy_todo!();\n// XXXL\n";
        assert_eq!(found("a.rs", text), [""; 0]);
    }
}
