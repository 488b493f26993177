//! Checks that every relative link in a document leads to a file.
//!
//! Pure; whether a file exists is asked through a function. It never follows a link to the web.

use super::finding::Finding;
use super::markdown;
use super::sources::Source;

/// How many links were checked, and those that lead nowhere. `exists` takes a path from the root.
pub(crate) fn check(documents: &[&Source], exists: impl Fn(&str) -> bool) -> (usize, Vec<Finding>) {
    let (mut checked, mut findings) = (0, Vec::new());
    for document in documents {
        for line in markdown::lines(&document.text).iter().filter(|line| line.language.is_none()) {
            for target in targets(&without_code(line.text)) {
                let file = target.split(['#', '?']).next().unwrap_or_default();
                if file.is_empty() || is_elsewhere(file) {
                    continue;
                }
                checked += 1;
                let path = resolve(&document.path, file);
                if !path.as_deref().is_some_and(&exists) {
                    findings.push(Finding::new(
                        &document.path,
                        line.number,
                        format!("the link `{target}` leads to no file"),
                        "correct it, or add the file",
                    ));
                }
            }
        }
    }
    (checked, findings)
}

/// `mailto:`, `https:` and the like.
fn is_elsewhere(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// The line with everything between backticks left out.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// What stands in `](…)`, and what follows `[name]:` at the start of the line.
fn targets(line: &str) -> Vec<String> {
    let first_word = |text: &str| {
        let word = text.split_whitespace().next().unwrap_or_default();
        word.trim_start_matches('<').trim_end_matches('>').to_owned()
    };
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let mut targets: Vec<String> = inline.map(|(target, _)| first_word(target)).collect();
    let line = line.trim_start();
    if let Some((_, target)) = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
        targets.push(first_word(target));
    }
    targets
}

/// The target as a path from the root; `None` when it leaves the checkout.
fn resolve(document: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        parts.clear();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> (usize, Vec<String>) {
        let document = Source::new("docs/guide.md", text);
        let files = ["README.md", "docs/other.md", "docs"];
        let (checked, findings) = check(&[&document], |path| files.contains(&path));
        (checked, findings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        let text = "[a](other.md) and [b](../README.md#start)\n[c](/README.md \"title\") [d](.)\n\
            [e]: ./other.md\n";
        assert_eq!(broken(text), (5, vec![]));
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        for target in ["gone.md", "../../outside.md", "README.md", "gone.md#part"] {
            for text in [format!("see\n[it]({target})"), format!("see\n[it]: {target}")] {
                let found = broken(&text).1;
                assert!(found.len() == 1, "{text}: {found:?}");
                assert!(found[0].starts_with("docs/guide.md:2: the link"), "{found:?}");
            }
        }
    }

    #[test]
    fn the_web_anchors_and_code_are_left_alone() {
        let text = "[a](https://example.org/x) [b](mailto:a@b.c) [c](#part) `[d](gone.md)`\n\
            ```text\n[e](gone.md)\n```\n";
        assert_eq!(broken(text), (0, vec![]));
    }
}
