//! Just enough Markdown: which lines are in which fenced block, and which are prose.
//!
//! Pure. It knows no other part of Markdown.

/// One line of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its number, from 1.
    pub(crate) number: usize,
    pub(crate) text: &'a str,
    /// The word after the opening fence, where the line is in a fenced block.
    pub(crate) language: Option<&'a str>,
}

/// The lines of `text` without the fences themselves.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut open: Option<(&str, &str)> = None;
    for (i, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        let ticks = &trimmed[..trimmed.len() - trimmed.trim_start_matches('`').len()];
        let rest = &trimmed[ticks.len()..];
        match open {
            Some((fence, _)) if ticks.len() >= fence.len() && rest.is_empty() => open = None,
            None if ticks.len() >= 3 && !rest.contains('`') => {
                open = Some((ticks, rest.split([' ', ',']).next().unwrap_or_default()));
            }
            _ => lines.push(Line {
                number: i + 1,
                text: line,
                language: open.map(|(_, language)| language),
            }),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_know_their_block() {
        let text = "prose\n```sh\ncargo test\n```\n````md\n```sh\n````\nmore `code` here\n";
        let seen: Vec<_> =
            lines(text).iter().map(|line| (line.number, line.text, line.language)).collect();
        assert_eq!(
            seen,
            [
                (1, "prose", None),
                (3, "cargo test", Some("sh")),
                (6, "```sh", Some("md")),
                (8, "more `code` here", None),
            ]
        );
    }
}
