//! What every error is, whatever the input was: short, and harmless on a terminal.

use iqdb_core::{Error, ErrorKind, Location};

/// An error is for a person: it doesn't repeat the input, and neither do its causes.
///
/// # Panics
/// When a text of the error is long, or has in it what changes a terminal.
pub(crate) fn check(error: &Error) {
    const ERROR_BYTES_MAX: usize = 1_000;
    let (line, lines) = (error.to_string(), format!("{error:?}"));
    assert!(line.len() <= ERROR_BYTES_MAX, "an error of {} bytes: {line}", line.len());
    assert!(!line.contains(changes_a_terminal), "{line:?} would change a terminal");
    // The causes stand on lines of their own.
    assert!(lines.len() <= 2 * ERROR_BYTES_MAX, "an error of {} bytes: {lines}", lines.len());
    let is_raw = |character| character != '\n' && changes_a_terminal(character);
    assert!(!lines.contains(is_raw), "{lines:?} would change a terminal");
}

/// An error about stored bytes says that they are damaged, and which of `len` bytes shows it, or
/// that it is their end.
///
/// # Panics
/// When it doesn't.
pub(crate) fn check_damage(error: &Error, len: usize) {
    check(error);
    assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
    let is_within = matches!(error.location(), Some(Location::Byte(at)) if at <= len as u64);
    assert!(is_within, "{error}, of {len} bytes");
}

/// Whether a character ends a line, moves the cursor, or turns the text around it.
pub(crate) fn changes_a_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
