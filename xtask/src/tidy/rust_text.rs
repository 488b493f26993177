//! What of a Rust file is code, what comment and what string, byte by byte.
//!
//! Just enough of the lexer that a word in a string is never taken for code. It never parses, and
//! it never fails: text that is no Rust gives some answer.

/// What a byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    /// The inside of a string or character, and its quotes.
    Literal,
}

/// The text with comments and literals blanked out: same length, same lines.
pub(crate) fn code(text: &str) -> String {
    keep(text, |kind| kind == Kind::Code)
}

/// The text with literals blanked out: same length, same lines.
pub(crate) fn code_and_comments(text: &str) -> String {
    keep(text, |kind| kind != Kind::Literal)
}

/// The comments alone, all else blanked out: same length, same lines.
pub(crate) fn comments(text: &str) -> String {
    keep(text, |kind| kind == Kind::Comment)
}

/// The number, from 1, of the line that byte `offset` is on.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The words and single signs of `code` with their places, blanks left out.
pub(crate) fn tokens(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        at += code[at..].find(|c: char| !c.is_whitespace())?;
        let rest = &code[at..];
        let length = match rest.find(|c: char| !is_word(c)) {
            Some(0) => rest.chars().next().map_or(0, char::len_utf8),
            Some(end) => end,
            None => rest.len(),
        };
        let token = (at, &rest[..length]);
        at += length;
        Some(token)
    })
}

fn keep(text: &str, wanted: impl Fn(Kind) -> bool) -> String {
    let kept = text
        .bytes()
        .zip(kinds(text))
        .map(|(byte, kind)| if byte == b'\n' || wanted(kind) { byte } else { b' ' });
    // Spans begin and end at ASCII characters, so whole characters are blanked.
    String::from_utf8_lossy(&kept.collect::<Vec<u8>>()).into_owned()
}

fn kinds(text: &str) -> Vec<Kind> {
    let bytes = text.as_bytes();
    let mut kinds = vec![Kind::Code; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let (kind, end) = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => {
                (Kind::Comment, find(bytes, at, b"\n").unwrap_or(bytes.len()))
            }
            b'/' if bytes[at..].starts_with(b"/*") => (Kind::Comment, end_of_block(bytes, at)),
            b'"' => (Kind::Literal, end_of_string(bytes, at)),
            b'r' => match end_of_raw_string(bytes, at) {
                Some(end) => (Kind::Literal, end),
                None => (Kind::Code, at + 1),
            },
            b'\'' => match end_of_char(text, at) {
                Some(end) => (Kind::Literal, end),
                None => (Kind::Code, at + 1),
            },
            _ => (Kind::Code, at + 1),
        };
        kinds[at..end].fill(kind);
        at = end;
    }
    kinds
}

fn find(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    bytes[from..].windows(needle.len()).position(|window| window == needle).map(|at| from + at)
}

/// Block comments nest.
fn end_of_block(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if bytes[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `None` where the `r` begins no raw string: it ends a word, or begins a raw identifier.
fn end_of_raw_string(bytes: &[u8], start: usize) -> Option<usize> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let before = bytes[..start].iter().rev().take_while(|byte| is_word(**byte)).count();
    let prefix = &bytes[start - before..start];
    if !matches!(prefix, b"" | b"b" | b"c") {
        return None;
    }
    let hashes = bytes[start + 1..].iter().take_while(|byte| **byte == b'#').count();
    let open = start + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    Some(find(bytes, open + 1, &close).map_or(bytes.len(), |at| at + close.len()))
}

/// `None` where the quote begins a lifetime.
fn end_of_char(text: &str, start: usize) -> Option<usize> {
    let mut rest = text[start + 1..].char_indices();
    let (_, first) = rest.next()?;
    if first == '\\' {
        rest.next()?;
        return rest.find(|(_, c)| *c == '\'').map(|(at, _)| start + 1 + at + 1);
    }
    rest.next().filter(|(_, c)| *c == '\'').map(|(at, _)| start + 1 + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of `text` that are code, with one blank between them.
    fn code_words(text: &str) -> String {
        code(text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        for (text, left) in [
            ("a // b\nc", "a c"),
            ("a /* b /* c */ d */ e", "a e"),
            (r#"a "b \" // c" d"#, "a d"),
            ("a r#\"b \" c\"# d", "a d"),
            ("br\"x\\\" y", "b y"),
            ("r#type b", "r#type b"),
            ("for \"x\" y", "for y"),
            ("f('\"', b) // c", "f( , b)"),
            (r"['\'', '\u{1F600}', 'é'] 'a: loop", "[ , , ] 'a: loop"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("\"never closed", ""),
        ] {
            assert_eq!(code_words(text), left, "{text}");
        }
    }

    #[test]
    fn lines_and_length_stay() {
        let text = "a /* é\nb */ \"c\nd\" e";
        let code = code(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.lines().count(), 3);
        assert_eq!(line_of(text, text.find('e').unwrap()), 3);
    }

    #[test]
    fn comments_can_be_kept() {
        assert_eq!(code_and_comments("a \"b\" // c"), "a     // c");
        assert_eq!(comments("a \"b\" // c"), "      // c");
    }
}
