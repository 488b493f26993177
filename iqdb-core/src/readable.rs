//! Text that may repeat input, made fit for one line of a screen or a log: escaped, and cut after
//! [`CHARS_MAX`].

use std::borrow::Cow;
use std::fmt::{self, Write};

use crate::quoted::{is_escaped, write_escaped};

/// The most characters that one text shows; what is cut off is counted behind it.
pub(crate) const CHARS_MAX: usize = 200;

/// A text of any length and content, on one line.
pub(crate) fn readable(text: impl fmt::Display) -> String {
    let mut readable = Readable::default();
    // It fails where `text` does, and then what there is of it is what there is to say.
    let _ = write!(readable, "{text}");
    readable.finish()
}

/// The same for a text that is nearly always the program's own, and then stays as it is.
pub(crate) fn readable_cow(text: Cow<'static, str>) -> Cow<'static, str> {
    match text.len() <= CHARS_MAX && !text.contains(is_escaped) {
        true => text,
        false => readable(text).into(),
    }
}

/// Keeps the beginning of what is written to it, and counts the rest.
#[derive(Default)]
struct Readable {
    text: String,
    shown_chars: usize,
    written_chars: usize,
    is_cut: bool,
}

impl Readable {
    fn finish(mut self) -> String {
        if self.is_cut {
            let Self { text, written_chars, .. } = &mut self;
            // Writing to a string never fails.
            let _ = write!(text, "… ({written_chars} characters)");
        }
        self.text
    }
}

impl Write for Readable {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.written_chars += 1;
            if self.is_cut {
                continue;
            }
            let before = self.text.len();
            write_escaped(character, &mut self.text)?;
            self.shown_chars += self.text[before..].chars().count();
            if self.shown_chars > CHARS_MAX {
                self.text.truncate(before);
                self.is_cut = true;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_on_a_line_stays_as_it_is() {
        let text = "é".repeat(CHARS_MAX);
        assert_eq!(readable(&text), text);
        assert_eq!(readable_cow(text.clone().into()), text);
        assert_eq!(readable(r#"found "a\n" or `b`"#), r#"found "a\n" or `b`"#);
    }

    #[test]
    fn what_would_break_a_line_or_turn_it_is_escaped() {
        let hostile = "a\nb\r\t\u{7}\u{1b}[2J\u{61c}\u{202e}\u{2066}\u{feff}";
        let escaped = r"a\nb\r\t\u{7}\u{1b}[2J\u{61c}\u{202e}\u{2066}\u{feff}";
        assert_eq!(readable(hostile), escaped);
        assert_eq!(readable_cow(hostile.into()), escaped);
    }

    #[test]
    fn what_is_too_long_is_cut_and_counted() {
        let kept = "x".repeat(CHARS_MAX);
        let expected = format!("{kept}… (1000000 characters)");
        assert_eq!(readable("x".repeat(1_000_000)), expected);
        assert_eq!(readable_cow("x".repeat(1_000_000).into()), expected);
        assert_eq!(readable(format!("{kept}y")), format!("{kept}… (201 characters)"));
    }

    #[test]
    fn an_escape_is_never_cut_in_two() {
        let bells = "\u{7}".repeat(100);
        let shown = r"\u{7}".repeat(CHARS_MAX / 5);
        assert_eq!(readable(bells), format!("{shown}… (100 characters)"));
        let almost = "x".repeat(CHARS_MAX - 1);
        assert_eq!(readable(format!("{almost}\nyz")), format!("{almost}… (202 characters)"));
    }
}
