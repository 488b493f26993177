//! The quoted form of a string, shared by ids and filters: `"a \"b\" \n \u{7}"`.

use std::fmt;

/// Prints a string in double quotes with what would break a line or the quotes escaped.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

/// What the reader stumbled over.
pub(crate) struct Problem {
    /// In characters from the opening quote, which is column 1.
    pub(crate) column: usize,
    pub(crate) expected: &'static str,
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                other if is_escaped(other) => write!(f, "\\u{{{:x}}}", other as u32)?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

/// Whether a character would break a line, or turn the order of those around it, on a screen.
pub(crate) fn is_escaped(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Reads a quoted string at the start of `text`; returns it with the bytes it took, quotes
/// included.
pub(crate) fn read(text: &str) -> Result<(String, usize), Problem> {
    let mut string = String::new();
    let mut characters = text.char_indices().enumerate();
    let problem = |column, expected| Problem { column, expected };
    match characters.next() {
        Some((_, (_, '"'))) => {}
        _ => return Err(problem(1, "an opening quote")),
    }
    loop {
        match characters.next() {
            None => return Err(problem(text.chars().count() + 1, "a closing quote")),
            Some((_, (offset, '"'))) => return Ok((string, offset + 1)),
            Some((position, (_, '\\'))) => {
                let column = position + 1;
                string.push(match characters.next().map(|(_, (_, character))| character) {
                    Some('"') => '"',
                    Some('\\') => '\\',
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some('u') => {
                        let digits = characters.by_ref().map(|(_, (_, character))| character);
                        unicode(digits)
                            .ok_or_else(|| problem(column, "an escape like \\u{1f600}"))?
                    }
                    _ => return Err(problem(column, r#"one of \" \\ \n \r \t \u{…}"#)),
                });
            }
            Some((_, (_, character))) => string.push(character),
        }
    }
}

/// The character of `{1f600}`.
fn unicode(mut characters: impl Iterator<Item = char>) -> Option<char> {
    if characters.next()? != '{' {
        return None;
    }
    let mut code = 0_u32;
    for count in 0..7 {
        match characters.next()? {
            '}' if count > 0 => return char::from_u32(code),
            digit => code = code.checked_mul(16)?.checked_add(digit.to_digit(16)?)?,
        }
    }
    None
}
