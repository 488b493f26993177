//! Where output goes and what it may look like. Every command writes here and nowhere else, so
//! that a test reads what a person would see.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write};

use console::{Style, Term};

/// The columns of a screen whose width is not known.
const WIDTH_DEFAULT: usize = 100;

/// Longer lines are hard to read, however wide the terminal is.
const WIDTH_MAX: usize = 120;

/// Standard output and standard error, and what each may show.
pub struct Screen<'a> {
    /// Answers.
    pub out: &'a mut dyn Write,
    /// Errors.
    pub err: &'a mut dyn Write,
    /// How many columns a line of `out` may have.
    pub width: usize,
    /// Whether `out` shows colours.
    pub out_colour: bool,
    /// Whether `err` shows colours.
    pub err_colour: bool,
    /// Whether a user watches standard error, so that progress is worth drawing there.
    pub watched: bool,
    /// Where a user answers questions; absent where there is no user to ask.
    pub answers: Option<&'a mut dyn BufRead>,
}

impl<'a> Screen<'a> {
    /// The screen of this process: colours only on a terminal, and none where `NO_COLOR` is set
    /// or the terminal is dumb.
    pub fn of_process(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        let colour = colours_wanted(env::var_os);
        let width = Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
        Self {
            out,
            err,
            width: width.unwrap_or(WIDTH_DEFAULT).min(WIDTH_MAX),
            out_colour: colour && io::stdout().is_terminal(),
            err_colour: colour && io::stderr().is_terminal(),
            watched: io::stderr().is_terminal(),
            answers: None,
        }
    }

    /// The screen, which asks the user of the terminal, if there is one.
    #[must_use]
    pub fn with_answers(self, answers: &'a mut dyn BufRead) -> Self {
        let is_asked = self.watched && io::stdin().is_terminal();
        Self { answers: is_asked.then_some(answers), ..self }
    }

    /// Asks for a yes or a no; `None` where there is no user to ask. What is neither is a no.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn ask(&mut self, question: &str) -> io::Result<Option<bool>> {
        let Some(answers) = &mut self.answers else {
            return Ok(None);
        };
        write!(self.err, "{question} [y/N] ")?;
        self.err.flush()?;
        let mut answer = String::new();
        answers.read_line(&mut answer)?;
        let answer = answer.trim();
        Ok(Some(answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")))
    }

    /// For what a line is about.
    #[must_use]
    pub fn strong(&self) -> Style {
        Style::new().bold().force_styling(self.out_colour)
    }

    /// For what may be overlooked.
    #[must_use]
    pub fn faint(&self) -> Style {
        Style::new().dim().force_styling(self.out_colour)
    }

    /// Says what went wrong. When that fails, too, there is no other way to tell the user.
    pub fn report(&mut self, report: &str) {
        let error = Style::new().red().bold().force_styling(self.err_colour).apply_to("error:");
        let _ = writeln!(self.err, "{error} {report}");
        let _ = self.err.flush();
    }
}

/// Whether the environment leaves it to the terminal: see <https://no-color.org>.
fn colours_wanted(variable: impl Fn(&'static str) -> Option<OsString>) -> bool {
    variable("NO_COLOR").is_none_or(|value| value.is_empty())
        && variable("TERM").is_none_or(|value| value != "dumb")
}

/// Stored text, fit for a line of a terminal: what would end the line, move the cursor or turn the
/// text around it is escaped.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        let changes_a_terminal = character.is_control()
            || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
            || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if changes_a_terminal {
            printable.extend(character.escape_unicode());
        } else {
            printable.push(character);
        }
    }
    printable
}

impl std::fmt::Debug for Screen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("width", &self.width)
            .field("out_colour", &self.out_colour)
            .field("err_colour", &self.err_colour)
            .field("watched", &self.watched)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_and_a_dumb_terminal_are_respected() {
        let wanted = |no_color: Option<&str>, term: Option<&str>| {
            colours_wanted(|name| if name == "TERM" { term } else { no_color }.map(OsString::from))
        };
        assert!(wanted(None, None));
        assert!(wanted(None, Some("xterm-256color")));
        assert!(wanted(Some(""), None));
        assert!(!wanted(Some("1"), Some("xterm-256color")));
        assert!(!wanted(None, Some("dumb")));
    }

    #[test]
    fn stored_text_does_not_change_a_terminal() {
        assert_eq!(printable("é \u{1b}[2J\n\u{202e}"), "é \\u{1b}[2J\\u{a}\\u{202e}");
    }

    #[test]
    fn colours_appear_where_they_are_shown_and_only_there() {
        for colour in [true, false] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut screen = Screen {
                out: &mut out,
                err: &mut err,
                width: 60,
                out_colour: colour,
                err_colour: !colour,
                watched: false,
                answers: None,
            };
            crate::run(["iqdb", "demo", "sea", "-k", "1"], &mut screen);
            crate::run(["iqdb", "demo", "seee"], &mut screen);
            crate::run(["iqdb", "--help"], &mut screen);
            crate::run(["iqdb", "serve"], &mut screen);
            let coloured = |text: Vec<u8>| String::from_utf8(text).unwrap().contains('\x1b');
            assert_eq!((coloured(out), coloured(err)), (colour, !colour));
        }
    }

    #[test]
    fn a_line_keeps_to_the_width_of_the_screen() {
        for width in [60, 100] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut screen = Screen {
                out: &mut out,
                err: &mut err,
                width,
                out_colour: true,
                err_colour: false,
                watched: false,
                answers: None,
            };
            crate::run(["iqdb", "demo", "back", "-k", "20"], &mut screen);
            let text = String::from_utf8(out).unwrap();
            // The sentences at the beginning and the end are the terminal's to wrap.
            let lines = text
                .lines()
                .filter(|line| !line.contains("components") && !line.contains("median"));
            let longest = lines.map(console::measure_text_width).max();
            assert_eq!(longest, Some(width), "{text}");
        }
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        let ask = |answer: Option<&str>| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut answers = answer.unwrap_or_default().as_bytes();
            let mut screen = Screen {
                out: &mut out,
                err: &mut err,
                width: 60,
                out_colour: false,
                err_colour: false,
                watched: true,
                answers: None,
            };
            if answer.is_some() {
                screen.answers = Some(&mut answers);
            }
            let answered = screen.ask("Delete it?").unwrap();
            (answered, String::from_utf8(err).unwrap())
        };
        let asked = "Delete it? [y/N] ".to_owned();
        for (answer, is_yes) in
            [("y\n", true), (" YES\r\n", true), ("\n", false), ("", false), ("yep\n", false)]
        {
            assert_eq!(ask(Some(answer)), (Some(is_yes), asked.clone()), "{answer:?}");
        }
        assert_eq!(ask(None), (None, String::new()));
    }
}
