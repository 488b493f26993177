//! The quoted form of a string, shared by ids and filters: `"a \"b\" \n \u{7}"`. A filter may use
//! single quotes instead. A key stands in backticks. All are escaped alike.

use std::fmt::{self, Write};

/// Prints a string in double quotes with what would break a line or the quotes escaped.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

/// Prints a key in backticks, with the same escapes.
pub(crate) struct Backticked<'a>(pub(crate) &'a str);

/// What the reader stumbled over.
pub(crate) struct Problem {
    /// In characters from the opening quote, which is column 1.
    pub(crate) column: usize,
    pub(crate) expected: &'static str,
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_between('"', self.0, f)
    }
}

impl fmt::Display for Backticked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_between('`', self.0, f)
    }
}

fn write_between(quote: char, text: &str, into: &mut impl Write) -> fmt::Result {
    into.write_char(quote)?;
    for character in text.chars() {
        if character == quote || character == '\\' {
            into.write_char('\\')?;
        }
        write_escaped(character, into)?;
    }
    into.write_char(quote)
}

/// Writes a character, or the escape of one that [`is_escaped`].
pub(crate) fn write_escaped(character: char, into: &mut impl Write) -> fmt::Result {
    match character {
        '\n' => into.write_str("\\n"),
        '\r' => into.write_str("\\r"),
        '\t' => into.write_str("\\t"),
        other if is_escaped(other) => write!(into, "\\u{{{:x}}}", u32::from(other)),
        other => into.write_char(other),
    }
}

/// Whether a character would break a line, or turn the order of those around it, on a screen.
pub(crate) fn is_escaped(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Reads a string between two of `quote`, a quote of either kind or a backtick, at the start of
/// `text`; returns it with the bytes it took, quotes included.
pub(crate) fn read(quote: char, text: &str) -> Result<(String, usize), Problem> {
    let (closing, escapes) = match quote {
        '`' => ("a closing backtick", r"one of \` \\ \n \r \t \u{…}"),
        '\'' => ("a closing quote", r"one of \' \\ \n \r \t \u{…}"),
        _ => ("a closing quote", r#"one of \" \\ \n \r \t \u{…}"#),
    };
    let mut string = String::new();
    let mut characters = text.char_indices().enumerate();
    let problem = |column, expected| Problem { column, expected };
    match characters.next() {
        Some((_, (_, opening))) if opening == quote => {}
        _ => return Err(problem(1, "an opening quote")),
    }
    loop {
        match characters.next() {
            None => return Err(problem(text.chars().count() + 1, closing)),
            Some((_, (offset, character))) if character == quote => {
                return Ok((string, offset + 1));
            }
            Some((position, (_, '\\'))) => {
                let column = position + 1;
                string.push(match characters.next().map(|(_, (_, character))| character) {
                    Some(character) if character == quote => quote,
                    Some('\\') => '\\',
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some('u') => {
                        let digits = characters.by_ref().map(|(_, (_, character))| character);
                        unicode(digits)
                            .ok_or_else(|| problem(column, "an escape like \\u{1f600}"))?
                    }
                    _ => return Err(problem(column, escapes)),
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
